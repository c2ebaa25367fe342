"""The functions of a CloudFormation template, evaluated as far as text can tell what they come to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeGuard

NO_VALUE = object()
"""What {"Ref": "AWS::NoValue"} stands for: the property is not there."""

PLACEHOLDER = re.compile(r"\$\{([^!{}$][^{}$]*)\}")
"""A reference within the text of Fn::Sub: a name between braces. None of its characters begins another one, so that the
time to find all of them grows as the text does."""

NESTED = re.compile(r"\$\{[^{}]*\$\{")  # one begins within another: no page says what CloudFormation makes of it

_MARKED = re.compile(rf"\$\{{!|{PLACEHOLDER.pattern}")  # the same, and where one would stand that is meant as text

# Text that functions may make, in characters: one of them, and all of a template together. It is more than IAM takes;
# nested functions could multiply a few lines to gigabytes.
TEXT_LIMIT, TEXTS_LIMIT = 65_536, 1_000_000

_LEVELS = 100  # of values and conditions around a condition; one that lies deeper counts as what text cannot tell

DYNAMIC = "{{resolve:"
"""Begins a text that AWS puts in from elsewhere:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""

# Characters by which a value could become a reference, or end one, in the text of Fn::Sub that it is put into.
_REFERRING = frozenset("${}")

# Parts of a resource that CloudFormation does not count as an update by themselves. Metadata of what runs commands
# may say which (cfn-init); that of IAM means nothing to IAM.
_SILENT = frozenset({"DependsOn", "Condition"})
_METADATA = "Metadata"


def section(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of a template; empty where it is none."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _is_text(value: Any) -> TypeGuard[str | list[str]]:
    """Whether it is text, or a list of texts: what parameters and mappings hold."""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))


def _length(value: str | list[str]) -> int:
    """Characters of a text, or of the texts of a list, with one for each of them."""
    return len(value) if isinstance(value, str) else len(value) + sum(map(len, value))


