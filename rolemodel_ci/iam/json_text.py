"""Policy documents that are written as JSON text, with references of the template in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rolemodel_ci.cloudformation.policies import read_policy
from rolemodel_ci.iam.canonical_values import Call, Choice, Entries, Items, Part, Value, parts_of, text_of

_FIRST, _LAST = 0xE000, 0xF8FF  # of the private use area: characters that no policy has
_PRIVATE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_ESCAPED = re.compile(r"\\u(?:[eE]|[fF][0-8])")  # such a character as JSON spells it, which reads as a reference


def structure(value: Value) -> Value:
    """A document that is written as JSON text, as what the text says; anything else as it is.

    References in the text stay references in what it says, as `!Sub '{…}'` means them. In JSON no map is a function.
    """
    parts = parts_of(value)
    if not any(isinstance(part, str) for part in parts) or isinstance(value, Call | Choice):
        return value
    others = [part for part in parts if not isinstance(part, str)]
    if len(others) > _LAST - _FIRST or any(isinstance(part, str) and _PRIVATE.search(part) for part in parts):
        return value
    waiting = iter(range(_FIRST, _LAST))
    text = "".join(part if isinstance(part, str) else chr(next(waiting)) for part in parts)
    if _ESCAPED.search(text):
        return value
    read = read_policy(text).document
    return value if read is None or _names_others(read) else _plain(read, others)


def _names_others(read: object) -> bool:
    """Whether a reference is part of a key."""
    if isinstance(read, dict):
        return any(_PRIVATE.search(key) or _names_others(each) for key, each in read.items())
    return isinstance(read, list) and any(map(_names_others, read))


def _plain(read: object, others: Sequence[Part]) -> Value:
    """What JSON says, with the references put back in."""
    if isinstance(read, dict):
        pairs = ((str(key), _plain(each, others)) for key, each in read.items())
        return Entries(tuple(sorted(pairs, key=lambda pair: pair[0])))
    if isinstance(read, list):
        return Items(tuple(_plain(each, others) for each in read))
    pieces = re.split(f"({_PRIVATE.pattern})", str(read))
    return text_of(others[ord(piece) - _FIRST] if i % 2 else piece for i, piece in enumerate(pieces))
