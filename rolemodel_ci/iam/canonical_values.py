"""Canonical values: what a resolved template says, in one form. Two that are equal surely mean the same.

Text that stands there and references to what only AWS knows are kept apart: the literal text `${X.Arn}` is not
`!GetAtt X.Arn`, while `!Sub "${X.Arn}"` is. What cannot be made canonical stays as it is, equal only to itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC, NESTED, PLACEHOLDER
from rolemodel_ci.iam import patterns


@dataclass(frozen=True, slots=True)
class Reference:
    """What `Ref` (without `attribute`) or `Fn::GetAtt` stands for."""

    name: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable, which IAM fills in for each request. `text` is as written, braces and all."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function that only AWS can evaluate, or one that is malformed."""

    function: str
    argument: Value


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the template that only AWS can decide, with what defines it."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`Fn::If` over a condition that only AWS can decide."""

    condition: Condition
    held: Value
    otherwise: Value


@dataclass(frozen=True, slots=True)
class Text:
    """Text with what only AWS knows in it. Two literal parts never stand next to each other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A map, sorted by key."""

    pairs: tuple[tuple[str, Value], ...]

    def get(self, key: str) -> Value | None:
        """The value under a key."""
        return next((value for name, value in self.pairs if name == key), None)


Part = str | Reference | Variable | Call | Choice
Value = Part | Text | Items | Entries

NO_VALUE = Reference("AWS::NoValue")


@dataclass(frozen=True, slots=True)
class Name:
    """A text that IAM compares without case; `written` is how it stands in the template."""

    key: Value
    written: Value = field(compare=False, repr=False)


def text_of(parts: Iterable[Value]) -> Value:
    """Values one behind the other as one; lists and maps among them make it something that only AWS can tell."""
    found: list[Part] = []
    for value in parts:
        for part in value.parts if isinstance(value, Text) else (value,):
            last = found[-1] if found else None
            if isinstance(part, str) and isinstance(last, str):
                found[-1] = last + part
            elif part != "":
                found.append(Call("Fn::Sub", part) if isinstance(part, Items | Entries) else part)
    return found[0] if len(found) == 1 else Text(tuple(found)) if found else ""


def parts_of(value: Value) -> tuple[Part, ...]:
    """A text as its parts; none for a list or a map."""
    if isinstance(value, Text):
        return value.parts
    return () if isinstance(value, Items | Entries) else (value,)


def listed(value: Value) -> tuple[Value, ...]:
    """A value as a list: policy documents write one thing without brackets."""
    return value.values if isinstance(value, Items) else (value,)


def walk(value: Value) -> Iterator[Value]:
    """The value and everything in it."""
    yield value
    match value:
        case Items():
            inner: Iterable[Value] = value.values
        case Entries():
            inner = (each for _, each in value.pairs)
        case Text():
            inner = value.parts
        case Call():
            inner = (value.argument,)
        case Choice():
            inner = (value.held, value.otherwise)
        case _:
            inner = ()
    for each in inner:
        yield from walk(each)


def unique(values: Iterable[Any]) -> tuple[Any, ...]:
    """A set as a sorted tuple: equal, and printed equally, whatever the order was."""
    return tuple(sorted(dict.fromkeys(values), key=repr))


def caseless(text: str) -> str:
    """Text in lower case, but not one with a dynamic reference: the name of what AWS puts in there has a case."""
    return text if DYNAMIC in text else patterns.caseless(text)


def lowered(value: Value) -> Value:
    """The value with its literal text in lower case."""
    if isinstance(value, str):
        return caseless(value)
    if isinstance(value, Text) and not any(isinstance(part, str) and DYNAMIC in part for part in value.parts):
        return Text(tuple(caseless(part) if isinstance(part, str) else part for part in value.parts))
    return value


