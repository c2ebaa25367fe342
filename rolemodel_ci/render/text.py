"""Blocks to plain text: for pipes, logs and files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table

CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that move a cursor, turn the order of others around, break lines, or cannot be seen or written: Unicode's
Default_Ignorable_Code_Point (https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt) but for the
variation selectors of emoji, FE00 to FE0F.
"""


def text(blocks: Iterable[Block]) -> str:
    """The blocks as text that ends in a newline; empty for no blocks."""
    parts = ["\n".join(_block(block)) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n" if parts else ""


def visible(value: str) -> str:
    """Text from files or from AWS, made unable to move a cursor or to turn the order of characters around."""
    return CONTROL.sub(spelled, value).replace("\n", "\\n")


def spelled(match: re.Match[str]) -> str:
    """A character as JSON spells it in ASCII."""
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _block(block: Block) -> Iterable[str]:
    match block:
        case Heading():
            yield visible(block.text)
        case Paragraph():
            yield visible(block.text)
        case Lines():
            yield from (visible(line) for line, _ in block.lines)
        case Table():
            yield from _table(block.without_empty_columns())
        case _:
            assert_never(block)


def _table(table: Table) -> Iterable[str]:
    rows = [table.columns, *(tuple(map(visible, row.cells)) for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
