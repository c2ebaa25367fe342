"""A statement or a property that changes, in so few characters that the part which is new is not cut off."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from typing import Any

from rolemodel_ci.iam.canonical_policies import Statement, Test
from rolemodel_ci.iam.canonical_values import Entries, Items, Value
from rolemodel_ci.iam.differences import PropertyChange, Sign
from rolemodel_ci.render.role_differences import atom_text, item, part_of

LIMIT = 240
"""Characters that are shown of one thing."""

_MOST = 8  # items of one kind, of a statement that is too long
_KINDS = {
    "actions": "action",
    "not_actions": "action",
    "resources": "resource",
    "not_resources": "resource",
    "principals": "principal",
    "not_principals": "principal",
}


def ends(text: str, limit: int = LIMIT) -> str:
    """A text that is too long by its beginning and its end: what is dangerous may stand at either."""
    last = limit // 3
    return text if len(text) <= limit else f"{text[: limit - last - 3]} … {text[-last:]}"


def brief(statement: Statement, others: Collection[Statement], show: Callable[[Statement], str] = atom_text) -> str:
    """A statement, of which so much is counted instead of named that it fits: first what none of the others has."""
    text = show(statement)
    if len(text) <= LIMIT:
        return text
    alike = [other for other in others if other.actions == statement.actions]
    known = {each for other in alike for each in _items(other)}
    free = _no_longer_left_out(statement, alike)
    for most in range(_MOST, 0, -1):
        left: dict[str, int] = {}
        short = _shortened(statement, known, most, left)
        more = ", ".join(f"{count:,} more {kind}{'s' if count > 1 else ''}" for kind, count in left.items() if count)
        text = f"{show(short)} … and {more}{free}" if more else show(short)
        if len(text) <= LIMIT:
            return text
    return ends(text)


def _no_longer_left_out(statement: Statement, others: Collection[Statement]) -> str:
    """Resources that another statement leaves out, and this one does not: they are what comes with `everything but`."""
    own = set(statement.not_resources or ())
    found = dict.fromkeys(each for other in others for each in other.not_resources or () if each not in own)
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return f"; new is {ends(item(next(iter(found))), LIMIT // 3)}{more}" if found and own else ""


def _items(statement: Statement) -> Iterator[Any]:
    for name in _KINDS:
        yield from getattr(statement, name) or ()
    for test in statement.tests:
        yield from test.values if isinstance(test, Test) else ()


def _shortened(statement: Statement, known: Collection[Any], most: int, left: dict[str, int]) -> Statement:
    """The statement with so many items of each kind; `left` gets how many of which kind are left out."""

    def chosen(items: tuple[Any, ...], kind: str) -> tuple[Any, ...]:
        left[kind] = left.get(kind, 0) + max(0, len(items) - most)
        return tuple(sorted(items, key=known.__contains__)[:most])

    parts: dict[str, Any] = {
        field.name: chosen(items, _KINDS[field.name])
        for field in fields(statement)
        if field.name in _KINDS and (items := getattr(statement, field.name)) is not None
    }
    tests = (replace(t, values=chosen(t.values, "value")) if isinstance(t, Test) else t for t in statement.tests)
    return replace(statement, **parts, tests=tuple(tests))


def property_texts(change: PropertyChange) -> Iterator[tuple[Sign, str]]:
    """What differs in a property, with a sign: of lists and maps only the entries that the other side has not."""
    part = part_of(change)
    before, after = _entries(change.before), _entries(change.after)
    if before is None or after is None:
        before, after = _whole(change.before), _whole(change.after)
    yield from (("-", ends(f"{part}: {text}")) for text in before if text not in after)
    yield from (("+", ends(f"{part}: {text}")) for text in after if text not in before)


def _entries(value: Value | None) -> list[str] | None:
    match value:
        case Items():
            return [item(each) for each in value.values]
        case Entries():
            return [f"{item(key)}: {item(each)}" for key, each in value.pairs]
        case _:
            return None


def _whole(value: Value | None) -> list[str]:
    return [] if value is None else [item(value)]
