"""What a change of the template does, and stacks that fail and are mended."""

from __future__ import annotations

import json
from typing import Any

from edge.surroundings import DEV, PROD

from .company import Company, role
from .running import run

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip


def status(company: Company, account: str = PROD) -> str:
    found: str = company.stacks(account).describe_stacks(StackName="RoleModel")["Stacks"][0]["StackStatus"]
    return found


def test_change_of_the_template_shows_the_lines_of_the_roles(company: Company) -> None:
    company.applied().roles(AdminRole=role(MaxSessionDuration=7200), ReadRole=role())
    ran = run("plan")
    assert "~ update  dev      RoleModel  ~AdminRole" in ran.out
    assert "In `dev` and `prod`:" in ran.out
    assert "AdminRole (AWS::IAM::Role) changed" in ran.out
    assert "7200" in ran.out
    assert run("apply", "--yes").code == 0
    assert status(company) == "UPDATE_COMPLETE"
    company.assert_nothing_left()


def test_parameters_of_an_account(company: Company) -> None:
    company.applied()
    template = {
        "Parameters": {"AssumingAccountID": {"Type": "String"}, "Seconds": {"Type": "Number", "Default": "3600"}},
        "Resources": {"AdminRole": role(MaxSessionDuration={"Ref": "Seconds"}), "ReadRole": role()},
    }
    company.write("roles.yml", json.dumps(template))
    company.config(accounts=(
        {"name": "prod", "profile": "prod"}, {"name": "dev", "profile": "dev", "parameters": {"Seconds": "7200"}},
    ))  # fmt: skip
    assert run("apply", "--yes").code == 0
    listed = {(r["account"], r["role"]): r["session_seconds"] for r in run("list", "--format", "json").json["roles"]}
    assert listed["prod", "AdminRole"] == 3600
    assert listed["dev", "AdminRole"] == 7200


def taken(company: Company, account: str = PROD) -> Any:
    """A role that is there already, under the name that the template gives its own."""
    iam = company.aws.client("iam", account)
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=TRUST)
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    return iam


def test_role_name_that_is_taken_rolls_the_stack_back(company: Company) -> None:
    iam = taken(company)
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "make stack RoleModel in prod" in ran.out
    assert "the stack ended in ROLLBACK_COMPLETE: AdminRole CREATE_FAILED" in ran.out
    assert "already exists" in ran.out
    assert "skipped" in ran.out
    assert "the stack of `prod` failed" in ran.out
    assert status(company, DEV) == "CREATE_COMPLETE"
    assert {name for name in company.members() if ".prod." in name} == set()
    planned = run("plan")
    assert "+ remake (ROLLBACK_COMPLETE)  prod" in planned.out
    iam.delete_role(RoleName="Admin")
    assert run("apply", "--yes").code == 0
    assert status(company) == "CREATE_COMPLETE"
    assert len(company.members()) == 4
    company.assert_nothing_left()


def test_dead_stack_is_removed_on_delete(company: Company) -> None:
    taken(company)
    assert run("apply", "--yes").code == 5
    assert run("delete", "--yes").code == 0
    assert company.stacks().list_stacks(StackStatusFilter=["ROLLBACK_COMPLETE"])["StackSummaries"] == []


def test_update_that_fails_keeps_what_was(company: Company) -> None:
    company.applied()
    before = company.members()
    iam = taken(company)
    ran = run("apply", "--yes", "--format", "json")
    assert ran.code == 5
    results = {(o["change"]["account"], o["change"]["kind"]): o["result"] for o in ran.json["outcomes"]}
    assert results["prod", "update_stack"] == "failed"
    assert results["dev", "update_stack"] == "done"
    assert status(company) == "UPDATE_ROLLBACK_COMPLETE"
    assert company.members() == before
    iam.delete_role(RoleName="Admin")
    assert run("apply", "--yes").code == 0
    company.assert_nothing_left()


def test_stack_changed_by_hand_is_put_right(company: Company) -> None:
    company.applied()
    stacks = company.stacks()
    text = (company.directory / "access" / "roles.yml").read_text(encoding="utf-8").replace("ReadRole", "OtherRole")
    stacks.update_stack(
        StackName="RoleModel", TemplateBody=text, Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "AssumingAccountID", "ParameterValue": "999999999999"}],
    )  # fmt: skip
    stacks.get_waiter("stack_update_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    ran = run("plan")
    assert "999999999999" in ran.out
    assert run("apply", "--yes").code == 0
    company.assert_nothing_left()


def test_stack_deleted_by_hand_comes_back(company: Company) -> None:
    company.applied()
    stacks = company.stacks()
    stacks.delete_stack(StackName="RoleModel")
    stacks.get_waiter("stack_delete_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    assert run("apply", "--yes").code == 0
    company.assert_nothing_left()


def test_name_of_the_stack_is_that_of_the_config(company: Company) -> None:
    company.config(stack_name="Access")
    ran = run("apply", "--yes")
    assert ran.code == 5  # the sandbox's roles may touch the stack RoleModel only
    assert "AccessDenied" in ran.out
    assert company.aws.calls()["cloudformation:DescribeStacks"] == 2
