"""Statements of identity policies, read so that nothing that they could allow is overlooked.

What text cannot decide is kept as such: an Effect that only AWS knows may allow, and its Deny denies nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC, PLACEHOLDER
from rolemodel_ci.cloudformation.policies import either, policy_document, policy_text

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
_KEYS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
_DOCUMENT_KEYS = frozenset({"Version", "Id", "Statement"})
_VERSIONS = ("2012-10-17", "2008-10-17")
_BY_CASE = {key.lower(): key for key in _KEYS}


class Statement(NamedTuple):
    """One statement, or what it may be. `told` is False where text cannot tell what it says as a whole.

    `denies` only if it does for sure. `actions` and `resources` are as written; `but` means all others than those.
    `limits` is empty for what holds for everybody who has the policy, else what tells it from other limited ones.
    """

    denies: bool
    told: bool
    actions: tuple[Any, ...] = ()
    but_actions: bool = False
    resources: tuple[Any, ...] = ()
    but_resources: bool = False
    limits: str = ""


_UNTOLD = Statement(denies=False, told=False)


def read_statements(document: Any, trusted: frozenset[str] = frozenset(), *, sure: bool = True) -> Iterator[Statement]:
    """The statements of a policy document that matter: a Deny that may not be there, or not hold, is left out.

    `trusted` are the references that can only stand for names that AWS or the template gives, which can become
    nothing else within a text.
    """
    for written, certain in either(document, sure):
        read = policy_document(written)
        if not is_plain(read):
            yield _UNTOLD
            continue
        if not (_is_told(read) and _holds_only(written, trusted)):
            yield _UNTOLD
        for statement, there in either(read.get("Statement", []), certain):
            yield from _read(statement, sure=there) if is_plain(statement) else (_UNTOLD,)


def _is_told(document: Mapping[str, Any]) -> bool:
    """Whether the outline of a document is one that IAM reads as it stands here."""
    return document.keys() <= _DOCUMENT_KEYS and document.get("Version", _VERSIONS[0]) in _VERSIONS


def _holds_only(written: Any, trusted: frozenset[str]) -> bool:
    """Whether a document has no reference in its text that could become more than a part of a value."""
    text = policy_text(written)
    if text is None:
        return True
    is_sub = not isinstance(written, str)
    return DYNAMIC not in text and not (
        is_sub and any(found[1].strip() not in trusted for found in PLACEHOLDER.finditer(text))
    )


def _read(written: Mapping[str, Any], *, sure: bool) -> Iterator[Statement]:
    statement = {_BY_CASE.get(str(key).lower(), str(key)): value for key, value in written.items()}
    doubled = ("Action" in statement and "NotAction" in statement) or (
        "Resource" in statement and "NotResource" in statement
    )
    told = written.keys() <= set(_KEYS) and len(statement) == len(written) and not doubled
    effect: Any = statement.get("Effect")
    if may_be_other(effect) or effect.lower() in ("allow", "deny"):  # IAM refuses any other text
        certain = effect in ("Allow", "Deny")
        told = told and certain
        if effect == "Deny" and not (told and sure and "Condition" not in statement):
            if not told:
                yield _UNTOLD
            return
        about = (*_targets(statement, "Action"), *_targets(statement, "Resource"))
        yield Statement(effect == "Deny", told, *about, _limits(statement, sure=sure))


def _limits(statement: Mapping[str, Any], *, sure: bool) -> str:
    """What may keep somebody from what a statement allows. MFA is no limit: everybody can sign in with it."""
    tests = statement.get("Condition", {})
    if sure and "NotResource" not in statement and (not tests or json.dumps(tests).lower() in _WITH_MFA):
        return ""
    said = {key: value for key, value in statement.items() if key != "Sid"}
    return json.dumps([sure, said], sort_keys=True)


_WITH_MFA = tuple(json.dumps({"Bool": {"aws:MultiFactorAuthPresent": value}}).lower() for value in ("true", ["true"]))


def _targets(statement: Mapping[str, Any], key: str) -> tuple[tuple[Any, ...], bool]:
    """What stands under a key or under its negation, and whether it is the latter."""
    others = f"Not{key}" in statement
    values = tuple(value for value, _ in either(statement.get(f"Not{key}" if others else key, [])))
    return values, others


def is_plain(value: Any) -> bool:
    """Whether it is a map that is no function."""
    return isinstance(value, dict) and not is_function(value)


def is_function(value: Any) -> bool:
    """Whether it is one of CloudFormation's functions."""
    return isinstance(value, dict) and any(key == "Ref" or str(key).startswith("Fn::") for key in value)


def may_be_other(text: Any) -> bool:
    """Whether what is written where a plain text has to stand may become another text."""
    return not isinstance(text, str) or DYNAMIC in text or "${" in text
