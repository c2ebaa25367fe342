"""Policy documents of IAM in canonical form: a set of statements, each about one action.

Order, Sid, Id, duplicates, text or list, JSON text or map make no difference. What AWS alone decides (`Fn::If`) makes
statements that hold under a condition. What IAM would not understand stays as it is, equal only to itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC
from rolemodel_ci.iam.canonical_values import (
    NO_VALUE,
    Call,
    Choice,
    Condition,
    Entries,
    Items,
    Name,
    Reference,
    Value,
    caseless,
    listed,
    lowered,
    unique,
    walk,
    with_variables,
)
from rolemodel_ci.iam.json_text import structure

When = tuple[tuple[Condition, bool], ...]
"""Conditions of the template that have to hold, or not to, for something to be there."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is meant: `AWS`, `Service`, `Federated`, `CanonicalUser`; another kind is one that IAM does not know."""

    kind: str
    who: Value


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a `Condition`: the request's `key` is held against each of the `values`."""

    operator: str
    key: Name
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Opaque:
    """A piece of a document of which nobody can tell what IAM makes of it."""

    value: Value
    when: When = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement about one action, or about all but some. None: the element is not there.

    It is about several actions where a statement for each of them would make too much text. `language` is set where it
    may depend on the version of the policy language what the statement means.
    """

    effect: Value
    actions: tuple[Name, ...] | None = None
    not_actions: tuple[Name, ...] | None = None
    resources: tuple[Value, ...] | None = None
    not_resources: tuple[Value, ...] | None = None
    principals: tuple[Principal, ...] | None = None
    not_principals: tuple[Principal, ...] | None = None
    tests: tuple[Test | Opaque, ...] = ()
    odd: tuple[tuple[str, Value], ...] = ()
    when: When = ()
    language: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether IAM surely understands it as a grant or a denial."""
        return self.effect in ("Allow", "Deny") and not self.odd and bool(self.actions or self.not_actions)


Atom = Statement | Opaque
Document = tuple[Atom, ...]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
_DOCUMENT_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset({
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
})  # fmt: skip
_EXCLUSIVE = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))

# Of the two versions only the newer one has variables; a document without a version has the older one:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
_OLD, NEW = "2008-10-17", "2012-10-17"

_ACCOUNT_ID = re.compile(r"[0-9]{12}\Z")

# Characters that the actions of one statement may add by being a statement each. IAM takes policies of 10,240
# characters, which add less; a stack's template may hold what never came to be.
_TEXT_LIMIT = 1_000_000

_LEVELS = 40
"""Of `Fn::If` within each other; what lies deeper is not looked into."""


def guarded(value: Value, when: When = ()) -> Iterator[tuple[Value, When]]:
    """The entries of a list, or the one value, each with the conditions of the template under which it is there."""
    for entry in listed(value):
        if isinstance(entry, Choice) and len(when) < _LEVELS:
            for held, branch in ((True, entry.held), (False, entry.otherwise)):
                if (entry.condition, not held) not in when:
                    yield from guarded(branch, unique((*when, (entry.condition, held))))
        elif entry != NO_VALUE:
            yield entry, when


def document(value: Value, when: When = (), loose: frozenset[str] = frozenset()) -> Document:
    """The statements of a policy document, written as a map or as JSON text.

    `loose` are the names of what somebody may give any text, so that references to it may hold a policy variable.
    """
    found = ((structure(chosen), under) for chosen, under in guarded(value, when))
    return merged(atom for each, under in found for atom in _document(each, under, loose))


def _document(value: Value, when: When, loose: frozenset[str]) -> Iterator[Atom]:
    statements = value.get("Statement") if isinstance(value, Entries) else None
    if not isinstance(value, Entries) or statements is None:
        yield Opaque(value, when)
        return
    yield from (Opaque(Entries((pair,)), when) for pair in value.pairs if pair[0] not in _DOCUMENT_KEYS)
    stated = value.get("Version")
    version = _OLD if stated is None else stated
    if version not in (_OLD, NEW):
        yield Opaque(Entries((("Version", version),)), when)
    found = False
    for statement, under in guarded(statements, when):
        found = True
        if isinstance(statement, Entries):
            yield from _statement(statement, under, version == NEW, loose)
        else:
            yield Opaque(statement, under)
    if not found:
        yield Opaque(Entries((("Statement", Items(())),)), when)


