"""Names that CloudFormation finds taken by what it would delete afterwards, and stacks that are elsewhere."""

from __future__ import annotations

import json

import pytest
from edge.surroundings import DEV, MASTER, PROD
from edge.test_repo import git

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company, role
from .running import run

NEW_MAP = {"prod": {"Boss": ["carol"], "ReadRole": ["alice", "bob"]}, "dev": {"Boss": ["alice", "bob", "carol"]}}


def test_renamed_logical_id_that_keeps_its_role_name_is_refused(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    company.applied().roles(Boss=role(RoleName="admin"), ReadRole=role())
    company.users(NEW_MAP)
    before = company.members()
    for more in ((), ("--allow", "mass-revocation")):
        ran = run("apply", "--yes", *more)
        assert ran.code == 4, ran
        assert "taken-names: `Boss` is to have the RoleName `admin`, which `AdminRole` of the stack has" in ran.out
    assert "taken-names" in run("plan").out
    assert company.aws.writes() == {}
    assert company.members() == before


def commit(company: Company) -> None:
    """The files as they are, as the commit to compare with."""
    git(company.directory, "init", "--quiet", "--initial-branch", "main")
    git(company.directory, "add", "access")
    git(company.directory, "commit", "--quiet", "--message", "base")


def test_files_alone_tell_it_against_a_commit(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    commit(company)
    company.roles(Boss=role(RoleName="admin"), ReadRole=role())
    company.users(NEW_MAP)
    assert run("validate").code == 0
    ran = run("validate", "--base", "HEAD", "--format", "json")
    assert (ran.code, [p["code"] for p in ran.json["problems"]]) == (1, ["RM427"])
    assert "which `AdminRole` of the stack has before the change (account `prod`)" in ran.out
    assert "RM427" in run("plan", "--base", "HEAD").out
    assert company.aws.writes() == {}
    company.roles(Boss=role(RoleName="Boss"), ReadRole=role())
    assert run("validate", "--base", "HEAD").code == 0


def test_names_that_only_aws_can_tell_are_the_same_if_they_are_said_in_the_same_way(company: Company) -> None:
    name = {"Fn::Sub": ["${X}-admin", {"X": {"Fn::ImportValue": "company"}}]}
    company.roles(AdminRole=role(RoleName=name), ReadRole=role())
    commit(company)
    company.roles(Boss=role(RoleName=name), ReadRole=role())
    company.users(NEW_MAP)
    assert "RM427" in run("validate", "--base", "HEAD").out


def test_an_account_under_another_name_is_compared_and_another_account_is_not(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    commit(company)
    company.roles(Boss=role(RoleName="Admin"), ReadRole=role())
    company.users({"production": NEW_MAP["prod"]})
    company.config(accounts=({"name": "production", "account_id": PROD, "profile": "prod", "was": "prod"},))
    assert "RM427" in run("validate", "--base", "HEAD").out
    company.config(accounts=({"name": "production", "account_id": "999999999999", "profile": "prod"},))
    assert run("validate", "--base", "HEAD").code == 0


def test_stacks_that_a_change_leaves_behind_are_told_until_they_are_gone(company: Company) -> None:
    company.files.keys(master=MASTER, prod=PROD, dev=DEV)
    commit(company)
    company.applied().config(stack_name="Access")
    told = "the former stack `RoleModel` in us-east-1 of `dev` (333333333333), `prod` (222222222222) is still there"
    assert told in " ".join(run("plan", "--base", "HEAD").out.split())
    company.config(region="eu-west-1")
    assert told in " ".join(run("plan", "--base", "HEAD").out.split())
    company.config()
    assert "former stack" not in run("plan", "--base", "HEAD").out
    company.users({"prod": MAP["prod"]})
    company.config(accounts=({"name": "prod", "account_id": "999999999999", "profile": "prod"},), stack_name="Access")
    ran = run("plan", "--base", "HEAD", "--format", "json").json
    assert any("of `prod` (222222222222) could not be looked at" in note for note in ran["notes"])


def test_managed_policies_have_names_too(company: Company) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "P", "PolicyDocument": document}}
    company.roles(AdminRole=role(), ReadRole=role(), One=policy)
    company.applied().roles(AdminRole=role(), ReadRole=role(), Other=policy)
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`Other` is to have the ManagedPolicyName `P`, which `One` of the stack has" in ran.out


def test_other_path_with_the_same_name_is_refused(company: Company) -> None:
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    company.applied().roles(AdminRole=role(RoleName="Admin", Path="/team/"), ReadRole=role())
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "`AdminRole` is to be made anew for its Path, and keeps the RoleName `Admin`" in ran.out


def test_one_account_first_does_not_let_the_others_stacks_be_made_twice(company: Company) -> None:
    company.files.keys(master=MASTER, prod=PROD, dev=DEV)
    company.applied().config(stack_name="Access")
    for more in ((), ("--account", "prod")):
        ran = run("apply", "--yes", *more)
        assert ran.code == 4
        assert "moved-stacks" in ran.out
    assert run("apply", "--yes", "--account", "prod", "--allow", "moved-stacks").code == 0
    ran = run("apply", "--yes")
    assert ran.code == 4, ran
    assert "moved-stacks: 1 accounts (the first: `dev`) have no stack `Access`" in ran.out


def by_hand(company: Company) -> None:
    """Somebody has made a role `Admin` in prod."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MASTER}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    company.aws.client("iam", PROD).create_role(RoleName="Admin", AssumeRolePolicyDocument=document)
    company.aws.mark()


@pytest.mark.parametrize("first", [False, True], ids=["update", "creation"])
def test_role_that_exists_by_hand_is_refused_for_its_account(company: Company, first: bool) -> None:
    looking = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    may = json.dumps({"Version": "2012-10-17", "Statement": [looking]})
    for account in (PROD, DEV):
        iam = company.aws.client("iam", account)
        iam.put_role_policy(RoleName=APPLY_ROLE, PolicyName="Look", PolicyDocument=may)
    if not first:
        company.applied()
    by_hand(company)
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    planned = " ".join(run("plan").out.split())
    assert "taken-names: `Admin` of `prod` exists already, and the stack does not hold it" in planned
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "Refused in part: nothing is changed or given in `prod`." in ran.out
    stacks = company.stacks(DEV).describe_stacks()["Stacks"]
    assert [stack["StackStatus"] for stack in stacks] == ["CREATE_COMPLETE" if first else "UPDATE_COMPLETE"]
    company.aws.client("iam", PROD).delete_role(RoleName="Admin")
    assert run("apply", "--yes").code == 0
    company.assert_nothing_left()
    assert "iam:GetRole" not in company.aws.calls()


def test_role_by_hand_that_may_not_be_looked_for_is_told_when_cloudformation_finds_it(company: Company) -> None:
    by_hand(company)
    company.roles(AdminRole=role(RoleName="Admin"), ReadRole=role())
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "Something of that name is in the account, and not in the stack" in " ".join(ran.out.split())
    assert run("plan").code == 0
