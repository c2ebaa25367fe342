"""What the tests of the guards share: a master account, small plans, and what is said to them."""

from __future__ import annotations

from datetime import date

from builders import MASTER_ID, policy

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import Identity, LiveGroup, LiveMaster, LiveState, Quotas
from rolemodel_ci.reconcile.approval import Approved, Guard, Refusal
from rolemodel_ci.reconcile.changes import AddMember, Change, RemoveMember
from rolemodel_ci.reconcile.guards.approve import review
from rolemodel_ci.reconcile.plan import Plan, Totals

GROUP = "RM.prod.Admin"


def master(
    groups: dict[str, str] | None = None, *, path: str = "/RoleModel/", quotas: Quotas | None = None
) -> LiveMaster:
    """A master account with groups and their members."""
    live = {name: LiveGroup(name, path, frozenset(users.split()), {}) for name, users in (groups or {}).items()}
    return LiveMaster(Identity(MASTER_ID, "arn:aws:iam::1:user/ci"), frozenset(), live, quotas or Quotas())


def revocations(number: int, before: int, *, ended: date | None = None) -> Plan:
    """A plan that takes that many of the memberships away."""
    changes = tuple(RemoveMember("prod", "Admin", GROUP, f"u{i:03}", ended) for i in range(number))
    return Plan(changes, totals=Totals(before, before - number, 4, 4))


def joining(*changes: Change) -> Plan:
    """A plan in which alice becomes a member of our group."""
    return Plan((*changes, AddMember("prod", "Admin", GROUP, "alice")), totals=Totals(1, 2, 1, 1))


def refused(plan: Plan, live: LiveMaster | None = None, *allowed: Guard, config: str = "") -> list[Guard]:
    """The guards that refuse a plan."""
    return [refusal.guard for refusal in told(plan, policy(config=config), LiveState(live or master(), {}), *allowed)]


def told(plan: Plan, wanted: Policy, live: LiveState, *allowed: Guard) -> tuple[Refusal, ...]:
    """Every reason why a plan must not be applied; each says something, and what to do."""
    found = review(plan, wanted, live, dict.fromkeys(allowed, "a test"))
    refusals = () if isinstance(found, Approved) else found
    assert isinstance(found, Approved) or found
    assert all(refusal.message and refusal.remedy for refusal in refusals)
    return refusals
