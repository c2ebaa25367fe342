"""Trust policies in canonical form: who may assume a role from outside, and of whom it no longer asks for MFA.

What cannot be read, an effect or a principal that IAM does not know, counts as letting somebody in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from rolemodel_ci.iam.canonical_policies import Document, Opaque, Principal, Statement, Test, chosen
from rolemodel_ci.iam.canonical_values import Value, caseless, unique

EVERYBODY = Principal("AWS", "*")

_ARN_IN_ACCOUNT = re.compile(r"arn:[^:]*:(?:iam|sts)::([0-9]{12}):")
_WHOLE_ACCOUNT = re.compile(r"arn:[^:]*:iam::[0-9]{12}:root\Z")

# Actions of a trust policy that let nobody in by themselves; they go with one that does:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
_ACCOMPANYING = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})

_MFA, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"

# Conditions of an Allow that nobody meets without MFA, and of a Deny that everybody meets without it. The key is not
# there at all for a long-term access key, which decides between an operator and its IfExists:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
_ASKING = {("Bool", _MFA): "true", ("Null", _MFA_AGE): "false"}
_REFUSING = {("BoolIfExists", _MFA): "false", ("Null", _MFA_AGE): "true"}
_YOUNG = ("NumericLessThan", "NumericLessThanEquals")


@dataclass(frozen=True, slots=True)
class Way:
    """Somebody who may assume a role, under these tests. With `but`, it is everybody but those.

    `unread` is a statement of which nobody can tell whom it lets in.
    """

    who: Principal | None = None
    but: tuple[Principal, ...] = ()
    tests: tuple[Test | Opaque, ...] = ()
    unread: Opaque | None = None


@dataclass(frozen=True, slots=True)
class TrustExposure:
    """How one role may be assumed after a change, other than by being in its group.

    `outsiders` may assume it without being of the master account; `coming` are those who could not before.
    `unasked` are those of whom it asked for MFA, and no longer does. `named` are users and roles of the master account
    whom the trust policy names, so that they need no group, and who could not before.
    """

    outsiders: tuple[Way, ...] = ()
    coming: tuple[Way, ...] = ()
    unasked: tuple[Way, ...] = ()
    named: tuple[Way, ...] = ()


class Trust(NamedTuple):
    """A trust policy, and the id of the account whose users are let in by their groups."""

    document: Document
    master: str


def ways(before: Trust | None, after: Trust) -> TrustExposure:
    """What a change makes of the ways into a role; `before` is None for a role that was not there."""
    outside = outsiders(after)
    known = outsiders(before) if before else ()
    unasked = _no_longer_asked(before.document, after.document) if before else ()
    named, named_before = _named(after), _named(before) if before else ()
    return TrustExposure(
        outside,
        tuple(way for way in outside if way not in known),
        unasked,
        tuple(way for way in named if way not in named_before),
    )


def _named(trust: Trust) -> tuple[Way, ...]:
    """Who of the master account may assume the role by name, other than everybody whom a group lets in."""
    found = (way for atom in trust.document for way in _ways_of(atom) if _is_of(way, trust.master))
    return unique(way for way in found if way.who and not _is_account(way.who.who))


def _is_account(who: Value) -> bool:
    return isinstance(who, str) and _WHOLE_ACCOUNT.match(who) is not None


def outsiders(trust: Trust) -> tuple[Way, ...]:
    """Who may assume the role besides the master account; what cannot be read counts."""
    found = (way for atom in trust.document for way in _ways_of(atom) if not _is_of(way, trust.master))
    return unique(found)


def _ways_of(atom: Statement | Opaque) -> Iterator[Way]:
    """Everybody whom a statement lets in, or may."""
    if isinstance(atom, Opaque):
        yield Way(unread=replace(atom, when=()))
        return
    if atom.effect == "Deny" or not _lets_in(atom):
        return
    if atom.not_principals is not None:
        yield Way(but=atom.not_principals, tests=atom.tests)
    yield from (Way(who, tests=atom.tests) for named in atom.principals or () for who in chosen(named))


def _is_of(way: Way, account: str) -> bool:
    return way.who is not None and way.who.kind == "AWS" and account_of(way.who.who) == account


def _lets_in(statement: Statement) -> bool:
    names = statement.actions or ()
    return not names or not all(name.key in _ACCOMPANYING for name in names)


def account_of(who: Value) -> Value:
    """The account of a principal; the principal itself where it names none."""
    match = _ARN_IN_ACCOUNT.match(who) if isinstance(who, str) else None
    return match[1] if match else who


def _no_longer_asked(before: Document, after: Document) -> tuple[Way, ...]:
    """Who had to show MFA before the change and need not after it: by name, or as somebody of the same account."""
    asked_before, free_before = _by_mfa(before)
    asked_after, free_after = _by_mfa(after)
    nobody_is_asked = not free_before and not asked_after
    accounts = {account_of(way.who.who) for way in asked_before if way.who}
    return unique(
        way
        for way in free_after - free_before
        if asked_before
        and (way.who is None or way.who == EVERYBODY or account_of(way.who.who) in accounts or nobody_is_asked)
    )


def _by_mfa(document: Document) -> tuple[set[Way], set[Way]]:
    """Who of IAM may assume a role only with MFA, and who also without. Of a Deny, only a sure one counts."""
    asked: set[Way] = set()
    free: set[Way] = set()
    refused: set[Way] = set()
    for atom in document:
        if isinstance(atom, Statement) and atom.effect == "Deny":
            if _lets_in(atom) and _refuses_without(atom):
                refused |= {Way(who) for who in atom.principals or () if who.kind == "AWS"}
            continue
        asks = isinstance(atom, Statement) and _asks(atom.tests)
        named = {replace(way, tests=()) for way in _ways_of(atom) if way.who is None or way.who.kind in ("AWS", "")}
        (asked if asks else free).update(named)
    spared = set() if Way(EVERYBODY) in refused else free - refused
    return (asked | free) - spared, spared


def _asks(tests: Iterable[Test | Opaque]) -> bool:
    return any(
        isinstance(test, Test)
        and (_value(test) == _ASKING.get((test.operator, str(test.key.key)), ...) or _is_young(test))
        for test in tests
    )


def _is_young(test: Test) -> bool:
    return test.operator in _YOUNG and test.key.key == _MFA_AGE and bool(test.values)


def _value(test: Test) -> str | None:
    """The one value of a test, in lower case; None where there are several or it is no text."""
    one = test.values[0] if len(test.values) == 1 else None
    return caseless(one) if isinstance(one, str) else None


def _refuses_without(statement: Statement) -> bool:
    """Whether a Deny meets everybody without MFA who wants to assume the role: no other condition narrows it."""
    keys = [name.key for name in statement.actions or ()]
    covers = any(isinstance(key, str) and fnmatchcase("sts:assumerole", key) for key in keys)
    plain = covers and statement.is_plain and not statement.when and len(statement.tests) == 1
    return plain and all(
        isinstance(test, Test) and _value(test) == _REFUSING.get((test.operator, str(test.key.key)), ...)
        for test in statement.tests
    )
