"""Comments of any size fit: what matters stays, structure stays whole, and what was left out is counted."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.render.comment.truncate import (
    COMMENT_LIMIT,
    SUMMARY_LIMIT,
    Limit,
    Part,
    comment_limit,
    fitted,
    summary_limit,
    utf8,
    utf16,
)

NOTE = re.compile(r"\*\*([\d,]+) more (\w+?)s?(?: in [\d,]+ parts?)? left out here for want of room\.\*\*")
WHOLE = "The whole is elsewhere."

_TEXTS = st.text(string.ascii_letters + "é😀 ", max_size=40).map(str.strip)
_PARTS = st.builds(
    Part,
    head=_TEXTS.map(lambda text: text and f"HEAD {text}"),
    rows=st.lists(_TEXTS.map(lambda text: f"ROW {text}"), max_size=12).map(tuple),
    foot=_TEXTS.map(lambda text: text and f"FOOT {text}"),
    rank=st.integers(0, 4),
    noun=st.sampled_from(["row", "grant"]),
)


def everything(parts: Sequence[Part]) -> str:
    """The parts without a limit."""
    return fitted(parts, Limit(10**9, utf16, ""))


def frames(parts: Sequence[Part]) -> list[str]:
    """Heads and feet, and the longest note that each part may need."""
    told = [
        f"**{len(p.rows)} more {p.noun}s left out here for want of room.** {WHOLE}" if p.rows else "" for p in parts
    ]
    return [piece for p, note in zip(parts, told, strict=True) for piece in (p.head, p.foot, note) if piece]


def left_out(text: str) -> int:
    """What the notes add up to."""
    return sum(int(number.replace(",", "")) for number, _ in NOTE.findall(text))


@given(st.lists(_PARTS, max_size=8), st.integers(0, 3_000), st.sampled_from([utf16, utf8]))
def test_what_fits_is_everything_and_what_does_not_is_cut_and_counted(
    parts: list[Part], size: int, measure: object
) -> None:
    assert callable(measure)
    limit = Limit(size, measure, WHOLE)
    shown, whole = fitted(parts, limit), everything(parts)
    rows = sum(len(part.rows) for part in parts)

    if measure(whole) <= size:
        assert shown == whole
    elif measure("\n\n".join(frames(parts)) + "\n") + 2 <= size:
        assert measure(shown) <= size
        for part in parts:
            assert part.head in shown
            assert part.foot in shown
        assert shown.count("ROW ") + left_out(shown) == rows
    bare = "\n\n".join(
        text for p in parts if not p.rows for text in ["\n".join(t for t in (p.head, p.foot) if t)] if text
    )
    if measure(bare) + 1_500 <= size:  # room for the notes of parts that are left out
        assert measure(shown) <= size
        assert shown.count("ROW ") + left_out(shown) == rows


@given(st.lists(_PARTS, max_size=8), st.integers(600, 3_000))
def test_of_each_part_the_first_rows_stay_in_their_order(parts: list[Part], size: int) -> None:
    numbered = [
        replace(p, rows=tuple(f"ROW {n}.{i} {row}" for i, row in enumerate(p.rows))) for n, p in enumerate(parts)
    ]
    shown = re.findall(r"^ROW (\d+)\.(\d+) ", fitted(numbered, Limit(size, utf16, WHOLE)), re.MULTILINE)
    stayed = Counter(int(part) for part, _ in shown)

    assert [(int(part), int(row)) for part, row in shown] == [(n, i) for n in sorted(stayed) for i in range(stayed[n])]


def test_the_lower_rank_gets_room_first() -> None:
    parts = [
        Part("drift", ("d" * 9,) * 100, rank=3),
        Part("danger", ("x" * 9,) * 100, rank=0),
        Part("grants", ("g" * 9,) * 100, rank=1),
    ]
    shown = fitted(parts, Limit(1_500, utf16, ""))

    assert utf16(shown) <= 1_500
    danger, grants, drift = (shown.count(letter * 9) for letter in "xgd")
    assert danger > grants + drift - 2
    assert grants > drift - 2 > 0


def test_room_that_one_part_does_not_need_goes_to_the_others() -> None:
    parts = [Part("few", ("x" * 9,) * 3, rank=0), Part("many", ("y" * 9,) * 1_000, rank=1)]
    shown = fitted(parts, Limit(2_000, utf16, ""))

    assert shown.count("x" * 9) == 3
    assert 1_900 <= utf16(shown) <= 2_000


def test_where_heads_have_no_room_whole_parts_go_the_least_important_first() -> None:
    parts = [
        Part("TITLE"),
        Part("DANGER", ("row",) * 3, rank=0, noun="warning"),
        Part("OPEN"),
        *(Part(f"IN account-{n:04}: ```diff", ("+ line",) * 2, "```", rank=2, noun="line") for n in range(2_000)),
        Part("CLOSE"),
        Part("FOOT"),
    ]
    shown = fitted(parts, Limit(8_000, utf16, WHOLE))
    stayed = shown.count("IN account-")

    assert 7_000 < utf16(shown) <= 8_000
    assert stayed > 50
    assert all(piece in shown for piece in ("TITLE", "DANGER", "OPEN", "CLOSE", "FOOT"))
    assert shown.count("```diff") == stayed == shown.count("\n```\n")
    assert f"more lines in {2_000 - stayed:,} parts left out here for want of room.** {WHOLE}" in shown
    assert shown.count("+ line") + left_out(shown) == 4_000
    assert shown.count("row") == 3
    assert shown.index("left out here") < shown.rindex("left out here") < shown.index("CLOSE")


def test_parts_without_rows_stay_even_where_there_is_no_room_at_all() -> None:
    assert fitted([Part("TITLE"), Part("HEAD", ("row",) * 9), Part("FOOT")], Limit(5, utf16, "")) == (
        "TITLE\n\n**9 more rows in 1 part left out here for want of room.**\n\nFOOT\n"
    )


def test_nothing_is_nothing() -> None:
    assert fitted([], comment_limit("")) == "\n"
    assert fitted([Part(), Part("x"), Part()], comment_limit("")) == "x\n"


@pytest.mark.parametrize(("text", "units", "octets"), [("a", 1, 1), ("é", 1, 2), ("😀", 2, 4), ("\ud800", 1, 3)])
def test_how_length_is_counted(text: str, units: int, octets: int) -> None:
    assert (utf16(text), utf8(text)) == (units, octets)


def test_the_limits_are_github_s() -> None:
    assert (comment_limit("").size, COMMENT_LIMIT) == (65_536, 65_536)
    assert (summary_limit("").size, SUMMARY_LIMIT) == (1_048_576, 1_048_576)


@pytest.mark.parametrize("number", [1_000, 4_000])
def test_steps_grow_with_the_number_of_rows(number: int) -> None:
    measured = [0, 0]

    def measure(text: str) -> int:
        measured[0] += 1
        measured[1] += len(text)
        return len(text)

    row = "x" * 50
    fitted([Part("a", (row,) * number), Part("b", (row,) * number, rank=2)], Limit(10_000, measure, ""))

    assert measured[0] <= 4 * number + 20
    assert measured[1] <= 3 * (2 * number * len(row) + 10_000) + 1_000


@pytest.mark.parametrize("number", [1_000, 4_000])
def test_steps_grow_with_the_number_of_parts(number: int) -> None:
    measured = [0, 0]

    def measure(text: str) -> int:
        measured[0] += 1
        measured[1] += len(text)
        return len(text)

    fitted([Part("x" * 50, ("y" * 50,) * 2) for _ in range(number)], Limit(10_000, measure, ""))

    assert measured[0] <= 6 * number + 20
    assert measured[1] <= 10 * number * 150
