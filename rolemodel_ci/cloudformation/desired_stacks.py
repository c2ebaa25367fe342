"""What the stack of each account will hold: the template, evaluated once for each different set of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, desired
from rolemodel_ci.cloudformation.roles import role_names
from rolemodel_ci.model.desired import Policy


@dataclass(frozen=True, slots=True)
class DesiredStacks:
    """A policy on one day. `resolved` and `roles` say, by account name, what its stack and its roles would be."""

    policy: Policy
    today: date
    resolved: Mapping[str, EvaluatedTemplate]
    roles: Mapping[str, tuple[str, ...]]


def evaluate_stacks(policy: Policy, today: date) -> DesiredStacks:
    """Resolve the template once for each different set of what decides it."""
    names_account = "AWS::AccountId" in str(policy.template.body)
    by_parameters: dict[tuple[object, ...], EvaluatedTemplate] = {}
    resolved = {}
    for account in policy.accounts:
        key = (account.parameters, account.account_id if names_account else None)
        if key not in by_parameters:
            by_parameters[key] = desired(policy, account, account.account_id)
        resolved[account.name] = by_parameters[key]
    return DesiredStacks(policy, today, resolved, {name: role_names(value) for name, value in resolved.items()})
