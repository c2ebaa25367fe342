"""A clock on which pauses are noted and take no time."""

from __future__ import annotations

from dataclasses import dataclass, field

from rolemodel_ci.adapters.github.http import HttpClock

NOW = 1_800_000_000.0
"""Seconds since 1970 at which it starts."""


@dataclass
class Paused:
    """The pauses so far, in seconds."""

    pauses: list[float] = field(default_factory=list)

    @property
    def clock(self) -> HttpClock:
        """The clock for what is tested."""
        return HttpClock(lambda: NOW + sum(self.pauses), self.pauses.append)
