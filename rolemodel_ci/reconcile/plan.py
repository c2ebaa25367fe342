"""The plan: changes in order, what blocks a grant, totals against the quotas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolemodel_ci.model.live import Unreadable
    from rolemodel_ci.model.problem import Place
    from rolemodel_ci.reconcile.changes import Change
    from rolemodel_ci.reconcile.gains import Administrator, Regained


@dataclass(frozen=True, slots=True)
class Blocked:
    """A wanted grant or group that cannot be made, and why. The rest of the plan goes on without it."""

    group: str
    user: str | None
    reason: str
    remedy: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Shortened:
    """A grant that goes on, and that the change in Git has end earlier than it would: `expires` is its last day now."""

    account: str
    role: str
    group: str
    user: str
    expires: date


@dataclass(frozen=True, slots=True)
class Totals:
    """Memberships of the groups under our path (of the chosen accounts, where some are); and all groups there are."""

    memberships_before: int = 0
    memberships_after: int = 0
    groups_before: int = 0
    groups_after: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: sorted, comparable. `shortened` is what the change in Git has end before long, unasked."""

    changes: tuple[Change, ...]
    unreadable: tuple[Unreadable, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    notes: tuple[str, ...] = ()
    totals: Totals = Totals()
    administrators: tuple[Administrator, ...] = ()
    shortened: tuple[Shortened, ...] = ()
    regained: tuple[Regained, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes

    @property
    def is_whole(self) -> bool:
        """Whether everything could be read and everything wanted can be made."""
        return not self.unreadable and not self.blocked
