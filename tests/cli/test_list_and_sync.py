"""`list`, `update` and `sync-users`, each in every format."""

from __future__ import annotations

import pytest
from edge.surroundings import DEV, MASTER, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company
from .running import run

FORMATS = {
    "plan": "plan",
    "apply": "report",
    "update": "report",
    "sync-users": "report",
    "delete": "report",
    "list": "listing",
}


def test_list(company: Company) -> None:
    ran = run("list")
    assert (ran.code, "0 roles in 0 accounts" in ran.out) == (0, True)
    assert "Account `prod` has no stack: run `apply` or `update`." in ran.out
    company.applied()
    text = run("list").out
    assert "4 roles in 2 accounts" in text
    assert f"https://signin.aws.amazon.com/switchrole?account={PROD}&roleName=" in text
    listed = run("list", "--format", "json").json
    entry = next(role for role in listed["roles"] if (role["account"], role["role"]) == ("dev", "AdminRole"))
    assert entry["account_id"] == DEV
    assert entry["group"] == "RM.dev.AdminRole"
    assert entry["members"] == ["alice", "bob", "carol"]
    assert entry["profile"]["role_arn"] == entry["arn"]
    assert entry["profile"]["source_profile"] == "master"
    assert run("list", "--format", "markdown").out.startswith("### 4 roles in 2 accounts")
    assert company.aws.writes() == {}


def test_list_of_what_cannot_be_read(company: Company) -> None:
    company.applied().files.switching(company.key, APPLY_ROLE, master=MASTER, prod=PROD, dev="999999999999")
    ran = run("list")
    assert ran.code == 5
    assert "2 roles in 1 account" in ran.out
    assert "Account `dev` cannot be read" in ran.out


def test_update_leaves_membership_alone(company: Company) -> None:
    assert run("update", "--yes").code == 0
    assert company.members() == {f"RM.{a}.{r}": set() for a in ("prod", "dev") for r in ("AdminRole", "ReadRole")}
    company.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="dave")
    assert run("update", "--yes").out == "Nothing to do: AWS is what the repository says.\n"
    assert company.members()["RM.prod.AdminRole"] == {"dave"}


def test_sync_users_changes_the_groups_that_the_map_names_and_no_other(company: Company) -> None:
    company.applied().iam.add_user_to_group(GroupName="RM.dev.ReadRole", UserName="dave")
    company.write("others.yml", "prod:\n  AdminRole: [dave]\n  ReadRole: []\n")
    company.aws.mark()
    ran = run("sync-users", "access/others.yml", "--yes")
    assert ran.code == 0
    assert company.members() == {
        "RM.prod.AdminRole": {"dave"}, "RM.prod.ReadRole": set(),
        "RM.dev.AdminRole": {"alice", "bob", "carol"}, "RM.dev.ReadRole": {"dave"},
    }  # fmt: skip
    assert not [name for name in company.aws.calls() if name.startswith("cloudformation")]
    assert run("sync-users", "--yes").code == 0  # the map of the config
    assert company.members()["RM.prod.AdminRole"] == {"carol"}
    assert company.members()["RM.dev.ReadRole"] == {"dave"}


def test_sync_users_of_one_account(company: Company) -> None:
    assert run("update", "--yes").code == 0
    assert run("sync-users", "--yes", "--account", "prod").code == 0
    assert company.members()["RM.dev.AdminRole"] == set()
    assert company.members()["RM.prod.AdminRole"] == {"carol"}


def test_sync_users_before_update(company: Company) -> None:
    ran = run("sync-users", "--yes")
    assert ran.code == 5
    assert "group `RM.prod.AdminRole` does not exist" in ran.out
    assert "Run `update` first" in ran.out
    assert company.aws.writes() == {}


def test_map_that_a_person_names_may_lie_anywhere(company: Company, tmp_path_factory: pytest.TempPathFactory) -> None:
    company.applied()
    users = tmp_path_factory.mktemp("elsewhere") / "users.yml"
    users.write_text("dev:\n  ReadRole: [erin]\n", encoding="utf-8")
    assert run("sync-users", "--yes", str(users)).code == 0
    assert company.members()["RM.dev.ReadRole"] == {"erin"}


def test_membership_is_not_managed_without_a_map(company: Company) -> None:
    company.applied().config(users=None)
    company.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="dave")
    ran = run("apply", "--yes")
    assert ran.code == 0
    assert "the config names no `users`: who is a member of the groups is left as it is" in ran.out
    assert company.aws.writes() == {"iam:AddUserToGroup": 1}


@pytest.mark.parametrize("command", FORMATS)
def test_json_of_every_command_names_its_format(company: Company, command: str) -> None:
    company.applied()
    company.users(MAP)
    options = ["--yes"] if command == "delete" else []
    ran = run(command, "--format", "json", *options)
    assert ran.code == 0
    assert (ran.json["format"], ran.json["version"]) == (f"rolemodel-ci/{FORMATS[command]}", 1)
