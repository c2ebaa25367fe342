"""Who gets into a role by a plan without joining: members of groups that do not open their role now, and will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveGroup, LiveStack, LiveState
from rolemodel_ci.reconcile.changes import CreateStack, PutPolicy, RemoveMember, RenameGroup, SettleStack, UpdateStack
from rolemodel_ci.reconcile.diff.groups import opens_at_least
from rolemodel_ci.reconcile.diff.stacks import live_arns
from rolemodel_ci.reconcile.gains import Regained
from rolemodel_ci.reconcile.plan import Plan


def with_regained(plan: Plan, policy: Policy, live: LiveState) -> Plan:
    """The plan, with the members of groups to whom it opens a role that they cannot get into now."""
    leaving = {(change.group, change.user) for change in plan.changes if isinstance(change, RemoveMember)}
    unmade = {block.group for block in plan.blocked if not block.user}
    arns = cache(partial(_now, policy, live))
    found = []
    for account, role in sorted(_opening(plan)):
        group = live.master.groups.get(policy.group_name(account, role))
        if group is None or group.path != policy.group_path or group.name in unmade:
            continue
        if not _opens(group, arns(account).get(role)):
            stay = (user for user in sorted(group.members) if (group.name, user) not in leaving)
            found += [Regained(account, role, group.name, user) for user in stay]
    for change in plan.changes:
        if isinstance(change, RenameGroup):
            found += _renamed(change, live.master.groups[change.old], arns(change.account or ""))
    return replace(plan, regained=tuple(sorted(found)))


def _renamed(change: RenameGroup, old: LiveGroup, arns: Mapping[str, str]) -> list[Regained]:
    """The members of a group that goes on under another name, if what it opens is not there now."""
    if any(_opens(old, arn) for arn in arns.values()):
        return []
    return [Regained(change.account or "", change.role or "", change.group, user) for user in change.members]


def _opening(plan: Plan) -> set[tuple[str, str]]:
    """Account and role of every policy that is written, and of every role that comes."""
    found = set()
    for change in plan.changes:
        match change:
            case PutPolicy():
                found.add((change.account or "", change.role or ""))
            case CreateStack() | UpdateStack() | SettleStack():
                found |= {(change.account or "", d.name) for d in change.differences if d.is_role and d.what == "added"}
    return found


def _now(policy: Policy, live: LiveState, name: str) -> dict[str, str]:
    """The ARNs of the roles that the account has now."""
    account, stack = policy.account(name), live.stacks.get(name)
    return live_arns(policy, account, stack) if account and isinstance(stack, LiveStack) else {}


def _opens(group: LiveGroup, arn: str | None) -> bool:
    return arn is not None and any(opens_at_least(document, arn) for document in group.policies.values())
