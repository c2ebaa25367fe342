"""What every check is given, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rolemodel_ci.model import Policy, Problem
from rolemodel_ci.resolve import Resolved, desired
from rolemodel_ci.roles import role_names


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy on one day. `resolved` and `roles` say, by account name, what its stack and its roles would be."""

    policy: Policy
    today: date
    resolved: Mapping[str, Resolved]
    roles: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: its code, what it looks for in one sentence, and the function that finds it."""

    code: str
    sentence: str
    find: Callable[[Subject], Iterable[Problem]]


def subject(policy: Policy, today: date) -> Subject:
    """Resolve the template once for each different set of what decides it."""
    names_account = "AWS::AccountId" in str(policy.template.body)
    by_parameters: dict[tuple[object, ...], Resolved] = {}
    resolved = {}
    for account in policy.accounts:
        key = (account.parameters, account.account_id if names_account else None)
        if key not in by_parameters:
            by_parameters[key] = desired(policy, account, account.account_id)
        resolved[account.name] = by_parameters[key]
    return Subject(policy, today, resolved, {name: role_names(value) for name, value in resolved.items()})
