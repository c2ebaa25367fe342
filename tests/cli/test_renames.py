"""Renames keep access; a name that only seems to be another one takes nobody's."""

from __future__ import annotations

import json
from typing import Any

from edge.surroundings import DEV, MASTER, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company, changes, role
from .running import run

DEV_ENTRY = {"name": "dev", "account_id": DEV, "profile": "dev"}
NEW_MAP = {"production": MAP["prod"], "dev": MAP["dev"]}
AFTER = {
    "RM.production.AdminRole": {"carol"}, "RM.production.ReadRole": {"alice", "bob"},
    "RM.dev.AdminRole": {"alice", "bob", "carol"}, "RM.dev.ReadRole": set[str](),
}  # fmt: skip


def renamed(company: Company, **more: Any) -> None:
    """The account prod is called production from now on."""
    company.applied().config(
        accounts=({"name": "production", "account_id": PROD, "profile": "prod", **more}, DEV_ENTRY)
    )
    company.users(NEW_MAP)


def unreadable(company: Company) -> None:
    """The credentials of prod lead nowhere."""
    company.files.switching(company.key, APPLY_ROLE, master=MASTER, prod="999999999999", dev=DEV)


def test_account_that_was_called_otherwise(company: Company) -> None:
    renamed(company, was="prod")
    found = changes(run("plan", "--format", "json"))
    assert found == ["rename_group production AdminRole", "rename_group production ReadRole"]
    told = run("plan").out
    assert "~ rename RM.production.ReadRole from RM.prod.ReadRole; 2 members keep access" in " ".join(told.split())
    assert "no longer in the config" not in told
    assert run("apply", "--yes").code == 0
    assert company.members() == AFTER
    company.assert_nothing_left()
    company.config(accounts=({"name": "production", "account_id": PROD, "profile": "prod"}, DEV_ENTRY))
    company.assert_nothing_left()


def test_who_is_granted_less_loses_it_with_the_rename(company: Company) -> None:
    renamed(company, was="prod")
    company.users({**NEW_MAP, "production": {"AdminRole": ["dave"], "ReadRole": ["alice"]}})
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    expected = {"RM.production.AdminRole": {"dave"}, "RM.production.ReadRole": {"alice"}}
    assert company.members() == {**AFTER, **expected}


def test_role_that_was_called_otherwise(company: Company) -> None:
    company.applied().roles(Boss=role(), ReadRole=role())
    company.config(roles={"Boss": {"was": "AdminRole"}})
    company.users({"prod": {"Boss": ["carol"], "ReadRole": ["alice", "bob"]}, "dev": {"Boss": ["alice", "bob"]}})
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert company.members() == {
        "RM.prod.Boss": {"carol"}, "RM.prod.ReadRole": {"alice", "bob"},
        "RM.dev.Boss": {"alice", "bob"}, "RM.dev.ReadRole": set(),
    }  # fmt: skip
    company.assert_nothing_left()


def test_rename_while_the_account_cannot_be_read(company: Company) -> None:
    renamed(company, was="prod")
    company.users({**NEW_MAP, "production": {"AdminRole": ["carol"], "ReadRole": ["alice"]}})
    unreadable(company)
    assert run("apply", "--yes").code == 5
    assert company.members()["RM.prod.AdminRole"] == {"carol"}
    assert company.members()["RM.prod.ReadRole"] == {"alice"}  # what is revoked is revoked
    company.switch(APPLY_ROLE)
    assert run("apply", "--yes").code == 0
    expected = {"RM.production.AdminRole": {"carol"}, "RM.production.ReadRole": {"alice"}}
    assert company.members() == {**AFTER, **expected}


def test_what_looks_like_a_rename_takes_nobodys_access_while_the_account_cannot_be_read(company: Company) -> None:
    renamed(company)
    company.users({**NEW_MAP, "production": {"AdminRole": ["carol"], "ReadRole": ["alice"]}})
    unreadable(company)
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "may be `production` under a former name" in ran.out
    assert company.members()["RM.prod.AdminRole"] == {"carol"}
    assert company.members()["RM.prod.ReadRole"] == {"alice"}
    company.switch(APPLY_ROLE)
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.production.AdminRole"] == {"carol"}
    assert "RM.prod.AdminRole" not in company.members()


def test_other_prefix_is_a_rename_that_is_asked_about(company: Company) -> None:
    company.applied().config(group_prefix="X-")
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "renamed-groups: 4 groups under /RoleModel/ open roles of ours and have another prefix than `X-`" in ran.out
    assert run("apply", "--yes", "--allow", "renamed-groups").code == 0
    assert company.members()["X-prod.ReadRole"] == {"alice", "bob"}
    company.assert_nothing_left()


def test_user_in_as_many_groups_as_aws_allows_is_renamed_as_well(company: Company) -> None:
    company.applied()
    for number in range(8):
        company.iam.create_group(GroupName=f"other{number}")
        company.iam.add_user_to_group(GroupName=f"other{number}", UserName="carol")
    renamed(company, was="prod")
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.production.AdminRole"] == {"carol"}


def test_last_administrator_is_not_lost_with_a_rename(company: Company) -> None:
    company.roles(AdminRole=role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]), ReadRole=role())
    renamed(company, was="prod")
    company.users({**NEW_MAP, "production": {"ReadRole": ["alice", "bob"]}})
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert "last-administrator" in ran.out


def test_a_group_made_by_hand_that_opens_a_wanted_role_gives_nobody_a_place(company: Company) -> None:
    company.applied()
    arn = company.iam.get_group_policy(GroupName="RM.prod.ReadRole", PolicyName="RM.prod.ReadRole-Policy")
    document = json.dumps(arn["PolicyDocument"])
    for command in ("update", "apply"):
        company.iam.create_group(GroupName="Mine", Path="/RoleModel/")
        company.iam.put_group_policy(GroupName="Mine", PolicyName="P", PolicyDocument=document)
        for user in ("alice", "dave"):  # who is granted the role, and who is not
            company.iam.add_user_to_group(GroupName="Mine", UserName=user)
        for user in company.members()["RM.prod.ReadRole"]:
            company.iam.remove_user_from_group(GroupName="RM.prod.ReadRole", UserName=user)
        company.iam.delete_group_policy(GroupName="RM.prod.ReadRole", PolicyName="RM.prod.ReadRole-Policy")
        company.iam.delete_group(GroupName="RM.prod.ReadRole")
        ran = run(command, "--yes")
        assert ran.code == 0, ran
        assert company.members()["RM.prod.ReadRole"] == ({"alice"} if command == "update" else {"alice", "bob"})
        assert "Mine" not in company.members()
