"""Whether one statement surely covers another: whatever the other is about, it is about as well.

Only what can be proved by comparing sets and wildcards counts. What takes too long to prove is not proved.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC
from rolemodel_ci.iam.canonical_policies import Opaque, Principal, Statement, Test
from rolemodel_ci.iam.canonical_values import Part, Reference, Value, parts_of, text_of

_STEPS = 2_000_000
"""Comparisons of characters for all statements of one role: a second or so."""

_MANY = 2_000
"""Combinations of resources and principals of one statement."""

_VALUES = 100
"""Values of one test that are looked at one by one."""

_ANY, _ONE = "*", "?"
_PIECES = re.compile(r"\{\{resolve:[^}]*\}\}|.", re.DOTALL)

# Operators of which a test with more values is met more often. The others of a positive kind are equal or not.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
_POSITIVE = frozenset({
    "ArnEquals", "ArnLike", "IpAddress", "StringEquals", "StringEqualsIgnoreCase", "StringLike",
})  # fmt: skip
_NEGATED = frozenset({
    "ArnNotEquals", "ArnNotLike", "NotIpAddress", "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
})  # fmt: skip


def _by_value(statement: Statement) -> Iterator[list[Statement]]:
    """The statement as several that come to the same together: one for each value of one of its tests."""
    for i, test in enumerate(statement.tests):
        if isinstance(test, Test) and 1 < len(test.values) <= _VALUES and _is_any(test.operator):
            parts = (replace(test, values=(value,)) for value in test.values)
            yield [replace(statement, tests=(*statement.tests[:i], one, *statement.tests[i + 1 :])) for one in parts]


def _is_any(operator: str) -> bool:
    """Whether a test is met as soon as one of its values is; `ForAllValues` is met by different ones."""
    return not operator.startswith("ForAllValues:") and _plain(operator) in _POSITIVE


def _plain(operator: str) -> str:
    """The operator without what is put before or behind it."""
    return (operator.partition(":")[2] or operator).removesuffix("IfExists")


class Cover:
    """Proves what the statements of one side cover, as long as it has steps left."""

    def __init__(self, outer: Iterable[Statement], steps: int = _STEPS) -> None:
        self._steps = steps
        self._by_action: dict[Value, list[Statement]] = {}
        self._patterns: list[Statement] = []
        for statement in outer:
            keys = [name.key for name in statement.actions or ()]
            if len(keys) == 1 and _is_literal(keys[0]):
                self._by_action.setdefault(keys[0], []).append(statement)
            elif statement.is_plain:
                self._patterns.append(statement)

    def statement(self, inner: Statement) -> bool:
        """Whether everything that `inner` is about is covered by one of the other side or another of its effect.

        A positive test is met by one of its values: so it may be a different one for each value.
        """
        if not inner.is_plain:
            return False
        return self._at_once(inner) or any(all(map(self._at_once, parts)) for parts in _by_value(inner))

    def _at_once(self, inner: Statement) -> bool:
        key = inner.actions[0].key if inner.actions and len(inner.actions) == 1 else None
        candidates = [*(self._by_action.get(key, ()) if key is not None else ()), *self._patterns]
        self._steps -= len(candidates)
        if self._steps <= 0:
            return False
        able = [
            each
            for each in candidates
            if each.is_plain
            and each.effect == inner.effect
            and each.language in ("", inner.language)
            and set(each.when) <= set(inner.when)
            and self._actions(inner, each)
            and all(self._implied(test, inner.tests) for test in each.tests)
        ]
        resources = [None] if inner.resources is None else list(inner.resources)
        principals = [None] if inner.principals is None else list(inner.principals)
        if not able or not 0 < len(resources) * len(principals) <= _MANY:
            return False
        return all(
            any(self._resource(inner, resource, each) and self._principal(inner, who, each) for each in able)
            for resource, who in product(resources, principals)
        )

    def _actions(self, inner: Statement, outer: Statement) -> bool:
        if outer.actions:
            keys = [name.key for name in outer.actions]
            if inner.actions:
                return all(any(self._action(name.key, key) for key in keys) for name in inner.actions)
            return _ANY in keys
        excluded = [name.key for name in outer.not_actions or ()]
        if inner.actions:
            return all(_apart(name.key, other) for name in inner.actions for other in excluded)
        left_out = [name.key for name in inner.not_actions or ()]
        return all(any(self._action(each, other) for other in left_out) for each in excluded)

    def _action(self, inner: Value, outer: Value) -> bool:
        """Whether a pattern for actions covers another one; the service before the colon has no wildcards."""
        service, colon, _ = outer.partition(":") if isinstance(outer, str) else ("", "", "")
        return inner == outer or outer == _ANY or (bool(colon) and _is_literal(service) and self.text(inner, outer))

    def _resource(self, inner: Statement, resource: Value | None, outer: Statement) -> bool:
        if outer.not_resources is not None:
            if inner.not_resources is not None:
                left_out = inner.not_resources
                return all(any(self._arn(each, other) for other in left_out) for each in outer.not_resources)
            return resource is not None and all(_apart(resource, other) for other in outer.not_resources)
        if inner.not_resources is not None:
            return _ANY in (outer.resources or ())
        if resource is None:
            return outer.resources is None
        return any(self._arn(resource, pattern) for pattern in outer.resources or ())

    def _arn(self, inner: Value, outer: Value) -> bool:
        """Whether a pattern for resources covers another one: part by part, for no wildcard is sure to match a colon.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        """
        if inner == outer or outer == _ANY:
            return True
        parts, patterns = _arn_parts(inner), _arn_parts(outer)
        if parts is None or patterns is None:
            return False
        ahead = all(_is_within(part) for part in parts[:-1])
        return ahead and all(self.text(part, pattern) for part, pattern in zip(parts, patterns, strict=True))

    def _principal(self, inner: Statement, who: Principal | None, outer: Statement) -> bool:
        if outer.not_principals is not None:
            return inner.not_principals is not None and set(outer.not_principals) <= set(inner.not_principals)
        if inner.not_principals is not None:
            return False
        if who is None:
            return outer.principals is None
        everybody = who.kind == "AWS" and Principal("AWS", _ANY) in (outer.principals or ())
        return everybody or who in (outer.principals or ())

    def _implied(self, test: Test | Opaque, inner: Iterable[Test | Opaque]) -> bool:
        """Whether whoever meets the inner tests meets this one."""
        return any(test == other or _is_weaker(test, other) for other in inner)

    def text(self, inner: Value, outer: Value) -> bool:
        """Whether a pattern covers another one."""
        if inner == outer or outer == _ANY:
            return True
        if _is_literal(outer):
            return False
        pieces, pattern = _pieces(inner), _pieces(outer)
        if pieces is None or pattern is None:
            return False
        self._steps -= len(pieces) * (1 + pattern.count(_ANY))
        return self._steps > 0 and _matches(pieces, pattern)


_ARN_PARTS = 6

# References that stand for no colon.
_SINGLE = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region"})


def _arn_parts(value: Value) -> list[Value] | None:
    """The six parts of an ARN; None for what is none."""
    if any(isinstance(part, str) and DYNAMIC in part for part in parts_of(value)):
        return None
    parts: list[list[Part]] = [[]]
    for part in parts_of(value):
        pieces = part.split(":", _ARN_PARTS - len(parts)) if isinstance(part, str) else [part]
        parts[-1].append(pieces[0])
        parts += [[piece] for piece in pieces[1:]]
    return [text_of(part) for part in parts] if len(parts) == _ARN_PARTS else None


def _is_within(part: Value) -> bool:
    """Whether a part of an ARN surely is one part, whatever AWS puts in."""
    return all(
        isinstance(each, str) or (isinstance(each, Reference) and each.name in _SINGLE) for each in parts_of(part)
    )


def _is_literal(value: Value) -> bool:
    """Whether it stands for one text only."""
    return isinstance(value, str) and _ANY not in value and _ONE not in value


def _is_weaker(test: Test | Opaque, other: Test | Opaque) -> bool:
    """Whether a test is met whenever the other is: the same but for the values."""
    if isinstance(test, Opaque) or isinstance(other, Opaque) or not (test.values and other.values):
        return False
    if (test.operator, test.key) != (other.operator, other.key):
        return False
    operator = _plain(test.operator)
    if operator in _POSITIVE:
        return set(other.values) <= set(test.values)
    return operator in _NEGATED and set(test.values) <= set(other.values)


@functools.lru_cache(maxsize=1024)
def _pieces(value: Value) -> Sequence[Part] | None:
    """Characters, and what only AWS knows in one piece; None for what is no text."""
    pieces: list[Part] = []
    for part in parts_of(value):
        pieces += _PIECES.findall(part) if isinstance(part, str) else [part]
    begun = sum(part.count(DYNAMIC) for part in parts_of(value) if isinstance(part, str))
    whole = sum(isinstance(piece, str) and piece.startswith(DYNAMIC) for piece in pieces)
    return tuple(pieces) if pieces and begun == whole else None


def _matches(pieces: Sequence[Part], pattern: Sequence[Part]) -> bool:
    """Whether a pattern stands for every text that the pieces stand for."""
    i = j = 0
    star, mark = -1, 0
    while i < len(pieces):
        if j < len(pattern) and pattern[j] == _ANY:
            star, mark = j, i
            j += 1
        elif j < len(pattern) and _same(pieces[i], pattern[j]):
            i += 1
            j += 1
        elif star >= 0:
            mark += 1
            i, j = mark, star + 1
        else:
            return False
    return all(piece == _ANY for piece in pattern[j:])


def _same(piece: Part, pattern: Part) -> bool:
    if piece == _ANY:
        return False  # any number of characters: only an asterisk of the pattern takes them
    single = isinstance(piece, str) and len(piece) == 1
    return piece == pattern or (pattern == _ONE and single)


def _apart(one: Value, other: Value) -> bool:
    """Whether two patterns surely have no text in common: what they begin with, or end with, differs."""
    return _differ(one, other, lambda pieces: pieces) or _differ(one, other, lambda pieces: pieces[::-1])


def _differ(one: Value, other: Value, turn: Callable[[Sequence[Part]], Sequence[Part]]) -> bool:
    ones, others = _pieces(one), _pieces(other)
    if not ones or not others:
        return False
    for a, b in zip(turn(ones), turn(others), strict=False):
        unsure = any(not isinstance(each, str) or len(each) > 1 or each == _ANY for each in (a, b))
        if unsure:
            return False
        if a != b and _ONE not in (a, b):
            return True
    return len(ones) != len(others) and _ANY not in (*ones, *others) and _are_text(ones) and _are_text(others)


def _are_text(pieces: Iterable[Part]) -> bool:
    return all(isinstance(piece, str) and len(piece) == 1 for piece in pieces)
