"""The work for a comment grows with the request and not faster, counted in calls; and its benchmark runs."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from benchmarks.comment import Asking, Written, asking, comment, comments
from benchmarks.report import comment_table
from rolemodel_ci.render.comment.truncate import COMMENT_LIMIT, utf16


def calls(asked: Asking) -> int:
    """How many functions, written in Python or in C, are called for the comment."""
    count, before = 0, sys.getprofile()

    def counting(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        comment(asked)
    finally:
        sys.setprofile(before)
    return count


def test_ten_times_as_many_grants_are_ten_times_as_many_steps() -> None:
    small, large = asking(500), asking(5_000)
    comment(small), comment(large)  # caches that every run shares
    few, many = calls(small), calls(large)

    assert few > 2_000
    assert few < many < 11 * few


@pytest.mark.parametrize("changed", [500, 5_000])
def test_what_is_measured_is_a_whole_comment(changed: int) -> None:
    shown = comment(asking(changed))

    assert f"### Access change: {changed // 2:,} grants, {changed // 2:,} revocations\n" in shown
    assert f"**On merge** {changed:,} memberships change." in shown
    assert utf16(shown) <= COMMENT_LIMIT


def test_the_benchmark_measures_every_size() -> None:
    small, large = comments((50, 100), 1)

    assert (small.changed, large.changed) == (50, 100)
    assert 0 < small.units < large.units
    assert small.seconds > 0


def test_the_table_says_seconds_and_ratio() -> None:
    shown = comment_table([Written(500, 0.05, 60_000), Written(5_000, 0.42, 65_500)])

    assert shown.startswith("### The change summary\n\n| changed grants |")
    assert "| 5,000          | 0.42 s  | 8.4   | 65,500 " in shown
