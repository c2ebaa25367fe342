"""What depends on what: nobody gains by a failure, and it stops nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from applied import MANAGED, MAP, WANTED, came, made, opened
from builders import policy
from fakes import FakeCloud, refuse

from rolemodel_ci.reconcile.apply import apply
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.reconcile.changes import AddMember, CreateGroup, DeleteGroup, PutPolicy, RemoveMember, UpdateStack
from rolemodel_ci.reconcile.outcome import Done, Failed, Skipped
from rolemodel_ci.reconcile.plan import Plan


def test_an_account_that_fails_leaves_the_others_to_be_made() -> None:
    cloud = FakeCloud("alice bob")
    cloud.fail("CreateStack", "prod")
    report = cloud.run(WANTED, jobs=4)

    assert not report.is_complete
    assert {type(o) for o in report.outcomes if o.change.account == "dev"} == {Done}
    assert came(report, AddMember) == Skipped(came(report, AddMember).change, "the stack of `prod` failed")
    assert [o.reason for o in report.outcomes if isinstance(o, Failed)] == ["CreateStack prod: AccessDenied"]
    assert not any("prod" in group for group in cloud.groups)


@pytest.mark.parametrize("action", ["CreateGroup", "PutGroupPolicy"])
def test_nobody_joins_a_group_that_is_not_ready(action: str) -> None:
    cloud = FakeCloud("alice bob")
    cloud.fail(action, "RM.prod.Admin")
    report = cloud.run(WANTED)

    skipped = came(report, AddMember)
    assert isinstance(skipped, Skipped)
    assert skipped.because == f"group `RM.prod.Admin` is not ready: {action} RM.prod.Admin: AccessDenied"
    assert isinstance(came(report, AddMember, "prod", "Reader"), Done)
    assert cloud.access() == {("bob", "prod", "Reader"), ("alice", "dev", "Admin")}


def test_a_member_who_cannot_join_stops_nobody_else() -> None:
    cloud = made()
    cloud.users.discard("carol")
    plan = Plan(tuple(AddMember("prod", "Admin", "RM.prod.Admin", user) for user in ("bob", "carol", "dave")))
    cloud.users.add("dave")
    report = apply(Approved(plan), WANTED, cloud.tools())

    assert [type(outcome) for outcome in report.outcomes] == [Done, Failed, Done]


@pytest.mark.parametrize("action", ["RemoveUserFromGroup", "DetachGroupPolicy", "DeleteGroupPolicy"])
def test_a_group_that_is_not_empty_is_not_deleted(action: str) -> None:
    cloud = made()
    cloud.groups["RM.dev.Admin"].attached.append(MANAGED)
    cloud.fail(action, "RM.dev.Admin")
    report = cloud.run(policy("prod: {Admin: [alice], Reader: [bob]}", accounts=["prod"]))

    skipped = [o for o in report.outcomes if isinstance(o, Skipped)]
    assert [skip.change for skip in skipped] == [DeleteGroup(None, None, "RM.dev.Admin")]
    assert "DeleteGroup RM.dev.Admin" not in cloud.writes
    assert sum(isinstance(outcome, Failed) for outcome in report.outcomes) == 1
    assert "RM.dev.Reader" not in cloud.groups


@pytest.mark.parametrize("action", ["DetachGroupPolicy", "DeleteGroupPolicy"])
def test_nobody_joins_a_group_that_still_opens_something_else(action: str) -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].attached.append(MANAGED)
    cloud.groups["RM.prod.Admin"].policies["Extra"] = opened("*")
    cloud.fail(action, "RM.prod.Admin")
    report = cloud.run(policy(MAP.replace("[alice], R", "[alice, carol], R")))

    assert isinstance(came(report, AddMember), Skipped)
    assert "carol" not in cloud.groups["RM.prod.Admin"].members


def test_nobody_joins_a_group_that_could_not_be_narrowed() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].policies["RM.prod.Admin-Policy"] = opened("*")
    cloud.fail("PutGroupPolicy", "RM.prod.Admin")
    report = cloud.run(policy(MAP.replace("[alice], R", "[alice, carol], R")))

    assert isinstance(came(report, AddMember), Skipped)


def test_a_group_is_not_opened_to_somebody_who_could_not_be_taken_out() -> None:
    cloud = made()
    group = cloud.groups["RM.prod.Admin"]
    group.members, group.policies = {"carol"}, {}
    cloud.fail("RemoveUserFromGroup", "RM.prod.Admin")
    report = cloud.run(WANTED)

    assert isinstance(came(report, RemoveMember), Failed)
    assert isinstance(came(report, PutPolicy), Skipped)
    assert isinstance(came(report, AddMember), Skipped)
    assert not {access for access in cloud.access() if access[0] == "carol"}


def test_one_who_cannot_be_taken_out_does_not_keep_others_from_joining_an_open_group() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members = {"carol"}
    cloud.fail("RemoveUserFromGroup", "RM.prod.Admin")
    report = cloud.run(WANTED)

    assert isinstance(came(report, AddMember), Done)


def test_what_takes_access_away_waits_for_nothing() -> None:
    cloud = made()
    group = cloud.groups["RM.prod.Admin"]
    group.members, group.policies["RM.prod.Admin-Policy"] = {"bob", "carol", "alice"}, opened("*")
    cloud.luck = lambda write: refuse("AccessDenied", write) if write.endswith("bob") else None
    report = cloud.run(WANTED)

    assert [type(outcome) for outcome in report.outcomes] == [Failed, Done, Done]
    assert ("carol", "prod", "Admin") not in cloud.access()
    assert ("alice", "prod", "Reader") not in cloud.access()


NEW_ROLE = policy(MAP, roles={"Admin": {}, "Reader": {}, "Ops": {"RoleName": "ops"}})
RENAMED = policy(MAP, roles={"Admin": {"RoleName": "boss"}, "Reader": {}})


@pytest.mark.parametrize("wanted", [NEW_ROLE, RENAMED])
def test_a_stack_makes_no_roles_while_somebody_might_get_into_them_who_should_not(wanted: Any) -> None:
    cloud = made()
    cloud.groups["RM.dev.Reader"].policies["Extra"] = opened("arn:aws:iam::222222222222:role/ops")
    cloud.fail("DeleteGroupPolicy", "RM.dev.Reader")
    report = cloud.run(wanted)
    skipped = came(report, UpdateStack)

    assert isinstance(skipped, Skipped)
    assert skipped.because.startswith("group `RM.dev.Reader` still opens something else: DeleteGroupPolicy")
    assert not any(write.startswith("UpdateStack") for write in cloud.writes)
    left = came(report, PutPolicy, "prod", "Ops" if wanted is NEW_ROLE else "Admin")
    assert left == Skipped(left.change, "the stack of `prod` was skipped")


def test_a_member_who_could_not_be_taken_out_holds_up_only_new_roles_of_the_account() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members.add("carol")
    cloud.fail("RemoveUserFromGroup", "RM.prod.Admin")
    report = cloud.run(NEW_ROLE)

    skipped = came(report, UpdateStack)
    assert isinstance(skipped, Skipped)
    assert skipped.because.startswith("group `RM.prod.Admin` is not emptied: RemoveUserFromGroup")
    assert isinstance(came(report, UpdateStack, "dev"), Done)


def allowing(*actions: str, effect: str = "Allow", **also: Any) -> dict[str, Any]:
    """Properties of a role that may do this, or may not."""
    document = {"Statement": [{"Effect": effect, "Action": [*actions], "Resource": "*"}]}
    return {"Policies": [{"PolicyName": "Main", "PolicyDocument": document}], **also}


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        ({}, {"Description": "x"}, False),
        ({"MaxSessionDuration": "7200"}, {}, False),
        ({}, {"MaxSessionDuration": "7200"}, True),
        (allowing("s3:*"), allowing("s3:Get*"), False),
        (allowing("s3:*"), allowing("s3:Get*", "s3:*"), False),
        (allowing("s3:Get*"), allowing("s3:*"), True),
        ({}, allowing("s3:*", effect="Deny"), False),
        (allowing("s3:*", effect="Deny"), {}, True),
        ({}, {"PermissionsBoundary": "arn:aws:iam::222222222222:policy/x"}, False),
        ({"PermissionsBoundary": "arn:aws:iam::222222222222:policy/x"}, {}, True),
        ({}, {"Tags": [{"Key": "team", "Value": "x"}]}, True),  # unknown
        ({}, {"Path": "/x/"}, True),  # made anew
    ],
)
def test_a_role_gets_no_more_rights_while_somebody_has_it_who_should_not(
    before: dict[str, Any], after: dict[str, Any], waits: bool
) -> None:
    cloud = FakeCloud("alice bob carol")
    old, new = ({"Admin": each, "Reader": {}} for each in (before, after))
    assert cloud.run(policy(MAP, roles=old)).is_complete
    cloud.groups["RM.prod.Admin"].members.add("carol")
    cloud.fail("RemoveUserFromGroup", "RM.prod.Admin")
    report = cloud.run(policy("prod: {Admin: [alice]}", roles=new, accounts=["prod", "dev absent"]))

    (update,) = (o for o in report.outcomes if isinstance(o.change, UpdateStack))
    assert isinstance(update, Skipped if waits else Done)


def test_a_role_that_cannot_be_made_for_its_name_fails_its_account_only() -> None:
    cloud = made()
    cloud.accounts["prod"].other_roles.add("ops")
    report = cloud.run(NEW_ROLE)
    failed = came(report, UpdateStack)

    assert isinstance(failed, Failed)
    assert failed.reason == "the stack ended in UPDATE_ROLLBACK_COMPLETE: Ops: ops already exists"
    assert isinstance(came(report, CreateGroup, "dev", "Ops"), Done)
    assert isinstance(came(report, CreateGroup, "prod", "Ops"), Skipped)


def test_who_is_in_too_many_groups_for_a_moment_joins_after_it() -> None:
    """A rename lets its members join the new group before they leave the old one."""
    cloud = made()
    cloud.users.add("dave")
    cloud.fail("AddUserToGroup", "RM.prod.Admin", code="LimitExceeded", times=1)
    plan = Plan((AddMember("prod", "Admin", "RM.prod.Admin", "dave"),))
    report = apply(Approved(plan), WANTED, cloud.tools())

    assert [type(outcome) for outcome in report.outcomes] == [Done]
    assert "dave" in cloud.groups["RM.prod.Admin"].members


def test_who_stays_in_too_many_groups_is_tried_twice_and_told() -> None:
    cloud = made()
    cloud.users.add("dave")
    cloud.fail("AddUserToGroup", "RM.prod.Admin", code="LimitExceeded")
    plan = Plan((AddMember("prod", "Admin", "RM.prod.Admin", "dave"),))
    report = apply(Approved(plan), WANTED, cloud.tools())

    assert [type(outcome) for outcome in report.outcomes] == [Failed]
    assert [write for write in cloud.writes if write.endswith("dave")] == ["AddUserToGroup RM.prod.Admin dave"] * 2
