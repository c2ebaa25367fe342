"""Trust policies: who may take on a role, whether that is everybody in AWS, and of whom it asks for MFA."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from rolemodel_ci.policies import branches, condition_text, listed, policy_document, value_text

EVERYBODY = "*"

_ACCOUNT_ID = re.compile(r"[0-9]{12}\Z")
_ARN_IN_ACCOUNT = re.compile(r"arn:[^:]*:(?:iam|sts)::([0-9]{12}):")

# Actions of a trust policy that let nobody in by themselves; they go with one that does:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
_ACCOMPANYING = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})

# Keys that say who of IAM is calling and that the caller cannot choose, as tags or an external id; and operators that
# nobody meets for whom the key is not there, as they do those that end in IfExists or begin with ForAllValues:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
_CALLER = {
    "aws:principalorgid": re.compile(r"o-[a-z0-9]+\Z"),
    "aws:principalorgpaths": re.compile(r"o-[a-z0-9]+/.*\Z"),
    "aws:principalaccount": _ACCOUNT_ID,
    "aws:principalarn": re.compile(r"arn:[^:$]*:(?:iam|sts)::[0-9]{12}:.+\Z"),
}
_EXACT = ("StringEquals", "StringEqualsIgnoreCase")
_ONLY_AWS_KNOWS = {"Ref", "Fn::GetAtt", "Fn::ImportValue"}
_POSITIVE = (*_EXACT, "StringLike", "ArnEquals", "ArnLike")

_MFA, _MFA_AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"

# Conditions of an Allow that nobody meets without MFA, and of a Deny that everybody meets without it. The key is not
# there at all for a long-term access key, which decides between an operator and its IfExists:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
_ASKING = {("Bool", _MFA): "true", ("Null", _MFA_AGE): "false"}
_REFUSING = {("BoolIfExists", _MFA): "false", ("Null", _MFA_AGE): "true"}
_YOUNG = ("NumericLessThan", "NumericLessThanEquals")


@dataclass(frozen=True, slots=True)
class Ways:
    """How one role may be taken on after a change, other than by being in its group.

    `outsiders` may take it on without being of the master account; `coming` are those who could not before.
    `unasked` are those of whom it asked for MFA, and no longer does.
    """

    outsiders: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


class Trust(NamedTuple):
    """A trust policy, and the id of the account whose users are let in by their groups."""

    document: Any
    master: str


def ways(before: Trust | None, after: Trust) -> Ways:
    """What a change makes of the ways into a role; `before` is None for a role that was not there."""
    outside = outsiders(after)
    known = outsiders(before) if before else ()
    unasked = _no_longer_asked(before.document, after.document) if before else ()
    return Ways(outside, tuple(who for who in outside if who not in known), unasked)


def trust_statements(document: Any) -> list[Any]:
    """The statements of a trust policy; what cannot be read stands for itself."""
    found: list[Any] = []
    for chosen in branches(document):
        read = policy_document(chosen)
        found += branches(read.get("Statement", read)) if isinstance(read, dict) else [read]
    return [statement for statement in found if statement is not None]


def is_open(statement: Any) -> bool:
    """Whether a statement lets everybody in AWS take on the role."""
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" in statement:
        return True  # everybody but a few
    everybody = any(kind == "AWS" and who == EVERYBODY for kind, who in _principals(statement))
    return everybody and not _narrows(statement.get("Condition"))


def _narrows(condition: Any) -> bool:
    """Whether one of the tests, all of which have to be met, leaves only callers of known accounts or organizations."""
    return any(
        _names_callers(str(operator).removeprefix("ForAnyValue:"), str(key).lower(), value)
        for operator, tests in (condition.items() if isinstance(condition, dict) else ())
        for key, value in (tests.items() if isinstance(tests, dict) else ())
    )


def _names_callers(operator: str, key: str, value: Any) -> bool:
    """Whether a test is met only by callers of one account or organization, whichever of its values it is met by.

    What only AWS can tell is such a value where it is compared as it is, but not where it could be a pattern.
    """
    form, values = _CALLER.get(key), list(branches(value))
    if operator not in _POSITIVE or form is None or not values:
        return False
    texts = [one for one in values if isinstance(one, str)]
    others = [one for one in values if not isinstance(one, str)]
    compared = operator in _EXACT and all(isinstance(one, dict) and one.keys() <= _ONLY_AWS_KNOWS for one in others)
    return all(form.match(text) for text in texts) and (compared or not others)


def outsiders(trust: Trust) -> tuple[str, ...]:
    """Who may take on the role besides the master account, under which conditions; what cannot be read counts."""
    found = (way for statement in trust_statements(trust.document) for way in _outside(statement, trust.master))
    return tuple(sorted(dict.fromkeys(found)))


def _outside(statement: Any, master: str) -> Iterator[str]:
    if not isinstance(statement, dict) or "Effect" not in statement:
        yield value_text(statement)
        return
    if statement["Effect"] == "Deny" or not _lets_in(statement):
        return
    when = f" when {condition_text(statement['Condition'])}" if statement.get("Condition") else ""
    if "NotPrincipal" in statement:
        yield f"everybody but {value_text(statement['NotPrincipal'])}{when}"
    for kind, who in _principals(statement):
        if kind != "AWS" or _account(who) != master:
            yield who + when


def _lets_in(statement: Mapping[str, Any]) -> bool:
    actions = listed(statement.get("Action", EVERYBODY))
    return not all(isinstance(action, str) and action.lower() in _ACCOMPANYING for action in actions)


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and text of everybody whom a statement names; both branches of what could not be decided."""
    principal = statement.get("Principal", {})
    for chosen in branches(principal):
        by_kind = chosen if isinstance(chosen, dict) else {"AWS": chosen}
        for kind, named in by_kind.items():
            for who in branches(named):
                text = value_text(who)
                is_id = kind == "AWS" and _ACCOUNT_ID.match(text)
                yield kind, f"arn:aws:iam::{text}:root" if is_id else text


