"""A first run, runs after it, and everything that drifts in between."""

from __future__ import annotations

import pytest
from edge.surroundings import DEV, MASTER, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company, changes, role
from .running import run

TAKEN = "RM.prod.AdminRole"
GROUPS = {
    "RM.prod.AdminRole": {"carol"}, "RM.prod.ReadRole": {"alice", "bob"},
    "RM.dev.AdminRole": {"alice", "bob", "carol"}, "RM.dev.ReadRole": set(),
}  # fmt: skip


YES: tuple[tuple[str, ...], ...] = ((), ("--yes",))


def test_first_run_then_nothing_to_do(company: Company) -> None:
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert "Plan: 6 grants, 0 revocations, 2 stacks to change and 4 groups to make." in ran.out
    assert "Applied: 16 changes made." in ran.out
    assert company.members() == GROUPS
    company.assert_nothing_left()


def test_nothing_to_do_costs_few_calls(company: Company) -> None:
    company.applied()
    assert run("apply", "--yes").code == 0
    calls = company.aws.calls()
    assert calls == {
        "sts:AssumeRole": 3, "iam:GetAccountAuthorizationDetails": 1, "iam:GetAccountSummary": 1,
        "cloudformation:DescribeStacks": 2, "cloudformation:GetTemplate": 2, "cloudformation:ListStackResources": 2,
        "ssm:GetParameter": 1,
    }  # fmt: skip


def test_policies_open_exactly_the_roles(company: Company) -> None:
    company.applied()
    stack = company.stacks().list_stack_resources(StackName="RoleModel")["StackResourceSummaries"]
    name = next(r["PhysicalResourceId"] for r in stack if r["LogicalResourceId"] == "AdminRole")
    found = company.iam.get_group_policy(GroupName="RM.prod.AdminRole", PolicyName="RM.prod.AdminRole-Policy")
    assert found["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::{PROD}:role/{name}"}
    ]


def test_user_added_by_hand_is_drift_and_goes(company: Company) -> None:
    company.applied().iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="dave")
    assert changes(run("plan", "--format", "json")) == ["remove_member prod AdminRole dave"]
    ran = run("apply", "--yes")
    assert ran.code == 0
    assert "- loses  dave  prod     AdminRole" in ran.out
    assert company.members() == GROUPS
    company.assert_nothing_left()


def test_user_removed_by_hand_comes_back(company: Company) -> None:
    company.applied().iam.remove_user_from_group(GroupName="RM.prod.AdminRole", UserName="carol")
    assert run("apply", "--yes").code == 0
    assert company.members() == GROUPS


def test_foreign_policies_on_our_groups_go(company: Company) -> None:
    company.applied()
    everything = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    managed = company.iam.create_policy(PolicyName="All", PolicyDocument=everything)["Policy"]["Arn"]
    company.iam.attach_group_policy(GroupName="RM.dev.ReadRole", PolicyArn=managed)
    company.iam.put_group_policy(GroupName="RM.dev.ReadRole", PolicyName="Mine", PolicyDocument=everything)
    company.iam.put_group_policy(
        GroupName="RM.dev.AdminRole", PolicyName="RM.dev.AdminRole-Policy", PolicyDocument=everything
    )
    found = changes(run("plan", "--format", "json"))
    assert {"detach_policy dev ReadRole", "delete_policy dev ReadRole", "put_policy dev AdminRole"} <= set(found)
    assert run("apply").code == 2  # it takes something away: it wants to be asked
    assert run("apply", "--yes").code == 0
    group = company.iam.list_attached_group_policies(GroupName="RM.dev.ReadRole")["AttachedPolicies"]
    assert group == []
    company.assert_nothing_left()


def test_what_is_outside_of_the_path_is_left_alone(company: Company) -> None:
    company.iam.create_group(GroupName="RM.old.AdminRole", Path="/")
    company.iam.create_group(GroupName="Admins", Path="/RoleModel/sub/")
    for group in ("RM.old.AdminRole", "Admins"):
        company.iam.add_user_to_group(GroupName=group, UserName="dave")
    company.applied()
    others = {"RM.old.AdminRole": {"dave"}, "Admins": {"dave"}}
    assert company.members() == GROUPS | others
    assert run("delete", "--yes").code == 0
    assert company.members() == others


