"""Guards against touching what another owner, or somebody else, has made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Set

from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.cloudformation.intrinsics import section
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.model.desired import GROUP_PATH, Account, Policy
from rolemodel_ci.model.live import LiveMaster, LiveStack, LiveState, Unreadable
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import GroupChange, StackChange
from rolemodel_ci.reconcile.diff.renamed_groups import opened_roles
from rolemodel_ci.reconcile.diff.stacks import deployed
from rolemodel_ci.reconcile.plan import Plan

_SHOWN = 20  # resources of one stack in a sentence


def foreign_stack(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Stacks that would be changed, replaced or deleted, and that this owner did not make."""
    for change in plan.changes:
        stack = live.stacks.get(change.account or "") if isinstance(change, StackChange) else None
        account = policy.account(change.account or "")
        if isinstance(stack, LiveStack) and account and not is_own(policy, account, stack, live.master):
            yield Refusal(
                Guard.FOREIGN_STACK,
                f"the stack `{policy.stack_name}` of `{account.name}` {_whose(stack)}; it would be replaced or "
                f"deleted. It holds {_held(stack)}",
                f"Choose another `stack_name:` in {policy.config_file}. If all of that may go, or the stack is this "
                f"repository's from before `owner:` was set, run once with `--allow {Guard.FOREIGN_STACK}`. Until "
                "then, nothing is changed or given in this account, and the rest is applied.",
                account.name,
            )


def foreign_groups(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Groups of another access repository on the same master: they have our names, or they alone are under our path."""
    if not any(isinstance(change, GroupChange) for change in plan.changes) and not plan.blocked:
        return
    wanted = {
        policy.group_name(account.name, role.name) for account in policy.accounts for role in policy.template.roles
    }
    below = [group for group in live.master.groups.values() if group.path.startswith(GROUP_PATH)]
    theirs = sorted(g.name for g in below if g.path != policy.group_path and g.name in wanted)
    if theirs:
        paths = sorted({live.master.groups[name].path for name in theirs})
        yield Refusal(
            Guard.FOREIGN_GROUPS,
            f"{_groups(theirs)} of another owner (path {', '.join(paths)}) have names of wanted ones; this "
            f"repository's owner is `{policy.owner}`",
            f"If another repository made them, choose another `group_prefix:` in {policy.config_file}. If they are of "
            "this one, from before `owner:` was set, move each with `aws iam update-group --group-name NAME "
            f"--new-path {policy.group_path}`: it keeps its members and what it opens.",
        )
    yield from strange_groups(plan, policy, live)


def strange_groups(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """All groups under our path open roles of accounts that we do not have: another repository seems to own them."""
    wanted = {
        policy.group_name(account.name, role.name) for account in policy.accounts for role in policy.template.roles
    }
    strange = _strange(policy, live, wanted)
    if strange:
        yield Refusal(
            Guard.FOREIGN_GROUPS,
            f"{_groups(strange)} under {policy.group_path} open roles of accounts that are not in "
            f"{policy.config_file}, and none under it is a wanted one: another repository seems to own them",
            f"Write `owner: NAME` into {policy.config_file}, with a name that no other repository of this master "
            "account has. If these groups may go with their members, run once with "
            f"`--allow {Guard.FOREIGN_GROUPS}`.",
        )


def _strange(policy: Policy, live: LiveState, wanted: Set[str]) -> list[str]:
    """The groups under our path that open nothing but roles elsewhere, if no group there shows that we made any."""
    ids = {account.account_id for account in policy.accounts}
    ids |= {stack.identity.account_id for stack in live.stacks.values() if not isinstance(stack, Unreadable)}
    unknown = any(a.account_id is None and a.name not in _read(live) for a in policy.accounts)
    opened = {
        group.name: {account_id for document in group.policies.values() for account_id, _ in opened_roles(document)}
        for group in live.master.groups.values()
        if group.path == policy.group_path
    }
    if any(name in wanted and (unknown or not found or found & ids) for name, found in opened.items()):
        return []
    return sorted(name for name, found in opened.items() if found and not found & ids)


def _read(live: LiveState) -> set[str]:
    return {name for name, stack in live.stacks.items() if not isinstance(stack, Unreadable)}


def _groups(names: list[str]) -> str:
    return f"{len(names)} group{'s' * (len(names) > 1)} (the first: `{names[0]}`)"


def is_own(policy: Policy, account: Account, stack: LiveStack, master: LiveMaster) -> bool:
    """Whether a stack is this owner's.

    By its tag. Versions before there were owners set none: what they made is known by what it holds. Each of its roles
    is one that a group of ours opens or that the template has; beside them it holds what the template has and, if a
    group opens one of them, policies of roles. If none does, the master account can assume one of them.
    """
    if stack.owner is not None:
        return stack.owner == policy.owner
    wanted = desired(policy, account, stack.identity.account_id)
    types = {name: resource.get("Type") for name, resource in wanted.resources.items()}
    by_groups = opened_by(policy, master)
    opened = {name for name, role in stack.physical.items() if (stack.identity.account_id, role) in by_groups}
    told = opened | {name for name in stack.physical if types.get(name) == ROLE_TYPE}
    if not told or told != stack.physical.keys():
        return False
    beside = _OF_ROLES if opened else frozenset[str]()
    if any(types.get(name) != kind and kind not in beside for name, kind in stack.others.items()):
        return False
    return bool(opened) or stack.body is None or _lets_in(policy, account, stack, master.identity.account_id)


_OF_ROLES = frozenset({"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"})
"""What a template of this program may hold beside roles, and lose again."""


def _lets_in(policy: Policy, account: Account, stack: LiveStack, master_id: str) -> bool:
    """Whether a role of the stack names the master account in its trust policy: what the program is there for."""
    resources = deployed(policy, account, stack).resources
    trusts = (section(resources.get(name, {}), "Properties").get("AssumeRolePolicyDocument") for name in stack.physical)
    return any(master_id in json.dumps(trust, default=str) for trust in trusts)


def opened_by(policy: Policy, master: LiveMaster) -> frozenset[tuple[str, str]]:
    """The roles that the groups of this owner open: account id and name."""
    ours = (group for group in master.groups.values() if group.path == policy.group_path)
    return frozenset(pair for group in ours for document in group.policies.values() for pair in opened_roles(document))


def _whose(stack: LiveStack) -> str:
    return f"is of the owner `{stack.owner}`" if stack.owner else "was not made by rolemodel-ci"


def _held(stack: LiveStack) -> str:
    kinds = {**stack.others, **dict.fromkeys(stack.physical, ROLE_TYPE)}
    names = [f"`{name}` ({kind})" for name, kind in sorted(kinds.items())]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing that CloudFormation tells") + more
