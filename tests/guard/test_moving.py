"""Things that are there under another name already."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import MASTER_ID, policy

from rolemodel_ci.model.live import Identity, LiveGroup, LiveMaster, LiveState
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.changes import CreateStack, DeleteGroup
from rolemodel_ci.reconcile.plan import Plan

from .reviewing import master, refused, told

WANTED = policy()


def test_groups_that_only_lack_the_prefix() -> None:
    plan = Plan((DeleteGroup(None, None, "prod.Admin"), DeleteGroup(None, None, "old.Admin")))
    found = told(plan, WANTED, LiveState(master(), {}))

    assert [refusal.guard for refusal in found] == [Guard.RENAMED_GROUPS]
    assert "`prod.Admin`" in found[0].message
    assert 'group_prefix: ""' in found[0].remedy
    assert refused(plan, config='group_prefix: ""') == []
    assert refused(Plan((DeleteGroup(None, None, "old.Admin"),))) == []


def opening(name: str, *, path: str = "/RoleModel/") -> LiveMaster:
    """A master account with one group that opens something."""
    group = LiveGroup(name, path, frozenset(), {f"{name}-Policy": {"Version": "2012-10-17"}})
    return LiveMaster(Identity(MASTER_ID, "arn:aws:iam::1:user/ci"), frozenset(), {name: group})


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (opening("RM.prod.Admin"), [Guard.MOVED_STACKS]),
        (opening("prod.Admin"), [Guard.MOVED_STACKS]),  # as the 2015 tool named it
        (opening("RM.old.Admin"), []),
        (opening("RM.prod.Admin", path="/"), []),
        (master({"RM.prod.Admin": ""}), []),
    ],
)
def test_stacks_that_seem_to_be_elsewhere(live: LiveMaster, expected: list[Guard]) -> None:
    made = [CreateStack(account.name, None, "RoleModel", ()) for account in WANTED.present]
    plan = Plan(tuple(made))

    assert refused(plan, live) == expected
    assert refused(plan, live, Guard.MOVED_STACKS) == []
    assert refused(Plan(plan.changes[1:]), live) == []  # an account has its stack
    assert refused(Plan((replace(made[0], replaces="ROLLBACK_COMPLETE"), *made[1:])), live) == []
