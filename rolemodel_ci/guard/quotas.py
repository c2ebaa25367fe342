"""The quotas of the master account, counted on the state after the plan.

Removals come first in a run, so that no step on the way there holds more than the larger of before and after.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.guard.headroom import groups_of_users
from rolemodel_ci.live import Live
from rolemodel_ci.model import GROUP_PATH, Policy
from rolemodel_ci.plan import AddMember, Guard, Plan, PutPolicy, Refusal

# An ARN is at most 20 + 64 + 512 characters, the policy around it about 90: far below the quota of 5,120. What
# counts is the size without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_AROUND_ARN = 90


def quotas(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Quotas of the master account, counted on the state after the plan. Removals come first, so that is the peak."""
    master, totals = live.master, plan.totals
    most = master.quotas
    if totals.groups_after > most.groups and totals.groups_after > totals.groups_before:
        yield Refusal(
            Guard.QUOTA,
            f"the master account would have {totals.groups_after} groups; it may have {most.groups}",
            "Have AWS raise the quota of IAM groups (at most 500), or use fewer accounts or roles.",
        )
    count = groups_of_users(plan, master)
    for user in sorted({change.user for change in plan.changes if isinstance(change, AddMember)}):
        if count[user] > most.groups_per_user:
            yield Refusal(
                Guard.QUOTA,
                f"`{user}` would be in {count[user]} groups, those outside {GROUP_PATH} included; "
                f"AWS allows {most.groups_per_user}, and it cannot be raised",
                "Take a role away from the user, or a membership outside of this repository.",
            )
    for change in plan.changes:
        size = _AROUND_ARN + len(change.arn) if isinstance(change, PutPolicy) and change.arn else 0
        if isinstance(change, PutPolicy) and size > most.group_policy_size:
            yield Refusal(
                Guard.QUOTA,
                f"the policy of `{change.group}` would have {size} characters; AWS allows {most.group_policy_size}",
                "Shorten the role's path.",
            )
