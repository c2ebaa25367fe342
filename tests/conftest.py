"""The same examples in every gate, new ones every night; and a summary of what tests count apart from passing."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from seeds import NUMBER

# How quick the machine is says nothing of the code: a busy one must not fail a property.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, print_blob=True)
settings.register_profile("gate", _ANY_MACHINE, derandomize=True)
settings.register_profile("nightly", _ANY_MACHINE)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile. Heed Ctrl-C, and let child processes do, even where a shell in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("nightly" if NUMBER else "gate")
    if NUMBER and config.getoption("hypothesis_seed", None) is None:
        config.option.hypothesis_seed = str(NUMBER)


HEAVY = ("container", "faults", "oracle", "test_benchmarks.py", "test_pictures.py")
"""Kills, storms, oracles, images, benches, by the first part of the path. No line is covered by them alone."""

SLOW = (*HEAVY, "actions", "cli")
"""What `make test` leaves out: whole runs of the action and of commands as well."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow or heavy."""
    tests = Path(__file__).parent
    for item in items:
        part = item.path.relative_to(tests).parts[0]
        for mark in [mark for mark, parts in (("slow", SLOW), ("heavy", HEAVY)) if part in parts]:
            item.add_marker(mark)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sums of what tests recorded with `record_property`, and how to replay what failed."""
    sums: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            if isinstance(number, int):
                sums[name] += number
    if sums:
        counts = ", ".join(f"{number:,} {name}" for name, number in sorted(sums.items()))
        terminalreporter.write_line(f"Under fire: {counts}")
    if NUMBER and terminalreporter.getreports("failed"):
        terminalreporter.write_line(f"Replay: ROLEMODEL_CI_SEED={NUMBER} .venv/bin/python -m pytest <the failed test>")
