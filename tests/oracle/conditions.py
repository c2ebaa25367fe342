"""The Condition element.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from oracle.patterns import MODERN, Context, matches


def listed(value: Any) -> tuple[str, ...]:
    """One value or a list of them, as texts: numbers and booleans are what JSON writes."""
    values = value if isinstance(value, list | tuple) else [value]
    return tuple(map(_text, values))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict):
        raise ValueError("IAM refuses a list within a list")
    return str(value)


def holds(condition: Mapping[str, Mapping[str, Any]], context: Context, version: str) -> bool:
    """All operators and all their keys have to hold."""
    return all(
        _one(operator, key.lower(), listed(values), context, version)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def split(operator: str) -> tuple[str, str, bool]:
    """Set operator or "", the operator itself, and whether `IfExists` stands behind it."""
    among, _, base = operator.rpartition(":")
    if base.endswith("IfExists"):
        return among, base.removesuffix("IfExists"), True
    return among, base, False


def _one(operator: str, key: str, values: Sequence[str], context: Context, version: str) -> bool:
    among, base, if_exists = split(operator)
    there = context.get(key)
    if base == "Null":
        return any((text.lower() == "true") is (there is None) for text in values)
    negative = base in NEGATED
    test = TESTS[NEGATED.get(base, base)]
    if there is None:
        return if_exists or among == "ForAllValues" or (negative and among != "ForAnyValue")
    given = (there,) if isinstance(there, str) else there

    def fits(value: str) -> bool:
        return any(test(text, value, context, version) for text in values) is not negative

    return all(map(fits, given)) if among == "ForAllValues" else any(map(fits, given))


def _exact(text: str, value: str, context: Context, version: str) -> bool:
    return matches(text, value, context, version, wild=False)


def _folded(text: str, value: str, context: Context, version: str) -> bool:
    return matches(text, value, context, version, wild=False, fold=True)


def _arn(text: str, value: str, context: Context, version: str) -> bool:
    """Six parts, each with wildcards of its own; with variables inside, colons of theirs do not count."""
    wanted, given = _parts(text), value.split(":", 5)
    if len(wanted) != 6 or len(given) != 6:
        return False
    return all(matches(w, g, context, version) for w, g in zip(wanted, given, strict=True))


def _parts(text: str) -> list[str]:
    parts, depth = [""], 0
    for at, character in enumerate(text):
        depth += text.startswith("${", at)
        if character == "}" and depth:
            depth -= 1
        if character == ":" and not depth and len(parts) < 6:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _bool(text: str, value: str, context: Context, version: str) -> bool:
    wanted = text.lower()
    return wanted in ("true", "false") and wanted == value.lower()


def _binary(text: str, value: str, context: Context, version: str) -> bool:
    return text == value


def _ip(text: str, value: str, context: Context, version: str) -> bool:
    block, address = network(text), network(value)
    if block is None or address is None or block.version != address.version:
        return False
    return address.subnet_of(block)  # type: ignore[arg-type]


@lru_cache(maxsize=4096)
def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def moment(text: str) -> float | None:
    """A date of ISO 8601, or seconds since 1970."""
    seconds = number(text)
    if seconds is not None and "-" not in text[1:]:
        return seconds
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


_Test = Callable[[str, str, Context, str], bool]


def _ordered(read: Callable[[str], float | None], compare: Callable[[float, float], bool]) -> _Test:
    def test(text: str, value: str, context: Context, version: str) -> bool:
        wanted, given = read(text), read(value)
        return wanted is not None and given is not None and compare(given, wanted)

    return test


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}

TESTS: dict[str, _Test] = {
    "StringEquals": _exact,
    "StringEqualsIgnoreCase": _folded,
    "StringLike": matches,
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip,
    **{f"Numeric{name}": _ordered(number, compare) for name, compare in _ORDERS.items()},
    **{f"Date{name}": _ordered(moment, compare) for name, compare in _ORDERS.items()},
}

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}

DEFAULT_VERSION = "2008-10-17"
assert MODERN != DEFAULT_VERSION
