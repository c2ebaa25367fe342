"""An account's own id in canonical values, written as the template would, so that accounts can share a difference."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any, TypeVar

from rolemodel_ci.iam.canonical_policies import Statement, Test
from rolemodel_ci.iam.canonical_values import Entries, Reference, Text, text_of, unique
from rolemodel_ci.iam.differences import Difference
from rolemodel_ci.iam.trust import TrustExposure, Way

_OWN_ID = Reference("AWS::AccountId")

Found = TypeVar("Found")


def unnumbered(found: Found, account_id: str | None) -> Found:
    """Differences, or ways into a role, with `AWS::AccountId` in the place of the account's own id.

    The id is replaced where it stands as a number of its own; another account's id stays.
    """
    if not account_id:
        return found
    replaced: Found = _replaced(found, re.compile(rf"(?<![0-9]){re.escape(account_id)}(?![0-9])"))
    return replaced


def _replaced(value: Any, own: re.Pattern[str]) -> Any:
    """The value with the id replaced; the same object where it is not in it."""
    if isinstance(value, str):
        pieces = own.split(value)
        parts = [piece for text in pieces for piece in (_OWN_ID, text)][1:]
        return value if len(pieces) == 1 else text_of(parts)
    if isinstance(value, tuple):
        found = tuple([_replaced(each, own) for each in value])
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if isinstance(value, Text):
        parts = _replaced(value.parts, own)
        return value if parts is value.parts else text_of(parts)
    if isinstance(value, Entries):
        return Entries(tuple((key, _replaced(each, own)) for key, each in value.pairs))
    return _of_fields(value, own)


# Names of the template and words of the code, which hold no account's id.
_KEPT = frozenset({"attribute", "definition", "direction", "function", "kind", "language", "operator", "sign", "what"})

# Sets, which are kept in order.
_WITH_SETS = (Difference, Statement, Test, Way, TrustExposure)
_SETS = frozenset({
    "but", "changes", "coming", "not_principals", "not_resources", "outsiders", "principals", "resources", "tests",
    "unasked", "values",
})  # fmt: skip


@functools.cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The fields of a class that may hold an id; none of what is no class of values."""
    named = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    return tuple(field.name for field in named if field.name not in _KEPT)


def _of_fields(value: Any, own: re.Pattern[str]) -> Any:
    changed = {}
    for name in _fields(value.__class__):
        before = getattr(value, name)
        if before is None or (name in ("name", "resource", "text") and isinstance(before, str)):
            continue
        after = _replaced(before, own)
        if after is not before:
            changed[name] = unique(after) if name in _SETS and isinstance(value, _WITH_SETS) else after
    return dataclasses.replace(value, **changed) if changed else value
