"""What others have put into our groups, beside them and under their names: ours is put right, theirs is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .company import MAP, Company
from .running import run, run_legacy

WIDE = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def group(company: Company, name: str) -> tuple[str, list[str], list[str]]:
    """The path of a group, its inline and its attached policies."""
    inline = company.iam.list_group_policies(GroupName=name)["PolicyNames"]
    attached = company.iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]
    path = company.iam.get_group(GroupName=name)["Group"]["Path"]
    return path, inline, [policy["PolicyName"] for policy in attached]


def test_what_others_put_into_our_group_goes_before_anybody_is_let_in(company: Company) -> None:
    company.applied()
    arn = company.iam.create_policy(PolicyName="Wide", PolicyDocument=WIDE)["Policy"]["Arn"]
    company.iam.attach_group_policy(GroupName="RM.prod.AdminRole", PolicyArn=arn)
    company.iam.put_group_policy(GroupName="RM.prod.AdminRole", PolicyName="More", PolicyDocument=WIDE)
    company.iam.put_group_policy(
        GroupName="RM.prod.AdminRole", PolicyName="RM.prod.AdminRole-Policy", PolicyDocument=WIDE
    )
    company.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="erin")
    company.users({**MAP, "prod": {**MAP["prod"], "AdminRole": ["carol", "dave"]}})
    assert run("apply", "--yes").code == 0
    assert group(company, "RM.prod.AdminRole") == ("/RoleModel/", ["RM.prod.AdminRole-Policy"], [])
    assert company.members()["RM.prod.AdminRole"] == {"carol", "dave"}
    assert [policy["PolicyName"] for policy in company.iam.list_policies(Scope="Local")["Policies"]] == ["Wide"]
    company.assert_nothing_left()


@pytest.mark.parametrize("path", ["/", "/rolemodel/", "/RoleModelX/", "/Team/RoleModel/"])
@pytest.mark.parametrize("name", ["RM.prod.AdminRole", "rm.PROD.adminrole"])
def test_group_of_our_name_elsewhere_is_not_touched(company: Company, path: str, name: str) -> None:
    company.iam.create_group(GroupName=name, Path=path)
    company.iam.put_group_policy(GroupName=name, PolicyName="Theirs", PolicyDocument=WIDE)
    company.iam.add_user_to_group(GroupName=name, UserName="erin")
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert f"`{name}`" in ran.out
    assert run("sync-users", "--yes").code == 5
    assert run("delete", "--yes").code == 0
    assert company.members() == {name: {"erin"}}
    assert group(company, name) == (path, ["Theirs"], [])


def test_delete_takes_what_others_put_into_our_groups_and_no_more(company: Company) -> None:
    company.applied()
    arn = company.iam.create_policy(PolicyName="Wide", PolicyDocument=WIDE)["Policy"]["Arn"]
    company.iam.attach_group_policy(GroupName="RM.prod.AdminRole", PolicyArn=arn)
    company.iam.create_group(GroupName="Theirs", Path="/RoleModel/sub/")
    company.iam.create_group(GroupName="Others", Path="/")
    for name in ("Theirs", "Others", "RM.dev.ReadRole"):
        company.iam.add_user_to_group(GroupName=name, UserName="erin")
    assert run("delete", "--yes").code == 0
    assert company.members() == {"Theirs": {"erin"}, "Others": {"erin"}}


def test_user_of_another_case_or_path_is_nobody_else(company: Company) -> None:
    company.iam.create_user(UserName="Frank", Path="/contractors/")
    company.users({**MAP, "prod": {"AdminRole": ["frank", "carol"], "ReadRole": ["erin"]}})
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "user `frank` does not exist" in ran.out
    assert company.members()["RM.prod.AdminRole"] == {"carol"}
    company.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="Frank")
    assert run("apply", "--yes").code == 5
    assert company.members()["RM.prod.AdminRole"] == {"carol"}


@pytest.mark.parametrize("command", ["apply", "delete"])
def test_change_set_of_others_that_was_not_executed_stays(company: Company, command: str) -> None:
    stacks: Any = company.stacks()
    body = json.dumps({"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}})
    stacks.create_change_set(StackName="RoleModel", ChangeSetName="mine", ChangeSetType="CREATE", TemplateBody=body)
    (before,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert before["StackStatus"] == "REVIEW_IN_PROGRESS"
    ran = run(command, "--yes")
    assert ran.code == 4, ran
    (after,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert (after["StackId"], after["StackStatus"]) == (before["StackId"], "REVIEW_IN_PROGRESS")


@pytest.mark.parametrize("command", [("update",), ("sync_users", "access/users.yml"), ("delete",), ("list",)])
def test_words_of_2015_off_a_terminal_leave_a_foreign_stack_alone(company: Company, command: tuple[str, ...]) -> None:
    stacks: Any = company.stacks()
    body = json.dumps({"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}})
    stacks.create_stack(StackName="RoleModel", TemplateBody=body)
    stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    ran = run_legacy("access/config.yml", *command)
    assert ran.code == {"update": 4, "delete": 4, "list": 0, "sync_users": 5}[command[0]], ran
    kinds = {r["ResourceType"] for r in stacks.list_stack_resources(StackName="RoleModel")["StackResourceSummaries"]}
    assert kinds == {"AWS::S3::Bucket"}
    assert not [name for name in company.members() if ".prod." in name]


def test_one_account_first_leaves_the_removals_of_others_for_later(company: Company) -> None:
    company.applied()
    company.users(
        {"prod": {"AdminRole": ["carol", "dave"], "ReadRole": ["alice", "bob"]}, "dev": {"AdminRole": ["bob"]}}
    )
    assert run("apply", "--yes", "--account", "prod").code == 0
    assert company.members()["RM.prod.AdminRole"] == {"carol", "dave"}
    assert company.members()["RM.dev.AdminRole"] == {"alice", "bob", "carol"}
    assert "2 revocations" in run("plan").out
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 0
    assert company.members()["RM.dev.AdminRole"] == {"bob"}
