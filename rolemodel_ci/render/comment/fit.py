"""Comments of any size made to fit: what matters most stays, and it is said what was left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

COMMENT_LIMIT = 65_536
"""Characters of a comment's body: GitHub answers 422, "Body is too long (maximum is 65536 characters)", beyond. Counted
in UTF-16 units, of which there are never fewer than characters."""

SUMMARY_LIMIT = 1_024 * 1_024
"""Bytes of a job summary, of each step; a larger one is dropped whole:
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#job-summary-isolation-and-limits"""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a comment. Of `rows`, the last ones may be left out; what stands before and after them goes with all.

    `rank`: whose rows get room first, 0 before 1. `noun` is what one row is.
    """

    head: str = ""
    rows: tuple[str, ...] = ()
    foot: str = ""
    rank: int = 0
    noun: str = "row"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much room there is, how it is counted, and where a reader finds what did not fit."""

    size: int
    measure: Callable[[str], int] = field(repr=False)
    whole: str


def utf16(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8(text: str) -> int:
    """Length in bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def comment_limit(whole: str) -> Limit:
    """The room of a comment."""
    return Limit(COMMENT_LIMIT, utf16, whole)


def summary_limit(whole: str) -> Limit:
    """The room of a job summary."""
    return Limit(SUMMARY_LIMIT, utf8, whole)


def fitted(parts: Sequence[Part], limit: Limit) -> str:
    """The parts as one text within the limit. Time grows with the number of rows, whether they fit or not."""
    text = _joined([_text(part, part.rows, "") for part in parts])
    if limit.measure(text) <= limit.size:
        return text
    taken = _shares(parts, limit)
    return _joined([_text(part, part.rows[:n], _note(part, n, limit)) for part, n in zip(parts, taken, strict=True)])


def _shares(parts: Sequence[Part], limit: Limit) -> list[int]:
    """How many rows of each part there is room for.

    By rank, each part gets up to half of what is left, so that nobody behind it gets nothing; then, again by rank,
    what is left over.
    """
    frames = [_text(part, part.rows[:1], _note(part, 0, limit)) for part in parts]
    sizes = [[limit.measure(row) + 1 for row in part.rows] for part in parts]
    left = limit.size - limit.measure(_joined(frames)) - 2
    taken = [min(1, len(part.rows)) for part in parts]
    order = sorted((i for i in range(len(parts)) if parts[i].rows), key=lambda i: parts[i].rank)
    for whole_rest in (False, True):
        for i in order:
            budget = left if whole_rest or i == order[-1] else left // 2
            while taken[i] < len(sizes[i]) and sizes[i][taken[i]] <= budget:
                budget -= sizes[i][taken[i]]
                left -= sizes[i][taken[i]]
                taken[i] += 1
    return taken


def _note(part: Part, taken: int, limit: Limit) -> str:
    missing = len(part.rows) - taken
    if not missing:
        return ""
    return (
        f"**{missing:,} more {part.noun}{'' if missing == 1 else 's'} left out here for want of room.** {limit.whole}"
    )


def _text(part: Part, rows: Sequence[str], note: str) -> str:
    body = "\n".join(piece for piece in (part.head, *rows, part.foot) if piece)
    return f"{body}\n\n{note}" if note else body


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if text) + "\n"
