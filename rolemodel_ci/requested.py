"""Tell what a change in Git asks for from what differs in AWS for any other reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import assert_never

from rolemodel_ci.model import Policy
from rolemodel_ci.plan import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    Origin,
    Plan,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    SettleStack,
    UpdateStack,
)
from rolemodel_ci.resolve import desired


def attribute(plan: Plan, base: Policy | None, head: Policy, today: date) -> Plan:
    """The plan with the origin of every change. `base` is the policy before the change; None if there was none.

    A grant has ended only if it was to end before the change already: one that the change itself dates back is revoked.
    """
    facts = _Facts(base, head, today)
    changes = (facts.undated(change) for change in plan.changes)
    return replace(plan, changes=tuple(replace(change, origin=facts.origin(change)) for change in changes))


class _Facts:
    """What the change from base to head touches."""

    def __init__(self, base: Policy | None, head: Policy, today: date) -> None:
        before, after = _members(base, today), _members(head, today)
        self._still_held = before
        self._joining, self._leaving = after - before, before - after
        groups_before, groups_after = _groups(base), _groups(head)
        self._coming, self._going = groups_after - groups_before, groups_before - groups_after
        self._stacks = {
            account.name
            for account in head.accounts
            if base is None or _stack(base, account.name) != _stack(head, account.name)
        }
        self._moved = head.renumbered(base)

    def undated(self, change: Change) -> Change:
        """The change without the last day of its grant, where the grant would hold today but for this very change."""
        if isinstance(change, RemoveMember) and (change.group, change.user) in self._still_held:
            return replace(change, ended=None)
        return change

    def origin(self, change: Change) -> Origin:
        """Why the change is in the plan."""
        match change:
            case RemoveMember() if change.ended is not None:
                return Origin.EXPIRED
            case RemoveMember():
                asked = (change.group, change.user) in self._leaving or change.group in self._going
            case AddMember():
                asked = (change.group, change.user) in self._joining or change.group in self._coming
            case CreateGroup() | RenameGroup():
                asked = change.group in self._coming
            case PutPolicy():
                asked = change.group in self._coming or change.account in self._stacks
            case DeletePolicy() | DetachPolicy():
                asked = change.group in self._going or change.account in self._moved
            case DeleteGroup():
                asked = change.group in self._going
            case CreateStack() | UpdateStack() | SettleStack() | DeleteStack():
                asked = change.account in self._stacks
            case _:
                assert_never(change)
        return Origin.REQUESTED if asked else Origin.DRIFT


def _members(policy: Policy | None, today: date) -> set[tuple[str, str]]:
    if policy is None or policy.users is None:
        return set()
    return {(policy.group_name(g.account, g.role), g.user) for g in policy.users.grants if g.holds(today)}


def _groups(policy: Policy | None) -> set[str]:
    if policy is None:
        return set()
    return {policy.group_name(account.name, role.name) for account in policy.present for role in policy.template.roles}


def _stack(policy: Policy, name: str) -> object:
    """What decides the stack of an account; None where it is to have none."""
    account = policy.account(name)
    if account is None or account.absent:
        return None
    return policy.stack_name, policy.region, account.account_id, desired(policy, account, account.account_id)
