"""Which of the dangerous actions the policies of a role allow, as far as the template tells.

Conditions of an Allow are taken as met, those of a Deny as not: what might be, counts; so with `Fn::If` where text
cannot tell which it is. A permissions boundary is not counted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rolemodel_ci.iam.attachments import UNGUESSABLE
from rolemodel_ci.iam.escalation_paths import ACTIONS, ON_OTHERS
from rolemodel_ci.iam.managed_policies import Facts
from rolemodel_ci.iam.patterns import caseless, matches
from rolemodel_ci.iam.resources import Reach, is_about, is_of_any_account, reach, written
from rolemodel_ci.iam.statements import Statement, may_be_other

ANY_ACTION = "any:Action"
"""Of a service that no policy names: only `*` allows it."""

EVERY_ACTION = frozenset({*ACTIONS, ANY_ACTION})
"""The dangerous actions, and the one that stands for all others."""

_BY_SERVICE = {
    service: tuple(action for action in EVERY_ACTION if action.partition(":")[0] == service)
    for service in {action.partition(":")[0] for action in EVERY_ACTION}
}
_BEST_FIRST = (Reach.EVERYTHING, Reach.UNKNOWN, Reach.SOME)


@dataclass(slots=True)
class Target:
    """What is allowed and denied on one role or policy, given as the last part of its ARN.

    `begins` is how that begins at least, where AWS makes up the rest; empty where nothing of that is known.
    """

    part: str
    begins: str = ""
    allowed: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)

    def surely_is(self, resource: str) -> bool:
        """Whether a resource is this, or a pattern for it, however long the part is that AWS makes up."""
        referred = resource.endswith(f":{self.part}")
        longer = self.part + UNGUESSABLE[0] if self.part.endswith(UNGUESSABLE) and not referred else self.part
        return is_of_any_account(resource) and all(is_about(resource, (part,)) for part in (self.part, longer))

    def may_be(self, resource: str) -> bool:
        """Whether a resource is this, a pattern for it, or perhaps its name as AWS has made it up."""
        last = resource.split(":", 5)[-1].lower() if self.begins else ""
        return is_about(resource, (self.part,)) or (bool(last) and last.startswith(self.begins.lower()))


@dataclass(slots=True)
class Permissions:
    """The dangerous actions that one role is allowed, by what they reach.

    `names` are what references of the template stand for. `targets` are what gives the role more rights if it changes,
    `others` the other roles of the template.
    """

    names: Mapping[str, str | None]
    targets: tuple[Target, ...] = ()
    others: tuple[Target, ...] = ()
    everything: set[str] = field(default_factory=set)
    some: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)

    def take(self, statements: Iterable[Statement]) -> None:
        """Count what statements allow and deny."""
        for statement in statements:
            sure, maybe = _named(statement)
            texts = [written(resource, self.names) for resource in statement.resources]
            if statement.denies:
                self._deny(sure, [] if statement.but_resources else texts)
            else:
                self._allow(sure, maybe, ["*"] if statement.but_resources else texts)  # all but a few is as good as all

    def take_facts(self, facts: Facts) -> None:
        """Count what a policy of AWS allows and denies."""
        self.everything |= facts.everything
        self.some |= facts.some
        self.denied |= facts.denied

    def settle(self) -> None:
        """Let what is denied win, and then what reaches most."""
        for target in (*self.targets, *self.others):
            target.allowed -= target.denied | self.denied
        self.everything -= self.denied
        self.unknown -= self.denied | self.everything
        self.some -= self.denied | self.everything

    def _concerned(self, sure: frozenset[str]) -> tuple[Target, ...]:
        return self.targets if sure.isdisjoint(ON_OTHERS) else (*self.targets, *self.others)

    def _deny(self, sure: frozenset[str], texts: Iterable[str | None]) -> None:
        known = [text for text in texts if text is not None]
        if "*" in known:
            self.denied |= sure
        for target in self._concerned(sure):
            if any(target.surely_is(text) for text in known):
                target.denied |= sure

    def _allow(self, sure: frozenset[str], maybe: frozenset[str], texts: Iterable[str | None]) -> None:
        texts = tuple(texts)
        by_service = {action.partition(":")[0] for action in sure | maybe}
        reaches = {service: _best(texts, service) for service in by_service}
        for action in sure | maybe:
            found = reaches[action.partition(":")[0]]
            if found is Reach.UNKNOWN or (found is not Reach.NOTHING and action in maybe):
                self.unknown.add(action)
            elif found is not Reach.NOTHING:
                (self.everything if found is Reach.EVERYTHING else self.some).add(action)
        for target in self._concerned(sure):
            if any(text is not None and target.may_be(text) for text in texts):
                target.allowed |= sure


def _best(texts: Iterable[str | None], service: str) -> Reach:
    found = {reach(text, service) for text in texts}
    return next((each for each in _BEST_FIRST if each in found), Reach.NOTHING)


def _named(statement: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """The dangerous actions that a statement is about, and those that only AWS can tell of."""
    plain = [action for action in statement.actions if not may_be_other(action)]
    untold = not statement.told or len(plain) < len(statement.actions)
    named = frozenset[str]().union(*map(dangerous_actions, plain))
    if statement.but_actions:
        named = EVERY_ACTION - named
        return (frozenset(), named) if untold else (named, frozenset())
    if not statement.told:
        return frozenset(), named
    return named, EVERY_ACTION - named if untold else frozenset()


@functools.lru_cache(maxsize=4_096)  # every account has the same policies
def dangerous_actions(pattern: str) -> frozenset[str]:
    """The dangerous actions that a pattern stands for; IAM compares without case."""
    service = caseless(pattern.partition(":")[0])
    among = EVERY_ACTION if "*" in service or "?" in service else _BY_SERVICE.get(service, ())
    return frozenset(action for action in among if matches(pattern, action.lower()))
