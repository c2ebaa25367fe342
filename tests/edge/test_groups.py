"""The users and groups of the master account, read back over HTTP as they were written."""

from __future__ import annotations

from typing import Any

import pytest

from rolemodel_ci.adapters.aws.iam_groups import AwsGroupWriter, AwsMasterReader
from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.model.live import LiveMaster, Quotas
from rolemodel_ci.reconcile.diff.groups import group_policy
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import answers
from .opening import open_sessions
from .scripted import HANG_UP, Answer, Scripted, fault, result
from .surroundings import MASTER, PROD, AwsFiles

ARN = f"arn:aws:iam::{PROD}:role/Admin"
GROUP = "RM.prod.Admin"


@pytest.fixture
def iam(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The root of the master account, with two users in it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    client = aws.client("iam", MASTER)
    for user in ("alice", "bob"):
        client.create_user(UserName=user)
    aws.mark()
    return client


def read(files: AwsFiles) -> LiveMaster:
    return AwsMasterReader(open_sessions(files)).read()


def test_what_is_written_is_read_back(iam: Any, files: AwsFiles) -> None:
    writer = AwsGroupWriter(open_sessions(files))
    writer.create_group(GROUP, "/RoleModel/")
    writer.put_policy(GROUP, f"{GROUP}-Policy", group_policy(ARN))
    writer.add_member(GROUP, "alice")
    group = read(files).groups[GROUP]
    assert (group.path, group.members, group.attached) == ("/RoleModel/", frozenset({"alice"}), ())
    assert group.policies[f"{GROUP}-Policy"]["Statement"][0]["Resource"] == ARN


def test_what_is_taken_away_is_gone(iam: Any, files: AwsFiles) -> None:
    writer = AwsGroupWriter(open_sessions(files))
    writer.create_group(GROUP, "/RoleModel/")
    writer.put_policy(GROUP, "p", group_policy(ARN))
    writer.add_member(GROUP, "alice")
    managed = iam.create_policy(PolicyName="m", PolicyDocument=group_policy(ARN))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=GROUP, PolicyArn=managed)
    assert read(files).groups[GROUP].attached == (managed,)
    for _ in range(2):  # the second time there is nothing left, which is as good as done
        writer.remove_member(GROUP, "alice")
        writer.detach_policy(GROUP, managed)
        writer.delete_policy(GROUP, "p")
        writer.delete_group(GROUP)
    assert GROUP not in read(files).groups


def test_the_whole_account_is_read_in_two_calls(iam: Any, aws: EmbeddedAws, files: AwsFiles) -> None:
    iam.create_group(GroupName="Admins", Path="/")
    iam.add_user_to_group(GroupName="Admins", UserName="bob")
    aws.mark()
    master = read(files)
    assert master.users == {"alice", "bob"}
    assert master.groups["Admins"].members == {"bob"}
    assert master.quotas == Quotas(300, 10, 5120)
    assert aws.calls() == {
        "sts:GetCallerIdentity": 1, "iam:GetAccountAuthorizationDetails": 1, "iam:GetAccountSummary": 1,
    }  # fmt: skip


def test_making_what_there_is_fails_with_the_reason(iam: Any, files: AwsFiles) -> None:
    iam.create_group(GroupName=GROUP, Path="/Other/")
    with pytest.raises(AwsCallError, match="EntityAlreadyExists") as failed:
        AwsGroupWriter(open_sessions(files)).create_group(GROUP, "/RoleModel/")
    assert failed.value.code == "EntityAlreadyExists"


THERE = fault("EntityAlreadyExists", f"Group with name {GROUP} already exists.", 409)


def at_path(path: str) -> Answer:
    """GetGroup of our group under a path."""
    group = f"<Path>{path}</Path><GroupName>{GROUP}</GroupName><GroupId>AGPA</GroupId><Arn>a</Arn>"
    day = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    return result("GetGroup", f"<Group>{group}{day}</Group><Users/><IsTruncated>false</IsTruncated>")


def test_group_whose_first_answer_was_lost_is_gone_on_with(scripted: Scripted, files: AwsFiles) -> None:
    late = fault("NoSuchEntity", "The group cannot be found.", 404)
    scripted.script |= {
        "CreateGroup": [HANG_UP, THERE],
        "GetGroup": [at_path("/RoleModel/")],
        "AddUserToGroup": [late, answers.done("AddUserToGroup")],
    }
    slept: list[float] = []
    writer = AwsGroupWriter(open_sessions(files), slept.append)
    writer.create_group(GROUP, "/RoleModel/")
    assert len(scripted.asked("CreateGroup")) == 2
    writer.add_member(GROUP, "alice")  # it is new all the same, and IAM may find it late
    assert len(slept) == 1


@pytest.mark.parametrize(
    "looked", [at_path("/"), at_path("/RoleModel/x/"), fault("AccessDenied", "no", 403), fault("NoSuchEntity", "", 404)]
)
def test_group_of_somebody_else_is_not_gone_on_with(scripted: Scripted, files: AwsFiles, looked: Answer) -> None:
    """Our permissions end at our path: whatever comes of the look, the person is told what was in the way."""
    scripted.script |= {"CreateGroup": [THERE], "GetGroup": [looked]}
    with pytest.raises(AwsCallError, match="iam:CreateGroup: EntityAlreadyExists"):
        AwsGroupWriter(open_sessions(files)).create_group(GROUP, "/RoleModel/")


def test_group_that_is_there_is_as_good_as_made(iam: Any, aws: EmbeddedAws, files: AwsFiles) -> None:
    iam.create_group(GroupName=GROUP, Path="/RoleModel/")
    AwsGroupWriter(open_sessions(files)).create_group(GROUP, "/RoleModel/")
    assert aws.calls()["iam:GetGroup"] == 1
    assert read(files).groups[GROUP].members == frozenset()


