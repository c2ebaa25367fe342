"""What the tests of rendering show: plans, a report, refusals, problems and a listing, with a bit of everything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builders import TODAY, policy
from fakes import FakeCloud, FakeGroup, FakeStack

from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.reconcile.approval import Refusal
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.guards.approve import review
from rolemodel_ci.reconcile.inventory import listing
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.plan import Plan

ACCOUNTS = ("prod", "dev", "test", "cdn")
BASE = policy("prod: {Admin: [alice], Reader: [bob]}\ndev: {Admin: [alice]}", accounts=ACCOUNTS)
ENDED = "dev: {Admin: [{user: alice, expires: 2026-11-22}]}\n"
HEAD = policy(
    "prod: {Admin: [{user: carol, reason: 'on call, OPS-1'}], Ops: [{user: bob, expires: 2027-01-31}, zoe]}\n"
    f"{ENDED}test: {{Admin: [bob]}}",
    roles={"Admin": {"MaxSessionDuration": "7200"}, "Ops": {"RoleName": "ops"}},
    accounts=["prod", "dev", "test", "cdn absent"],
)


def troubled() -> FakeCloud:
    """A cloud with a bit of everything: drift, strays, a stack under way, a dead one, one that cannot be read."""
    cloud = FakeCloud("alice bob carol")
    assert cloud.run(BASE).is_complete
    cloud.groups["RM.prod.Admin"].attached.append("arn:aws:iam::aws:policy/AdministratorAccess")
    cloud.groups["RM.prod.Admin"].policies["Extra"] = {"Version": "2012-10-17", "Statement": []}
    cloud.groups["RM.gone.Admin"] = FakeGroup("RM.gone.Admin", members={"bob"})
    cloud.groups["rm.dev.ops"] = FakeGroup("rm.dev.ops", "/")
    stack = cloud.accounts["dev"].stack
    assert stack is not None
    stack.status, stack.finish = "UPDATE_IN_PROGRESS", lambda: "UPDATE_COMPLETE"
    cloud.accounts["test"].stack = FakeStack("ROLLBACK_COMPLETE")
    return cloud


def full_plan() -> Plan:
    """A plan with every kind of change, told apart by origin."""
    before = replace(BASE, users=policy("prod: {Admin: [alice], Reader: [bob]}\n" + ENDED, accounts=ACCOUNTS).users)
    return attribute(troubled().plan(HEAD), before, HEAD, TODAY)


def half_blind() -> Plan:
    """A plan for which one account could not be read."""
    cloud = troubled()
    cloud.fail("DescribeStacks", "dev")
    return cloud.plan(HEAD)


def troubled_report() -> Report:
    """What came of a run in which something failed."""
    cloud = troubled()
    cloud.accounts["prod"].endings = ["UPDATE_ROLLBACK_COMPLETE"]
    return cloud.run(HEAD)


def refusals() -> tuple[Refusal, ...]:
    """A refused plan."""
    cloud = troubled()
    emptied = policy("{}", accounts=["prod", "dev"])
    found = review(cloud.plan(emptied), emptied, cloud.planned(emptied).live)
    assert isinstance(found, tuple)
    return found


def found_problems() -> tuple[Problem, ...]:
    """Two problems and a warning."""
    return (
        Problem(Place("users.yml", 3, 5), "RM303", "role `Admn` is not in the template", "Did you mean `Admin`?"),
        Problem(Place("config.yml"), "RM101", "there is no file `x`", "Create it."),
        Problem(Place("users.yml", 9, 1), "RM310", "the grant ended", "Remove it.", Severity.WARNING),
    )


def listed() -> Any:
    """A listing with a missing and an unreadable account."""
    cloud = FakeCloud("alice bob")
    cloud.run(BASE)
    cloud.accounts["test"].stack = None
    cloud.fail("DescribeStacks", "cdn")
    return listing(BASE, cloud.planned(BASE).live)
