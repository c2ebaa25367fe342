"""Guards for what has to stay: what the config protects, the last administrator, the role that the run works with."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.danger import dangers
from rolemodel_ci.diff.stacks import deployed
from rolemodel_ci.live import Live, LiveStack
from rolemodel_ci.model import Account, Policy, Protection
from rolemodel_ci.plan import AddMember, DeleteStack, Guard, Plan, Refusal, RemoveMember, StackChange
from rolemodel_ci.resolve import desired

_SHOWN = 5  # names in one sentence


def protected(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """What the config protects, whatever the map and the template say."""
    for entry in policy.protected:
        found = sorted(_memberships(plan, entry) if entry.user else _roles(plan, entry))
        if found:
            yield Refusal(
                Guard.PROTECTED,
                f"{entry} is protected ({entry.place}), and {_few(found)} would go",
                f"Put it back, or take the entry out of `protected:` in {policy.config_file} in a change of its own. "
                f"If this is meant, run once with `--allow {Guard.PROTECTED}`.",
            )


def _memberships(plan: Plan, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, RemoveMember) and change.user == entry.user and entry.covers(change.account, change.role):
            yield f"the membership of `{change.group}`"


def _roles(plan: Plan, entry: Protection) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change, StackChange):
            for difference in change.differences:
                gone = difference.is_role and difference.what == "removed"
                if gone and entry.covers(change.account, difference.name):
                    yield f"role `{difference.name}` of `{change.account}`"


def last_administrator(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Accounts in which nobody could do everything any more. Grants that ran out are no reason: they were to end."""
    losing = {c.account for c in plan.changes if isinstance(c, RemoveMember) and c.ended is None}
    for account in policy.present:
        if account.name in losing:
            groups = {policy.group_name(account.name, role) for role in _administrators(policy, account, live)}
            before = {user for name in groups for user in _members(live, name)}
            if before and not _after(plan, live, groups):
                yield Refusal(
                    Guard.LAST_ADMINISTRATOR,
                    f"`{account.name}` would lose its last {'administrators' if len(before) > 1 else 'administrator'}: "
                    f"{_few(sorted(f'`{user}`' for user in before))}",
                    f"Grant one of {_few(sorted(f'`{group}`' for group in groups))} to somebody in the same change. "
                    f"If this is meant, run once with `--allow {Guard.LAST_ADMINISTRATOR}`.",
                )


def _administrators(policy: Policy, account: Account, live: Live) -> set[str]:
    """The roles of an account that are as good as an administrator, now or after the run."""
    found = set(dangers(desired(policy, account, account.account_id)))
    stack = live.stacks.get(account.name)
    return found | set(dangers(deployed(policy, account, stack))) if isinstance(stack, LiveStack) else found


def _members(live: Live, group: str) -> frozenset[str]:
    found = live.master.groups.get(group)
    return found.members if found else frozenset()


def _after(plan: Plan, live: Live, groups: set[str]) -> set[tuple[str, str]]:
    """Who is in these groups after the plan."""
    held = {(name, user) for name in groups for user in _members(live, name)}
    held -= {(c.group, c.user) for c in plan.changes if isinstance(c, RemoveMember)}
    return held | {(c.group, c.user) for c in plan.changes if isinstance(c, AddMember) and c.group in groups}


def own_lockout(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Stacks that hold the roles by which the tool gets in: a change of them may lock it out."""
    own = {policy.github_oidc.plan_role, policy.github_oidc.apply_role} if policy.github_oidc else set()
    for change in plan.changes:
        stack = live.stacks.get(change.account or "")
        if isinstance(change, StackChange) and isinstance(stack, LiveStack):
            names = own | {_role_in(stack.identity.arn)}
            held = {logical: name for logical, name in stack.physical.items() if name in names}
            touched = sorted(
                held.values()
                if isinstance(change, DeleteStack)
                else {held[d.name] for d in change.differences if d.name in held}
            )
            if touched:
                yield Refusal(
                    Guard.OWN_LOCKOUT,
                    f"stack `{change.stack}` of `{change.account}` holds {_few([f'role `{n}`' for n in touched])}, by "
                    "which rolemodel-ci gets in, and would change it",
                    f"Keep these roles in a stack of their own (bootstrap/). If this is meant, run once with "
                    f"`--allow {Guard.OWN_LOCKOUT}`.",
                )


def _role_in(arn: str) -> str:
    """The name of the role in an ARN: `…:role/path/NAME` or `…:assumed-role/NAME/SESSION`."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2] if kind == "role" else ""


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