class Canon:
    """Makes what a template resolved to canonical. `conditions`, `mappings`: definitions that only AWS can apply."""

    def __init__(self, conditions: Mapping[str, Any], mappings: Mapping[str, Any]) -> None:
        self._conditions = conditions
        self._mappings = mappings
        self._known: dict[str, Condition] = {}

    def condition(self, name: str) -> Condition:
        """A condition with its definition; with all of them, where its own names others, and the mappings it names."""
        if name not in self._known:
            own = json.dumps(self._conditions.get(name), sort_keys=True)
            others = '"Condition"' in own
            definition = json.dumps(dict(self._conditions), sort_keys=True) if others else own
            if '"Fn::FindInMap"' in definition:
                definition += f" in {json.dumps(self._mappings, sort_keys=True)}"
            self._known[name] = Condition(name, short(definition))
        return self._known[name]

    def value(self, raw: Any) -> Value:
        """The canonical form of a value as `resolve` leaves it."""
        if isinstance(raw, str):
            return raw
        if isinstance(raw, list):
            return Items(tuple(map(self.value, raw)))
        if not isinstance(raw, dict):
            return Call("", json.dumps(raw))
        if len(raw) == 1:
            ((function, argument),) = raw.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._function(function, argument)
        return Entries(tuple((key, self.value(raw[key])) for key in sorted(raw)))

    def _function(self, function: str, argument: Any) -> Value:
        if function == "Ref" and isinstance(argument, str):
            return Reference(argument)
        if function == "Fn::GetAtt":
            named = argument.split(".", 1) if isinstance(argument, str) else argument
            if isinstance(named, list) and len(named) == 2 and all(isinstance(each, str) for each in named):
                return Reference(*named)
        if function == "Fn::Sub":
            return self._sub(argument)
        if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
            separator, pieces = argument
            if isinstance(separator, str) and isinstance(pieces, list):
                return self._join(separator, [self.value(piece) for piece in pieces])
        if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
            return Choice(self.condition(argument[0]), self.value(argument[1]), self.value(argument[2]))
        if function == "Fn::FindInMap":
            return Call(function, Items((self.value(argument), short(json.dumps(self._mappings, sort_keys=True)))))
        return Call(function, self.value(argument))

    def _join(self, separator: str, pieces: list[Value]) -> Value:
        if any(isinstance(piece, Choice | Items | Entries) or piece == NO_VALUE for piece in pieces):
            return Call("Fn::Join", Items((separator, Items(tuple(pieces)))))  # of how many pieces, nobody knows
        parts: list[Value] = []
        for piece in pieces:
            parts += [separator, piece] if parts else [piece]
        return text_of(parts)

    def _sub(self, argument: Any) -> Value:
        text, extra = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, extra = argument
        if not isinstance(text, str) or NESTED.search(text):
            return Call("Fn::Sub", self.value(argument))
        own = {name: self.value(value) for name, value in extra.items()}
        parts: list[Value] = []
        end = 0
        for match in PLACEHOLDER.finditer(text):
            name = match[1].strip()
            parts += [unescaped(text[end : match.start()]), own[name] if name in own else referred(name)]
            end = match.end()
        return text_of([*parts, unescaped(text[end:])])


_LONG = 400


def short(definition: str) -> str:
    """A definition, or what stands for one that is long: it may be in very many values."""
    digest = hashlib.sha256(definition.encode("utf-8", "surrogatepass")).hexdigest()
    return definition if len(definition) <= _LONG else f"sha256:{digest}"


def unescaped(text: str) -> str:
    """Text of Fn::Sub between its references: `${!X}` is written for the text `${X}`."""
    return text.replace("${!", "${")


def referred(name: str) -> Reference:
    """What a name between the braces of Fn::Sub refers to: a resource or parameter, or an attribute."""
    resource, _, attribute = name.partition(".")
    return Reference(resource, attribute) if attribute else Reference(name)


_VARIABLE = re.compile(r"\$\{[^}]*\}?|\$\Z")


def with_variables(value: Value) -> Value:
    """The value with the policy variables in its literal text as such, and what might become one by what follows."""
    match value:
        case str():
            return text_of(_variables(value))
        case Text():
            return text_of(each for part in value.parts for each in parts_of(with_variables(part)))
        case Choice():
            return Choice(value.condition, with_variables(value.held), with_variables(value.otherwise))
        case Items():
            return Items(tuple(map(with_variables, value.values)))
        case Entries():
            return Entries(tuple((key, with_variables(each)) for key, each in value.pairs))
        case _:
            return value


def _variables(text: str) -> Iterator[Part]:
    end = 0
    for match in _VARIABLE.finditer(text):
        yield text[end : match.start()]
        yield Variable(match[0])
        end = match.end()
    yield text[end:]
