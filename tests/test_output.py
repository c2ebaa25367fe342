"""The format that was asked for, on standard output."""

from __future__ import annotations

import json

import pytest

from rolemodel_ci.cli.output import say
from rolemodel_ci.render.blocks import Heading, Paragraph

BLOCKS = (Heading("What there is", 1), Paragraph("1 * `x`"))


@pytest.mark.parametrize(
    ("format_", "shown"),
    [
        ("text", "What there is\n\n1 * `x`\n"),
        ("markdown", "### What there is\n\n1 \\* `x`\n"),
    ],
)
def test_blocks(format_: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(format_, BLOCKS, {})

    assert capsys.readouterr() == (shown, "")


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    say("json", BLOCKS, {"format": "x", "text": "ü\u202e"})
    out = capsys.readouterr().out

    assert json.loads(out) == {"format": "x", "text": "ü\u202e"}
    assert "ü\\u202e" in out
