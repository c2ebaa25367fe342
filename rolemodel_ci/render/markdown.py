"""Blocks to Markdown as GitHub reads it. Text from files and from AWS is data: it cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table
from rolemodel_ci.render.text import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~@:/&$-])")
_UNSEEN = "\u200b"
"""A space without width: GitHub looks for mentions and references after escapes are gone, and this is in their way."""

# Where that space has to be, in text whose signs are escaped: within mentions, references to issues (also `GH-1`) and
# to advisories, and addresses. GitHub looks at the escaped text for `www.`, and takes it for an address behind `_`,
# `*`, `~` and `(` too: https://github.github.com/gfm/#autolinks-extension- and
# https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
_LINKED = re.compile(
    r"(?<=[@#])|(?i:(?<=gh)(?=\\-\d)|(?<=ghsa)(?=\\-)|(?<=cve)(?=\\-\d)|(?<=www)(?=\.))|(?<=:)(?=\\/\\/)"
)
_COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,}(?![0-9A-Za-z])")
"""What may be the beginning of a commit's hash: seven digits are enough for a link (same page)."""


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown that ends in a newline."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def escaped(value: str) -> str:
    """Text without what Markdown, HTML or GitHub would give a meaning; names in backticks stay names."""
    parts = visible(value).split("`")
    if len(parts) % 2 == 0:  # a lone backtick names nothing
        return _joined(_plain(visible(value)))
    return _joined(piece for i, part in enumerate(parts) for piece in ([code(part)] if i % 2 else _plain(part)))


def _plain(value: str) -> Iterator[str]:
    """The text in pieces: what GitHub might take for a commit, which it links, is one as a name."""
    last = 0
    for found in _COMMIT.finditer(value):
        yield _escaped(value[last : found.start()])
        yield code(found[0])
        last = found.end()
    yield _escaped(value[last:])


def _escaped(value: str) -> str:
    return _LINKED.sub(_UNSEEN, _SPECIAL.sub(r"\\\1", value))


def _joined(pieces: Iterable[str]) -> str:
    """The pieces as one text. Two code spans side by side would be one with other fences."""
    shown = ""
    for piece in pieces:
        shown += _UNSEEN + piece if shown.endswith("`") and piece.startswith("`") else piece
    return shown


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
