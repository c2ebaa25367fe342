"""How near a plan comes to the quotas of the master account."""

from __future__ import annotations

from dataclasses import dataclass

from rolemodel_ci.model.live import LiveMaster
from rolemodel_ci.reconcile.diff.quota_fit import groups_of_users
from rolemodel_ci.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class Headroom:
    """Counts after the plan beside what there may be. `busiest`: most groups of one user."""

    groups: int
    groups_quota: int
    busiest: int
    groups_per_user: int


def headroom(plan: Plan, master: LiveMaster) -> Headroom:
    """Count what the master account holds after the plan."""
    quotas = master.quotas
    busiest = max(groups_of_users(plan.changes, master).values(), default=0)
    return Headroom(plan.totals.groups_after, quotas.groups, busiest, quotas.groups_per_user)
