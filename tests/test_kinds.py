"""Every change of a plan is shown wherever a plan is, also one of a kind that came later than the printers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from comment.cases import FACTS, WHEN

from rolemodel_ci.access_request.request import Request
from rolemodel_ci.reconcile.changes import Change, Origin
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.outcome import Done, Failed, Report
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.audit_record import Audited, audit_json
from rolemodel_ci.render.comment import Judged, as_comment, drift_found, outcome, requested_change
from rolemodel_ci.render.json import plan_json, report_json
from rolemodel_ci.render.markdown import markdown
from rolemodel_ci.render.plan import headline, plan_blocks
from rolemodel_ci.render.report import report_blocks
from rolemodel_ci.render.text import text


@dataclass(frozen=True, slots=True)
class MoveGroup:
    """A kind of change that no printer knows."""

    account: str | None
    role: str | None
    group: str
    new_name: str
    origin: Origin | None = None


WANTED = cast(Change, MoveGroup("prod", "Admin", "RM.prod.Admin", "RM.prod.Root"))
TOLD = "move group: account prod, role Admin, group RM.prod.Admin, new_name RM.prod.Root"


def plan(origin: Origin | None = None) -> Plan:
    """A plan of nothing else."""
    change: Any = WANTED
    return Plan((replace(change, origin=origin),))


@pytest.mark.parametrize("origin", [None, *Origin])
def test_in_text_and_markdown(origin: Origin | None) -> None:
    blocks = list(plan_blocks(plan(origin)))
    assert TOLD in text(blocks)
    assert f"`{TOLD}`" in markdown(blocks)
    assert headline(plan(origin)) == "Plan: 0 grants, 0 revocations and 1 other change."


def test_in_a_plan_of_which_not_every_origin_is_known() -> None:
    mixed = Plan((*plan(Origin.DRIFT).changes, *plan().changes))
    assert text(plan_blocks(mixed)).count(TOLD) == 2


def test_in_json_and_in_the_record() -> None:
    kind = {"kind": "move_group", "group": "RM.prod.Admin", "new_name": "RM.prod.Root"}
    (change,) = plan_json(plan())["changes"]
    assert kind.items() <= change.items()
    run = Audited("ci", {}, datetime(2026, 1, 1, tzinfo=UTC), plan=plan(), under_way=True)
    assert "move_group" in json.dumps(audit_json(run)["under_way"])
    report = Report(plan(), (Done(WANTED),))
    assert report_json(report)["outcomes"][0]["change"]["kind"] == "move_group"


@pytest.mark.parametrize("origin", list(Origin))
def test_in_the_comment(origin: Origin) -> None:
    shown = as_comment(requested_change(Request(), Judged(plan(origin), (), Headroom(1, 300, 1, 10)), FACTS), FACTS)
    assert f"**On merge** `{TOLD}` changes." in shown


def test_by_night_and_after_the_merge() -> None:
    assert f"`{TOLD}`" in as_comment(drift_found(plan(Origin.DRIFT), {}, FACTS), FACTS)
    failed = Report(plan(), (Failed(WANTED, "no", "nothing"),))
    assert TOLD in text(report_blocks(failed))
    assert TOLD in as_comment(outcome(failed, {}, {}, FACTS, WHEN), FACTS)
    assert TOLD in as_comment(outcome(Report(plan(), (Done(WANTED),)), {}, {}, FACTS, WHEN), FACTS)
