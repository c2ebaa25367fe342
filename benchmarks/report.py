"""What was measured, as the Markdown that docs/benchmarks.md holds between its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benchmarks.comment import Written
from benchmarks.files import Validation
from benchmarks.peers import Compared, Took
from benchmarks.repository import Size
from benchmarks.rollout import FIRST, JOBS, QUIET, Rollout, Run, floor
from benchmarks.startup import Startup

BEGIN, END = "<!-- figures: make bench writes them -->", "<!-- end of figures -->"


def rollout_tables(measured: Rollout) -> str:
    """Seconds and memory of each run, and calls by action."""
    return "\n".join((*_times(measured.size, measured.runs), "", *_calls(measured.size, measured.runs)))


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


def growth_table(measured: Sequence[Rollout]) -> str:
    """How a plan with nothing to do grows with the accounts."""
    quiet = [(one.size, run) for one in measured for run in one.runs if run.name == QUIET and run.jobs == JOBS]
    quiet.sort(key=lambda found: (found[1].latency, found[0].accounts))
    rows = [
        (
            f"{size.accounts}",
            f"{run.latency * 1000:.0f} ms",
            f"{sum(run.calls.values()):,}",
            f"{run.seconds:.2f} s",
            f"{run.seconds / size.accounts * 1000:.0f} ms",
            f"{run.came.cpu:.2f} s",
            f"{run.served:.2f} s",
            f"{run.came.peak_mib} MiB",
        )
        for size, run in quiet
    ]
    columns = ("accounts", "added latency", "calls", "wall time", "an account", "CPU", "CPU of the AWS", "peak memory")
    return "\n".join((f"### {QUIET}, {JOBS} workers: growth", "", *table(columns, rows)))


def peers_table(ours: Rollout, latency: float, compared: Sequence[Compared]) -> str:
    """The same roles by other tools, and by this one with all its groups and members besides."""
    rows = [_our_row(ours.runs, latency)]
    for peer in compared:
        if peer.first and peer.quiet and peer.far:
            cells = (_took(peer.first), _took(peer.quiet), f"{peer.far.seconds:.1f} s", f"{peer.quiet.calls:,}")
        else:
            cells = (peer.missing, "", "", "")
        rows.append((peer.name, *cells))
    columns = (
        "tool", "first rollout (CPU)", "nothing to do (CPU)", f"the same, {latency * 1000:.0f} ms added", "calls",
    )  # fmt: skip
    return "\n".join(
        (f"### Beside other tools, {ours.size.accounts} accounts with 4 roles each", "", *table(columns, rows))
    )


def profile_table(measured: Rollout) -> str:
    """Where the CPU goes."""
    whole = sum(measured.parts.values())
    rows = [(part, f"{seconds:.2f} s", f"{seconds / whole:.0%}") for part, seconds in measured.parts.items()]
    title = f"### Where the CPU goes: {QUIET}, {measured.size.accounts} accounts, 1 worker, under the profiler"
    return "\n".join((title, "", *table(("part", "CPU", "share"), rows)))


def _our_row(ours: Sequence[Run], latency: float) -> tuple[str, ...]:
    """rolemodel-ci beside the peers."""
    found = {(run.name, run.latency): run for run in ours if run.jobs == JOBS}
    first, quiet, far = found[FIRST, 0.0], found[QUIET, 0.0], found[QUIET, latency]
    cells = (f"{run.seconds:.1f} s ({run.came.cpu:.1f} s)" for run in (first, quiet))
    name = "rolemodel-ci, with groups and members, 16 at a time"
    return (name, *cells, f"{far.seconds:.1f} s", f"{sum(quiet.calls.values()):,}")


def _took(took: Took) -> str:
    return f"{took.seconds:.1f} s ({took.cpu:.1f} s)"


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
            f"{run.seconds:.1f} s",
            f"{run.least(size):.1f} s",
            f"{run.seconds / run.least(size):.1f}",
            f"{run.came.cpu:.1f} s",
            f"{run.served:.1f} s",
            f"{run.came.peak_mib} MiB",
        )
        for run in runs
    ]
    columns = (
        "run", "workers", "added latency", "changes", "calls", "wall time", "floor", "ratio", "CPU", "CPU of the AWS",
        "peak memory",
    )  # fmt: skip
    yield from table(columns, rows)


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
