"""Blocks and progress on a terminal, and progress in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rolemodel_ci.adapters.terminal import LiveWatch, PlainWatch, show
from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Row, Table, Tone

BLOCKS: tuple[Block, ...] = (
    Heading("Plan: 1 grant.", 1),
    Heading("Bad", 2, Tone.BAD),
    Paragraph("In `prod`:"),
    Lines((("+   trust: Allow", Tone.GAIN), ("-   trust: Deny", Tone.LOSS))),
    Table(("", "who", "empty"), (Row(("+ gains", "carol", ""), Tone.GAIN), Row(("- loses", "bob", ""), Tone.LOSS))),
)


def terminal(width: int = 80) -> Console:
    """A terminal with colours, written to memory."""
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        width=width,
        highlight=False,
        legacy_windows=False,
    )


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_blocks_are_printed_in_colour() -> None:
    console = terminal()
    show(console, BLOCKS)
    text = shown(console)
    for piece in ("\x1b[1mPlan: 1 grant.", "\x1b[1;31mBad", "\x1b[32m+   trust: Allow", "\x1b[31m-   trust: Deny"):
        assert piece in text
    assert "carol" in text
    assert "empty" not in text  # a column that says nothing is left out


def test_text_from_files_cannot_command_the_terminal() -> None:
    console = terminal()
    nasty = "\x1b[2J\x07[bold]carol[/bold]\u202e"
    show(console, (Heading(nasty), Paragraph(nasty), Lines(((nasty, Tone.PLAIN),)), Table(("who",), (Row((nasty,)),))))
    text = shown(console)
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert text.count("[bold]carol[/bold]") == 4


def test_long_text_is_left_to_the_terminal_to_wrap() -> None:
    console = terminal(width=40)
    show(console, (Paragraph("word " * 30),))
    assert "word " * 20 in shown(console)


def test_live_watch_keeps_a_line_for_every_account() -> None:
    console = terminal()
    watch = LiveWatch(console)
    watch.step("build")
    for account, status in (
        ("prod", "CREATE_IN_PROGRESS"), ("dev", "ROLLBACK_COMPLETE"), ("prod", "CREATE_COMPLETE"),
        ("x\x1b[2J", "WEIRD\x07"),
    ):  # fmt: skip
        watch.stack(account, status)
    watch.close()
    last = shown(console).rpartition("\x1b[2K")[2]
    assert "build …" in shown(console)
    assert "\x1b[32mCREATE_COMPLETE" in last
    assert "\x1b[33mROLLBACK_COMPLETE" in last
    assert "\x1b[2J" not in shown(console)
    assert "\x07" not in shown(console)


def test_live_watch_starts_afresh_at_every_step() -> None:
    console = terminal()
    watch = LiveWatch(console)
    watch.stack("prod", "CREATE_COMPLETE")
    watch.step("grant")
    before = len(shown(console))
    watch.stack("dev", "CREATE_COMPLETE")
    watch.close()
    watch.close()
    assert "prod" not in shown(console)[before:]


def test_plain_watch_tells_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    watch = PlainWatch()
    watch.step("build")
    for status in ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"):
        watch.stack("prod", status)
    watch.stack("d\x1b[2J", "X\ny")
    watch.close()
    told = capsys.readouterr()
    assert told.err == "build ...\n  prod  CREATE_IN_PROGRESS\n  prod  CREATE_COMPLETE\n  d\\u001b[2J  X\\ny\n"
    assert told.out == ""
