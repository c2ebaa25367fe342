"""What tests count beside passing is told at the end of a run, summed up, whichever worker they ran in."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# How quick the machine is says nothing of the code: a busy one must not fail a property.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the sums of what tests recorded with `record_property`."""
    sums: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, number in report.user_properties:
            if isinstance(number, int):
                sums[name] += number
    if sums:
        told = ", ".join(f"{number:,} {name}" for name, number in sorted(sums.items()))
        terminalreporter.write_line(f"Under fire: {told}")
