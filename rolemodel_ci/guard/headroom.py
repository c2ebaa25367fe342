"""How near a plan comes to the quotas of the master account."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rolemodel_ci.live import LiveMaster
from rolemodel_ci.plan import AddMember, Plan, RemoveMember


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
    busiest = max(groups_of_users(plan, master).values(), default=0)
    return Headroom(plan.totals.groups_after, quotas.groups, busiest, quotas.groups_per_user)


def groups_of_users(plan: Plan, master: LiveMaster) -> Counter[str]:
    """In how many groups each user is after the plan, those that are not ours included."""
    count = Counter(user for group in master.groups.values() for user in group.members)
    count.subtract(change.user for change in plan.changes if isinstance(change, RemoveMember))
    count.update(change.user for change in plan.changes if isinstance(change, AddMember))
    return count
