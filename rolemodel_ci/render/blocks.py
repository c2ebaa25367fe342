"""What is said, before it is known where: headings, paragraphs and tables. Each printer decides how they look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Tone(StrEnum):
    """How a row or a line is meant; colour only repeats what the words say."""

    PLAIN = ""
    GAIN = "gain"
    LOSS = "loss"
    CHANGE = "change"
    BAD = "bad"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line of a part. Level 1 is the one that alone says what is the matter."""

    text: str
    level: Literal[1, 2] = 2
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences. Parts in backticks are names."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a table, as text. Empty cells are allowed."""

    cells: tuple[str, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """A table. A column that is empty in every row is left out when it is printed."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def without_empty_columns(self) -> Table:
        """The table with only the columns that say something."""
        keep = [i for i in range(len(self.columns)) if any(row.cells[i] for row in self.rows)]
        rows = tuple(Row(tuple(row.cells[i] for i in keep), row.tone) for row in self.rows)
        return Table(tuple(self.columns[i] for i in keep), rows)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a difference, with their sign in front."""

    lines: tuple[tuple[str, Tone], ...]


Block = Heading | Paragraph | Table | Lines


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 grant`, `2 grants`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def sentence(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = [part for part in parts if part] or [""]
    return f"{', '.join(first)} and {last}" if first else last
