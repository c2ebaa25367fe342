"""Who becomes as good as an administrator by a plan: by joining such a role, or by what becomes of the role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from rolemodel_ci.access_request.request import dangers_of
from rolemodel_ci.iam.escalation import dangers
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveStack, LiveState
from rolemodel_ci.reconcile.changes import AddMember, PutPolicy, RemoveMember, StackChange
from rolemodel_ci.reconcile.diff.changed_account_ids import moved_accounts
from rolemodel_ci.reconcile.diff.stacks import deployed
from rolemodel_ci.reconcile.gains import Administrator
from rolemodel_ci.reconcile.plan import Plan


def with_administrators(plan: Plan, policy: Policy, live: LiveState, today: date) -> Plan:
    """The plan, with everybody whom it makes as good as an administrator."""
    if not any(isinstance(change, AddMember | PutPolicy | StackChange) for change in plan.changes):
        return plan
    after = dangers_of(policy, today)
    found = {*_joining(plan, after), *_promoted(plan, policy, live, after), *_regaining(plan, after)}
    return replace(plan, administrators=tuple(sorted(found)))


def _joining(plan: Plan, after: dict[tuple[str, str], Mark]) -> Iterator[Administrator]:
    for change in plan.changes:
        if isinstance(change, AddMember):
            account, role = change.account or "", change.role or ""
            why = after.get((account, role))
            if why:
                yield Administrator(account, role, why, change.user)


def _regaining(plan: Plan, after: dict[tuple[str, str], Mark]) -> Iterator[Administrator]:
    """Who is in the group of such a role already, and gets into it by the plan."""
    for one in plan.regained:
        why = after.get((one.account, one.role))
        if why:
            yield Administrator(one.account, one.role, why, one.user)


def _promoted(
    plan: Plan, policy: Policy, live: LiveState, after: dict[tuple[str, str], Mark]
) -> Iterator[Administrator]:
    """Who stays in a role that becomes as good as an administrator, or that is one of another account now."""
    moved = {account.account for account in moved_accounts(policy, live)}
    leaving = {(change.group, change.user) for change in plan.changes if isinstance(change, RemoveMember)}
    changing = {change.account or "" for change in plan.changes if isinstance(change, StackChange)}
    for (name, role), why in after.items():
        group = live.master.groups.get(policy.group_name(name, role))
        worse = name in changing and why.worse_than(_before(policy, name, live).get(role))
        if group and (worse or name in moved):
            yield from (
                Administrator(name, role, why, user) for user in group.members if (group.name, user) not in leaving
            )


def _before(policy: Policy, name: str, live: LiveState) -> dict[str, Mark]:
    """The roles of an account that are as good as an administrator now. What cannot be told counts as none."""
    account, stack = policy.account(name), live.stacks.get(name)
    if account is None or not isinstance(stack, LiveStack):
        return {}
    now = deployed(policy, account, stack)
    return dangers(now) if now.whole else {}
