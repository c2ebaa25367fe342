"""What a YAML or JSON document is made of: text, lists and maps that know where they stand."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that move a cursor, turn the order of others around, break lines, or cannot be seen or written: Unicode's
Default_Ignorable_Code_Point (https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt) but for the
variation selectors of emoji, FE00 to FE0F.
"""


class Scalar(NamedTuple):
    """A piece of text. `plain` means it stood without quotes; `tag` is an explicit tag such as `!Ref`."""

    text: str
    line: int
    column: int
    plain: bool
    tag: str | None


class ListNode(NamedTuple):
    """A list."""

    items: list[Any]
    line: int
    column: int
    tag: str | None


class MapNode(NamedTuple):
    """A map, in the order of the file, each key once."""

    entries: list[tuple[Scalar, Any]]
    line: int
    column: int
    tag: str | None


Node = Scalar | ListNode | MapNode


def entry(node: Node | None, name: str) -> Node | None:
    """What stands under a key of a map; None where there is no such key, or no map."""
    if not isinstance(node, MapNode):
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
            for below in (each.items if isinstance(each, ListNode) else (value for _, value in each.entries))
        ]
    return height
