"""The quotas of the master account, counted on the state after the plan.

Removals come first in a run and additions last, so that whoever gains anything has most of it at the end: a plan that
fits at the end fits at every step on the way there.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.diff.groups import group_policy
from rolemodel_ci.guard.headroom import groups_of_users
from rolemodel_ci.live import Live
from rolemodel_ci.model import Policy
from rolemodel_ci.plan import AddMember, CreateGroup, Plan, PutPolicy
from rolemodel_ci.verdict import Guard, Refusal

_LONGEST_ARN = 37 + 512 + 64
"""Characters of a role's ARN at most: `arn:aws-us-gov:iam::ID:role`, path, name. Far below the quota of 5,120, then:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def quotas(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """More groups, more groups of a user or a longer policy than the master account may have.

    What is over a quota already and does not grow is none of the plan's doing.
    """
    master, totals = live.master, plan.totals
    most = master.quotas
    if totals.groups_after > most.groups and any(isinstance(change, CreateGroup) for change in plan.changes):
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
                f"`{user}` would be in {count[user]} groups, those outside {policy.group_path} included; "
                f"AWS allows {most.groups_per_user}, and it cannot be raised",
                "Take a role away from the user, or a membership outside of this repository.",
            )
    for change in plan.changes:
        size = _size(change) if isinstance(change, PutPolicy) else 0
        if isinstance(change, PutPolicy) and size > most.group_policy_size:
            yield Refusal(
                Guard.QUOTA,
                f"the policy of `{change.group}` would have {size} characters; AWS allows {most.group_policy_size}",
                "Shorten the role's path.",
            )


def _size(change: PutPolicy) -> int:
    """Characters of a group's policy as IAM counts them, without white space; the most there may be, if unknown yet."""
    return len("".join(group_policy(change.arn or "a" * _LONGEST_ARN).split()))
