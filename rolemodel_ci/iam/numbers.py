"""An account's own id in canonical values, written as the template would, so that accounts can share a difference."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, TypeVar

from rolemodel_ci.iam.differences import Difference
from rolemodel_ci.iam.documents import Statement, Test
from rolemodel_ci.iam.trust import Way, Ways
from rolemodel_ci.iam.values import Entries, Reference, Text, text_of, unique

_OWN_ID = Reference("AWS::AccountId")

Found = TypeVar("Found")


def unnumbered(found: Found, account_id: str | None) -> Found:
    """Differences, or ways into a role, with `AWS::AccountId` in the place of the account's own id.

    The id is replaced where it stands as a number of its own; another account's id stays.
    """
    if account_id is None:
        return found
    replaced: Found = _replaced(found, re.compile(rf"(?<![0-9]){re.escape(account_id)}(?![0-9])"))
    return replaced


def _replaced(value: Any, own: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        pieces = own.split(value)
        parts = [piece for text in pieces for piece in (_OWN_ID, text)][1:]
        return value if len(pieces) == 1 else text_of(parts)
    if isinstance(value, Text):
        return text_of(_replaced(part, own) for part in value.parts)
    if isinstance(value, Entries):
        return Entries(tuple((key, _replaced(each, own)) for key, each in value.pairs))
    if isinstance(value, tuple):
        return tuple(_replaced(each, own) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_fields(value, own)
    return value


# Names of the template and words of the code, which hold no account's id.
_KEPT = frozenset({"attribute", "definition", "direction", "function", "kind", "language", "operator", "sign", "what"})


# Sets, which are kept in order.
_WITH_SETS = (Difference, Statement, Test, Way, Ways)
_SETS = frozenset({
    "but", "changes", "coming", "not_principals", "not_resources", "outsiders", "principals", "resources", "tests",
    "named", "unasked", "values",
})  # fmt: skip


def _of_fields(value: Any, own: re.Pattern[str]) -> Any:
    changed = {}
    for field in dataclasses.fields(value):
        before = getattr(value, field.name)
        if field.name in _KEPT or (field.name in ("name", "resource", "text") and isinstance(before, str)):
            continue
        after = _replaced(before, own)
        if after != before:
            changed[field.name] = unique(after) if field.name in _SETS and isinstance(value, _WITH_SETS) else after
    return dataclasses.replace(value, **changed) if changed else value
