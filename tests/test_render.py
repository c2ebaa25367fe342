"""What people and programs read: golden files, and names that try to be more than names.

`BLESS=1 pytest tests/test_render.py` writes the golden files anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import policy, template
from fakes import FakeCloud
from shown import HEAD, found_problems, full_plan, half_blind, listed, refusals, troubled_report

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.changes import (
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    PutPolicy,
    RemoveMember,
    SettleStack,
)
from rolemodel_ci.reconcile.outcome import Report, Skipped
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.blocks import Block, Paragraph, Row, Table, counted, sentence
from rolemodel_ci.render.json import digest, listing_json, plan_json, refusals_json, report_json
from rolemodel_ci.render.json_document import as_text
from rolemodel_ci.render.markdown import markdown
from rolemodel_ci.render.plan import describe, headline, plan_blocks
from rolemodel_ci.render.problems import problem_blocks, problems_json
from rolemodel_ci.render.refusals import refusal_blocks
from rolemodel_ci.render.report import listing_blocks, report_blocks
from rolemodel_ci.render.text import text

EXPECTED = Path(__file__).parent / "expected" / "render"
BLOCKS: dict[str, Any] = {
    "plan": lambda: plan_blocks(full_plan()),
    "plan-half-blind": lambda: plan_blocks(half_blind()),
    "plan-empty": lambda: plan_blocks(Plan(())),
    "report": lambda: report_blocks(troubled_report()),
    "refusals": lambda: refusal_blocks(refusals()),
    "problems": lambda: problem_blocks(found_problems(), None),
    "good-files": lambda: problem_blocks((), HEAD),
    "listing": lambda: listing_blocks(listed()),
}
DOCUMENTS: dict[str, Any] = {
    "plan": lambda: plan_json(full_plan()),
    "plan-half-blind": lambda: plan_json(half_blind()),
    "report": lambda: report_json(troubled_report()),
    "refusals": lambda: refusals_json(half_blind(), refusals()),
    "problems": lambda: problems_json(found_problems()),
    "listing": lambda: listing_json(listed()),
}


def golden(name: str, content: str) -> str:
    """The content of the golden file, which is made to be `content` where that is asked for."""
    path = EXPECTED / name
    if os.environ.get("BLESS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BLOCKS)
def test_text(name: str) -> None:
    shown = text(BLOCKS[name]())

    assert shown == golden(f"{name}.txt", shown)


@pytest.mark.parametrize("name", BLOCKS)
def test_markdown(name: str) -> None:
    shown = markdown(BLOCKS[name]())

    assert shown == golden(f"{name}.md", shown)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_json(name: str) -> None:
    shown = as_text(DOCUMENTS[name]())

    assert shown == golden(f"{name}.json", shown)


def test_no_golden_file_is_left_over() -> None:
    wanted = {f"{name}.{kind}" for name in BLOCKS for kind in ("txt", "md")} | {f"{name}.json" for name in DOCUMENTS}

    assert {path.name for path in EXPECTED.iterdir()} == wanted


def test_nothing_is_said_about_nothing() -> None:
    assert text([]) == ""
    assert markdown([]) == "\n"
    assert text([Paragraph("")]) == "\n"


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (Plan(()), "Nothing to do: AWS is what the repository says."),
        (Plan((), blocked=(Blocked("g", None, "r", "r"),)), "Nothing can be done: something cannot be read or made."),
        (
            Plan((PutPolicy("p", "A", "g", "g-Policy", None),)),
            "Plan: 0 grants, 0 revocations and 1 group policy to put right.",
        ),
        (
            Plan(
                (
                    DeletePolicy(None, None, "h", "p"),
                    DeleteGroup(None, None, "h"),
                    DetachPolicy("p", "A", "g", "a"),
                    PutPolicy("p", "A", "g", "g-Policy", None),
                )
            ),
            "Plan: 0 grants, 0 revocations, 1 group to delete and 2 group policies to put right.",
        ),
        (
            Plan((RemoveMember("p", "A", "g", "u"), DeletePolicy("p", "A", "g", "x"), DeleteGroup("p", "A", "g"))),
            "Plan: 0 grants, 1 revocation and 1 group to delete.",
        ),
        (
            Plan((SettleStack("p", None, "S", "UPDATE_FAILED", ()), DeleteStack("q", None, "S", ()))),
            "Plan: 0 grants, 0 revocations and 2 stacks to change.",
        ),
    ],
)
def test_the_headline(plan: Plan, line: str) -> None:
    assert headline(plan) == line


def test_every_kind_of_change_is_described_and_shown() -> None:
    changes = [
        *full_plan().changes,
        *half_blind().changes,
        DeleteStack("prod", None, "S", ()),
        CreateStack("a", None, "S", ()),
    ]
    told = {type(change).__name__: describe(change) for change in changes}

    assert len(told) == 11
    assert len(set(told.values())) == 11
    assert describe(RemoveMember(None, None, "Odd", "bob")) == "bob loses Odd"


def test_good_files_with_warnings_are_good() -> None:
    shown = text(problem_blocks(found_problems()[2:], policy(None)))

    assert shown.startswith("The files have 1 warning.")
    assert "The files are good: 2 accounts, 2 roles, 0 grants." in shown
    assert problems_json(found_problems()[2:])["valid"] is True


def test_an_interrupted_run_says_so() -> None:
    put = PutPolicy("prod", "Admin", "g", "p", None)
    shown = text(report_blocks(Report(Plan((put,)), (Skipped(put, "the run was interrupted"),), interrupted=True)))

    assert shown.startswith("Interrupted: 0 changes made and 1 skipped.")
    assert text(report_blocks(Report(Plan(()), ()))) == "Applied: 0 changes made.\n"


def test_only_what_there_is_has_a_section() -> None:
    requested = replace(full_plan(), changes=full_plan().changes[:1])
    shown = text(plan_blocks(requested))

    assert "Requested by the change (1 change)" in shown
    assert "Drift" not in shown


def test_a_listing_of_nothing() -> None:
    assert text(listing_blocks(replace(listed(), entries=(), missing=(), unreadable=()))) == "0 roles in 0 accounts\n"


def test_equal_plans_have_equal_digests_and_others_do_not() -> None:
    assert digest(full_plan()) == digest(full_plan()) == plan_json(full_plan())["digest"]
    assert digest(full_plan()) != digest(half_blind())


def test_counting_and_listing() -> None:
    assert [counted(n, "grant") for n in (0, 1, 2, 1000)] == ["0 grants", "1 grant", "2 grants", "1,000 grants"]
    assert [sentence(parts) for parts in ([], ["a"], ["a", ""], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_columns_that_say_nothing_are_left_out() -> None:
    table = Table(("a", "b"), (Row(("1", "")), Row(("2", ""))))

    assert table.without_empty_columns().columns == ("a",)


def test_a_difference_is_told_once_for_the_accounts_that_share_it() -> None:
    cloud = FakeCloud("alice bob")
    cloud.run(policy("{}", accounts=["prod", "dev", "test"]))
    wanted: Policy = policy(
        "{}", roles=template({"Admin": {"MaxSessionDuration": "7200"}, "Reader": {}}), accounts=["prod", "dev", "test"]
    )
    blocks: Sequence[Block] = list(plan_blocks(cloud.plan(wanted)))
    told = [block.text for block in blocks if isinstance(block, Paragraph)]

    assert told == ["In `dev`, `prod` and `test`:"]