def test_stray_group_under_the_path_goes(company: Company) -> None:
    company.applied().iam.create_group(GroupName="Stray", Path="/RoleModel/")
    company.iam.add_user_to_group(GroupName="Stray", UserName="dave")
    assert run("apply", "--yes").code == 0
    assert company.members() == GROUPS


def test_group_of_another_path_blocks_ours(company: Company) -> None:
    company.iam.create_group(GroupName="RM.prod.AdminRole", Path="/Other/")
    ran = run("apply", "--yes", "--format", "json")
    assert ran.code == 5
    blocked = ran.json["blocked"]
    assert [(block["group"], block["user"]) for block in blocked] == [(TAKEN, None), (TAKEN, "carol")]
    assert all("/Other/" in block["reason"] for block in blocked)
    assert company.members() == GROUPS | {"RM.prod.AdminRole": set()}


def test_user_that_does_not_exist_is_blocked_and_the_rest_is_done(company: Company) -> None:
    company.users({"prod": {"AdminRole": ["carol", "alcie"]}})
    planned = run("plan", "--format", "json")
    assert planned.code == 5
    assert [block["user"] for block in planned.json["blocked"]] == ["alcie"]
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "user `alcie` does not exist in the master account" in ran.out
    assert "access/users.yml:" in ran.out
    assert "alice" in ran.out  # is it she who was meant?
    assert company.members()["RM.prod.AdminRole"] == {"carol"}


def test_account_that_cannot_be_read_stops_nothing_else(company: Company) -> None:
    company.files.switching(company.key, APPLY_ROLE, master=MASTER, prod=PROD, dev="999999999999")
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "1 account cannot be read; nothing is concluded from it" in ran.out
    members = company.members()
    assert members == {name: users for name, users in GROUPS.items() if ".prod." in name}
    planned = run("plan", "--format", "json")
    assert [account["account"] for account in planned.json["unreadable"]] == ["dev"]
    company.switch(APPLY_ROLE)
    assert run("apply", "--yes").code == 0
    assert company.members() == GROUPS


def test_unreadable_account_keeps_its_groups(company: Company) -> None:
    company.applied()
    company.files.switching(company.key, APPLY_ROLE, master=MASTER, prod=PROD, dev="999999999999")
    company.users({"prod": MAP["prod"], "dev": {"AdminRole": ["alice", "bob"]}})
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert company.members() == GROUPS | {"RM.dev.AdminRole": {"alice", "bob"}}


def test_credentials_of_the_wrong_account_write_nothing(company: Company) -> None:
    company.files.switching(company.key, APPLY_ROLE, master=PROD, prod=PROD, dev=DEV)
    ran = run("apply", "--yes")
    assert ran.code == 3
    assert f"belong to account {PROD}; the config says {MASTER}" in ran.err
    assert company.aws.writes() == {}


def test_two_profiles_that_lead_to_one_account(company: Company) -> None:
    accounts = ({"name": "prod", "profile": "prod"}, {"name": "dev", "profile": "prod"})
    company.config(accounts=accounts)
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert f"lead to account {PROD}" in ran.out
    assert company.aws.writes() == {}


@pytest.mark.parametrize("command", ["plan", "apply", "list"])
def test_account_chooses(company: Company, command: str) -> None:
    ran = run(command, "--account", "prod", "--format", "json", *YES[command == "apply"])
    assert ran.code == 0
    assert company.aws.calls()["cloudformation:DescribeStacks"] >= 1
    assert "dev" not in ran.out
    assert set(company.members()) == ({"RM.prod.AdminRole", "RM.prod.ReadRole"} if command == "apply" else set())


def test_both_accounts_by_name(company: Company) -> None:
    assert run("apply", "--yes", "--account", "prod", "--account", "dev").code == 0
    assert company.members() == GROUPS
    company.roles(AdminRole=role(), ReadRole=role())
    assert run("delete", "--account", "dev", "--yes").code == 0
    assert company.members() == {name: users for name, users in GROUPS.items() if ".prod." in name}
