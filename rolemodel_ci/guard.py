"""Reasons not to apply a valid plan. The only maker of `Approved`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rolemodel_ci.live import LiveMaster
from rolemodel_ci.model import GROUP_PATH, Policy
from rolemodel_ci.plan import (
    AddMember,
    Approved,
    CreateStack,
    DeleteGroup,
    Guard,
    Plan,
    PutPolicy,
    Refusal,
    RemoveMember,
)

# An ARN is at most 20 + 64 + 512 characters, the policy around it about 90: far below the quota of 5,120. What
# counts is the size without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_AROUND_ARN = 90


def review(
    plan: Plan, policy: Policy, master: LiveMaster, allowed: frozenset[Guard] = frozenset()
) -> Approved | tuple[Refusal, ...]:
    """Let the plan pass, or say every reason why not. `allowed` are guards that this one run overrides."""
    refusals = tuple(
        refusal
        for refusal in (
            *_mass_revocation(plan, policy),
            *_empty_map(plan, policy),
            *_renamed(plan, policy),
            *_moved(plan, policy, master),
            *_quotas(plan, master),
        )
        if refusal.guard is Guard.QUOTA or refusal.guard not in allowed  # AWS overrides its quotas for nobody
    )
    return refusals or Approved(plan, tuple(sorted(allowed)))


def review_deletion(plan: Plan) -> Approved:
    """Let the plan of `delete` pass: taking everything away is what was asked for, and was confirmed."""
    return Approved(plan)


@dataclass(frozen=True, slots=True)
class Headroom:
    """How near a plan comes to the quotas of the master account. `busiest`: most groups of one user, after the plan."""

    groups: int
    groups_quota: int
    busiest: int
    groups_per_user: int


def headroom(plan: Plan, master: LiveMaster) -> Headroom:
    """Count what the master account holds after the plan."""
    quotas = master.quotas
    busiest = max(_groups_of_users(plan, master).values(), default=0)
    return Headroom(plan.totals.groups_after, quotas.groups, busiest, quotas.groups_per_user)


def _groups_of_users(plan: Plan, master: LiveMaster) -> Counter[str]:
    """In how many groups each user is after the plan, those that are not ours included."""
    count = Counter(user for group in master.groups.values() for user in group.members)
    count.subtract(change.user for change in plan.changes if isinstance(change, RemoveMember))
    count.update(change.user for change in plan.changes if isinstance(change, AddMember))
    return count


def _mass_revocation(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    """A run that takes away more than its share."""
    revoked = _revoked(plan)
    before, guards = plan.totals.memberships_before, policy.guards
    if revoked <= guards.revoke_floor or revoked * 100 <= guards.revoke_percent * before:
        return
    share = -(-revoked * 100 // before)
    yield Refusal(
        Guard.MASS_REVOCATION,
        f"{revoked} of {before} memberships would be revoked ({share} %); one run may revoke "
        f"{guards.revoke_percent} % (or {guards.revoke_floor}, whichever is more)",
        f"If this is meant, run once with `--allow {Guard.MASS_REVOCATION}`, or raise `guards: revoke_percent:` "
        f"in {policy.config_file}.",
    )


def _revoked(plan: Plan) -> int:
    """Memberships that go. Grants that ran out do not count: they were approved to end."""
    return sum(isinstance(change, RemoveMember) and change.ended is None for change in plan.changes)


def _empty_map(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    """A run after which nobody is a member of anything."""
    totals = plan.totals
    if policy.users is not None and not totals.memberships_after and _revoked(plan):
        yield Refusal(
            Guard.EMPTY_MAP,
            f"all {totals.memberships_before} memberships would be revoked: nobody could switch into anything",
            f"Look whether {policy.users.file} is what you meant. If it is, run once with `--allow {Guard.EMPTY_MAP}`.",
        )


def _renamed(plan: Plan, policy: Policy) -> Iterator[Refusal]:
    """Groups that are the wanted ones but for the prefix: the 2015 tool made its groups without one."""
    wanted = {f"{account.name}.{role.name}" for account in policy.present for role in policy.template.roles}
    bare = sorted(
        change.group
        for change in plan.changes
        if isinstance(change, DeleteGroup) and change.group in wanted and policy.group_prefix
    )
    if bare:
        yield Refusal(
            Guard.RENAMED_GROUPS,
            f"{len(bare)} groups under {GROUP_PATH} have the names of wanted ones without the prefix "
            f"`{policy.group_prefix}` (the first: `{bare[0]}`); they would be deleted with their members",
            f'Write `group_prefix: ""` in {policy.config_file} to keep them. To rename them, run once with '
            f"`--allow {Guard.RENAMED_GROUPS}`: their members lose access until the new groups have them.",
        )


def _moved(plan: Plan, policy: Policy, master: LiveMaster) -> Iterator[Refusal]:
    """No account has its stack, and yet groups open roles there: the stacks go by another name, or are elsewhere."""
    new = sum(isinstance(change, CreateStack) and change.replaces is None for change in plan.changes)
    if not new or new < len(policy.present) - len(plan.unreadable):
        return
    bare = {f"{account.name}.{role.name}" for account in policy.present for role in policy.template.roles}
    wanted = bare | {policy.group_prefix + name for name in bare}
    opening = sorted(
        name for name, group in master.groups.items() if group.path == GROUP_PATH and name in wanted and group.policies
    )
    if opening:
        yield Refusal(
            Guard.MOVED_STACKS,
            f"no account has a stack `{policy.stack_name}` in {policy.region}, and yet {len(opening)} groups under "
            f"{GROUP_PATH} open roles already (the first: `{opening[0]}`); a second stack beside theirs would be made",
            f"Correct `stack_name:` or `region:` in {policy.config_file} (rolemodel 0.1.0 used the region of the "
            f"profile). If the stacks are really gone, run once with `--allow {Guard.MOVED_STACKS}`.",
        )


def _quotas(plan: Plan, master: LiveMaster) -> Iterator[Refusal]:
    """Quotas of the master account, counted on the state after the plan. Removals come first, so that is the peak."""
    quotas, totals = master.quotas, plan.totals
    if totals.groups_after > quotas.groups and totals.groups_after > totals.groups_before:
        yield Refusal(
            Guard.QUOTA,
            f"the master account would have {totals.groups_after} groups; it may have {quotas.groups}",
            "Have AWS raise the quota of IAM groups (at most 500), or use fewer accounts or roles.",
        )
    count = _groups_of_users(plan, master)
    for user in sorted({change.user for change in plan.changes if isinstance(change, AddMember)}):
        if count[user] > quotas.groups_per_user:
            yield Refusal(
                Guard.QUOTA,
                f"`{user}` would be in {count[user]} groups, those outside {GROUP_PATH} included; "
                f"AWS allows {quotas.groups_per_user}, and it cannot be raised",
                "Take a role away from the user, or a membership outside of this repository.",
            )
    for change in plan.changes:
        size = _AROUND_ARN + len(change.arn) if isinstance(change, PutPolicy) and change.arn else 0
        if isinstance(change, PutPolicy) and size > quotas.group_policy_size:
            yield Refusal(
                Guard.QUOTA,
                f"the policy of `{change.group}` would have {size} characters; AWS allows {quotas.group_policy_size}",
                "Shorten the role's path.",
            )
