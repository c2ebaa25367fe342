"""Comments of any size made to fit: what matters most stays, and it is said what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rolemodel_ci.render.blocks import counted

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
    """The parts as one text within the limit. Time grows with the number of rows, whether they fit or not.

    Rows are left out first, those of the highest rank number before others. Where not even heads and feet have room,
    whole parts that have rows are left out, in the same order. Parts without rows always stay: there are few.
    """
    text = _joined([_text(part, part.rows, "") for part in parts])
    if limit.measure(text) <= limit.size:
        return text
    dropped = _dropped(parts, limit)
    gaps = len("\n\n") * sum(bool(part.rows) for part in parts)  # before a note that had nothing before it
    taken = [0] * len(parts)
    for _ in range(2):  # a part that has all its rows needs no note: that room is given out the second time
        shown = _joined(list(_pieces(parts, dropped, taken, limit)))
        taken = _shares(parts, dropped, limit, limit.size - limit.measure(shown) - gaps, taken)
    _bring_back(parts, dropped, taken, limit)
    return _joined(list(_pieces(parts, dropped, taken, limit)))


def _bring_back(parts: Sequence[Part], dropped: list[bool], taken: list[int], limit: Limit) -> None:
    """Whole parts that were left out return while there is room, the most important first."""
    left = limit.size - limit.measure(_joined(list(_pieces(parts, dropped, taken, limit))))
    for i in sorted((i for i, gone in enumerate(dropped) if gone), key=lambda i: parts[i].rank):
        left -= limit.measure(_text(parts[i], parts[i].rows, "")) + len("\n\n")
        if left < 0:
            break
        dropped[i], taken[i] = False, len(parts[i].rows)


def _dropped(parts: Sequence[Part], limit: Limit) -> list[bool]:
    """Which parts have to go with head and foot, so that the heads and feet of the others have room.

    Where some have to go, as many go as leave half of the room to rows: heads alone tell nobody anything.
    """
    frames = [limit.measure(_text(part, (), _note(part, 0, limit))) + len("\n\n") for part in parts]
    dropped = [False] * len(parts)
    left = limit.size - sum(frames)
    wanted = 0 if left >= 0 else limit.size // 2
    rows = sum(len(part.rows) for part in parts)
    order = sorted((i for i, part in enumerate(parts) if part.rows), key=lambda i: (parts[i].rank, i), reverse=True)
    for i in order:
        if left >= wanted:
            break
        dropped[i] = True
        left += frames[i]
        if not (i + 1 < len(parts) and dropped[i + 1] and parts[i + 1].noun == parts[i].noun):
            left -= limit.measure(_note_of_parts(rows, len(parts), parts[i].noun, limit)) + len("\n\n")
    return dropped


def _shares(
    parts: Sequence[Part], dropped: Sequence[bool], limit: Limit, left: int, before: Sequence[int]
) -> list[int]:
    """How many rows of each part there is room for, with `left` of it beside those that are there `before`.

    What is of rank 0 gets up to half of the room. Then, by rank, each part gets its first row; then up to half of what
    is left, so that nobody behind it gets nothing; then what is left over.
    """
    taken = list(before)
    sizes = [[limit.measure(row) + len("\n") for row in part.rows[n:]] for part, n in zip(parts, before, strict=True)]
    order = sorted((i for i, part in enumerate(parts) if part.rows and not dropped[i]), key=lambda i: parts[i].rank)
    for turn in ("danger", "first", "half", "rest"):
        for i in order:
            if turn == "danger" and parts[i].rank:
                break
            most = 1 if turn == "first" else len(parts[i].rows)
            budget = left // 2 if turn in ("danger", "half") and i != order[-1] else left
            while taken[i] < most and sizes[i][taken[i] - before[i]] <= budget:
                size = sizes[i][taken[i] - before[i]]
                budget, left, taken[i] = budget - size, left - size, taken[i] + 1
    return taken


def _pieces(parts: Sequence[Part], dropped: Sequence[bool], taken: Sequence[int], limit: Limit) -> Iterator[str]:
    """The text of each part; parts that are left out one after the other have one note together."""
    for (gone, noun), run in groupby(range(len(parts)), key=lambda i: (dropped[i], dropped[i] and parts[i].noun)):
        chosen = list(run)
        if gone:
            yield _note_of_parts(sum(len(parts[i].rows) for i in chosen), len(chosen), str(noun), limit)
        else:
            yield from (_text(parts[i], parts[i].rows[: taken[i]], _note(parts[i], taken[i], limit)) for i in chosen)


def _note(part: Part, taken: int, limit: Limit) -> str:
    missing = len(part.rows) - taken
    if not missing:
        return ""
    return f"**{counted(missing, f'more {part.noun}')} left out here for want of room.** {limit.whole}".rstrip()


def _note_of_parts(rows: int, parts: int, noun: str, limit: Limit) -> str:
    told = f"{counted(rows, f'more {noun}')} in {counted(parts, 'part')}"
    return f"**{told} left out here for want of room.** {limit.whole}".rstrip()


def _text(part: Part, rows: Sequence[str], note: str) -> str:
    body = "\n".join(piece for piece in (part.head, *rows, part.foot) if piece)
    return "\n\n".join(piece for piece in (body, note) if piece)


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if text) + "\n"
