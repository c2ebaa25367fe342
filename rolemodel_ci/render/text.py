"""Blocks to plain text: for pipes, logs and files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def text(blocks: Iterable[Block]) -> str:
    """The blocks as text that ends in a newline; empty for no blocks."""
    parts = ["\n".join(_block(block)) for block in blocks]
    return "\n\n".join(part for part in parts if part) + "\n" if parts else ""


def visible(value: str) -> str:
    """Text from files or from AWS, made unable to move a cursor or to turn the order of characters around."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", value).replace("\n", "\\n")


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


def _table(table: Table) -> Iterable[str]:
    rows = [table.columns, *(tuple(map(visible, row.cells)) for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
