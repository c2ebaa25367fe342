"""Policy documents of IAM as they are written.

Those that a template writes as text are read as IAM reads them: as JSON, and only if every key stands once.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from rolemodel_ci.parsing.yaml_parser import DEPTH_LIMIT

_NO_VALUE = {"Ref": "AWS::NoValue"}


class PolicyText(NamedTuple):
    """What a text holds: a document, or None and what is wrong with it."""

    document: dict[str, Any] | None
    fault: str = ""


@functools.lru_cache(maxsize=256)  # every account has the same policies
def read_policy(text: str) -> PolicyText:
    """The policy document in a text. Its scalars are text, as in a template."""
    try:
        read = json.loads(text, object_pairs_hook=_map, parse_int=str, parse_float=str, parse_constant=_refused)
        document = _plain(read, 0)
    except _InvalidPolicyTextError as refused:
        return PolicyText(None, str(refused))
    except (ValueError, RecursionError):  # no JSON, half of a pair of surrogates, nested beyond measure
        return PolicyText(None, "is no JSON")
    return PolicyText(document) if isinstance(document, dict) else PolicyText(None, "is no JSON object")


class _InvalidPolicyTextError(Exception):
    """JSON of which nobody can say what IAM makes of it."""


def _refused(constant: str) -> NoReturn:
    raise _InvalidPolicyTextError(f"has {constant}, which is no JSON")


def _map(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _InvalidPolicyTextError(f"has the key `{key}` twice in one object")
        found[key] = value
    return found


def _plain(value: Any, depth: int) -> Any:
    """The value with every scalar as text. Raises ValueError where that cannot be written or is nested too deep."""
    if depth > DEPTH_LIMIT:
        raise ValueError
    if isinstance(value, dict):
        return {_plain(key, depth): _plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, str):
        value.encode()
        return value
    return json.dumps(value)


def policy_document(value: Any) -> Any:
    """A policy document as a map, where it is one or is written as JSON text (as `!Sub '{…}'`); else `value`."""
    text = policy_text(value)
    read = None if text is None else read_policy(text).document
    return value if read is None else read


def policy_text(value: Any) -> str | None:
    """The text in which a policy document is written, with its references; None where it is not written as text."""
    text = value.get("Fn::Sub") if isinstance(value, dict) else value
    if isinstance(text, list) and text:
        text = text[0]
    return text if isinstance(text, str) else None


def as_list(value: Any) -> list[Any]:
    """A value as a list: policy documents write one thing without brackets."""
    return value if isinstance(value, list) else [value]


def either(value: Any, sure: bool = True) -> Iterator[tuple[Any, bool]]:
    """The entries of a list, or the one value; of an `Fn::If` that could not be decided, all that it may become.

    Each with whether it is there for sure.
    """
    for entry in as_list(value):
        condition = entry.get("Fn::If") if isinstance(entry, dict) and len(entry) == 1 else None
        if isinstance(condition, list):
            for branch in condition[1:]:
                yield from either(branch, False)
        elif entry != _NO_VALUE:
            yield entry, sure


def branches(value: Any) -> Iterator[Any]:
    """What `either` finds, there for sure or not."""
    return (entry for entry, _ in either(value))


def value_text(value: Any) -> str:
    """A value on one line; what only AWS knows is shown as it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key == "Ref" and isinstance(inner, str):
            return f"${{{inner}}}"
        if key == "Fn::Sub" and isinstance(inner, str):
            return inner
        if key == "Fn::GetAtt":
            return "${" + ".".join(map(value_text, as_list(inner))) + "}"
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
