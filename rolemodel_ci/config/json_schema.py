"""Hold a document to one of the published JSON Schemas, and say what is wrong in words and with its place."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import resources
from typing import Any

from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_nodes import ListNode, Node, Scalar
from rolemodel_ci.parsing.yaml_nodes import MapNode as MapNode
from rolemodel_ci.suggestions import Offers

_KINDS = {dict: "a map", list: "a list", str: "text", type(None): "nothing"}
_WANTED_KINDS = {"object": "a map", "array": "a list", "string": "text"}


@functools.cache
def published(name: str) -> Mapping[str, Any]:
    """The JSON Schema `config` or `users`, as it stands in the package."""
    text = resources.files("rolemodel_ci").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def as_plain(node: Node) -> Any:
    """The node as dicts, lists and strings; a key without a value becomes None."""
    if isinstance(node, Scalar):
        return None if node.plain and not node.text else node.text
    if isinstance(node, ListNode):
        return [as_plain(item) for item in node.items]
    return {key.text: as_plain(value) for key, value in reversed(node.entries)}


def conform(root: Node, name: str, file: str) -> list[Problem]:
    """What keeps the tree under `root` from being what the schema `name` describes."""
    problems: list[Problem] = []
    offers = Offers()
    for error in _validator(name).iter_errors(as_plain(root)):
        problems += _explain(error, root, file, offers)
    return problems + foreign_tags(root, file)


@functools.cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators  # costs 0.1 s: not for `--version`

    def pattern(validator: Any, expression: str, instance: Any, schema: Any) -> Iterable[Any]:
        # The library takes Python's `$`, which also matches before a last newline; JSON Schema's does not.
        if isinstance(instance, str) and not whole(expression).match(instance):
            yield ValidationError(f"{instance!r} does not match {expression!r}")

    def required(validator: Any, names: list[str], instance: Any, schema: Any) -> Iterable[Any]:
        # As the library's own, but the message is the bare name of the key.
        if isinstance(instance, dict):
            yield from (ValidationError(name) for name in names if name not in instance)

    def enum(validator: Any, values: list[str], instance: Any, schema: Any) -> Iterable[Any]:
        # What is no text at all is told by `type`, once.
        if isinstance(instance, str) and instance not in values:
            yield ValidationError(f"{instance!r} is not one of {values!r}")

    own = {"pattern": pattern, "required": required, "enum": enum}
    extend: Any = validators.extend
    return extend(Draft202012Validator, own)(published(name))


@functools.cache
def whole(expression: str) -> re.Pattern[str]:
    """A pattern of our schemas (always `^…$`) as Python has to spell it to mean the same."""
    return re.compile(expression.removesuffix("$") + r"\Z")


def foreign_tags(root: Node, file: str) -> list[Problem]:
    """Tags such as `!!python/object` or `!Ref`, which mean nothing in these files."""
    problems = []
    todo: list[Any] = [root]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag not in (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            problems.append(
                Problem(
                    Place(file, node.line, node.column),
                    "RM112",
                    f"tag `{node.tag}` has no meaning here",
                    "Delete the tag: every value in this file is plain text.",
                )
            )
        if isinstance(node, ListNode):
            todo.extend(node.items)
        elif isinstance(node, MapNode):
            todo.extend(part for entry in node.entries for part in entry)
    return problems


def _explain(error: Any, root: Node, file: str, offers: Offers) -> Iterable[Problem]:
    """One error of the library as problems of ours."""
    path = list(error.absolute_path)
    node, key = _find(root, path)
    where = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this entry" if path else "the file"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        yield from _unknown_keys(error, node, file, offers)
    elif error.validator == "required":
        missing = error.message
        yield Problem(
            Place(file, node.line, node.column), "RM122", f"{where} lacks the key `{missing}`", f"Add `{missing}:`."
        )
    elif error.validator == "anyOf":
        yield from _no_variant(error, root, node, file, offers)
    elif error.validator == "type":
        yield _wrong_kind(error, node, key, where, file)
    elif error.validator == "minItems":
        yield Problem(Place(file, node.line, node.column), "RM125", f"{where} is empty", "List at least one.")
    else:
        yield _bad_value(error, node, where, file)


def _unknown_keys(error: Any, node: Node, file: str, offers: Offers) -> Iterable[Problem]:
    known = list(error.schema.get("properties", ()))
    assert isinstance(node, MapNode)
    for key, _ in node.entries:
        if key.text not in known:
            yield Problem(
                Place(file, key.line, key.column),
                "RM121",
                f"key `{key.text}` is not known here",
                offers.nearest(key.text, known) or f"Known are {', '.join(f'`{k}`' for k in known)}.",
            )


def _no_variant(error: Any, root: Node, node: Node, file: str, offers: Offers) -> Iterable[Problem]:
    """An account without a way in, or an entry of a user list that is neither a name nor a long form."""
    place = Place(file, node.line, node.column)
    if isinstance(error.instance, dict) and all("required" in v for v in error.validator_value):
        yield Problem(
            place,
            "RM126",
            f"account `{error.instance.get('name', '?')}` has neither `profile` nor `account_id`",
            "Add `account_id` for runs in CI, `profile` for runs with local credentials, or both.",
        )
        return
    variants: dict[Any, int] = {str: 0, dict: 1}
    wanted = variants.get(type(error.instance))
    if wanted is None:
        yield Problem(
            place,
            "RM123",
            f"this entry is {_KINDS[type(error.instance)]}, but has to be a user",
            "Write the user's name, or a map with the key `user`.",
        )
        return
    for inner in error.context:
        if inner.schema_path[0] == wanted:
            yield from _explain(inner, root, file, offers)


def _wrong_kind(error: Any, node: Node, key: Scalar | None, where: str, file: str) -> Problem:
    kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    wanted = " or ".join(sorted({_WANTED_KINDS[k] for k in kinds if k in _WANTED_KINDS}))
    found = _KINDS[type(error.instance)]
    if error.instance is None:
        empty = {"a map": "{}", "a list": "[]"}.get(wanted)
        remedy = f"Write {wanted} there" + (f", or `{empty}` for an empty one." if empty else ".")
        at = key or node
        return Problem(Place(file, at.line, at.column), "RM123", f"{where} has no value", remedy)
    return Problem(
        Place(file, node.line, node.column),
        "RM123",
        f"{where} is {found}, but has to be {wanted}",
        f"Write {wanted} there.",
    )


def _bad_value(error: Any, node: Node, where: str, file: str) -> Problem:
    wanted = error.schema.get("x-wanted", "a value that the schema allows")
    shown = str(error.instance)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    if error.parent is None and "propertyNames" in error.absolute_schema_path and isinstance(node, MapNode):
        bad = next((k for k, _ in node.entries if k.text == error.instance), None)
        return Problem(
            Place(file, *((bad.line, bad.column) if bad else (node.line, node.column))),
            "RM124",
            f"`{shown}` does not fit as a key here",
            f"Write {wanted}.",
        )
    return Problem(
        Place(file, node.line, node.column), "RM124", f"`{shown}` does not fit as {where}", f"Write {wanted}."
    )


def _find(root: Node, path: list[str | int]) -> tuple[Node, Scalar | None]:
    """The node at a path, and the key it stands under."""
    node, key = root, None
    for step in path:
        if isinstance(node, ListNode) and isinstance(step, int):
            node, key = node.items[step], None
        elif isinstance(node, MapNode):
            key, node = next((k, v) for k, v in node.entries if k.text == step)
    return node, key


def printable(problem: Problem) -> Problem:
    """The problem with control characters of names and values written as escapes."""
    message, remedy = (
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
        for text in (problem.message, problem.remedy)
    )
    return replace(problem, message=message, remedy=remedy)
