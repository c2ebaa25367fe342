"""Policy minus AWS: what has to change. Pure; the same inputs give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from rolemodel_ci.model.desired import Grant, Policy
from rolemodel_ci.model.live import Absent, LiveGroup, LiveMaster, LiveState, Unreadable, Withheld
from rolemodel_ci.reconcile.changes import AddMember, Change, CreateGroup, DeleteGroup, RemoveMember, StackChange, order
from rolemodel_ci.reconcile.diff.changed_account_ids import told_moved
from rolemodel_ci.reconcile.diff.groups import (
    DesiredGroup,
    leavers,
    member_changes,
    removal_changes,
    shape_changes,
    strays,
    taken_elsewhere,
    unfit_members,
)
from rolemodel_ci.reconcile.diff.quota_fit import fitting
from rolemodel_ci.reconcile.diff.renamed_groups import former_groups, held_back, rename_changes
from rolemodel_ci.reconcile.diff.stacks import StackDiff, removal, stack_diff
from rolemodel_ci.reconcile.diff.unmanaged_groups import strangers
from rolemodel_ci.reconcile.plan import Blocked, Plan, Totals
from rolemodel_ci.suggestions import Hints

__all__ = ["named_for", "plan_all", "plan_deletion", "plan_membership", "plan_structure"]

Found = Change | Blocked


def plan_all(policy: Policy, live: LiveState, today: date, only: frozenset[str] = frozenset()) -> Plan:
    """Everything that makes AWS what the policy says. `only`: names of the accounts to look at; empty for all."""
    diffs = _stack_diffs(policy, live, only)
    slots = _slots(policy, live, diffs)
    former, grants = former_groups(policy, live.master, slots), _grants(policy, today)
    structure = _structure(policy, live, diffs, slots, only, former, grants)
    return _plan(policy, live, [*structure, *_membership(policy, live.master, grants, slots, former)], only)


def plan_structure(policy: Policy, live: LiveState, only: frozenset[str] = frozenset(), today: date = date.min) -> Plan:
    """Stacks and groups only; who is a member of a group that stays is left as it is.

    Of one that is renamed, those who are not granted its role leave: it may have been made by hand.
    """
    diffs = _stack_diffs(policy, live, only)
    slots = _slots(policy, live, diffs)
    former = former_groups(policy, live.master, slots)
    grants = _grants(policy, today)
    found = [*_structure(policy, live, diffs, slots, only, former, grants)]
    for slot in slots if grants else ():
        old = former.get(slot.group)
        if grants and old and not slot.unreadable and not taken_elsewhere(slot, live.master, policy.group_path):
            holding, ended = grants.holding.get(slot.group, {}), grants.ended.get(slot.group, {})
            found += leavers(slot, old.name, old.members, holding, ended)
    return _plan(policy, live, found, only)


def plan_membership(policy: Policy, master: LiveMaster, today: date, only: frozenset[str] = frozenset()) -> Plan:
    """Membership only, and only of the groups that the user map names, as the 2015 tool's `sync_users` did."""
    named = [mapped for mapped in (policy.users.roles if policy.users else ()) if not only or mapped.account in only]
    found: list[Found] = []
    slots = []
    for mapped in named:
        group = policy.group_name(mapped.account, mapped.role)
        live = master.groups.get(group)
        if live is None or live.path != policy.group_path:
            found.append(
                Blocked(
                    group,
                    None,
                    f"group `{group}` does not exist",
                    "Run `update` first: it makes the groups.",
                    mapped.role_place,
                )
            )
        else:
            slots.append(DesiredGroup(mapped.account, mapped.role, group, None))
    found += _membership(policy, master, _grants(policy, today), slots, {})
    return _plan(policy, LiveState(master, {}), found, only)


def plan_deletion(policy: Policy, live: LiveState, only: frozenset[str] = frozenset()) -> Plan:
    """Every stack and every group of ours; of the accounts in `only`, if any are named."""
    found: list[Found] = []
    for group in strays(live.master, (), policy.group_path):
        account, role = _owner(policy, group.name)
        if not only or account in only:
            found += removal_changes(group, account, role)
    for account_ in policy.chosen(only):
        change = removal(policy, account_, live.stacks[account_.name])
        if change:
            found.append(change)
    return _plan(policy, live, found, only)


