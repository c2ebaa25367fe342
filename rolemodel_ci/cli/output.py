"""Say things in the format that was asked for: to a terminal, to a pipe, to a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from rolemodel_ci.render.blocks import Block, Row, Table

if TYPE_CHECKING:  # what a record holds is needed by none of the commands that only read files
    from rolemodel_ci.render.audit_record import Called


def say(format_: str, blocks: Iterable[Block], document: dict[str, Any]) -> None:
    """Print the blocks, or the document they tell of, on standard output."""
    if format_ == "json":
        from rolemodel_ci.render.json_document import as_text

        click.echo(as_text(document), nl=False)
    elif format_ == "markdown":
        from rolemodel_ci.render.markdown import markdown

        click.echo(markdown(blocks), nl=False)
    else:
        tell(blocks)


def tell(blocks: Iterable[Block]) -> None:
    """Print the blocks for people: tables and colour on a terminal, plain text in a pipe."""
    if sys.stdout.isatty():
        from rich.console import Console

        from rolemodel_ci.adapters.terminal import show

        show(Console(), blocks)
    else:
        from rolemodel_ci.render.text import text

        click.echo(text(blocks), nl=False)


def tell_sums(calls: Iterable[Called]) -> None:
    """Print what the calls came to, by action, on standard error."""
    from rolemodel_ci.render.text import text

    rows = [
        Row((c.action, str(c.calls), str(c.retries), str(c.errors), f"{c.seconds:.2f}"))
        for c in sorted(calls, key=lambda c: -c.seconds)
    ]
    if rows:
        click.echo(text([Table(("action", "calls", "retries", "errors", "seconds"), tuple(rows))]), nl=False, err=True)
