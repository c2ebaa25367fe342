"""Blocks and progress on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Table, Tone
from rolemodel_ci.render.text import visible

_STYLES = {
    Tone.PLAIN: "",
    Tone.GAIN: "green",
    Tone.LOSS: "red",
    Tone.CHANGE: "yellow",
    Tone.BAD: "bold red",
    Tone.GOOD: "bold green",
}


def show(console: Console, blocks: Iterable[Block]) -> None:
    """Print the blocks with tables and colour."""
    for block in blocks:
        for piece in _pieces(block):
            console.print(piece, soft_wrap=isinstance(piece, Text))
        console.print()


def _pieces(block: Block) -> Iterable[Any]:
    match block:
        case Heading():
            yield Text(visible(block.text), style=("bold " + _STYLES[block.tone]).strip())
        case Paragraph():
            yield Text(visible(block.text), style=_STYLES[block.tone])
        case Lines():
            for line, tone in block.lines:
                yield Text(visible(line), style=_STYLES[tone])
        case _:
            yield _table(block.without_empty_columns())


def _table(table: Table) -> RichTable:
    drawn = RichTable(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in table.columns:
        drawn.add_column(name, overflow="fold", no_wrap=name in ("", "who", "account", "role", "until", "code"))
    for row in table.rows:
        drawn.add_row(*(Text(visible(cell), style=_STYLES[row.tone]) for cell in row.cells))
    return drawn


class LiveWatch:
    """One line an account, kept up to date while stacks roll out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._statuses: dict[str, str] = {}
        self._live: Live | None = None

    def step(self, text: str) -> None:
        """End the lines of the step before."""
        self.close()
        self._console.print(Text(f"{text} …", style="dim"))

    def stack(self, account: str, status: str) -> None:
        """Note a status and draw it."""
        with self._lock:
            self._statuses[account] = status
            if self._live is None:
                self._live = Live(console=self._console, refresh_per_second=8)
                self._live.start()
            self._live.update(self._drawn())

    def close(self) -> None:
        """Leave the lines as they are and start afresh."""
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None
            self._statuses.clear()

    def _drawn(self) -> RichTable:
        drawn = RichTable(box=None, show_header=False, padding=(0, 2, 0, 0))
        for account, status in sorted(self._statuses.items()):
            style = "green" if status.endswith("_COMPLETE") and "ROLLBACK" not in status else "yellow"
            drawn.add_row("  " + visible(account), Text(visible(status), style=style))
        return drawn


def to_stderr(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)


class PlainWatch:
    """A line for every status that is new, for pipes and logs: `tell` says where it goes."""

    def __init__(self, tell: Callable[[str], None] = to_stderr) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._statuses: dict[str, str] = {}

    def step(self, text: str) -> None:
        """Name the step."""
        self._tell(f"{text} ...")

    def stack(self, account: str, status: str) -> None:
        """Print a status that differs from the last one."""
        with self._lock:
            if self._statuses.get(account) != status:
                self._statuses[account] = status
                self._tell(f"  {visible(account)}  {visible(status)}")

    def close(self) -> None:
        """Nothing is left open."""
