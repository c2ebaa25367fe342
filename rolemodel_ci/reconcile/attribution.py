"""Tell what a change in Git asks for from what differs in AWS for any other reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import assert_never

from rolemodel_ci.access_request.role_changes import paired
from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.model.desired import Account, Grant, Policy
from rolemodel_ci.model.pending_commits import Segment, Since
from rolemodel_ci.model.problem import Place
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    GroupChange,
    Origin,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    SettleStack,
    UpdateStack,
)
from rolemodel_ci.reconcile.diff.plan import named_for
from rolemodel_ci.reconcile.plan import Plan, Shortened

SOON = timedelta(days=90)
"""A grant that a change has end within this time counts as taken away by that change: nobody is asked on the day."""


_Key = tuple[str, str, str]
"""Account, role and user."""


def attribute(plan: Plan, base: Policy | None, head: Policy, today: date) -> Plan:
    """The plan with the origin of every change. `base` is the policy before the change; None if there was none.

    A grant has ended only if it was to end before the change already: one that the change itself dates back is revoked.
    """
    facts = _Facts(base, head, today)
    changes = (facts.undated(facts.named(change)) for change in plan.changes)
    changed = tuple(replace(change, origin=facts.origin(change)) for change in changes)
    return replace(plan, changes=changed, shortened=shortened(base, head, today))


@dataclass(frozen=True, slots=True)
class Attributed:
    """A plan with origins. `askers`: for each change, then for each shortened grant, the commits that ask for it."""

    plan: Plan
    askers: tuple[frozenset[str], ...]

    def only(self, kept: frozenset[Change]) -> Attributed:
        """The same with these changes alone."""
        pairs = [pair for pair in zip(self.plan.changes, self.askers, strict=False) if pair[0] in kept]
        plan = replace(self.plan, changes=tuple(change for change, _ in pairs), shortened=())
        return Attributed(plan, tuple(asking for _, asking in pairs))


def attribute_since(plan: Plan, since: Since, today: date) -> Attributed:
    """The plan with the origin of every change, seen from what was last applied, and which commits ask for what.

    What nobody asks for is drift. A grant has ended only if it was to end in the state that was last applied: not if
    any change since then has dated it back.
    """
    whole = _Facts(since.base, since.head, today)
    parts = [(segment.commit, _Facts(segment.before, segment.after, today)) for segment in since.segments]
    ended = _ended(since.base, today)
    changes, askers = [], []
    for given in plan.changes:
        change = whole.named(given)
        for _, facts in parts:
            change = facts.named(change)
        if isinstance(change, RemoveMember) and (change.group, change.user) not in ended:
            change = replace(change, ended=None)
        asking = frozenset(commit for commit, facts in parts if facts.origin(change) is Origin.REQUESTED)
        origin = whole.origin(change)
        origin = Origin.REQUESTED if asking and origin is Origin.DRIFT else origin
        changes.append(replace(change, origin=origin))
        askers.append(asking)
    cut = shortened(since.base, since.head, today)
    askers += _cutting(cut, since, today)
    return Attributed(replace(plan, changes=tuple(changes), shortened=cut), tuple(askers))


def shortened(base: Policy | None, head: Policy, today: date) -> tuple[Shortened, ...]:
    """The grants that go on today, that end soon in the head, and did not end then in the base.

    A grant is the same under another name of its account or role: who is in the group stays in it.
    """
    before, former = _grants(base), _former(base, head)
    found = []
    for grant in head.users.grants if head.users else ():
        was = next((before[key] for key in former(grant) if key in before), None)
        if was is None or not grant.holds(today) or not was.holds(today):
            continue
        if _is_cut(was, grant, today):
            assert grant.expires is not None
            group = head.group_name(grant.account, grant.role)
            found.append(Shortened(grant.account, grant.role, group, grant.user, grant.expires))
    return tuple(sorted(found, key=lambda one: (one.group, one.user)))


def _is_cut(was: Grant, now: Grant | None, today: date) -> bool:
    """Whether a grant is taken away, or ends soon and earlier than it was to."""
    if now is None or now.expires is None:
        return now is None
    return now.expires <= today + SOON and (was.expires is None or now.expires < was.expires)


def _cutting(cut: Sequence[Shortened], since: Since, today: date) -> Iterator[frozenset[str]]:
    """For each grant the commits that cut it, or that take it away for another to give back; all if none is that."""
    former = _former(since.base, since.head)
    steps = [(step.commit, _grants(step.before), _kept(step)) for step in since.segments]
    for one in cut:
        keys = {(one.account, one.role, one.user), *former(one)}
        found = {
            commit
            for commit, before, kept in steps
            if any(key in before and _is_cut(before[key], kept.get(key), today) for key in keys)
        }
        yield frozenset(found or {commit for commit, _, _ in steps})


def _kept(step: Segment) -> dict[_Key, Grant]:
    """The grants after a step, by what they may have been called before it."""
    former = _former(step.before, step.after)
    return {key: grant for grant in _grants(step.after).values() for key in former(grant)}


def _grants(policy: Policy | None) -> dict[_Key, Grant]:
    return {
        (grant.account, grant.role, grant.user): grant
        for grant in (policy.users.grants if policy and policy.users else ())
    }


def _former(base: Policy | None, head: Policy) -> Callable[[Grant | Shortened], Sequence[_Key]]:
    """What a grant of the head may have been called in the base."""
    accounts = {account.name: account.was for account in head.accounts if account.was} | paired(base, head)

    def keys(grant: Grant | Shortened) -> Sequence[_Key]:
        account, renamed = accounts.get(grant.account, grant.account), head.renamed_roles.get(grant.role)
        roles = (grant.role, renamed.was) if renamed else (grant.role,)
        return [(account, role, grant.user) for role in roles]

    return keys


def _ended(policy: Policy | None, today: date) -> set[tuple[str, str]]:
    """The memberships whose last day was over in that policy."""
    if policy is None or policy.users is None:
        return set()
    held = _members(policy, today)
    return {(policy.group_name(g.account, g.role), g.user) for g in policy.users.grants} - held


class _Facts:
    """What the change from base to head touches."""

    def __init__(self, base: Policy | None, head: Policy, today: date) -> None:
        before, after = _members(base, today), _members(head, today)
        self._still_held = before
        self._joining, self._leaving = after - before, before - after
        groups_before, groups_after = _groups(base), _groups(head)
        self._coming, self._going = groups_after - groups_before, groups_before - groups_after
        self._stacks = {
            account.name for account in head.accounts if base is None or _stack_differs(base, head, account.name)
        }
        self._moved = head.renumbered(base)
        self._known, self._head = _whose(base), head

    def named(self, change: Change) -> Change:
        """The change with the account and role that its group was for, as the state before has them; of a group that it
        does not know either, as the name says.
        """
        if not isinstance(change, GroupChange) or change.account is not None:
            return change
        account, role = self._known.get(change.group) or named_for(self._head, change.group)
        return replace(change, account=account, role=role) if account else change

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


def _whose(policy: Policy | None) -> dict[str, tuple[str, str]]:
    """Account and role of every group that a policy can have."""
    if policy is None:
        return {}
    pairs = ((account.name, role.name) for account in policy.accounts for role in policy.template.roles)
    return {policy.group_name(*pair): pair for pair in pairs}


def _groups(policy: Policy | None) -> set[str]:
    if policy is None:
        return set()
    return {policy.group_name(account.name, role.name) for account in policy.present for role in policy.template.roles}


def _stack_differs(base: Policy, head: Policy, name: str) -> bool:
    """Whether the stack of an account is to be another one. It is resolved only where what decides it differs."""
    same = (base.stack_name, base.region, base.master_account_id) == (
        head.stack_name,
        head.region,
        head.master_account_id,
    )
    was, now = base.account(name), head.account(name)
    if same and base.template.text == head.template.text and was and now and _unplaced(was) == _unplaced(now):
        return False
    return _stack(base, name) != _stack(head, name)


def _unplaced(account: Account) -> Account:
    return replace(account, place=Place(""))


def _stack(policy: Policy, name: str) -> object:
    """What decides the stack of an account; None where it is to have none."""
    account = policy.account(name)
    if account is None or account.absent:
        return None
    return policy.stack_name, policy.region, account.account_id, desired(policy, account, account.account_id)
