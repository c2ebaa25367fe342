"""Every status that CloudFormation has, and what bringing or removing a stack in it comes to."""

from __future__ import annotations

import math

import botocore.session
import pytest
from builders import policy, template
from fakes import FakeCloud, FakeStack

from rolemodel_ci.errors import CallFailed, Stopped
from rolemodel_ci.live import DEAD, RESTING
from rolemodel_ci.model import Account
from rolemodel_ci.rollout import DEADLINE, Rollout, StackFailed

POLICY = policy()
PROD = POLICY.accounts[0]
STATUSES = tuple(
    botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus").enum  # type: ignore[attr-defined]  # a StringShape has it
)

GOES_ON = {*RESTING, *DEAD, "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_COMPLETE"}
STUCK = {"IMPORT_ROLLBACK_FAILED"}
MOVING = {status for status in STATUSES if status.endswith("_IN_PROGRESS")} - {"REVIEW_IN_PROGRESS"}

ENDS = {
    "CREATE_IN_PROGRESS": "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_IN_PROGRESS": "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS": "IMPORT_ROLLBACK_COMPLETE",
}


def cloud_with(status: str, *, polls: float = 2, text: str = "{}") -> FakeCloud:
    """A cloud whose account `prod` has a stack in this status; what is under way ends after some polls."""
    cloud = FakeCloud()
    stack = FakeStack(status, text, polls=polls, finish=(lambda: ENDS[status]) if status in MOVING else None)
    cloud.accounts["prod"].stack = None if status == "DELETE_COMPLETE" else stack
    return cloud


def status(cloud: FakeCloud) -> str | None:
    """The status of the stack of `prod`."""
    return cloud.stack_writer().status(PROD)


def test_the_sets_cover_every_status_of_the_service_model() -> None:
    assert set(STATUSES) == GOES_ON | STUCK | MOVING
    assert set(ENDS) == MOVING
    assert not GOES_ON & MOVING


@pytest.mark.parametrize("start", sorted(GOES_ON | MOVING))
def test_a_stack_is_brought_to_what_is_wanted_from(start: str) -> None:
    cloud = cloud_with(start)
    cloud.tools().rollout.bring(POLICY, PROD)

    assert status(cloud) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    stack = cloud.accounts["prod"].stack
    assert stack is not None
    assert set(stack.roles) == {"Admin", "Reader"}
    assert stack.parameters == {"AssumingAccountID": "111111111111"}


@pytest.mark.parametrize("start", sorted(STUCK))
def test_what_nobody_can_go_on_from_is_told(start: str) -> None:
    cloud = cloud_with(start)

    with pytest.raises(StackFailed, match=start) as raised:
        cloud.tools().rollout.bring(POLICY, PROD)
    assert raised.value.code == start
    assert cloud.writes == []


@pytest.mark.parametrize("start", sorted(GOES_ON | STUCK | MOVING))
def test_a_stack_is_removed_from(start: str) -> None:
    cloud = cloud_with(start)
    cloud.tools().rollout.remove(PROD)

    assert cloud.accounts["prod"].stack is None
    assert all(write.startswith("DeleteStack") for write in cloud.writes)


@pytest.mark.parametrize("start", sorted(MOVING))
def test_what_is_under_way_for_ever_ends_at_the_deadline(start: str) -> None:
    for act in ("bring", "remove"):
        cloud = cloud_with(start, polls=math.inf)
        rollout = cloud.tools().rollout
        with pytest.raises(StackFailed, match=f"still {start} after 900 s") as raised:
            rollout.remove(PROD) if act == "remove" else rollout.bring(POLICY, PROD)
        assert raised.value.code == "Deadline"
        assert DEADLINE <= cloud.clock.time < DEADLINE + 10
        assert cloud.writes == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("DELETE_COMPLETE", "CREATE_FAILED"),
        ("DELETE_COMPLETE", "ROLLBACK_COMPLETE"),
        ("DELETE_COMPLETE", "ROLLBACK_FAILED"),
        ("DELETE_COMPLETE", "DELETE_COMPLETE"),
        ("CREATE_COMPLETE", "UPDATE_FAILED"),
        ("CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        ("CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
        ("ROLLBACK_COMPLETE", "DELETE_FAILED"),
        ("UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"),
    ],
)
def test_an_operation_that_fails_ends_the_wait(start: str, end: str) -> None:
    cloud = cloud_with(start)
    cloud.accounts["prod"].endings = [end]

    with pytest.raises(StackFailed, match=f"ended in {end}") as raised:
        cloud.tools().rollout.bring(POLICY, PROD)
    assert raised.value.code == end
    assert cloud.clock.time < 10
    if end != "DELETE_COMPLETE":
        assert "as the test says" in raised.value.message