def _account(who: str) -> str:
    """The account of a principal; the principal itself where it names none."""
    match = _ARN_IN_ACCOUNT.match(who)
    return match[1] if match else who


def _no_longer_asked(before: Any, after: Any) -> tuple[str, ...]:
    """Who had to show MFA before the change and need not after it: by name, or as somebody of the same account."""
    asked_before, free_before = _by_mfa(before)
    asked_after, free_after = _by_mfa(after)
    nobody_is_asked = not free_before and not asked_after
    accounts = {_account(who) for who in asked_before}
    return tuple(
        sorted(
            who
            for who in free_after - free_before
            if asked_before and (who == EVERYBODY or _account(who) in accounts or nobody_is_asked)
        )
    )


def _by_mfa(document: Any) -> tuple[set[str], set[str]]:
    """Who of IAM may take on a role only with MFA, and who also without."""
    asked: set[str] = set()
    free: set[str] = set()
    refused: set[str] = set()
    for statement in trust_statements(document):
        if not isinstance(statement, dict) or "Effect" not in statement or not _lets_in(statement):
            continue
        named = {who for kind, who in _principals(statement) if kind == "AWS"}
        if statement.get("Effect") == "Deny":
            refused |= named if _refuses_without(statement) else set()
        elif _asks(statement):
            asked |= named
        else:
            free |= named
    spared = set() if EVERYBODY in refused else free - refused
    return (asked | free) - spared, spared


def _asks(statement: Mapping[str, Any]) -> bool:
    return any(
        _ASKING.get((operator, key)) == value or (operator in _YOUNG and key == _MFA_AGE)
        for operator, key, value in _tests(statement.get("Condition"))
    )


def _refuses_without(statement: Mapping[str, Any]) -> bool:
    """Whether a Deny meets everybody without MFA who wants to take on the role: no other condition narrows it."""
    tests = tuple(_tests(statement.get("Condition")))
    actions = [str(action).lower() for action in listed(statement.get("Action", []))]
    covers = any(fnmatchcase("sts:assumerole", pattern) for pattern in actions)
    return covers and len(tests) == 1 and all(_REFUSING.get((op, key)) == value for op, key, value in tests)


def _tests(condition: Any) -> Iterable[tuple[str, str, str]]:
    """Operator, key and value of each test; IAM compares the keys without case."""
    for operator, tests in condition.items() if isinstance(condition, dict) else ():
        for key, value in tests.items() if isinstance(tests, dict) else ():
            yield str(operator), str(key).lower(), ", ".join(map(value_text, listed(value))).lower()
