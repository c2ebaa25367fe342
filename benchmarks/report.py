"""What was measured, as the Markdown that docs/benchmarks.md holds between its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.comment import Written
from benchmarks.files import Validation
from benchmarks.repository import Size
from benchmarks.rollout import Run, floor
from benchmarks.startup import Startup

BEGIN, END = "<!-- figures: make bench writes them -->", "<!-- end of figures -->"


def rollout_tables(size: Size, runs: Sequence[Run]) -> str:
    """Seconds and memory of each run, and calls by action of those with 16 workers."""
    return "\n".join((*_times(size, runs), "", *_calls(size, runs)))


def validation_table(measured: Sequence[Validation]) -> str:
    """`validate` against the bare parse."""
    rows = [
        (
            f"{one.grants:,} grants as `{one.form}`",
            f"{one.mebibytes:.1f} MiB",
            f"{one.bare:.2f} s",
            f"{one.whole:.2f} s",
            f"{one.ratio:.1f}",
        )
        for one in measured
    ]
    return "\n".join(
        (
            "### validate",
            "",
            *table(("user map", "size", "libyaml's bare parse", "validate", "ratio"), rows),
        )
    )


def comment_table(measured: Sequence[Written]) -> str:
    """The change summary, and how many times as long as the smallest request each takes."""
    smallest = measured[0].seconds
    rows = [
        (f"{one.changed:,}", f"{one.seconds:.2f} s", f"{one.seconds / smallest:.1f}", f"{one.units:,}")
        for one in measured
    ]
    columns = ("changed grants", "seconds", "ratio", "length of the comment, UTF-16 units")
    return "\n".join(("### The change summary", "", *table(columns, rows)))


def startup_table(measured: Startup) -> str:
    """`--version` against nothing."""
    row = tuple(
        f"{seconds * 1000:.0f} ms"
        for seconds in (measured.python, measured.version, measured.version - measured.python)
    )
    return "\n".join(
        (
            "### Start",
            "",
            *table(("`python -c pass`", "`rolemodel-ci --version`", "difference"), [row]),
        )
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a Markdown table that is easy on the eye in a terminal as well."""
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(columns, widths, strict=True)) + " |"
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in rows:
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


def replaced(page: str, figures: str) -> str:
    """The page with new figures between its marks."""
    found = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not found.search(page):
        raise ValueError(f"the page has no `{BEGIN}` … `{END}`")
    return found.sub(lambda _: f"{BEGIN}\n\n{figures}\n\n{END}", page)


def _times(size: Size, runs: Sequence[Run]) -> Iterator[str]:
    yield f"### {size.accounts} accounts with 4 roles each, {size.users:,} users in {size.groups_per_user} groups each"
    yield ""
    rows = [
        (
            run.name,
            str(run.jobs),
            f"{run.latency * 1000:.0f} ms",
            f"{run.came.planned:,}",
            f"{sum(run.calls.values()):,}",
            f"{run.came.seconds:.1f} s",
            f"{run.came.peak_mib} MiB",
        )
        for run in runs
    ]
    yield from table(("run", "workers", "added latency", "changes", "calls", "wall time", "peak memory"), rows)


def _calls(size: Size, runs: Sequence[Run]) -> Iterator[str]:
    """One row an action; runs that differ in workers or latency alone have the same calls."""
    told: dict[str, Run] = {}
    for run in runs:
        told.setdefault(run.name, run)
    lowest = floor(size)
    actions = sorted({action for run in told.values() for action in run.calls})
    rows = [
        (f"`{action}`", *(f"{run.calls.get(action, 0):,}" for run in told.values()), f"{lowest.get(action, 0):,}")
        for action in actions
    ]
    totals = (f"{sum(run.calls.values()):,}" for run in told.values())
    rows.append(("all", *totals, f"{sum(lowest.values()):,}"))
    yield from table(("calls by action", *told, "floor of a look"), rows)
