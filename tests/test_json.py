"""The JSON output against its published schemas, and both against docs/json.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from builders import policy
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from rolemodel_ci.adapters.github.runner import Inputs, Runner, who
from rolemodel_ci.cli import cli
from rolemodel_ci.config.json_schema import published
from rolemodel_ci.iam.canonical_policies import Opaque
from rolemodel_ci.iam.differences import Difference, Direction, PropertyChange, TrustChange
from rolemodel_ci.model.applied_state import AppliedState, Holder, Identity, Remembered
from rolemodel_ci.model.live import Unreadable
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.reconcile.approval import Guard, Overridden, Refusal
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    Origin,
    Phase,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    SettleStack,
    UpdateStack,
)
from rolemodel_ci.reconcile.inventory import Entry, Listing
from rolemodel_ci.reconcile.outcome import Done, Failed, Outcome, Report, Skipped
from rolemodel_ci.reconcile.plan import Blocked, Plan, Totals
from rolemodel_ci.render.audit_record import Audited, Called, audit_json
from rolemodel_ci.render.json import listing_json, plan_json, refusals_json, report_json
from rolemodel_ci.render.json_document import as_text
from rolemodel_ci.render.problems import problems_json

PAGE = (Path(__file__).parent.parent / "docs" / "json.md").read_text(encoding="utf-8")
KINDS = ("problems", "plan", "report", "refusal", "listing", "audit")
DAY = date(2027, 1, 31)
PLACE = Place("users.yml", 3, 7)
GONE = Unreadable("dev", "the token has expired", "Renew it.")
DIFFERENCES = (
    Difference(
        "Admin",
        "AWS::IAM::Role",
        "changed",
        (TrustChange("+", Opaque("Allow"), Direction.EITHER), PropertyChange("Path", "/", None, Direction.EITHER)),
    ),
)
CHANGES: tuple[Change, ...] = (
    RemoveMember("prod", "Admin", "RM.prod.Admin", "bob", DAY, origin=Origin.EXPIRED),
    RemoveMember(None, None, "RM.old.Admin", "bob"),
    DetachPolicy("prod", "Admin", "RM.prod.Admin", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    DeletePolicy("prod", "Admin", "RM.prod.Admin", "other", origin=Origin.DRIFT),
    PutPolicy(
        "prod", "Admin", "RM.prod.Admin", "RM.prod.Admin-Policy", "arn:aws:iam::222222222222:role/A", Phase.REVOKE
    ),
    DeleteGroup(None, None, "RM.old.Admin"),
    CreateStack("dev", None, "RoleModel", DIFFERENCES, "ROLLBACK_COMPLETE"),
    CreateStack("test", None, "RoleModel", ()),
    UpdateStack("prod", None, "RoleModel", DIFFERENCES),
    SettleStack("cdn", None, "RoleModel", "UPDATE_IN_PROGRESS", DIFFERENCES),
    DeleteStack("old", None, "RoleModel", ()),
    CreateGroup("test", "Admin", "RM.test.Admin", origin=Origin.REQUESTED),
    RenameGroup("test", "Boss", "RM.test.Boss", "RM.test.Old", None, ("alice",), ("RM.test.Old-Policy",)),
    PutPolicy("test", "Admin", "RM.test.Admin", "RM.test.Admin-Policy", None),
    AddMember("test", "Admin", "RM.test.Admin", "carol", DAY, "on-call", PLACE),
    AddMember("test", "Admin", "RM.test.Admin", "dave"),
)
PLAN = Plan(
    CHANGES, (GONE,), (Blocked("g", "u", "why", "what", PLACE), Blocked("g", None, "why", "what")), ("Note.",),
    Totals(4, 3, 2, 1),
)  # fmt: skip
REFUSALS = tuple(Refusal(guard, "message", "remedy") for guard in Guard)
PROBLEMS = (
    Problem(PLACE, "RM301", "message", "remedy"),
    Problem(Place("config.yml"), "RM310", "message", "remedy", Severity.WARNING),
)
ENTRY = Entry("prod", "222222222222", "Admin", "Admin-1", "arn:a", "RM.prod.Admin", ("a", "b"), "https://x", True, 3600)
OUTCOMES: tuple[Outcome, ...] = (
    Done(CHANGES[0]),
    Failed(CHANGES[1], "why", "what"),
    *(Skipped(change, "because") for change in CHANGES[2:]),
)
RUNNER = Runner(
    "push", {}, Path(), Inputs("config.yml"), "acme/access", "1" * 40, "carol", "dave", "refs/heads/main",
    run_id="4711", server_url="https://github.com",
)  # fmt: skip
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CALLED = Called("iam:CreateGroup", 3, 1, 1, 0.5)
AUDITED = (
    Audited("apply", {"user": "ci"}, NOW),
    Audited("apply", {"user": "ci"}, NOW, NOW, 3, error="no access"),
    Audited(
        "apply", {"user": "ci", "arn": "arn:a"}, NOW, NOW, 5, policy("prod: {}"), PLAN,
        Report(PLAN, OUTCOMES, interrupted=True), overridden=(Overridden(REFUSALS[0], "--allow"),), calls=(CALLED,),
    ),
    Audited("update", {"user": "ci"}, NOW, NOW, 4, policy("prod: {}"), PLAN, refusals=REFUSALS),
    Audited("ci", who(RUNNER) | {"pull_request": "#7"}, NOW),
)  # fmt: skip
SEEN = Remembered(
    AppliedState(Identity("acme/access"), "a" * 40, "b" * 40, "c" * 64, "d" * 64, "e" * 64, "run 7", NOW, "f" * 64),
    7,
    Holder("token", "run 8", NOW, NOW),
)
"""Something is on record, and another run applies."""

DOCUMENTS: Mapping[str, list[dict[str, Any]]] = {
    "plan": [plan_json(PLAN, SEEN), plan_json(Plan(()))],
    "report": [report_json(Report(PLAN, OUTCOMES, interrupted=True))],
    "refusal": [refusals_json(PLAN, REFUSALS)],
    "problems": [problems_json(PROBLEMS), problems_json(())],
    "audit": [audit_json(run) for run in AUDITED],
    "listing": [
        listing_json(Listing((ENTRY,), ("test",), (GONE,), profile, "us-east-1")) for profile in ("master", None)
    ],
}


def strict(schema: Any) -> Any:
    """The schema with no keys allowed but those it knows: a new key has to be published."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return {key: strict(value) for key, value in schema.items()} | closed


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_one_and_takes_what_is_printed(kind: str) -> None:
    schema = strict(published(f"output-{kind}"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for document in DOCUMENTS[kind]:
        assert [error.message for error in validator.iter_errors(json.loads(as_text(document)))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_schema_refuses_another_version_and_what_lacks_a_key(kind: str) -> None:
    validator = Draft202012Validator(published(f"output-{kind}"))
    for document in DOCUMENTS[kind]:
        assert not validator.is_valid({**document, "version": 2})
        for key in document:
            assert not validator.is_valid({name: value for name, value in document.items() if name != key})
        assert validator.is_valid({**document, "new": 1})


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("problems", ["validate"]),
        ("plan", ["plan", "--sandbox"]),
        ("report", ["apply", "--sandbox", "--yes"]),
        ("listing", ["list", "--sandbox"]),
    ],
)
def test_commands_print_what_the_schema_says(kind: str, command: list[str]) -> None:
    config = str(Path(__file__).parent.parent / "access" / "config.yml")
    came = CliRunner().invoke(cli, [*command, "--config", config, "--format", "json"])
    assert came.exit_code == 0, came.output
    validator = Draft202012Validator(strict(published(f"output-{kind}")))
    assert [error.message for error in validator.iter_errors(json.loads(came.stdout))] == []


def test_every_kind_of_change_is_among_the_documents() -> None:
    assert {type(change) for change in CHANGES} == {
        kind for part in get_args(Change) for kind in get_args(part) or [part]
    }


# ---- docs/json.md

PARTS = {
    "A problem": ("problems", "problems[]"),
    "A place": ("plan", "blocked[].place"),
    "A difference": ("plan", "changes[].differences[]"),
    "A line": ("plan", "changes[].differences[].lines[]"),
    "An unreadable account": ("plan", "unreadable[]"),
    "A blocked grant": ("plan", "blocked[]"),
    "What is on record": ("plan", "last_applied"),
    "Totals": ("plan", "totals"),
    "An outcome": ("report", "outcomes[]"),
    "One guard's refusal": ("refusal", "refusals[]"),
    "A role": ("listing", "roles[]"),
    "Who": ("audit", "who"),
    "An overridden refusal": ("audit", "overridden[]"),
    "Calls of an action": ("audit", "calls[]"),
    "A profile": ("listing", "roles[].profile"),
}


def told(title: str) -> list[str]:
    """The keys in the first column of the first table of a section."""
    text = re.split(r"^#", PAGE.split(f"# {title}\n", 1)[1], flags=re.MULTILINE)[0]
    table = text[text.index("|---|") :].partition("\n\n")[0]
    return [key for row in table.splitlines()[1:] for key in re.findall(r"`([^`]+)`", row.split("|")[1])]


def keys_at(documents: list[Any], path: str) -> set[str]:
    """All keys that stand at a path of the documents."""
    for step in filter(None, path.split(".")):
        documents = [d[step.removesuffix("[]")] for d in documents if d and step.removesuffix("[]") in d]
        if step.endswith("[]"):
            documents = [item for items in documents for item in items]
    return {key for document in documents if document for key in document}


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_a_document_are_those_of_its_section(kind: str) -> None:
    assert set(told(kind)) == keys_at(DOCUMENTS[kind], "") == set(published(f"output-{kind}")["properties"])


@pytest.mark.parametrize("title", PARTS)
def test_keys_of_a_part_are_those_of_its_section(title: str) -> None:
    kind, path = PARTS[title]
    assert set(told(title)) == keys_at(DOCUMENTS[kind], path)


def kinds_told() -> Iterator[tuple[str, set[str]]]:
    text = PAGE.split("depending on its kind:", 1)[1].partition("\n### ")[0]
    for row in re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", text, re.MULTILINE):
        yield row[0], set(re.findall(r"`([^`]+)`", row[1]))


def test_kinds_of_changes_are_those_of_the_page() -> None:
    shared = set(told("A change"))
    printed: dict[str, set[str]] = {}
    for change in DOCUMENTS["plan"][0]["changes"]:
        printed.setdefault(change["kind"], set()).update(change.keys() - shared)
    assert dict(kinds_told()) == printed
    assert shared == {"kind", "phase", "account", "role", "origin"}


def test_formats_and_schemas_are_those_of_the_page() -> None:
    rows = re.findall(r"^\| `rolemodel-ci/(\w+)` \| .* \| `(\S+)` \|$", PAGE, re.MULTILINE)
    assert rows == [(kind, f"output-{kind}.schema.json") for kind in KINDS]
    for kind in KINDS:
        assert {(d["format"], d["version"]) for d in DOCUMENTS[kind]} == {(f"rolemodel-ci/{kind}", 1)}
        assert f"| `format`, `version` | `rolemodel-ci/{kind}`, 1 |" in PAGE
