"""Differences between templates as sentences. Different ones never have the same sentence.

What stands in the template as text is shown as it is where nobody can take it for anything else, else in quotes;
`${X.Arn}` without quotes is a reference, or a policy variable where a colon is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, assert_never

from rolemodel_ci.iam.canonical_policies import NEW, Atom, Opaque, Principal, Statement, Test, When
from rolemodel_ci.iam.canonical_values import Call, Choice, Condition, Entries, Items, Reference, Text, Value, Variable
from rolemodel_ci.iam.differences import (
    AttachmentChange,
    BoundaryChange,
    Carrier,
    Change,
    Difference,
    PermissionChange,
    PropertyChange,
    Sign,
    Source,
    TrustChange,
)
from rolemodel_ci.iam.trust import Way

_SAFE = re.compile(r"[A-Za-z0-9_*?+=.@:/~!%#&;|<>^'\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f-]+\Z")
_ESCAPED = re.compile(r"[^\x20-\x7e\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_WORDS = frozenset({
    "and", "but", "by", "canonical", "effect", "everybody", "everything", "federated", "if", "in", "no", "nobody",
    "nothing", "on", "principal", "service", "the", "unless", "when", "with",
})  # fmt: skip
_LOGICAL_ID = re.compile(r"(?:AWS::)?[A-Za-z0-9]+\Z")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9.]*\Z")
_VARIABLE = re.compile(r"\$\{(?:(?!AWS::)[A-Za-z][\w-]*:[\w:./@+=-]+|[*?$])\}\Z")

_KINDS = {
    "AWS": "",
    "Service": "service ",
    "Federated": "federated ",
    "CanonicalUser": "canonical user ",
    "": "principal ",
}


class Line(NamedTuple):
    """One line of a difference. `part` is what it is about: `trust`, `policy NAME`, a property."""

    sign: Sign
    part: str
    text: str


def lines(difference: Difference) -> tuple[Line, ...]:
    """Everything that changes, line by line."""
    found = (line for change in difference.changes for line in change_lines(change))
    return tuple(sorted(found, key=lambda line: (line.part, line.sign == "-", line.text)))


def change_lines(change: Change) -> Iterator[Line]:
    """One change as a line; two for a property whose value becomes another, the old one first."""
    part = part_of(change)
    match change:
        case PermissionChange() | TrustChange() | BoundaryChange():
            yield Line(change.sign, part, atom_text(change.statement))
        case AttachmentChange():
            yield Line(change.sign, part, item(change.policy) + _when(change.when))
        case PropertyChange():
            for sign, value in (("-", change.before), ("+", change.after)):
                if value is not None:
                    yield Line("+" if sign == "+" else "-", part, item(value))
        case _:
            assert_never(change)


def part_of(change: Change) -> str:
    """The part of the template that a change is about."""
    match change:
        case PermissionChange():
            return source_text(change.source)
        case TrustChange():
            return "trust"
        case BoundaryChange():
            return "boundary"
        case AttachmentChange():
            return "managed policies"
        case PropertyChange():
            return f"{source_text(change.source)} {_key(change.name)}" if change.source else _key(change.name)
        case _:
            assert_never(change)


def source_text(source: Source) -> str:
    """A policy by its name, and by the resource that it is, if it is one."""
    again = f" ({source.number})" if source.number > 1 else ""
    match source.carrier:
        case Carrier.PROPERTY:
            return item(source.name)
        case Carrier.INLINE:
            return f"policy {item(source.name)}{again}"
        case Carrier.RESOURCE:
            return f"policy {item(source.name)} of {item(source.resource)}"
        case Carrier.MANAGED:
            return f"managed policy {item(source.name)} of {item(source.resource)}"
        case Carrier.LISTED:
            return f"managed policy {item(source.name)} by {item(source.resource)}"
        case _:
            assert_never(source.carrier)


def atom_text(atom: Atom, effect: bool = True) -> str:
    """A statement as a sentence; without its effect, where that is said before."""
    if isinstance(atom, Opaque):
        return item(atom.value) + _when(atom.when)
    said = atom.effect if atom.effect in ("Allow", "Deny") else f"effect {item(atom.effect)}"
    return "".join(([f"{said} "] if effect else []) + list(_elements(atom)))


def _elements(statement: Statement) -> Iterator[str]:
    if statement.actions is not None:
        yield _items((item(name.written) for name in statement.actions), "no action at all")
    elif statement.not_actions is None:
        yield "no action"
    if statement.not_actions is not None:
        yield f"everything but {_items(item(name.written) for name in statement.not_actions)}"
    if statement.resources is not None:
        yield f" on {_items(map(item, statement.resources))}"
    if statement.not_resources is not None:
        yield f" on everything but {_items(map(item, statement.not_resources))}"
    if statement.principals is not None:
        yield f" by {_items(map(principal_text, statement.principals), 'nobody')}"
    if statement.not_principals is not None:
        yield f" by everybody but {_items(map(principal_text, statement.not_principals), 'nobody')}"
    yield tests_text(statement.tests)
    yield from (f" with {_key(key)}: {item(value)}" for key, value in statement.odd)
    yield f" in the language of {statement.language}" if statement.language == NEW else ""
    yield _when(statement.when)


def _items(texts: Iterable[str], none: str = "nothing") -> str:
    return ", ".join(sorted(texts)) or none


def tests_text(tests: Iterable[Test | Opaque]) -> str:
    """The tests of a statement, as the end of a sentence; empty without any."""
    found = " and ".join(sorted(map(_test, tests)))
    return f" when {found}" if found else ""


def _test(test: Test | Opaque) -> str:
    if isinstance(test, Opaque):
        return item(test.value)
    return f"{item(test.key.written)} {item(test.operator)} {_items(map(item, test.values))}"


def principal_text(principal: Principal) -> str:
    """Who is meant: without a word before it, somebody of AWS."""
    kind = _KINDS.get(principal.kind)
    return (f"principal {_quoted(principal.kind)} " if kind is None else kind) + item(principal.who)


def way_text(way: Way) -> str:
    """Somebody who may assume a role."""
    if way.unread is not None:
        return atom_text(way.unread)
    but = f"everybody but {_items(map(principal_text, way.but), 'nobody')}"
    return (principal_text(way.who) if way.who else but) + tests_text(way.tests)


def _when(when: When) -> str:
    """The conditions of the template on which it hangs whether something is there, each with its definition."""
    said = (f"{'if' if held else 'unless'} {_condition(condition)}" for condition, held in when)
    return "".join(f" {each}" for each in said)


def _condition(condition: Condition) -> str:
    return f"{item(condition.name)} ({condition.definition})"


def _key(key: str) -> str:
    return key if _SAFE.match(key) else _quoted(key)


def item(value: Value) -> str:
    """A value as one item of a sentence."""
    match value:
        case str():
            if _SAFE.match(value) and value not in _WORDS:
                return value
            return f"the text {_quoted(value)}" if "${" in value else _quoted(value)
        case Text():
            plain = "".join(map(_part, value.parts))
            return plain if all(not isinstance(p, str) or _SAFE.match(p) for p in value.parts) else _mixed(value)
        case Reference() | Variable():
            return _part(value)
        case _:
            return _json(value)


def _part(part: Value) -> str:
    """A part of a text: what stands there, or what refers to something."""
    match part:
        case str():
            return part
        case Reference() if _LOGICAL_ID.match(part.name) and _ATTRIBUTE.match(part.attribute):
            return f"${{{part.name}{'.' if part.attribute else ''}{part.attribute}}}"
        case Variable() if _VARIABLE.match(part.text):
            return part.text
        case _:
            return f"${{{_json(part)}}}"


def _mixed(value: Text) -> str:
    """A text with something in it that has to be quoted."""
    told = (_quoted(p)[1:-1].replace("${", "\\u0024{") if isinstance(p, str) else _part(p) for p in value.parts)
    return f'"{"".join(told)}"'


def _quoted(text: str) -> str:
    """Text in quotes, with everything spelled that could be taken for something else."""
    return _ESCAPED.sub(lambda match: json.dumps(match[0])[1:-1], json.dumps(text, ensure_ascii=False))


def _json(value: Value) -> str:
    """A value as a template in JSON would have it."""
    match value:
        case str():
            return _quoted(value)
        case Items():
            return f"[{', '.join(map(_json, value.values))}]"
        case Entries():
            return f"{{{', '.join(f'{_quoted(key)}: {_json(each)}' for key, each in value.pairs)}}}"
        case Reference():
            attribute = f'{{"Fn::GetAtt": [{_quoted(value.name)}, {_quoted(value.attribute)}]}}'
            return attribute if value.attribute else f'{{"Ref": {_quoted(value.name)}}}'
        case Call():
            return f"{{{_quoted(value.function)}: {_json(value.argument)}}}" if value.function else str(value.argument)
        case Choice():
            condition = f"{{{_quoted(value.condition.name)}: {value.condition.definition}}}"
            return f'{{"Fn::If": [{condition}, {_json(value.held)}, {_json(value.otherwise)}]}}'
        case Text():
            return (
                f'{{"Fn::Sub": {{"parts": [{", ".join(map(_json, value.parts))}]}}}}' if _is_odd(value) else _sub(value)
            )
        case Variable():
            return f'{{"variable": {_quoted(value.text)}}}'
        case _:
            assert_never(value)


def _is_odd(text: Text) -> bool:
    """Whether there is something in a text beside literals and plain references."""
    return any(
        not isinstance(part, str) and (not isinstance(part, Reference) or not _LOGICAL_ID.match(part.name))
        for part in text.parts
    )


def _sub(text: Text) -> str:
    parts = (p.replace("${", "${!") if isinstance(p, str) else _part(p) for p in text.parts)
    return f'{{"Fn::Sub": {_quoted("".join(parts))}}}'
