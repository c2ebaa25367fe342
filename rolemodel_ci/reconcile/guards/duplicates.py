"""Guards against making things twice that are there under another name."""

from __future__ import annotations

from collections.abc import Iterator, Set

from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.cloudformation.roles import role_name, role_names
from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.live import Absent, LiveState
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import CreateStack, DeleteGroup, RenameGroup
from rolemodel_ci.reconcile.diff.renamed_groups import opened_roles
from rolemodel_ci.reconcile.plan import Plan


def renamed_groups(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Groups that are the wanted ones but for the prefix: the 2015 tool made its groups without one."""
    wanted = {f"{account.name}.{role.name}" for account in policy.present for role in policy.template.roles}
    told = {n for a in policy.present for r in policy.template.roles for n in policy.former_groups(a, r.name)}
    renamed = {c.old: c for c in plan.changes if isinstance(c, RenameGroup) and c.old not in told}
    going = {*renamed, *(change.group for change in plan.changes if isinstance(change, DeleteGroup))}
    bare = sorted(name for name in going if name in wanted and policy.group_prefix)
    prefixed = sorted(n for n, c in renamed.items() if n not in bare and n.endswith(f"{c.account}.{c.role}"))
    if prefixed:
        yield Refusal(
            Guard.RENAMED_GROUPS,
            f"{len(prefixed)} groups under {policy.group_path} open roles of ours and have another prefix than "
            f"`{policy.group_prefix}` (the first: `{prefixed[0]}`); they would get new names and keep their members",
            f"Correct `group_prefix:` in {policy.config_file}. To rename them, run once with "
            f"`--allow {Guard.RENAMED_GROUPS}`: who stays in them keeps access.",
        )
    if bare:
        yield Refusal(
            Guard.RENAMED_GROUPS,
            f"{len(bare)} groups under {policy.group_path} have the names of wanted ones without the prefix "
            f"`{policy.group_prefix}` (the first: `{bare[0]}`); they would be renamed, or deleted with their members",
            f'Write `group_prefix: ""` in {policy.config_file} to keep them. To rename them, run once with '
            f"`--allow {Guard.RENAMED_GROUPS}`: who stays in them keeps access where its account can be read.",
        )


def moved_stacks(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """No account has its stack, and yet groups open roles there: the stacks go by another name, or are elsewhere."""
    new = {c.account for c in plan.changes if isinstance(c, CreateStack) and c.replaces is None}
    looked = [a for a in policy.present if a.name in live.stacks] or policy.present
    all_new = bool(new) and len(new) >= len(looked) - len(plan.unreadable)
    yield from _of_another_name(new, policy, live) if not all_new else ()
    if not all_new:
        return
    bare = {f"{account.name}.{role.name}" for account in policy.present for role in policy.template.roles}
    wanted = bare | {policy.group_prefix + name for name in bare}
    opening = sorted(
        name
        for name, group in live.master.groups.items()
        if group.path == policy.group_path and name in wanted and group.policies
    )
    if opening:
        yield Refusal(
            Guard.MOVED_STACKS,
            f"no account has a stack `{policy.stack_name}` in {policy.region}, and yet {len(opening)} groups under "
            f"{policy.group_path} open roles already (the first: `{opening[0]}`); a second stack beside theirs "
            "would be made",
            f"Correct `stack_name:` or `region:` in {policy.config_file} (rolemodel 0.1.0 used the region of the "
            f"profile). If the stacks are really gone, run once with `--allow {Guard.MOVED_STACKS}`.",
        )


def _of_another_name(new: Set[str | None], policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Some accounts have their stack, and others have one of another name: their groups open roles with that name."""
    moved = []
    for account in policy.present:
        stack = live.stacks.get(account.name)
        if account.name in new and isinstance(stack, Absent):
            groups = (live.master.groups.get(policy.group_name(account.name, r.name)) for r in policy.template.roles)
            names = [
                name
                for group in groups
                if group and group.path == policy.group_path
                for document in group.policies.values()
                for account_id, name in opened_roles(document)
                if account_id == stack.identity.account_id
            ]
            # CloudFormation begins the names that it makes up with the stack's name, cut where they get too long.
            named = {n for _, n in _given(policy, account, stack)}
            moved += [account.name] * any(n not in named and not n.startswith(policy.stack_name[:20]) for n in names)
    if moved:
        yield Refusal(
            Guard.MOVED_STACKS,
            f"{len(moved)} accounts (the first: `{moved[0]}`) have no stack `{policy.stack_name}` in {policy.region}, "
            "and their groups open roles of a stack of another name; a second stack beside that would be made",
            f"Correct `stack_name:` in {policy.config_file}. If the stacks are really gone, run once with "
            f"`--allow {Guard.MOVED_STACKS}`.",
        )


def _given(policy: Policy, account: Account, stack: Absent) -> Iterator[tuple[str, str]]:
    """The names that the template gives roles, by logical id."""
    wanted = desired(policy, account, stack.identity.account_id)
    for role in role_names(wanted):
        name = role_name(wanted, role)
        if name:
            yield role, name
