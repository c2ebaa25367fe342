"""Names that try to be more than names: in no format do they move a cursor, end a line or become markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from shown import listed, refusals

from rolemodel_ci.iam.differences import Difference
from rolemodel_ci.model.live import Unreadable
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.reconcile.changes import AddMember, DeletePolicy, PutPolicy, UpdateStack
from rolemodel_ci.reconcile.outcome import Failed, Report, Skipped
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.blocks import Block, Heading, Lines, Row, Table, Tone
from rolemodel_ci.render.json import plan_json
from rolemodel_ci.render.json_document import as_text
from rolemodel_ci.render.markdown import code, escaped, markdown
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.problems import problem_blocks
from rolemodel_ci.render.refusals import refusal_blocks
from rolemodel_ci.render.report import listing_blocks, report_blocks
from rolemodel_ci.render.text import text, visible

NASTY = (
    "a\nb",
    "a\r\nb",
    "x`y",
    "``",
    "`@org/team`",
    "a|b",
    "\x1b[31mred",
    "a\u202eb",
    "\u2066x",
    "\u200b",
    "\ufeff",
    "<script>",
    "![x](http://evil)",
    "@everyone",
    "#1",
    "::error::x",
    "--- \n# Head",
    "\\",
    "\x85",
    "\u2028",
    "\ud800",
    "\U000e0041",
    "</details>",
    "www.evil.com",
    "GH-1",
    "&#64;org",
    "$(id)",
    "```\n```",
    "\x7f",
    "\u061c",
)
REFUSALS, LISTED = refusals(), listed()
INVISIBLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def nasty_blocks(name: str) -> list[Block]:
    """Every kind of block with a name from outside in it."""
    put = PutPolicy(name, name, name, name, name)
    difference = Difference(name, name, "changed", ())
    plan = Plan(
        (
            AddMember(name, name, name, name, reason=name, place=Place(name, 1, 1)),
            DeletePolicy(name, name, name, name),
            put,
            UpdateStack(name, None, name, (difference,)),
        ),
        (Unreadable(name, name, name),),
        (Blocked(name, name, name, name, Place(name)),),
        (name, f"a `{name}` b"),
    )
    report = Report(plan, (Failed(put, name, name), Skipped(put, name)))
    problems = (Problem(Place(name, 1, 1), "RM100", name, name),)
    return [
        *plan_blocks(plan),
        *report_blocks(report),
        *problem_blocks(problems, None),
        *refusal_blocks(REFUSALS),
        *listing_blocks(replace(LISTED, missing=(name,), unreadable=plan.unreadable)),
        Heading(name),
        Lines(((name, Tone.GAIN), ("+ " + name, Tone.GAIN))),
    ]


@pytest.mark.parametrize("name", NASTY)
def test_in_text_a_name_stays_on_its_line_and_moves_nothing(name: str) -> None:
    shown = text(nasty_blocks(name))

    assert not INVISIBLE.search(shown)
    assert len(shown.splitlines()) == len(text(nasty_blocks("name")).splitlines())


@pytest.mark.parametrize("name", NASTY)
def test_in_markdown_a_name_is_no_markup(name: str) -> None:
    shown = markdown(nasty_blocks(name))
    unfenced = re.sub(r"(?ms)^(`{3,})diff\n.*?^\1$", "", shown)
    spanless = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", unfenced)
    bare = re.sub(r"(?m)^#{3,4} ", "", re.sub(r"\\[!-/:-@\[-`{-~]", "", spanless))

    assert not INVISIBLE.search(shown)
    assert not re.search("^`{3}", unfenced, re.MULTILINE)
    assert not re.search(r"[<@\[`$#]|www\.", bare), bare
    for line in shown.splitlines():
        if line.startswith("| "):
            assert line.endswith(" |")
    assert len(shown.splitlines()) == len(markdown(nasty_blocks("name")).splitlines())


@pytest.mark.parametrize("name", NASTY)
def test_rows_keep_their_columns(name: str) -> None:
    table = markdown([Table(("a", "b", "c"), (Row((name, name, "x")),))]).splitlines()

    assert len(table) == 3
    assert table[2].count("|") == 4


@pytest.mark.parametrize("name", NASTY)
def test_in_json_a_name_is_escaped_and_comes_back_as_it_was(name: str) -> None:
    plan = Plan((AddMember(name, name, name, name),), notes=(name,))
    shown = as_text(plan_json(plan))

    assert not INVISIBLE.search(shown)
    assert json.loads(shown)["notes"] == [name]
    assert json.loads(shown)["changes"][0]["user"] == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "`plain`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("a|b", "`a\uff5cb`"),
        ("", ""),
        ("  ", ""),
        ("a\nb", "`a\\nb`"),
        ("a\u202eb", "`a\\u202eb`"),
    ],
)
def test_code_spans(value: str, shown: str) -> None:
    assert code(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("account `prod` is gone", "account `prod` is gone"),
        ("a`b", r"a\`b"),
        ("1 * 2", r"1 \* 2"),
        ("a @b", "a \\@\u200bb"),
        ("#1", "\\#\u200b1"),
        ("gh-1", "gh\u200b\\-1"),
        ("www.x", "www\u200b.x"),
        ("a `b`c`d`", "a `b`c`d`"),
        ("&amp;", r"\&amp;"),
    ],
)
def test_escapes(value: str, shown: str) -> None:
    assert escaped(value) == shown


def test_a_fence_is_longer_than_any_in_it() -> None:
    shown = markdown([Lines((("+ ```` x", Tone.GAIN),))])

    assert shown == "`````diff\n+ ```` x\n`````\n"


def test_visible_spells_what_cannot_be_seen() -> None:
    assert visible("a\x1b\n\u202e\U000e0041\ud800ü€") == "a\\u001b\\n\\u202e\\udb40\\udc41\\ud800ü€"
