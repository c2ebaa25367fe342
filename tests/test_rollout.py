"""Every status that CloudFormation has, and what bringing or removing a stack in it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from builders import policy, template
from fakes import FakeCloud, FakeStack, refuse

from rolemodel_ci.errors import AwsCallError, InterruptedRunError
from rolemodel_ci.model.desired import Account
from rolemodel_ci.model.live import DEAD, RESTING
from rolemodel_ci.reconcile.outcome import Failed, Report
from rolemodel_ci.reconcile.pipeline import DELETION, EVERYTHING, carry_out
from rolemodel_ci.reconcile.stack_operations import DEADLINE, StackAction, StackError, StackOperations, fate

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


FATES = {
    StackAction.MAKE: {"DELETE_COMPLETE"},
    StackAction.UPDATE: {*RESTING, "UPDATE_FAILED"},
    StackAction.REPLACE: set(DEAD),
    StackAction.CONTINUE: {"UPDATE_ROLLBACK_FAILED"},
    StackAction.WAIT: MOVING,
    StackAction.LEAVE: STUCK,
}


@pytest.mark.parametrize("start", STATUSES)
def test_every_status_of_the_service_model_has_a_fate(start: str) -> None:
    assert [told for told, statuses in FATES.items() if start in statuses] == [fate(start)]


@pytest.mark.parametrize("start", STATUSES)
def test_the_fate_is_what_happens(start: str) -> None:
    cloud = cloud_with(start)
    if fate(start) is StackAction.LEAVE:
        with pytest.raises(StackError):
            cloud.tools().rollout.bring(POLICY, PROD)
    else:
        cloud.tools().rollout.bring(POLICY, PROD)
    after = fate(ENDS[start]) if start in MOVING else fate(start)
    assert [write.removesuffix(" prod") for write in cloud.writes] == {
        StackAction.MAKE: ["CreateStack"],
        StackAction.UPDATE: ["UpdateStack"],
        StackAction.REPLACE: ["DeleteStack", "CreateStack"],
        StackAction.CONTINUE: ["ContinueUpdateRollback", "UpdateStack"],
        StackAction.LEAVE: [],
    }[after]
    if start in MOVING:
        assert cloud.watch.statuses[0] == ("prod", start)


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [("PAUSED_IN_PROGRESS", StackAction.WAIT), ("PAUSED", StackAction.LEAVE), ("", StackAction.LEAVE)],
)
def test_a_status_that_comes_some_day(unknown: str, expected: StackAction) -> None:
    assert fate(unknown) is expected


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

    with pytest.raises(StackError, match=start) as raised:
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
        with pytest.raises(StackError, match=f"still {start} after 900 s") as raised:
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

    with pytest.raises(StackError, match=f"ended in {end}") as raised:
        cloud.tools().rollout.bring(POLICY, PROD)
    assert raised.value.code == end
    assert cloud.clock.time < 10
    if end != "DELETE_COMPLETE":
        assert "as the test says" in raised.value.message


def test_a_deletion_that_fails_is_told() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    cloud.accounts["prod"].endings = ["DELETE_FAILED"]

    with pytest.raises(StackError, match="DELETE_FAILED"):
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

    with pytest.raises(AwsCallError, match=f"{action} prod: AccessDenied"):
        cloud.tools().rollout.bring(POLICY, PROD)


def test_a_clock_that_is_stopped_ends_the_wait() -> None:
    cloud = cloud_with("UPDATE_IN_PROGRESS")
    cloud.clock.stop()

    with pytest.raises(InterruptedRunError):
        cloud.tools().rollout.bring(POLICY, PROD)
    assert cloud.writes == []


def test_the_deadline_can_be_shorter() -> None:
    cloud = cloud_with("UPDATE_IN_PROGRESS", polls=math.inf)
    rollout = StackOperations(cloud.stack_writer(), cloud.watch, cloud.clock, deadline=3)

    with pytest.raises(StackError, match="after 3 s"):
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


# ---- answers that are lost, and somebody else who is quicker


class Repeating:
    """A writer whose first calls of a kind take effect and are answered as the second time they are asked."""

    def __init__(self, cloud: FakeCloud, *, create: int = 0, update: int = 0) -> None:
        self._inner = cloud.stack_writer()
        self._creates, self._updates = create, update

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create(self, account: Account, text: str, parameters: Mapping[str, str]) -> None:
        """Make the stack; the answer to that is lost, and the repeated call finds it there."""
        self._inner.create(account, text, parameters)
        self._creates -= 1
        if self._creates >= 0:
            raise refuse("AlreadyExistsException", "Stack [RoleModel] already exists")

    def update(self, account: Account, text: str, parameters: Mapping[str, str]) -> bool:
        """Begin the update; the answer to that is lost, and the repeated call finds it under way."""
        began = self._inner.update(account, text, parameters)
        self._updates -= 1
        if began and self._updates >= 0:
            raise refuse("ValidationError", "Stack:arn:1 is in UPDATE_IN_PROGRESS state and can not be updated.")
        return began


def repeating(cloud: FakeCloud, **lost: int) -> StackOperations:
    """A rollout whose answers get lost."""
    return StackOperations(Repeating(cloud, **lost), cloud.watch, cloud.clock)


def test_a_create_whose_answer_was_lost_is_gone_on_with() -> None:
    cloud = cloud_with("DELETE_COMPLETE")
    repeating(cloud, create=1).bring(POLICY, PROD)

    assert status(cloud) == "CREATE_COMPLETE"
    assert cloud.writes == ["CreateStack prod", "UpdateStack prod"]  # the second finds nothing to update


def test_a_create_whose_answer_was_lost_and_that_failed_is_made_anew() -> None:
    cloud = cloud_with("DELETE_COMPLETE")
    cloud.accounts["prod"].endings = ["ROLLBACK_COMPLETE"]
    repeating(cloud, create=1).bring(POLICY, PROD)

    assert status(cloud) == "CREATE_COMPLETE"
    assert cloud.writes == ["CreateStack prod", "DeleteStack prod", "CreateStack prod"]


def test_an_update_whose_answer_was_lost_is_gone_on_with() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    repeating(cloud, update=1).bring(POLICY, PROD)

    assert status(cloud) == "UPDATE_COMPLETE"
    assert cloud.writes == ["UpdateStack prod"] * 2


def test_an_update_whose_answer_was_lost_and_that_failed_is_told() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    cloud.accounts["prod"].endings = ["UPDATE_ROLLBACK_COMPLETE"] * 2

    with pytest.raises(StackError, match="ended in UPDATE_ROLLBACK_COMPLETE: Admin"):
        repeating(cloud, update=1).bring(POLICY, PROD)


def test_whoever_keeps_changing_the_stack_ends_the_attempts() -> None:
    cloud = cloud_with("CREATE_COMPLETE")
    message = "Stack:arn:1 is in UPDATE_IN_PROGRESS state and can not be updated."
    cloud.fail("UpdateStack", "prod", error=refuse("ValidationError", message))

    with pytest.raises(StackError, match="somebody else keeps changing the stack") as raised:
        cloud.tools().rollout.bring(POLICY, PROD)
    assert raised.value.code == "Busy"
    assert cloud.writes == ["UpdateStack prod"] * 3


@pytest.mark.parametrize(
    ("start", "action", "code", "message"),
    [
        ("DELETE_COMPLETE", "CreateStack", "LimitExceededException", "no more stacks"),
        ("DELETE_COMPLETE", "CreateStack", "InsufficientCapabilitiesException", "Requires capabilities"),
        ("CREATE_COMPLETE", "UpdateStack", "ValidationError", "Template error: x"),
        ("CREATE_COMPLETE", "UpdateStack", "ValidationError", "is in ROLLBACK_FAILED state and can not be updated"),
        ("CREATE_COMPLETE", "UpdateStack", "ReadTimeoutError", "is in UPDATE_IN_PROGRESS state and can not be updated"),
    ],
)
def test_no_other_refusal_is_tried_again(start: str, action: str, code: str, message: str) -> None:
    cloud = cloud_with(start)
    cloud.fail(action, "prod", error=refuse(code, message))

    with pytest.raises(AwsCallError, match=message):
        cloud.tools().rollout.bring(POLICY, PROD)
    assert cloud.writes == [f"{action} prod"]


def test_stack_that_somebody_made_meanwhile_is_left_alone() -> None:
    cloud = FakeCloud("alice")
    approved = cloud.planned(policy())
    cloud.accounts["prod"].stack = FakeStack("CREATE_COMPLETE", "{}", owner=None, others={"Store": "AWS::S3::Bucket"})
    came = carry_out(EVERYTHING, approved, policy(), cloud.tools())
    assert isinstance(came, Report)
    (failed,) = (outcome for outcome in came.outcomes if isinstance(outcome, Failed))
    assert "somebody else made the stack that is now in `prod` since the plan was made" in failed.reason
    assert [write for write in cloud.writes if "prod" in write and "Stack" in write] == []


@pytest.mark.parametrize("goes", [False, True], ids=["updated", "deleted"])
def test_stack_that_took_the_place_of_ours_is_left_alone(goes: bool) -> None:
    cloud = FakeCloud("alice")
    cloud.run(policy())
    wanted = policy(roles={"Admin": {}, "Boss": {}})
    approved = cloud.planned(wanted, job=DELETION if goes else EVERYTHING)
    theirs = FakeStack("CREATE_COMPLETE", "{}", owner=None, others={"Store": "AWS::S3::Bucket"})
    cloud.accounts["prod"].stack = theirs
    came = carry_out(DELETION if goes else EVERYTHING, approved, wanted, cloud.tools())
    assert isinstance(came, Report)
    failed = [outcome for outcome in came.outcomes if isinstance(outcome, Failed)]
    assert any("somebody else made the stack that is now in `prod`" in one.reason for one in failed)
    assert cloud.accounts["prod"].stack is theirs
    assert theirs.status == "CREATE_COMPLETE"


def test_stack_that_turns_up_while_ours_is_made_is_left_alone() -> None:
    cloud = FakeCloud("alice")
    theirs = FakeStack("CREATE_COMPLETE", "{}", owner="web")

    def takes_the_name(write: str) -> Exception | None:
        if write == "CreateStack prod":
            cloud.accounts["prod"].stack = theirs
        return None

    cloud.luck = takes_the_name
    came = cloud.run(policy())
    assert any(isinstance(outcome, Failed) and "somebody else made" in outcome.reason for outcome in came.outcomes)
    assert cloud.accounts["prod"].stack is theirs
    assert theirs.status == "CREATE_COMPLETE"
