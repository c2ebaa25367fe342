"""The outcome of every change of a plan: done, failed or skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.changes import Change
    from rolemodel_ci.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class Done:
    """The change is made."""

    change: Change


@dataclass(frozen=True, slots=True)
class Failed:
    """The change was tried and failed."""

    change: Change
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """The change was not tried, because of something that failed."""

    change: Change
    because: str


Outcome = Done | Failed | Skipped


@dataclass(frozen=True, slots=True)
class Report:
    """What came of every change of a plan, in the plan's order. `bugs` are errors that nobody can cause but us."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    bugs: tuple[Exception, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything the policy wants has been made."""
        return self.plan.is_whole and not self.interrupted and all(isinstance(o, Done) for o in self.outcomes)
