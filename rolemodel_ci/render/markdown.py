"""Blocks to Markdown as GitHub reads it. Text from files and from AWS is data: it cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table
from rolemodel_ci.render.text import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~@:/&$-])")
_UNSEEN = "\u200b"
"""A space without width: GitHub looks for mentions and references after escapes are gone, and this is in their way."""


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown that ends in a newline."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def escaped(value: str) -> str:
    """Text without what Markdown, HTML or GitHub would give a meaning; names in backticks stay names."""
    parts = visible(value).split("`")
    if len(parts) % 2 == 0:  # a lone backtick names nothing
        return _plain(visible(value))
    return "".join(code(part) if i % 2 else _plain(part) for i, part in enumerate(parts))


def _plain(value: str) -> str:
    escapes = _SPECIAL.sub(r"\\\1", value)
    return re.sub(r"(?<=[@#])|(?i:(?<=\bgh)(?=\\-)|(?<=\bwww)(?=\.))", _UNSEEN, escapes)


def code(value: str) -> str:
    """Text as a code span: longer fences than any run of backticks in it, and no bar that would end a table's cell."""
    shown = visible(value).replace("|", "\uff5c")
    if not shown.strip():
        return ""
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _block(block: Block) -> Iterable[str]:
    match block:
        case Heading():
            yield f"{'###' if block.level == 1 else '####'} {escaped(block.text)}"
        case Paragraph():
            yield escaped(block.text)
        case Lines():
            longest = max((len(run) for line, _ in block.lines for run in re.findall("`+", line)), default=0)
            fence = "`" * max(3, longest + 1)
            yield f"{fence}diff"
            yield from (visible(line) for line, _ in block.lines)
            yield fence
        case Table():
            table = block.without_empty_columns()
            yield "| " + " | ".join(table.columns) + " |"
            yield "|" + "---|" * len(table.columns)
            for row in table.rows:
                yield "| " + " | ".join(map(code, row.cells)) + " |"
        case _:
            assert_never(block)
