"""Whether IAM lets a request pass, by a role's trust policy or by its rights.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from oracle.conditions import DEFAULT_VERSION, holds, listed
from oracle.patterns import Context, _wild, matches

Json = Any


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `kind` is AWS, Service or Federated. A session of a role has the role's ARN in `role`."""

    kind: str
    name: str
    account: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. With a caller, it is one to assume the role; without, one of a session of the role."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)
    caller: Caller | None = None


class Statement:
    """One statement, ready to be asked often."""

    def __init__(self, body: Mapping[str, Json], version: str) -> None:
        self.body, self.version = body, version
        self.key: str | None = None
        if body["Effect"] not in ("Allow", "Deny"):
            raise ValueError(f"IAM refuses the effect {body['Effect']}")
        self.allows = body["Effect"] == "Allow"
        self.actions = listed(body.get("Action", body.get("NotAction", ())))
        self.resources = listed(body.get("Resource", body.get("NotResource", ())))
        self.condition: Mapping[str, Mapping[str, Json]] = body.get("Condition", {})
        named = [element for name in ("Principal", "NotPrincipal") for element in (body.get(name),) if element]
        values = [value for keys in self.condition.values() for value in keys.values()]
        _ = [*map(principals, named), *map(listed, values)]  # what is no text is refused here

    @cached_property
    def _action(self) -> re.Pattern[str]:
        """Actions are not case sensitive; there are no variables in them."""
        return _any_of(self.actions)

    def applies(self, ask: Ask) -> bool:
        """Whether the statement is about the request."""
        if (self._action.fullmatch(ask.action.lower()) is not None) is ("NotAction" in self.body):
            return False
        if ask.caller is None:
            found = any(matches(text, ask.resource, ask.context, self.version) for text in self.resources)
            if found is ("NotResource" in self.body):
                return False
        elif not self._is_about(ask.caller):
            return False
        return not self.condition or holds(self.condition, ask.context, self.version)

    def _is_about(self, caller: Caller) -> bool:
        if "NotPrincipal" in self.body:
            return not any(_is(kind, name, caller) for kind, name in principals(self.body["NotPrincipal"]))
        return any(_is(kind, name, caller) for kind, name in principals(self.body.get("Principal", {})))


def principals(element: Json) -> list[tuple[str, str]]:
    """Kind and name of each in a Principal; everybody is of the kind AWS, for `"*"` is equivalent to `{"AWS": "*"}`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if not isinstance(element, Mapping):
        return [("AWS", name) for name in listed(element)]
    return [(kind, name) for kind, names in element.items() for name in listed(names)]


_ROOT = re.compile(r"(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?")


def _is(kind: str, name: str, caller: Caller) -> bool:
    """Whether a name in a Principal is about the caller. An account stands for everybody in it; `*` for everybody."""
    if name == "*" and kind == "AWS":
        return True
    if kind != caller.kind:
        return False
    account = _ROOT.fullmatch(name) if kind == "AWS" else None
    if account:
        return account.group(1) == caller.account
    return name in (caller.name, caller.role)


@lru_cache(maxsize=16_384)
def _any_of(actions: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_wild(text.lower())})" for text in actions) or "(?!)", re.DOTALL)


class Document:
    """One policy."""

    def __repr__(self) -> str:
        return repr(self.body)

    def __init__(self, body: Mapping[str, Json]) -> None:
        self.body = body
        version = body.get("Version", DEFAULT_VERSION)
        statements = body.get("Statement", [])
        statements = statements if isinstance(statements, list) else [statements]
        self.statements = [Statement(statement, version) for statement in statements]


@dataclass(frozen=True)
class Role:
    """What a role is to IAM. Boundary: None where it has none."""

    trust: Document
    rights: tuple[Document, ...] = ()
    boundary: Document | None = None

    def lets(self, ask: Ask) -> bool:
        """The decision: something allows it, and nothing denies it; the boundary, where there is one, likewise."""
        if ask.caller is not None:
            return _decide([self.trust], ask)
        if not _decide(self.rights, ask):
            return False
        return self.boundary is None or _decide([self.boundary], ask)


def _decide(documents: Iterable[Document], ask: Ask) -> bool:
    allowed = False
    for document in documents:
        for statement in document.statements:
            if statement.allows and allowed:
                continue
            if statement.applies(ask):
                if not statement.allows:
                    return False
                allowed = True
    return allowed
