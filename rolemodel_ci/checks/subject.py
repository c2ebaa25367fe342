"""What every check is given, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rolemodel_ci.model import Account, Place, Policy, Problem, Role
from rolemodel_ci.resolve import Resolved, desired
from rolemodel_ci.roles import properties_of, role_names

_IN = " (account "


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


def each_role(subject: Subject) -> Iterable[tuple[Role, Account, Mapping[str, Any]]]:
    """Every role with its resolved properties in every account that makes it."""
    for account in subject.policy.present:
        resources = subject.resolved[account.name].resources
        for role in subject.policy.template.roles:
            if role.name in resources:
                yield role, account, properties_of(resources[role.name])


def told_in(account: Account) -> str:
    """The account, where what is found may hang on its parameters."""
    return f"{_IN}`{account.name}` with its parameters)" if account.parameters else ""


def place_of(subject: Subject, role: Role, name: str) -> Place:
    """Where a property of a role stands, or else the role."""
    return subject.policy.template.places.get(("Resources", role.name, "Properties", name), role.place)


def at(body: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path of the template."""
    for step in path:
        body = body[step]
    return body


def once(find: Callable[[Subject], Iterable[Problem]]) -> Callable[[Subject], Iterable[Problem]]:
    """The check, telling once what is wrong in several accounts: for the first of them."""

    def found(subject: Subject) -> Iterable[Problem]:
        seen: set[tuple[object, ...]] = set()
        for problem in find(subject):
            key = (problem.place, problem.code, problem.message.split(_IN)[0])
            if key not in seen:
                seen.add(key)
                yield problem

    return found
