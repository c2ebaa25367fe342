"""What the tests of applying share: a cloud in order, and how to ask what came of a change."""

from __future__ import annotations

from typing import Any

from builders import policy
from fakes import FakeCloud

from rolemodel_ci.reconcile.changes import Change
from rolemodel_ci.reconcile.outcome import Outcome, Report

MAP = "prod: {Admin: [alice], Reader: [bob]}\ndev: {Admin: [alice]}"
WANTED = policy(MAP)
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"


def made(users: str = MAP, **how: Any) -> FakeCloud:
    """A cloud to which a policy was applied, with a clean history."""
    cloud = FakeCloud("alice bob carol")
    assert cloud.run(policy(users, **how)).is_complete
    cloud.history.clear()
    cloud.writes.clear()
    cloud.watch.steps.clear()
    return cloud


def came(report: Report, kind: type[Change], account: str | None = "prod", role: str | None = "Admin") -> Outcome:
    """What came of the one change of a kind to a role."""
    found = [
        o
        for o in report.outcomes
        if type(o.change) is kind and (o.change.account, o.change.role) in ((account, role), (account, None))
    ]
    assert len(found) == 1, found
    return found[0]


def effects(cloud: FakeCloud) -> list[str]:
    """What happened, in order."""
    return [f"{effect.action} {effect.where} {effect.what}".strip() for effect in cloud.history]


def opened(*arns: str) -> dict[str, Any]:
    """A policy document."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": list(arns)}
    return {"Version": "2012-10-17", "Statement": [statement]}