def _stack_diffs(policy: Policy, live: LiveState, only: frozenset[str]) -> dict[str, StackDiff]:
    return {account.name: stack_diff(policy, account, live.stacks[account.name]) for account in policy.chosen(only)}


def named_for(policy: Policy, group: str) -> tuple[str, str]:
    """Account and role that a group is named for, be they in the policy or not; empty where it has no such name."""
    if not group.startswith(policy.group_prefix):
        return "", ""
    account, _, role = group.removeprefix(policy.group_prefix).rpartition(".")  # a role's name has no dot
    return account, role


def _owner(policy: Policy, group: str) -> tuple[str | None, str | None]:
    """The account of the config that a group is named for, and the role, which the template may not have any more."""
    account, role = named_for(policy, group)
    return (account, role) if policy.account(account) else (None, None)


def _slots(policy: Policy, live: LiveState, diffs: Mapping[str, StackDiff]) -> list[DesiredGroup]:
    """The groups that are to be there. Of an account that cannot be read, those that the template could make stay."""
    slots = []
    for account in policy.present:
        diff = diffs.get(account.name)
        if diff is None:
            continue
        withheld = isinstance(live.stacks.get(account.name), Withheld)
        remedy = "Look why a guard stops it" if withheld else "Mend what keeps the account from being read"
        unreadable = f"{remedy}, then run again." if diff.roles is None else None
        roles = [role.name for role in policy.template.roles] if diff.roles is None else diff.roles
        slots += [
            DesiredGroup(
                account.name,
                role,
                policy.group_name(account.name, role),
                diff.arns.get(role),
                diff.live_arns.get(role),
                unreadable,
                "is left alone" if withheld else "cannot be read",
            )
            for role in roles
        ]
    return slots


@dataclass(frozen=True, slots=True)
class _Grants:
    """Grants by group and user: those that hold, and those whose last day is over."""

    holding: Mapping[str, Mapping[str, Grant]]
    ended: Mapping[str, Mapping[str, Grant]]


def _grants(policy: Policy, today: date) -> _Grants | None:
    """The grants of the map; None where there is none, and who is a member of what is left as it is."""
    if policy.users is None:
        return None
    holding: dict[str, dict[str, Grant]] = {}
    ended: dict[str, dict[str, Grant]] = {}
    for grant in policy.users.grants:
        book = holding if grant.holds(today) else ended
        book.setdefault(policy.group_name(grant.account, grant.role), {})[grant.user] = grant
    return _Grants(holding, ended)


def _structure(
    policy: Policy,
    live: LiveState,
    diffs: Mapping[str, StackDiff],
    slots: list[DesiredGroup],
    only: frozenset[str],
    former: Mapping[str, LiveGroup],
    grants: _Grants | None,
) -> Iterator[Found]:
    """Stacks, groups and their policies."""
    yield from (diff.change for diff in diffs.values() if diff.change)
    held = {name: frozenset(book) for name, book in grants.holding.items()} if grants else None
    for slot in slots:
        group, old = live.master.groups.get(slot.group), former.get(slot.group)
        blocked = taken_elsewhere(slot, live.master, policy.group_path)
        if blocked:
            yield blocked
        elif not slot.unreadable and old is not None:
            users = None if held is None else held.get(slot.group, frozenset())
            renamed = policy.renamed_roles.get(slot.role)
            was = diffs[slot.account].live_arns.get(renamed.was) if renamed else None
            yield from rename_changes(slot, old, users, (slot.arn, slot.live_arn, was))
            yield from shape_changes(slot, group) if group else ()
        elif group is not None or not slot.unreadable:
            yield from shape_changes(slot, group)
    keep = (*(slot.group for slot in slots), *(group.name for group in former.values()))
    for group in strays(live.master, keep, policy.group_path):
        account, role = _owner(policy, group.name)
        stays = held_back(policy, live.master, slots, group, held)
        if stays:
            yield from stays.changes()
        elif not only or account in only:
            yield from removal_changes(group, account, role)


