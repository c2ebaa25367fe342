"""The stack of an account, read and written over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rolemodel_ci.adapters.aws.stacks import AwsStackReader, AwsStackWriter
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.live import Absent, LiveStack
from rolemodel_ci.reconcile.stack_operations import StackOperations
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import answers
from .opening import ACCOUNT, Seen, open_sessions, small_policy, stack_of, template
from .scripted import HANG_UP, Answer, Scripted, fault
from .surroundings import PROD, AwsFiles

KIND = "AWS::CloudFormation::Stack"


@pytest.fixture
def real(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAws:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return aws


def reader(files: AwsFiles) -> AwsStackReader:
    return AwsStackReader(open_sessions(files), "RoleModel")


def test_no_stack(real: EmbeddedAws, files: AwsFiles) -> None:
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, Absent)
    assert found.identity.account_id == PROD
    assert real.calls() == {"sts:GetCallerIdentity": 1, "cloudformation:DescribeStacks": 1}


def test_stack_that_was_deleted_is_no_stack(real: EmbeddedAws, files: AwsFiles) -> None:
    stack_of(real, template("AdminRole"))
    real.client("cloudformation", PROD).delete_stack(StackName="RoleModel")
    assert isinstance(reader(files).read(ACCOUNT), Absent)


def test_deleted_stack_that_is_still_told_of(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script["DescribeStacks"] = [answers.stack("DELETE_COMPLETE")]
    assert isinstance(reader(files).read(ACCOUNT), Absent)


def test_stack_is_read(real: EmbeddedAws, files: AwsFiles) -> None:
    stack_of(real, template("AdminRole", "ReadRole"))
    real.mark()
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert (found.status, found.parameters) == ("CREATE_COMPLETE", {})
    assert found.body is not None
    assert sorted(found.body["Resources"]) == sorted(found.physical) == ["AdminRole", "ReadRole"]
    assert sum(real.calls().values()) == 4


@pytest.mark.parametrize(
    "body",
    [
        '{"Resources": {"A": {"Type": "AWS::IAM::Role"}}, "Resources": {"A": {"Type": "AWS::IAM::User"}}}',
        '{"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"P": ' + "[" * 50_000 + "]" * 50_000 + "}}}}",
        "[]",
    ],
    ids=["key-twice", "deep", "list"],
)
def test_a_template_of_another_kind_stops_nothing(scripted: Scripted, files: AwsFiles, body: str) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("UPDATE_COMPLETE")],
        "GetTemplate": [answers.template(body)],
        "ListStackResources": [answers.resources({"A": "name-a"})],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert (found.body, found.physical) == (None, {"A": "name-a"})


def test_yaml_parameters_and_several_pages(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("UPDATE_COMPLETE", {"Seconds": "3600"})],
        "GetTemplate": [answers.template("Resources:\n  A: {Type: 'AWS::IAM::Role'}\n")],
        "ListStackResources": [answers.resources({"A": "name-a"}, "next"), answers.resources({"B": "name-b"})],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert found.parameters == {"Seconds": "3600"}
    assert found.body == {"Resources": {"A": {"Type": "AWS::IAM::Role"}}}
    assert found.physical == {"A": "name-a", "B": "name-b"}


def test_template_that_cannot_be_parsed(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("UPDATE_COMPLETE")],
        "GetTemplate": [answers.template("Resources: [")],
        "ListStackResources": [answers.resources({})],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert found.body is None


def test_dead_stack_tells_what_it_was_to_hold(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("ROLLBACK_COMPLETE", owner="web")],
        "ListStackResources": [answers.resources({"Bucket": "b"}, kind="AWS::S3::Bucket", status="DELETE_COMPLETE")],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert (found.status, found.owner, found.others) == ("ROLLBACK_COMPLETE", "web", {"Bucket": "AWS::S3::Bucket"})
    assert scripted.asked("GetTemplate") == []


def test_dead_stack_without_resources_tells_it_by_its_template(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("ROLLBACK_COMPLETE", owner=None)],
        "ListStackResources": [answers.resources({})],
        "GetTemplate": [answers.template('{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}')],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert (found.owner, found.others) == (None, {"Bucket": "AWS::S3::Bucket"})


def test_stack_that_only_was_to_be_made_holds_nothing(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script |= {
        "DescribeStacks": [answers.stack("REVIEW_IN_PROGRESS", owner=None)],
        "ListStackResources": [answers.resources({})],
        "GetTemplate": [fault("ValidationError", "Template is not available for stack RoleModel")],
    }
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert (found.owner, found.physical, found.others) == (None, {}, {})


@pytest.mark.parametrize(
    "answer",
    [
        fault("AccessDenied", "User is not authorized to perform: cloudformation:DescribeStacks", 403),
        fault("ValidationError", "1 validation error detected"),
        fault("InternalFailure", "", 400),
        fault("AccessDenied", "the role does not exist", 403),
    ],
    ids=["denied", "other validation error", "failure", "denied with the words"],
)
def test_an_error_is_not_no_stack(scripted: Scripted, files: AwsFiles, answer: Answer) -> None:
    scripted.script["DescribeStacks"] = [answer]
    with pytest.raises(AwsCallError) as failed:
        reader(files).read(ACCOUNT)
    assert failed.value.action == "cloudformation:DescribeStacks"
    assert failed.value.message.startswith("account `prod`: AWS refused cloudformation:DescribeStacks")
    assert failed.value.remedy


@pytest.mark.parametrize("action", ["DescribeStacks", "GetTemplate", "ListStackResources"])
@pytest.mark.parametrize("body", [b"<html>busy", b"", b"\xff\xfe\x00", b"{}"], ids=["html", "empty", "bytes", "json"])
def test_garbled_answer_is_a_failed_call(
    scripted: Scripted, files: AwsFiles, monkeypatch: pytest.MonkeyPatch, action: str, body: bytes
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    scripted.script |= {
        "DescribeStacks": [answers.stack("UPDATE_COMPLETE")], "GetTemplate": [answers.template("{}")],
        action: [Answer(200, body)],
    }  # fmt: skip
    with pytest.raises(AwsCallError) as failed:
        reader(files).read(ACCOUNT)
    assert failed.value.action == f"cloudformation:{action}"


def rollout(files: AwsFiles, seen: Seen, deadline: float = 60.0) -> StackOperations:
    return StackOperations(AwsStackWriter(open_sessions(files), "RoleModel"), seen, seen, deadline)


def statuses(scripted: Scripted, *told: str | None) -> None:
    """What DescribeStacks says one time after the other; None: there is no stack."""
    scripted.script["DescribeStacks"] = [answers.stack(status) if status else answers.no_stack() for status in told]


def test_create_waits_while_it_is_in_progress(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, None, *["CREATE_IN_PROGRESS"] * 5, "CREATE_COMPLETE")
    seen = Seen()
    rollout(files, seen).bring(small_policy(template("A")), ACCOUNT)
    assert seen.statuses == ["CREATE_IN_PROGRESS"] * 5 + ["CREATE_COMPLETE"]
    assert 2 < seen.time < 6
    sent = scripted.asked("CreateStack")[0].parameters
    assert sent["StackName"] == "RoleModel"
    assert {value for name, value in sent.items() if name.startswith("Capabilities")} == {
        "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
    }  # fmt: skip


def test_failed_create_tells_the_first_thing_that_went_wrong(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, None, "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    scripted.script["DescribeStackEvents"] = [
        answers.events(
            ("RoleModel", KIND, "ROLLBACK_COMPLETE", ""),
            ("B", "AWS::IAM::Role", "CREATE_FAILED", "Resource creation cancelled"),
            ("A", "AWS::IAM::Role", "CREATE_FAILED", "Policy is not valid"),
            ("RoleModel", KIND, "CREATE_IN_PROGRESS", "User Initiated"),
            ("A", "AWS::IAM::Role", "CREATE_FAILED", "of the operation before"),
        )
    ]
    with pytest.raises(AwsCallError) as failed:
        rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    assert failed.value.message == "the stack ended in ROLLBACK_COMPLETE: A CREATE_FAILED: Policy is not valid"


def test_events_that_cannot_be_read_hide_nothing_else(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, None, "ROLLBACK_COMPLETE")
    scripted.script["DescribeStackEvents"] = [fault("AccessDenied", "no", 403)]
    with pytest.raises(AwsCallError, match=r"^the stack ended in ROLLBACK_COMPLETE$"):
        rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)


def test_waiting_ends_at_the_deadline(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_IN_PROGRESS")
    seen = Seen()
    with pytest.raises(AwsCallError) as failed:
        rollout(files, seen, 30).bring(small_policy(template("A")), ACCOUNT)
    assert "still UPDATE_IN_PROGRESS after 30 s" in failed.value.message
    assert 30 <= seen.time < 36
    assert scripted.asked("UpdateStack") == []


@pytest.mark.parametrize("status", ["IMPORT_ROLLBACK_FAILED", "SOMETHING_NEW_FAILED", "SOMETHING_NEW"])
def test_waiting_ends_on_states_nobody_knows(scripted: Scripted, files: AwsFiles, status: str) -> None:
    statuses(scripted, status)
    with pytest.raises(AwsCallError, match=f"the stack ended in {status}"):
        rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)


def test_stuck_rollback_is_continued_then_updated(scripted: Scripted, files: AwsFiles) -> None:
    statuses(
        scripted, "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE"
    )
    rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    made = [call.action for call in scripted.calls if call.action != "DescribeStacks"]
    assert made == ["ContinueUpdateRollback", "UpdateStack"]


def test_rollback_that_stays_stuck(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_ROLLBACK_FAILED")
    with pytest.raises(AwsCallError, match="UPDATE_ROLLBACK_FAILED"):
        rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    assert scripted.asked("UpdateStack") == []


def test_dead_stack_is_removed_and_made_anew(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", None, "CREATE_COMPLETE")
    rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    made = [call.action for call in scripted.calls if call.action != "DescribeStacks"]
    assert made == ["DeleteStack", "CreateStack"]


def test_nothing_to_update_is_no_failure(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_COMPLETE")
    scripted.script["UpdateStack"] = [fault("ValidationError", "No updates are to be performed.")]
    rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    assert len(scripted.asked("DescribeStacks")) == 1


def test_update_that_is_refused(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_COMPLETE")
    scripted.script["UpdateStack"] = [fault("ValidationError", "Template error: x")]
    with pytest.raises(AwsCallError, match="Template error: x"):
        rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)


def test_throttled_update_is_tried_again(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_COMPLETE", "UPDATE_COMPLETE")
    scripted.script["UpdateStack"] = [fault("Throttling", "Rate exceeded"), answers.done("UpdateStack")]
    rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    assert len(scripted.asked("UpdateStack")) == 2


TOKEN = "ClientRequestToken"


def test_create_whose_answer_is_lost_is_repeated_with_its_token(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, None, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    scripted.script["CreateStack"] = [HANG_UP, fault("AlreadyExistsException", "Stack [RoleModel] already exists")]
    scripted.script["UpdateStack"] = [fault("ValidationError", "No updates are to be performed.")]
    rollout(files, Seen()).bring(small_policy(template("A")), ACCOUNT)
    first, second = (call.parameters[TOKEN] for call in scripted.asked("CreateStack"))
    assert first == second
    (update,) = scripted.asked("UpdateStack")
    assert update.parameters[TOKEN] != first


def test_update_whose_answer_is_lost_is_waited_for(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    moving = f"Stack:arn:aws:cloudformation:us-east-1:{PROD}:stack/RoleModel/1 is in UPDATE_IN_PROGRESS state and can "
    scripted.script["UpdateStack"] = [
        HANG_UP,
        fault("ValidationError", f"{moving}not be updated."),
        fault("ValidationError", "No updates are to be performed."),
    ]
    seen = Seen()
    rollout(files, seen).bring(small_policy(template("A")), ACCOUNT)
    lost, repeated, after = (call.parameters[TOKEN] for call in scripted.asked("UpdateStack"))
    assert lost == repeated != after
    assert seen.statuses == ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_every_write_carries_a_token_of_its_own(scripted: Scripted, files: AwsFiles) -> None:
    statuses(scripted, "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE", None)
    going = rollout(files, Seen())
    going.bring(small_policy(template("A")), ACCOUNT)
    going.remove(ACCOUNT)
    writes = [call for call in scripted.calls if call.action not in ("DescribeStacks", "GetCallerIdentity")]
    assert [call.action for call in writes] == ["ContinueUpdateRollback", "UpdateStack", "DeleteStack"]
    tokens = [call.parameters[TOKEN] for call in writes]
    assert len(set(tokens)) == 3
    assert all(re.fullmatch(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}", token) for token in tokens)  # as AWS wants them


def test_whole_life_on_an_embedded_aws(real: EmbeddedAws, files: AwsFiles) -> None:
    seen = Seen()
    bring: Any = rollout(files, seen).bring
    bring(small_policy(template("A")), ACCOUNT)
    bring(small_policy(template("A", "B")), ACCOUNT)
    bring(small_policy(template("A", "B")), ACCOUNT)  # nothing to update
    found = reader(files).read(ACCOUNT)
    assert isinstance(found, LiveStack)
    assert sorted(found.physical) == ["A", "B"]
    rollout(files, seen).remove(ACCOUNT)
    rollout(files, seen).remove(ACCOUNT)  # there is none any more
    assert isinstance(reader(files).read(ACCOUNT), Absent)
    assert seen.statuses[-1] == "DELETE_COMPLETE"
