"""Guards against making things twice that are there under another name."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.live import Live
from rolemodel_ci.model import Policy
from rolemodel_ci.plan import CreateStack, DeleteGroup, Plan, RenameGroup
from rolemodel_ci.verdict import Guard, Refusal


def renamed_groups(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
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


def moved_stacks(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """No account has its stack, and yet groups open roles there: the stacks go by another name, or are elsewhere."""
    new = sum(isinstance(change, CreateStack) and change.replaces is None for change in plan.changes)
    if not new or new < len(policy.present) - len(plan.unreadable):
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
