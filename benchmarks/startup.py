"""How long the command line takes to be there, against a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Startup:
    """Medians in seconds."""

    python: float
    version: float


def startup(times: int) -> Startup:
    """Measure both in turn, `times` times, after one of each that does not count."""
    bare, ours = [sys.executable, "-c", "pass"], [sys.executable, "-m", "rolemodel_ci", "--version"]
    for command in (bare, ours):
        _seconds(command)
    pairs = [(_seconds(bare), _seconds(ours)) for _ in range(times)]
    return Startup(statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs))


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return time.perf_counter() - started