def _membership(
    policy: Policy,
    master: LiveMaster,
    grants: _Grants | None,
    slots: Iterable[DesiredGroup],
    former: Mapping[str, LiveGroup],
) -> Iterator[Found]:
    """Who comes and who goes, in the groups of `slots`."""
    hints = Hints(master.users)
    for slot in slots if grants else ():
        taken = taken_elsewhere(slot, master, policy.group_path)
        if grants and taken:
            yield from unfit_members(taken, grants.holding.get(slot.group, {}))
        elif grants:
            group, old = master.groups.get(slot.group), former.get(slot.group)
            holding, ended = grants.holding.get(slot.group, {}), grants.ended.get(slot.group, {})
            if old is not None:  # who stays in it is not to be put into the new one by another change
                staying = old.members & holding.keys()
                yield from leavers(slot, old.name, old.members, holding, ended)
                group = replace(group or old, members=(group.members if group else frozenset()) | staying)
            yield from member_changes(slot, group, holding, ended, master.users, hints)


def _plan(policy: Policy, live: LiveState, found: Iterable[Found], only: frozenset[str]) -> Plan:
    """Sort what was found, leave out what does not fit the quotas, and count."""
    wanted: list[Change] = []
    blocked: list[Blocked] = []
    for item in found:
        if isinstance(item, Blocked):
            blocked.append(item)
        else:
            wanted.append(item)
    changes, unfit = fitting(sorted(wanted, key=order), live.master, policy.group_path)
    blocked += unfit
    unreadable = (stack for _, stack in sorted(live.stacks.items()) if isinstance(stack, Unreadable))
    return Plan(
        tuple(changes),
        tuple(unreadable),
        tuple(sorted(blocked, key=lambda block: (block.group, block.user or ""))),
        (
            *_notes(policy, live, only, changes),
            *told_moved(policy, live),
            *strangers(policy, live.master),
            *_left_behind(changes),
        ),
        _totals(policy, live.master, changes, only),
    )


def _totals(policy: Policy, master: LiveMaster, changes: list[Change], only: frozenset[str]) -> Totals:
    """Count. Memberships are those of the groups that the run looks at."""
    ours = [group for group in master.groups.values() if group.path == policy.group_path]
    before = sum(len(group.members) for group in ours if not only or _owner(policy, group.name)[0] in only)
    count = {
        kind: sum(isinstance(change, kind) for change in changes)
        for kind in (AddMember, RemoveMember, CreateGroup, DeleteGroup)
    }
    return Totals(
        before,
        before + count[AddMember] - count[RemoveMember],
        len(master.groups),
        len(master.groups) + count[CreateGroup] - count[DeleteGroup],
    )


def _notes(policy: Policy, live: LiveState, only: frozenset[str], changes: Iterable[Change]) -> Iterator[str]:
    """What a person should know although no change follows from it."""
    accounts = {account.name for account in policy.accounts}
    going = (change.group for change in changes if isinstance(change, DeleteGroup))
    gone = sorted({named_for(policy, group)[0] for group in going} - accounts - {""})
    if not only:
        for name in gone:
            yield (
                f"account `{name}` is no longer in the config: its groups go, but its stack cannot be reached. "
                f"Had it stayed with `state: absent`, the stack would go too."
            )
    for account in policy.accounts:
        if account.absent and isinstance(live.stacks.get(account.name), Absent):
            yield f"account `{account.name}` has no stack any more: its entry can be taken out of the config."
    if policy.users is None:
        yield "the config names no `users`: who is a member of the groups is left as it is."


def _left_behind(changes: Iterable[Change]) -> Iterator[str]:
    """What CloudFormation does not delete with its place in the template, as the deployed template says."""
    for change in changes:
        for difference in change.differences if isinstance(change, StackChange) else ():
            if difference.stays_behind:
                yield (
                    f"`{difference.name}` goes from the stack of account `{change.account}` and stays in the account, "
                    f"with whom it trusts: the stack's own template says so (`DeletionPolicy`). Delete it there."
                )
