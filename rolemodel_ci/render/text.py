"""Blocks to plain text: for pipes, logs and files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from rolemodel_ci.parsing.yaml_nodes import CONTROL
from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table

__all__ = ["CONTROL", "spelled", "text", "visible"]


def text(blocks: Iterable[Block]) -> str:
    """The blocks as text that ends in a newline; empty for no blocks."""
    parts = ["\n".join(_block(block)) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n" if parts else ""


def visible(value: str) -> str:
    """Text from files or from AWS, made unable to move a cursor or to turn the order of characters around."""
    return CONTROL.sub(spelled, value).replace("\n", "\\n")


def spelled(match: re.Match[str]) -> str:
    """A character as JSON spells it in ASCII."""
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _block(block: Block) -> Iterable[str]:
    match block:
        case Heading():
            yield visible(block.text)
        case Paragraph():
            yield visible(block.text)
        case Lines():
            yield from (visible(line) for line, _ in block.lines)
        case Table():
            yield from _table(block.without_empty_columns())
        case _:
            assert_never(block)


def _table(table: Table) -> Iterable[str]:
    rows = [table.columns, *(tuple(map(visible, row.cells)) for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