def test_a_deletion_that_fails_is_told() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    cloud.accounts["prod"].endings = ["DELETE_FAILED"]

    with pytest.raises(StackFailed, match="DELETE_FAILED"):
        cloud.tools().rollout.remove(PROD)


def test_nothing_to_update_is_no_failure_and_is_not_waited_for() -> None:
    cloud = cloud_with("CREATE_COMPLETE", text=template())
    stack = cloud.accounts["prod"].stack
    assert stack is not None
    stack.parameters = {"AssumingAccountID": "111111111111"}
    cloud.tools().rollout.bring(POLICY, PROD)

    assert cloud.writes == ["UpdateStack prod"]
    assert cloud.history == []


def test_polling_backs_off_to_a_limit() -> None:
    cloud = cloud_with("UPDATE_IN_PROGRESS", polls=20)
    cloud.tools().rollout.remove(PROD)
    waited = cloud.clock.slept[:20]

    assert waited[0] == 0.25
    assert waited == sorted(waited)
    assert max(waited) == waited[-1] == 5.0


def test_the_watch_is_told_every_status_and_the_end() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    cloud.tools().rollout.remove(PROD)

    assert cloud.watch.statuses[0] == ("prod", "CREATE_COMPLETE")
    assert ("prod", "DELETE_IN_PROGRESS") in cloud.watch.statuses
    assert cloud.watch.statuses[-1] == ("prod", "DELETE_COMPLETE")


def test_removing_what_is_not_there_writes_nothing() -> None:
    cloud = cloud_with("DELETE_COMPLETE")
    cloud.tools().rollout.remove(PROD)

    assert cloud.writes == []
    assert cloud.watch.statuses == []


@pytest.mark.parametrize("action", ["DescribeStacks", "CreateStack"])
def test_a_refused_call_is_passed_on(action: str) -> None:
    cloud = cloud_with("DELETE_COMPLETE")
    cloud.fail(action, "prod")

    with pytest.raises(CallFailed, match=f"{action} prod: AccessDenied"):
        cloud.tools().rollout.bring(POLICY, PROD)


def test_a_clock_that_is_stopped_ends_the_wait() -> None:
    cloud = cloud_with("UPDATE_IN_PROGRESS")
    cloud.clock.stop()

    with pytest.raises(Stopped):
        cloud.tools().rollout.bring(POLICY, PROD)
    assert cloud.writes == []


def test_the_deadline_can_be_shorter() -> None:
    cloud = cloud_with("UPDATE_IN_PROGRESS", polls=math.inf)
    rollout = Rollout(cloud.stack_writer(), cloud.watch, cloud.clock, deadline=3)

    with pytest.raises(StackFailed, match="after 3 s"):
        rollout.bring(POLICY, PROD)


def test_own_parameters_of_an_account_are_given() -> None:
    wanted = policy(
        "prod: {}",
        roles=template(
            Parameters={"AssumingAccountID": {"Type": "String"}, "Hours": {"Type": "String", "Default": "1"}}
        ),
    )
    account = Account("prod", PROD.place, parameters=(("Hours", "2"),))
    cloud = FakeCloud()
    cloud.tools().rollout.bring(wanted, account)

    stack = cloud.accounts["prod"].stack
    assert stack is not None
    assert stack.parameters == {"AssumingAccountID": "111111111111", "Hours": "2"}
