"""What a YAML or JSON document is made of: text, lists and maps that know where they stand."""

from __future__ import annotations

from typing import Any, NamedTuple


class Scalar(NamedTuple):
    """A piece of text. `plain` means it stood without quotes; `tag` is an explicit tag such as `!Ref`."""

    text: str
    line: int
    column: int
    plain: bool
    tag: str | None


class Sequence(NamedTuple):
    """A list."""

    items: list[Any]
    line: int
    column: int
    tag: str | None


class Mapping(NamedTuple):
    """A map, in the order of the file, each key once."""

    entries: list[tuple[Scalar, Any]]
    line: int
    column: int
    tag: str | None


Node = Scalar | Sequence | Mapping


def entry(node: Node | None, name: str) -> Node | None:
    """What stands under a key of a map; None where there is no such key, or no map."""
    if not isinstance(node, Mapping):
        return None
    return next((value for key, value in node.entries if key.text == name), None)


def height(node: Node) -> int:
    """Levels of containers in a node."""
    height, level = 0, [node]
    while containers := [each for each in level if not isinstance(each, Scalar)]:
        height += 1
        level = [
            below
            for each in containers
            for below in (each.items if isinstance(each, Sequence) else (value for _, value in each.entries))
        ]
    return height