class Evaluator:
    """Evaluates intrinsic functions over one template. `names`: what its references to parameters stand for.

    `too_much`: some texts would be so long that they were left as they are written.
    `conditions` and `mappings` are the definitions on which something still hangs that text cannot tell.
    """

    def __init__(self, body: Mapping[str, Any], names: Mapping[str, Any]) -> None:
        self.too_much = False
        self._open: set[str] = set()
        self._tables: set[str] = set()
        self._all_open = False
        self._room = TEXTS_LIMIT
        self._conditions = section(body, "Conditions")
        self._mappings = section(body, "Mappings")
        self._decided: dict[str, bool | None] = {}
        self._levels = 0
        self._names = names

    def exists(self, entry: Any) -> bool:
        """Whether the condition of a resource or output holds; one that cannot be decided counts as held."""
        condition = entry.get("Condition") if isinstance(entry, dict) else None
        return not isinstance(condition, str) or self._condition(condition) is not False

    def entry(self, written: Any) -> Any:
        """A resource or an output without what is no update by itself; it stays a map if it is written as one."""
        if not isinstance(written, dict):
            return self.kept(written)
        of_iam = str(written.get("Type", "AWS::IAM::")).startswith("AWS::IAM::")
        silent = {*_SILENT, _METADATA} if of_iam else _SILENT
        loud = {key: value for key, value in written.items() if key not in silent}
        value = self.kept(loud)
        condition = written.get("Condition")
        if isinstance(condition, str) and self._condition(condition) is None:
            loud["Condition"] = condition
            value = {**value, "Condition": condition} if isinstance(value, dict) else value
        return value if isinstance(value, dict) else loud

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Definitions of the conditions that could not be decided, as far as they can be evaluated."""
        names = self._conditions.keys() if self._all_open else self._open & self._conditions.keys()
        return {name: self.kept(self._conditions[name]) for name in sorted(names)}

    @property
    def mappings(self) -> Mapping[str, Any]:
        """The mappings in which something was looked for that text cannot tell."""
        return {name: self._mappings[name] for name in sorted(self._tables & self._mappings.keys())}

    def value(self, content: Any) -> Any:
        """`content` with every function that can be evaluated replaced by its value."""
        self._levels += 1
        try:
            return self._value(content)
        finally:
            self._levels -= 1

    def _value(self, content: Any) -> Any:
        if isinstance(content, list):
            return [v for v in map(self.value, content) if v is not NO_VALUE]
        if not isinstance(content, dict):
            return content
        if len(content) == 1:
            ((name, argument),) = content.items()
            function = self._FUNCTIONS.get(name)
            if function:
                return function(self, argument)
        pairs = ((key, self.value(value)) for key, value in content.items())
        return {key: value for key, value in pairs if value is not NO_VALUE}

    def kept(self, content: Any) -> Any:
        """The value where something has to stand: there NoValue stays written out."""
        value = self.value(content)
        return {"Ref": "AWS::NoValue"} if value is NO_VALUE else value

    def _fits(self, length: int) -> bool:
        """Whether functions may make another text of this length, which then counts."""
        fits = length <= min(TEXT_LIMIT, self._room)
        self._room -= length if fits else 0
        self.too_much = self.too_much or not fits
        return fits

    def _ref(self, argument: Any) -> Any:
        value = self._names.get(argument) if isinstance(argument, str) else None
        if value is None or not (value is NO_VALUE or self._fits(_length(value))):
            return {"Ref": argument}
        return value

    def _sub(self, argument: Any) -> Any:
        text, extra = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, extra = argument[0], {key: self.kept(value) for key, value in argument[1].items()}
        if not isinstance(text, str):
            return {"Fn::Sub": self.kept(argument)}

        nested = NESTED.search(text) is not None

        def known(match: re.Match[str]) -> str | None:
            name = match.group(1).strip()
            value = extra[name] if name in extra else self._names.get(name)
            return value if isinstance(value, str) else None

        def put_in(match: re.Match[str]) -> str:
            value = known(match)
            joins = text[: match.start()].endswith(("$", "{"))  # with what is around it, it could be a reference
            return match[0] if nested or joins or value is None or not _REFERRING.isdisjoint(value) else value

        if not self._fits(len(text) + sum(len(known(match) or "") for match in PLACEHOLDER.finditer(text))):
            return {"Fn::Sub": [text, extra] if extra else text}
        if not nested and all(known(match) is not None for match in PLACEHOLDER.finditer(text)):
            return _MARKED.sub(lambda match: (known(match) or "") if match.group(1) else "${", text)
        stay = (match[1].strip() for match in PLACEHOLDER.finditer(text) if put_in(match) == match[0])
        left = {name: extra.get(name, self._names.get(name)) for name in stay}
        left = {name: value for name, value in left.items() if value is not None and value is not NO_VALUE}
        text = PLACEHOLDER.sub(put_in, text)
        return {"Fn::Sub": [text, left] if left else text}

    def _join(self, argument: Any) -> Any:
        done = self.kept(argument)
        if (
            isinstance(done, list)
            and len(done) == 2
            and isinstance(done[0], str)
            and _is_text(done[1])
            and isinstance(done[1], list)
            and self._fits(len(done[0]) * len(done[1]) + _length(done[1]))
        ):
            return done[0].join(done[1])
        return {"Fn::Join": done}

    def _split(self, argument: Any) -> Any:
        done = self.kept(argument)
        told = isinstance(done, list) and len(done) == 2 and _is_text(done) and DYNAMIC not in done[1]
        if told and done[0] and self._fits(len(done[1])):
            return done[1].split(done[0])
        return {"Fn::Split": done}

    def _select(self, argument: Any) -> Any:
        done = self.kept(argument)
        if (
            isinstance(done, list)
            and len(done) == 2
            and isinstance(done[0], str)
            and done[0].isdecimal()
            and len(done[0]) < 10
            and isinstance(done[1], list)
            and int(done[0]) < len(done[1])
            and not any(isinstance(each, dict) and "Fn::If" in each for each in done[1])  # it may be no value
        ):
            return done[1][int(done[0])]
        return {"Fn::Select": done}

    def _get_att(self, argument: Any) -> Any:
        """Only AWS knows it; the two ways of writing it are made one."""
        done = self.kept(argument)
        return {"Fn::GetAtt": done.split(".", 1) if isinstance(done, str) else done}

    def _find_in_map(self, argument: Any) -> Any:
        done = self.kept(argument)
        if isinstance(done, list) and len(done) >= 3 and _is_text(done[:3]):
            table = self._mappings.get(done[0])
            row = table.get(done[1]) if isinstance(table, dict) else None
            found = row.get(done[2]) if isinstance(row, dict) else None
            if not self.too_much and _is_text(found) and self._fits(_length(found)):
                return found
        known = isinstance(done, list) and done and isinstance(done[0], str)
        self._tables |= {done[0]} if known else self._mappings.keys()
        return {"Fn::FindInMap": done}

    def _if(self, argument: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
            held = self._condition(argument[0])
            if held is not None:
                return self.value(argument[1] if held else argument[2])
            return {"Fn::If": [argument[0], *map(self.kept, argument[1:])]}
        return {"Fn::If": argument}

    def _condition(self, name: str) -> bool | None:
        """Whether the named condition holds; None where text cannot tell (or where it goes round in a circle)."""
        if self._levels > _LEVELS:
            self._all_open = True
            return None
        if name not in self._decided and name in self._conditions:
            self._decided[name] = None  # holds while it is being decided
            self._decided[name] = self._decide(self._conditions[name])
        held = self._decided.get(name)
        self._open |= {name} if held is None else set()
        return held

    def _decide(self, term: Any) -> bool | None:
        self._levels += 1
        try:
            return self._verdict(term)
        finally:
            self._levels -= 1

    def _verdict(self, term: Any) -> bool | None:
        if not (isinstance(term, dict) and len(term) == 1):
            return None
        ((name, argument),) = term.items()
        if name == "Condition" and isinstance(argument, str):
            return self._condition(argument)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:
            left, right = self.value(argument[0]), self.value(argument[1])
            told = isinstance(left, str) and isinstance(right, str) and DYNAMIC not in left + right
            return left == right if told else None
        parts = [self._decide(part) for part in argument]
        if name == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if name == "Fn::And":
            return False if False in parts else None if None in parts else True
        if name == "Fn::Or":
            return True if True in parts else None if None in parts else False
        return None

    _FUNCTIONS: ClassVar = {
        "Ref": _ref,
        "Fn::Sub": _sub,
        "Fn::Join": _join,
        "Fn::Split": _split,
        "Fn::Select": _select,
        "Fn::FindInMap": _find_in_map,
        "Fn::If": _if,
        "Fn::GetAtt": _get_att,
    }
