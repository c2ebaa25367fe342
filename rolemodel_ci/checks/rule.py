"""What every check is given, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.roles import properties_of
from rolemodel_ci.model.desired import Account, Role
from rolemodel_ci.model.problem import Place, Problem

_IN = " (account "


@dataclass(frozen=True, slots=True)
class Rule:
    """A named check: its code, what it looks for in one sentence, and the function that finds it."""

    code: str
    sentence: str
    find: Callable[[DesiredStacks], Iterable[Problem]]


def each_role(subject: DesiredStacks) -> Iterable[tuple[Role, Account, Mapping[str, Any]]]:
    """Every role with its resolved properties in every account that makes it."""
    for account in subject.policy.present:
        resources = subject.resolved[account.name].resources
        for role in subject.policy.template.roles:
            if role.name in resources:
                yield role, account, properties_of(resources[role.name])


def told_in(account: Account) -> str:
    """The account, where what is found may hang on its parameters."""
    return f"{_IN}`{account.name}` with its parameters)" if account.parameters else ""


def place_of(subject: DesiredStacks, role: Role, name: str) -> Place:
    """Where a property of a role stands, or else the role."""
    return subject.policy.template.places.get(("Resources", role.name, "Properties", name), role.place)


def at(body: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path of the template."""
    for step in path:
        body = body[step]
    return body


def once(find: Callable[[DesiredStacks], Iterable[Problem]]) -> Callable[[DesiredStacks], Iterable[Problem]]:
    """The check, telling once what is wrong in several accounts: for the first of them."""

    def found(subject: DesiredStacks) -> Iterable[Problem]:
        seen: set[tuple[object, ...]] = set()
        for problem in find(subject):
            key = (problem.place, problem.code, problem.message.split(_IN)[0])
            if key not in seen:
                seen.add(key)
                yield problem

    return found
