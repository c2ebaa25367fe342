"""Trust policies: whether one lets everybody assume a role."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC
from rolemodel_ci.cloudformation.policies import branches, policy_document, value_text
from rolemodel_ci.iam.federation import Claim, lets_in_all

EVERYBODY = "*"

_ACCOUNT_ID = re.compile(r"[0-9]{12}\Z")

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


def trust_statements(document: Any) -> list[Any]:
    """The statements of a trust policy; what cannot be read stands for itself."""
    found: list[Any] = []
    for chosen in branches(document):
        read = policy_document(chosen)
        found += branches(read.get("Statement", read)) if isinstance(read, dict) else [read]
    return [statement for statement in found if statement is not None]


def is_open(statement: Any) -> bool:
    """Whether a statement lets everybody assume the role, or everybody whom an identity provider vouches for."""
    if not isinstance(statement, dict):
        return False
    said = {str(key).lower(): value for key, value in statement.items()}  # IAM may read keys in another case
    effect = said.get("effect")
    if isinstance(effect, str) and "${" not in effect and DYNAMIC not in effect and effect.lower() != "allow":
        return False
    if "notprincipal" in said:
        return True  # everybody but a few
    condition = said.get("condition")
    return any(_lets_all(kind, who, condition) for kind, who in _principals(said))


def _lets_all(kind: str, who: str, condition: Any) -> bool:
    if kind == "Federated":
        return lets_in_all(who, _claims(condition))
    return kind == "AWS" and _has_wildcard(who) and not _narrows(condition)


def _has_wildcard(who: str) -> bool:
    """Whether it may be everybody: an account that is a pattern, which IAM may not take as one."""
    pieces = who.split(":", 5)
    account = pieces[4] if len(pieces) == 6 else who
    return "*" in account or "?" in account


def _claims(condition: Any) -> Iterator[Claim]:
    for operator, tests in condition.items() if isinstance(condition, dict) else ():
        for key, value in tests.items() if isinstance(tests, dict) else ():
            said = list(branches(value))
            texts = tuple(one if isinstance(one, str) else None for one in said)
            known = all(isinstance(one, str) or _is_one_text(one) for one in said)
            yield Claim(str(operator) if known else "", str(key).lower(), texts)


def _is_one_text(value: Any) -> bool:
    """Whether what only AWS knows is one text for sure: a list could have any number of them."""
    return isinstance(value, dict) and value.keys() <= _ONLY_AWS_KNOWS


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


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and text of everybody whom a statement names; both branches of what could not be decided."""
    principal = statement.get("principal", {})
    for chosen in branches(principal):
        by_kind = chosen if isinstance(chosen, dict) else {"AWS": chosen}
        for kind, named in by_kind.items():
            for who in branches(named):
                text = value_text(who)
                is_id = kind == "AWS" and _ACCOUNT_ID.match(text)
                yield kind, f"arn:aws:iam::{text}:root" if is_id else text
