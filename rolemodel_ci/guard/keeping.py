"""Guards for what has to stay: what the config protects, the last administrator, the role that the run works with."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.diff import named_for
from rolemodel_ci.diff.stacks import deployed
from rolemodel_ci.iam.escalation import administrations
from rolemodel_ci.live import Live, LiveStack
from rolemodel_ci.model import Account, Policy, Protection
from rolemodel_ci.plan import AddMember, DeleteStack, Plan, RemoveMember, StackChange
from rolemodel_ci.resolve import desired
from rolemodel_ci.verdict import Guard, Refusal

_SHOWN = 5  # names in one sentence


def protected(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """What the config protects, whatever the map and the template say."""
    for entry in policy.protected:
        found = sorted(_memberships(plan, policy, entry) if entry.user else _roles(plan, entry))
        if found:
            yield Refusal(
                Guard.PROTECTED,
                f"{entry} is protected ({entry.place}), and {_few(found)} would go",
                f"Put it back, or take the entry out of `protected:` in {policy.config_file} in a change of its own. "
                f"If this is meant, run once with `--allow {Guard.PROTECTED}`.",
            )


def _memberships(plan: Plan, policy: Policy, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, RemoveMember) and change.user == entry.user:
            # The groups of an account that was taken out of the config say by their names whose they are.
            account, role = named_for(policy, change.group) if change.account is None else (change.account, change.role)
            if entry.covers(account, role):
                yield f"the membership of `{change.group}`"


def _roles(plan: Plan, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, StackChange):
            for difference in change.differences:
                gone = difference.is_role and difference.what == "removed"
                if gone and entry.covers(change.account, difference.name):
                    yield f"role `{difference.name}` of `{change.account}`"


def last_administrator(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Accounts in which nobody would be as good as an administrator any more.

    Who is in a dangerous role before the run is held against who is in one after it, by what the roles may do then:
    a template that drops or tames the role takes the administrator away as well. Grants that ran out were to end, so
    that their users count as gone before.
    """
    touched = {c.account for c in plan.changes if isinstance(c, StackChange)}
    touched |= {c.account for c in plan.changes if isinstance(c, RemoveMember) and c.ended is None}
    lost: dict[str, list[str]] = {}
    open_groups: list[str] = []
    for account in policy.present:
        if account.name in touched:
            before, after = _administrations(policy, account, live)
            users = {user for _, user in _members(live, before) - _leaving(plan, ended=True)}
            coming = {(c.group, c.user) for c in plan.changes if isinstance(c, AddMember) and c.group in after}
            if users and not coming and not _members(live, after) - _leaving(plan):
                lost[account.name] = sorted(users)
                open_groups += sorted(after)
    if lost:
        told = [f"`{name}` ({len(users)} now: {_few([f'`{u}`' for u in users])})" for name, users in lost.items()]
        yield Refusal(
            Guard.LAST_ADMINISTRATOR,
            f"nobody would be administrator any more of {_few(told)}",
            (
                f"Grant {_few([f'`{group}`' for group in open_groups], 'or')} to somebody in the same change."
                if open_groups
                else f"Keep a role of an administrator in {policy.template.file}."
            )
            + f" If this is meant, run once with `--allow {Guard.LAST_ADMINISTRATOR}`.",
        )


def _administrations(policy: Policy, account: Account, live: Live) -> tuple[set[str], set[str]]:
    """The groups of the roles that are as good as an administrator, now and after the run.

    What cannot be read, or is not there, counts as being what is wanted.
    """
    stack = live.stacks.get(account.name)
    account_id = stack.identity.account_id if isinstance(stack, LiveStack) else account.account_id
    after = administrations(desired(policy, account, account_id))
    now = deployed(policy, account, stack) if isinstance(stack, LiveStack) else None
    before = administrations(now) if now and now.whole else after
    old, new = ({policy.group_name(account.name, role) for role in roles} for roles in (before, after))
    return old, new


def _members(live: Live, groups: set[str]) -> set[tuple[str, str]]:
    """Who is in these groups now: group and user."""
    there = (live.master.groups[name] for name in groups & live.master.groups.keys())
    return {(group.name, user) for group in there for user in group.members}


def _leaving(plan: Plan, *, ended: bool = False) -> set[tuple[str, str]]:
    """Who leaves which group; with `ended` only those whose last day is over."""
    leaving = (c for c in plan.changes if isinstance(c, RemoveMember))
    return {(c.group, c.user) for c in leaving if c.ended is not None or not ended}


def own_lockout(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Stacks that hold the roles by which the tool gets in: a change of them may lock it out."""
    touched = [
        f"role `{name}` of `{change.account}`"
        for change in plan.changes
        if isinstance(change, StackChange)
        for name in _own_roles(change, policy, live)
    ]
    if touched:
        yield Refusal(
            Guard.OWN_LOCKOUT,
            f"{len(touched)} of the roles by which rolemodel-ci gets in would be changed or deleted by it: "
            f"{_few(touched)}",
            "Keep these roles in a stack of their own, as bootstrap/ does. If this is meant, run once with "
            f"`--allow {Guard.OWN_LOCKOUT}`.",
        )


def _own_roles(change: StackChange, policy: Policy, live: Live) -> list[str]:
    """The names of the tool's own roles that the change of a stack touches."""
    stack = live.stacks.get(change.account or "")
    if not isinstance(stack, LiveStack):
        return []
    own = {policy.github_oidc.plan_role, policy.github_oidc.apply_role} if policy.github_oidc else set()
    own.add(_role_in(stack.identity.arn))
    held = {logical: name for logical, name in stack.physical.items() if name in own}
    if isinstance(change, DeleteStack):
        return sorted(held.values())
    return sorted({held[difference.name] for difference in change.differences if difference.name in held})


def _role_in(arn: str) -> str:
    """The name of the role in an ARN: `…:role/path/NAME` or `…:assumed-role/NAME/SESSION`."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2] if kind == "role" else ""


def _few(names: list[str], word: str = "and") -> str:
    more = f" {word} {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
