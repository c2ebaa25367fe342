"""What the tool of 2015 got wrong, and this one must not.

1. Groups and members were read up to the first 100.                      tests/edge/test_ancestor_http.py
2. Any exception meant "no stack".                                        here, and there
3. It waited for ever on statuses of stacks that it did not know.         here
4. A creation that failed was logged, and then waited for.                here, and there
5. It deleted groups that still had members.                              here, and there
6. A role or an account that the user map left out kept its members.      here, and there
7. It slept a second for every account, even with nothing to do.          here

And what it did right, and must stay: `stack_name` is honoured.
"""

from __future__ import annotations

import math

import pytest
from builders import TODAY, policy
from fakes import FakeCloud, FakeGroup, FakeStack

from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.model.live import Unreadable
from rolemodel_ci.reconcile.changes import CreateStack
from rolemodel_ci.reconcile.outcome import Failed
from rolemodel_ci.reconcile.pipeline import MEMBERSHIP

MAP = "prod: {Admin: [alice], Reader: [bob]}\ndev: {Admin: [alice, bob]}"
WANTED = policy(MAP)


def made() -> FakeCloud:
    """A cloud to which the policy was applied."""
    cloud = FakeCloud("alice bob")
    assert cloud.run(WANTED).is_complete
    cloud.history.clear()
    cloud.clock.slept.clear()
    return cloud


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "Throttling",
        "ValidationError",
        "ExpiredToken",
        "EndpointConnectionError",
    ],
)
def test_no_error_means_that_there_is_no_stack(code: str) -> None:
    cloud = made()
    cloud.fail("DescribeStacks", "prod", code=code)
    planned = cloud.planned(WANTED)

    assert isinstance(planned.live.stacks["prod"], Unreadable)
    assert not any(isinstance(change, CreateStack) for change in planned.plan.changes)
    assert not planned.plan.is_whole


def test_missing_credentials_do_not_mean_that_there_is_no_stack() -> None:
    cloud = made()
    cloud.fail("DescribeStacks", "prod", error=CredentialsError("there is no profile `prod`", "Make it."))

    assert cloud.plan(WANTED).changes == ()


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "NEW_STATUS_IN_PROGRESS"])
def test_a_wait_ends_at_the_deadline_whatever_the_status_is_called(status: str) -> None:
    cloud = made()
    cloud.accounts["prod"].stack = FakeStack(status, polls=math.inf, finish=lambda: status)
    report = cloud.run(WANTED)

    assert cloud.clock.time < 1000
    assert [o.reason for o in report.outcomes if isinstance(o, Failed)] == [
        f"stack `prod` is still {status} after 900 s"
    ]


def test_a_status_that_nobody_knows_is_told_and_not_waited_for() -> None:
    cloud = made()
    cloud.accounts["prod"].stack = FakeStack("NEW_STATUS")
    report = cloud.run(WANTED)

    assert cloud.clock.slept == []
    assert [o.reason for o in report.outcomes if isinstance(o, Failed)] == ["the stack ended in NEW_STATUS"]


@pytest.mark.parametrize("end", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE"])
def test_a_creation_that_fails_is_a_failure_at_once_and_mended_by_the_next_run(end: str) -> None:
    cloud = FakeCloud("alice bob")
    cloud.accounts["prod"].endings = [end]
    report = cloud.run(WANTED)

    assert cloud.clock.time < 5
    assert [o.change.account for o in report.outcomes if isinstance(o, Failed)] == ["prod"]
    assert ("alice", "dev", "Admin") in cloud.access()
    assert cloud.run(WANTED).is_complete


def test_a_creation_that_is_refused_is_not_waited_for() -> None:
    cloud = FakeCloud("alice bob")
    cloud.fail("CreateStack", "prod")

    assert not cloud.run(WANTED).is_complete
    assert all(account != "prod" for account, _ in cloud.watch.statuses)


def test_groups_are_emptied_before_they_are_deleted() -> None:
    cloud = made()
    cloud.groups["RM.gone.Admin"] = FakeGroup(
        "RM.gone.Admin", members={"alice"}, policies={"P": {"Statement": []}}, attached=["arn:aws:iam::aws:policy/X"]
    )
    report = cloud.run(WANTED)

    assert report.is_complete
    assert [effect.action for effect in cloud.history] == [
        "RemoveUserFromGroup",
        "DetachGroupPolicy",
        "DeleteGroupPolicy",
        "DeleteGroup",
    ]
    with pytest.raises(AwsCallError, match="DeleteConflict"):
        cloud.group_writer().delete_group("RM.prod.Admin")


@pytest.mark.parametrize(
    ("left", "lost"),
    [
        ("prod: {Admin: [alice]}\ndev: {Admin: [alice, bob]}", {("bob", "prod", "Reader")}),
        ("prod: {Admin: [alice], Reader: [bob]}", {("alice", "dev", "Admin"), ("bob", "dev", "Admin")}),
        ("prod: {Admin: [alice], Reader: []}\ndev: {Admin: [alice, bob]}", {("bob", "prod", "Reader")}),
        (
            "dev: {}",
            {("alice", "prod", "Admin"), ("bob", "prod", "Reader"), ("alice", "dev", "Admin"), ("bob", "dev", "Admin")},
        ),
    ],
)
def test_a_role_or_an_account_that_the_map_leaves_out_has_no_members(
    left: str, lost: set[tuple[str, str, str]]
) -> None:
    cloud = made()
    before = cloud.access()
    cloud.run(policy(left))

    assert cloud.access() == before - lost
    assert set(cloud.groups) == {"RM.prod.Admin", "RM.prod.Reader", "RM.dev.Admin", "RM.dev.Reader"}


def test_its_sync_users_still_leaves_alone_what_the_map_does_not_name() -> None:
    cloud = made()
    cloud.run(policy("prod: {Reader: []}"), job=MEMBERSHIP)

    assert cloud.access() == {("alice", "prod", "Admin"), ("alice", "dev", "Admin"), ("bob", "dev", "Admin")}


def test_nothing_to_do_waits_for_nothing() -> None:
    cloud = made()
    assert cloud.run(WANTED, today=TODAY).is_complete

    assert cloud.clock.slept == []
    assert cloud.history == []


def test_the_stack_name_is_honoured() -> None:
    cloud = FakeCloud("alice bob", stack_name="Access")
    wanted = policy(MAP, config="stack_name: Access")
    report = cloud.run(wanted)
    roles = cloud.accounts["prod"].stack.roles  # type: ignore[union-attr]

    assert {change.stack for change in report.plan.changes if isinstance(change, CreateStack)} == {"Access"}
    assert roles["Admin"].name.startswith("Access-Admin-")
    assert cloud.plan(wanted).is_empty