def test_user_that_does_not_exist(iam: Any, files: AwsFiles) -> None:
    iam.create_group(GroupName=GROUP, Path="/RoleModel/")
    with pytest.raises(AwsCallError, match="iam:AddUserToGroup: NoSuchEntity"):
        AwsGroupWriter(open_sessions(files)).add_member(GROUP, "nobody")


def test_pages_are_put_together(scripted: Scripted, files: AwsFiles) -> None:
    """A user's page may come before or after that of the groups; a group outside of the list may be named."""
    scripted.script |= {
        "GetAccountAuthorizationDetails": [
            answers.details({"alice": [GROUP]}, {}, "1"),
            answers.details({"bob": [GROUP, "elsewhere"]}, {GROUP: ARN}, "2"),
            answers.details({"carol": [GROUP]}, {"RM.prod.Read": ARN}),
        ],
        "GetAccountSummary": [answers.summary(GroupsQuota=500, GroupsPerUserQuota=12)],
    }
    master = read(files)
    assert master.users == {"alice", "bob", "carol"}
    assert {name: group.members for name, group in master.groups.items()} == {
        GROUP: {"alice", "bob", "carol"}, "RM.prod.Read": frozenset(),
    }  # fmt: skip
    assert master.quotas == Quotas(500, 12, 5120)
    asked = scripted.asked("GetAccountAuthorizationDetails")
    assert [call.parameters.get("Marker") for call in asked] == [None, "1", "2"]
    assert {call.parameters["MaxItems"] for call in asked} == {"1000"}


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("GetAccountAuthorizationDetails", fault("AccessDenied", "no", 403)),
        ("GetAccountAuthorizationDetails", Answer(200, b"<html>login")),
        ("GetAccountAuthorizationDetails", Answer(200, b"<html/>")),
        ("GetAccountSummary", fault("AccessDenied", "no", 403)),
        ("GetAccountSummary", Answer(200, b"<html/>")),
        ("GetCallerIdentity", Answer(200, b"<html/>")),
    ],
)
def test_master_that_cannot_be_read(scripted: Scripted, files: AwsFiles, action: str, answer: Answer) -> None:
    """Never a master without groups: everybody would be put into groups anew, or lose what they have."""
    scripted.script |= {
        "GetAccountAuthorizationDetails": [answers.details({}, {})],
        "GetAccountSummary": [answers.summary()],
        action: [answer],
    }
    with pytest.raises(CredentialsError, match=f":{action}"):
        read(files)


def test_error_on_a_later_page_is_not_a_shorter_list(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script["GetAccountAuthorizationDetails"] = [
        answers.details({"alice": [GROUP]}, {GROUP: ARN}, "1"), fault("AccessDenied", "no", 403),
    ]  # fmt: skip
    with pytest.raises(CredentialsError, match="GetAccountAuthorizationDetails"):
        read(files)


@pytest.mark.parametrize("times", [1, 4])
def test_group_just_made_that_iam_does_not_find_yet(scripted: Scripted, files: AwsFiles, times: int) -> None:
    late = [fault("NoSuchEntity", "The group cannot be found.", 404)] * times
    scripted.script |= {
        "PutGroupPolicy": [*late, answers.done("PutGroupPolicy")],
        "AddUserToGroup": [*late, answers.done("AddUserToGroup")],
    }
    slept: list[float] = []
    writer = AwsGroupWriter(open_sessions(files), slept.append)
    writer.create_group(GROUP, "/RoleModel/")
    writer.put_policy(GROUP, "p", "{}")
    writer.add_member(GROUP, "alice")
    assert len(slept) == 2 * times
    assert [len(scripted.asked(action)) for action in ("PutGroupPolicy", "AddUserToGroup")] == [times + 1] * 2


def test_patience_has_an_end(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script["AddUserToGroup"] = [fault("NoSuchEntity", "gone", 404)]
    slept: list[float] = []
    writer = AwsGroupWriter(open_sessions(files), slept.append)
    writer.create_group(GROUP, "/RoleModel/")
    with pytest.raises(AwsCallError, match="NoSuchEntity"):
        writer.add_member(GROUP, "alice")
    assert 10 < sum(slept) < 30


def test_group_that_was_there_before_is_not_waited_for(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script["AddUserToGroup"] = [fault("NoSuchEntity", "gone", 404)]
    slept: list[float] = []
    with pytest.raises(AwsCallError, match="NoSuchEntity"):
        AwsGroupWriter(open_sessions(files), slept.append).add_member(GROUP, "alice")
    assert slept == []


def test_group_that_iam_believes_to_be_full_still(scripted: Scripted, files: AwsFiles) -> None:
    conflict = fault("DeleteConflict", "must remove users from group first", 409)
    scripted.script["DeleteGroup"] = [conflict, conflict, answers.done("DeleteGroup")]
    slept: list[float] = []
    AwsGroupWriter(open_sessions(files), slept.append).delete_group(GROUP)
    assert len(slept) == 2


def test_denied_write_names_the_call(scripted: Scripted, files: AwsFiles) -> None:
    scripted.script["CreateGroup"] = [fault("AccessDenied", "no", 403)]
    with pytest.raises(AwsCallError) as failed:
        AwsGroupWriter(open_sessions(files)).create_group(GROUP, "/RoleModel/")
    assert failed.value.message == "the master account: AWS refused iam:CreateGroup: AccessDenied: no"
    assert failed.value.remedy.startswith("Allow iam:CreateGroup")
