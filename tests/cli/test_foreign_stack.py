"""A stack of our name that somebody else made, or another owner, is neither replaced nor deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from edge.surroundings import DEV, PROD

from .company import MAP, Company, role
from .running import run

TAG = "rolemodel-ci:owner"
ABSENT = ({"name": "prod", "profile": "prod", "state": "absent"}, {"name": "dev", "profile": "dev"})


def foreign(company: Company, *, tags: tuple[dict[str, str], ...] = (), **resources: Any) -> Any:
    """A stack that somebody made in prod under the name of ours."""
    stacks = company.stacks()
    body = {"Resources": resources or {"Store": {"Type": "AWS::S3::Bucket"}, "Post": {"Type": "AWS::SQS::Queue"}}}
    stacks.create_stack(
        StackName="RoleModel", TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"], Tags=list(tags)
    )
    stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    company.aws.mark()
    return stacks


def kinds(stacks: Any) -> set[str]:
    return {r["ResourceType"] for r in stacks.list_stack_resources(StackName="RoleModel")["StackResourceSummaries"]}


def tags(company: Company, account: str = PROD) -> dict[str, str]:
    (stack,) = company.stacks(account).describe_stacks(StackName="RoleModel")["Stacks"]
    return {tag["Key"]: tag["Value"] for tag in stack["Tags"]}


@pytest.mark.parametrize("command", ["apply", "update", "delete"])
def test_stack_of_others_is_refused_with_what_it_holds(company: Company, command: str) -> None:
    stacks = foreign(company)
    before = stacks.describe_stacks()["Stacks"]
    ran = run(command, "--yes")
    assert ran.code == 4, ran
    assert "foreign-stack: the stack `RoleModel` of `prod` was not made by rolemodel-ci" in ran.out
    assert "`Post` (AWS::SQS::Queue), `Store` (AWS::S3::Bucket)" in ran.out
    assert "--allow foreign-stack" in ran.out
    assert stacks.describe_stacks()["Stacks"] == before
    assert kinds(stacks) == {"AWS::S3::Bucket", "AWS::SQS::Queue"}
    assert not [group for group in company.members() if ".prod." in group]
    assert command != "delete" or company.aws.writes() == {}


def test_one_foreign_stack_stops_its_own_account_only(company: Company) -> None:
    foreign(company)
    report = company.directory / "report.json"
    ran = run("apply", "--yes", "--report", str(report))
    assert ran.code == 4, ran
    assert "Refused in part: nothing is changed or given in `prod`." in ran.out
    assert company.members() == {"RM.dev.AdminRole": {"alice", "bob", "carol"}, "RM.dev.ReadRole": set()}
    assert tags(company, DEV) == {TAG: "default"}
    record = json.loads(report.read_text())
    assert [(one["guard"], one["account"]) for one in record["refusals"]] == [("foreign-stack", "prod")]
    assert (record["exit_code"], record["complete"]) == (4, False)
    again = run("apply", "--yes", "--format", "json")
    assert (again.code, again.json["format"]) == (4, "rolemodel-ci/refusal")


def test_who_is_to_lose_access_in_the_foreign_stacks_account_does(company: Company) -> None:
    company.applied()
    stacks = company.stacks()
    stacks.delete_stack(StackName="RoleModel")
    stacks.get_waiter("stack_delete_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    foreign(company)
    company.users({"prod": {"AdminRole": ["carol", "dave"], "ReadRole": ["alice"]}, "dev": {"AdminRole": ["alice"]}})
    ran = run("apply", "--yes", "--allow", "mass-revocation")
    assert ran.code == 4, ran
    assert "account `prod` is left alone" in ran.out
    assert company.members() == {
        "RM.prod.AdminRole": {"carol"}, "RM.prod.ReadRole": {"alice"},
        "RM.dev.AdminRole": {"alice"}, "RM.dev.ReadRole": set(),
    }  # fmt: skip
    assert kinds(stacks) == {"AWS::S3::Bucket", "AWS::SQS::Queue"}


def test_another_guard_still_stops_everything(company: Company) -> None:
    company.applied()
    stacks = company.stacks()
    stacks.delete_stack(StackName="RoleModel")
    stacks.get_waiter("stack_delete_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    foreign(company)
    company.config(guards={"revoke_most": 1})
    company.users({"prod": {"AdminRole": ["carol"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "mass-revocation" in ran.out
    assert "foreign-stack" in ran.out
    assert company.aws.writes() == {}


def test_stack_of_others_is_not_deleted_with_an_account_that_is_absent(company: Company) -> None:
    stacks = foreign(company)
    company.config(accounts=ABSENT)
    company.users({"dev": MAP["dev"]})
    assert run("apply", "--yes").code == 4
    assert kinds(stacks) == {"AWS::S3::Bucket", "AWS::SQS::Queue"}


def test_roles_of_others_are_none_of_ours(company: Company) -> None:
    foreign(company, LambdaRole=role(AssumeRolePolicyDocument=json.loads(LAMBDA)))
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`LambdaRole` (AWS::IAM::Role)" in ran.out


LAMBDA = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip


def test_role_of_our_name_beside_a_bucket_does_not_make_it_ours(company: Company) -> None:
    trusting = role(AssumeRolePolicyDocument=json.loads(LAMBDA))
    stacks = foreign(company, AdminRole=trusting, Store={"Type": "AWS::S3::Bucket"})
    assert run("apply", "--yes").code == 4
    assert "AWS::S3::Bucket" in kinds(stacks)


def test_dead_stack_of_others_stays(company: Company) -> None:
    stacks = company.stacks()
    trusting = role(AssumeRolePolicyDocument=json.loads(LAMBDA), RoleName="no name")
    body = {"Resources": {"Store": {"Type": "AWS::S3::Bucket"}, "Bad": {**trusting, "DependsOn": "Store"}}}
    stacks.create_stack(StackName="RoleModel", TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_NAMED_IAM"])
    with pytest.raises(Exception, match="Waiter"):
        stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    (dead,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert dead["StackStatus"] == "ROLLBACK_COMPLETE"
    for command in ("apply", "delete"):
        ran = run(command, "--yes")
        assert ran.code == 4
        assert "`Store` (AWS::S3::Bucket)" in ran.out
    (still,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert still["StackId"] == dead["StackId"]


def test_stack_of_another_owner_is_refused_though_it_holds_roles_of_our_names(company: Company) -> None:
    company.config(owner="web")
    company.applied()
    assert tags(company) == {TAG: "web"}
    company.config(owner="platform", group_prefix="P.")
    company.roles(AdminRole=role(MaxSessionDuration=7200), ReadRole=role())
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "the stack `RoleModel` of `prod` is of the owner `web`" in ran.out
    assert company.aws.writes() == {}


def test_override_lets_it_pass(company: Company) -> None:
    stacks = foreign(company)
    ran = run("apply", "--yes", "--allow", "foreign-stack")
    assert ran.code == 0, ran
    assert "Overridden, by --allow: foreign-stack" in ran.out
    assert kinds(stacks) == {"AWS::IAM::Role"}
    assert tags(company) == {TAG: "default"}


def test_stacks_say_whose_they_are_and_keep_other_tags(company: Company) -> None:
    company.applied()
    assert tags(company) == tags(company, DEV) == {TAG: "default"}
    text = (company.directory / "access/roles.yml").read_text()
    given = [{"ParameterKey": "AssumingAccountID", "ParameterValue": "111111111111"}]
    stacks = company.stacks()
    stacks.update_stack(
        StackName="RoleModel", TemplateBody=text, Parameters=given, Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": TAG, "Value": "default"}, {"Key": "cost", "Value": "42"}],
    )  # fmt: skip
    stacks.get_waiter("stack_update_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    company.assert_nothing_left()
    company.roles(AdminRole=role(MaxSessionDuration=7200), ReadRole=role())
    assert run("apply", "--yes").code == 0
    assert tags(company) == {TAG: "default", "cost": "42"}


def test_stack_of_an_older_version_is_ours_without_a_tag_and_gets_it_with_its_next_update(company: Company) -> None:
    text = (company.directory / "access/roles.yml").read_text()
    stacks = company.stacks()
    given = [{"ParameterKey": "AssumingAccountID", "ParameterValue": "111111111111"}]
    stacks.create_stack(StackName="RoleModel", TemplateBody=text, Parameters=given, Capabilities=["CAPABILITY_IAM"])
    stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    company.applied()
    company.assert_nothing_left()
    assert tags(company) == {}
    company.roles(Boss=role())  # none of the roles that it holds: but a group of ours opens them
    company.users({"prod": {"Boss": ["carol"]}})
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 0
    assert tags(company) == {TAG: "default"}


NO_TAG: dict[str, Any] = {"AssumingAccountID": {"Type": "String", "Default": "111111111111"}}


def handmade(company: Company, **resources: Any) -> Any:
    """A stack of our name with a parameter of ours, made by hand."""
    stacks = company.stacks()
    body = json.dumps({"Parameters": NO_TAG, "Resources": resources})
    stacks.create_stack(StackName="RoleModel", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    company.aws.mark()
    return stacks


FOREIGN: dict[str, dict[str, Any]] = {
    "people beside a role of ours": {"AdminRole": role(), "Person": {"Type": "AWS::IAM::User"}},
    "another role beside one of ours": {"AdminRole": role(), "DeployRole": role()},
    "a profile of machines beside a role of ours": {
        "AdminRole": role(),
        "Machine": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": []}},
    },
    "one role of our name, for a service": {"AdminRole": role(AssumeRolePolicyDocument=json.loads(LAMBDA))},
    "our role's name under another logical id": {"Deploy": role(RoleName="AdminRole")},
    "our logical id for something else": {"AdminRole": {"Type": "AWS::IAM::User"}, "ReadRole": role()},
}


@pytest.mark.parametrize("resources", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("command", ["apply", "delete"])
def test_stack_that_only_looks_like_ours_stays(company: Company, command: str, resources: dict[str, Any]) -> None:
    stacks = handmade(company, **resources)
    (before,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert run(command, "--yes").code == 4
    (after,) = stacks.describe_stacks(StackName="RoleModel")["Stacks"]
    assert (after["StackId"], after["StackStatus"]) == (before["StackId"], "CREATE_COMPLETE")
    assert kinds(stacks) == {resource["Type"] for resource in resources.values()}


@pytest.mark.parametrize("command", ["apply", "delete"])
def test_bucket_beside_a_role_that_our_group_opens_does_not_go(company: Company, command: str) -> None:
    """The stack of ours was deleted; somebody made another one, with a role of the same name."""
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    company.applied()
    stacks = company.stacks()
    stacks.delete_stack(StackName="RoleModel")
    stacks.get_waiter("stack_delete_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    handmade(company, Boss=role(RoleName="Admin"), Store={"Type": "AWS::S3::Bucket"})
    assert run(command, "--yes").code == 4
    assert kinds(stacks) == {"AWS::IAM::Role", "AWS::S3::Bucket"}
