"""A guard against stacks that CloudFormation cannot bring to what is wanted, because it makes before it deletes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolemodel_ci.diff.stacks import deployed
from rolemodel_ci.live import Live, LiveStack
from rolemodel_ci.model import Account, Policy
from rolemodel_ci.plan import Plan, SettleStack, UpdateStack
from rolemodel_ci.resolve import desired
from rolemodel_ci.roles import properties_of, role_path
from rolemodel_ci.template import ROLE_TYPE
from rolemodel_ci.verdict import Guard, Refusal

_NAMES = {ROLE_TYPE: "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}
"""Resources whose name the template may give, and IAM knows once in an account whatever the case."""


def taken_names(plan: Plan, policy: Policy, live: Live) -> Iterator[Refusal]:
    """Names that the stack's own resources still have when CloudFormation makes those that are to have them.

    Everybody would be taken out of the old groups, and then every stack would be rolled back, at every run.
    """
    told: dict[str, list[str]] = {}
    for change in plan.changes:
        account, stack = policy.account(change.account or ""), live.stacks.get(change.account or "")
        if isinstance(change, UpdateStack | SettleStack) and account and isinstance(stack, LiveStack):
            for said in _collisions(policy, account, stack):
                told.setdefault(said, []).append(account.name)
    for said, accounts in sorted(told.items()):
        yield Refusal(
            Guard.TAKEN_NAMES,
            f"{said} in {', '.join(f'`{name}`' for name in accounts[:5])}"
            + (f" and {len(accounts) - 5} more" if len(accounts) > 5 else ""),
            "CloudFormation makes the new one before it deletes the old one, finds the name taken and rolls the stack "
            "back. Give the new one another name, or none, or keep the logical id.",
        )


def _collisions(policy: Policy, account: Account, stack: LiveStack) -> Iterator[str]:
    wanted = desired(policy, account, stack.identity.account_id)
    now = deployed(policy, account, stack)
    held = {(ROLE_TYPE, name.lower()): logical for logical, name in stack.physical.items()}
    held |= {(kind, name.lower()): logical for kind, name, logical in _named(now.resources)}
    for kind, name, logical in _named(wanted.resources):
        holder = held.get((kind, name.lower()), logical)
        if holder != logical:
            yield f"`{logical}` is to have the {_NAMES[kind]} `{name}`, which `{holder}` of the stack has"
        elif kind == ROLE_TYPE and logical in now.resources and now.whole:
            same = properties_of(now.resources[logical]).get("RoleName") == name
            if same and role_path(now, logical) != role_path(wanted, logical):
                yield f"`{logical}` is to be made anew for its Path, and keeps the RoleName `{name}`"


def _named(resources: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Type, name and logical id of what the template names."""
    for logical, resource in resources.items():
        kind = str(resource.get("Type"))
        name = properties_of(resource).get(_NAMES[kind]) if kind in _NAMES else None
        if isinstance(name, str):
            yield kind, name, logical
