"""Policy minus AWS: what has to change. Pure; the same inputs give the same plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from rolemodel_ci.diff.fitting import fitting
from rolemodel_ci.diff.groups import (
    Slot,
    member_changes,
    removal_changes,
    shape_changes,
    strays,
    taken_elsewhere,
)
from rolemodel_ci.diff.stacks import StackDiff, removal, stack_diff
from rolemodel_ci.diff.strangers import strangers
from rolemodel_ci.hints import Hints
from rolemodel_ci.live import Absent, Live, LiveMaster, Unreadable
from rolemodel_ci.model import Grant, Policy
from rolemodel_ci.plan import (
    AddMember,
    Blocked,
    Change,
    CreateGroup,
    DeleteGroup,
    Plan,
    RemoveMember,
    StackChange,
    Totals,
    order,
)

__all__ = ["named_for", "plan_all", "plan_deletion", "plan_membership", "plan_structure"]

Found = Change | Blocked


def plan_all(policy: Policy, live: Live, today: date, only: frozenset[str] = frozenset()) -> Plan:
    """Everything that makes AWS what the policy says. `only`: names of the accounts to look at; empty for all."""
    diffs = _stack_diffs(policy, live, only)
    slots = _slots(policy, diffs)
    found = [*_structure(policy, live, diffs, slots, only), *_membership(policy, live.master, today, slots)]
    return _plan(policy, live, found, only)


def plan_structure(policy: Policy, live: Live, only: frozenset[str] = frozenset()) -> Plan:
    """Stacks and groups only; who is a member of a group that stays is left as it is."""
    diffs = _stack_diffs(policy, live, only)
    return _plan(policy, live, _structure(policy, live, diffs, _slots(policy, diffs), only), only)


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
            slots.append(Slot(mapped.account, mapped.role, group, None))
    found += _membership(policy, master, today, slots)
    return _plan(policy, Live(master, {}), found, only)


def plan_deletion(policy: Policy, live: Live, only: frozenset[str] = frozenset()) -> Plan:
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


def _stack_diffs(policy: Policy, live: Live, only: frozenset[str]) -> dict[str, StackDiff]:
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


def _slots(policy: Policy, diffs: Mapping[str, StackDiff]) -> list[Slot]:
    """The groups that are to be there. Of an account that cannot be read, those that the template could make stay."""
    slots = []
    for account in policy.present:
        diff = diffs.get(account.name)
        if diff is None:
            continue
        unreadable = "Mend what keeps the account from being read, then run again." if diff.roles is None else None
        roles = [role.name for role in policy.template.roles] if diff.roles is None else diff.roles
        slots += [
            Slot(
                account.name,
                role,
                policy.group_name(account.name, role),
                diff.arns.get(role),
                diff.live_arns.get(role),
                unreadable,
            )
            for role in roles
        ]
    return slots


def _structure(
    policy: Policy, live: Live, diffs: Mapping[str, StackDiff], slots: list[Slot], only: frozenset[str]
) -> Iterator[Found]:
    """Stacks, groups and their policies."""
    yield from (diff.change for diff in diffs.values() if diff.change)
    for slot in slots:
        group = live.master.groups.get(slot.group)
        blocked = taken_elsewhere(slot, live.master, policy.group_path)
        if blocked:
            yield blocked
        elif group is not None or not slot.unreadable:
            yield from shape_changes(slot, group)
    for group in strays(live.master, (slot.group for slot in slots), policy.group_path):
        account, role = _owner(policy, group.name)
        if not only or account in only:
            yield from removal_changes(group, account, role)


def _membership(policy: Policy, master: LiveMaster, today: date, slots: Iterable[Slot]) -> Iterator[Found]:
    """Who comes and who goes, in the groups of `slots`."""
    if policy.users is None:
        return
    holding: dict[str, dict[str, Grant]] = {}
    ended: dict[str, dict[str, Grant]] = {}
    for grant in policy.users.grants:
        book = holding if grant.holds(today) else ended
        book.setdefault(policy.group_name(grant.account, grant.role), {})[grant.user] = grant
    hints = Hints(master.users)
    for slot in slots:
        if taken_elsewhere(slot, master, policy.group_path) is None:
            group, name = master.groups.get(slot.group), slot.group
            yield from member_changes(slot, group, holding.get(name, {}), ended.get(name, {}), master.users, hints)


def _plan(policy: Policy, live: Live, found: Iterable[Found], only: frozenset[str]) -> Plan:
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
        (*_notes(policy, live, only), *strangers(policy, live.master), *_left_behind(changes)),
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


def _notes(policy: Policy, live: Live, only: frozenset[str]) -> Iterator[str]:
    """What a person should know although no change follows from it."""
    accounts = {account.name for account in policy.accounts}
    gone = sorted(
        {named_for(policy, name)[0] for name, group in live.master.groups.items() if group.path == policy.group_path}
        - accounts
        - {""}
    )
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