def _statement(value: Entries, when: When, variables: bool, loose: frozenset[str]) -> Iterator[Statement]:
    taken = {new for old, new in _EXCLUSIVE if value.get(old) is not None and value.get(new) is not None}
    odd = [pair for pair in value.pairs if pair[0] not in _STATEMENT_KEYS or pair[0] in taken]
    effect = value.get("Effect")
    if effect is None:
        odd.append(("Effect", NO_VALUE))
    get = {key: None if key in taken else each for key, each in value.pairs}
    said = {key: None if each is None else with_variables(each) if variables else each for key, each in get.items()}
    tests, unclear = _tests(said.get("Condition"))
    base = Statement(
        effect=effect or "",
        not_actions=_names(get.get("NotAction")),
        resources=_set(said.get("Resource")),
        not_resources=_set(said.get("NotResource")),
        principals=_principals(get.get("Principal")),
        not_principals=_principals(get.get("NotPrincipal")),
        tests=tests,
        odd=unique((*odd, *unclear)),
        when=when,
        language=(NEW if variables else _OLD) if _may_vary(value, loose) else "",
    )
    action = get.get("Action")
    named = [] if action is None else [(Name(lowered(name), name), under) for name, under in guarded(action, when)]
    if not named:
        yield base if action is None else replace(base, actions=())
    elif len(named) * len(repr(base)) > _TEXT_LIMIT:
        for under in dict.fromkeys(under for _, under in named):
            yield replace(base, actions=unique(name for name, when in named if when == under), when=under)
    else:
        yield from (replace(base, actions=(name,), when=under) for name, under in named)


def _may_vary(value: Value, loose: frozenset[str]) -> bool:
    """Whether something that AWS puts in could hold a policy variable: what custom resources return is any text."""
    return any(
        isinstance(each, Call)
        or (isinstance(each, Reference) and not _is_fixed(each, loose))
        or (isinstance(each, str) and DYNAMIC in each)
        for each in walk(value)
    )


def _is_fixed(reference: Reference, loose: frozenset[str]) -> bool:
    return reference.name not in loose and (reference.attribute or "Arn").endswith("Arn")


def _set(value: Value | None) -> tuple[Value, ...] | None:
    return None if value is None else unique(each for each in listed(value) if each != NO_VALUE)


def _names(value: Value | None) -> tuple[Name, ...] | None:
    return None if value is None else unique(Name(lowered(each), each) for each in listed(value) if each != NO_VALUE)


def _principals(value: Value | None) -> tuple[Principal, ...] | None:
    if value is None:
        return None
    if value == "*":
        return (Principal("AWS", "*"),)
    if not isinstance(value, Entries):
        return (Principal("", value),)
    return unique(
        Principal(kind, _whole(kind, who)) for kind, named in value.pairs for who in listed(named) if who != NO_VALUE
    )


def chosen(principal: Principal) -> Iterator[Principal]:
    """Everybody whom a principal may come to be, where only AWS can tell."""
    for value, _ in guarded(principal.who):
        if principal.kind or not (isinstance(value, Entries) or value == "*"):
            yield Principal(principal.kind, _whole(principal.kind, value))
        else:
            yield from (each for named in _principals(value) or () for each in chosen(named) if named.kind)


def _whole(kind: str, who: Value) -> Value:
    """An account's id is short for its root:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
    is_id = kind == "AWS" and isinstance(who, str) and _ACCOUNT_ID.match(who)
    return f"arn:aws:iam::{who}:root" if is_id else who


def _tests(value: Value | None) -> tuple[tuple[Test | Opaque, ...], list[tuple[str, Value]]]:
    """The tests of a `Condition`, all of which have to be met; and what IAM may read in more than one way."""
    if value is None:
        return (), []
    found: list[Test | Opaque] = []
    twice: list[tuple[str, Value]] = []
    for operator, tests in value.pairs if isinstance(value, Entries) else ():
        if not isinstance(tests, Entries) or not tests.pairs:
            found.append(Opaque(Entries(((operator, tests),))))
            continue
        keys = [caseless(key) for key, _ in tests.pairs]
        found += [Test(operator, Name(caseless(key), key), _set(each) or ()) for key, each in tests.pairs]
        twice += [("Condition", Entries(((operator, tests),)))] if len(set(keys)) < len(keys) else []
    if not isinstance(value, Entries):
        found.append(Opaque(value))
    return unique(found), twice


def merged(atoms: Iterable[Atom]) -> Document:
    """The atoms as a set. What is there whether a condition holds or not is there without it."""
    found = dict.fromkeys(atoms)
    for atom in [atom for atom in found if atom.when]:
        for condition, held in atom.when:
            rest = tuple(each for each in atom.when if each[0] != condition)
            twin = replace(atom, when=unique((*rest, (condition, not held))))
            if atom in found and twin in found:
                del found[atom], found[twin]
                found[replace(atom, when=rest)] = None
                break
    return unique(found)
