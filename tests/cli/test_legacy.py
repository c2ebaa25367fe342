"""The command line of 2015 and files as people wrote them for it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from edge.surroundings import DEV, MASTER, PROD, AwsFiles

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .running import Ran, at_terminal, process, run, run_legacy

FILES = Path(__file__).parents[1] / "fixtures" / "legacy_2015"
ROLES = ("AdminRole", "AuditRole", "BillingRole", "DeployRole")


@pytest.fixture
def old(aws: EmbeddedAws, files: AwsFiles, tmp_path: Path) -> EmbeddedAws:
    """The old files in the working directory, and profiles with the keys of three accounts."""
    shutil.copytree(FILES, tmp_path, dirs_exist_ok=True)
    files.keys(master=MASTER, prod=PROD, dev=DEV)
    for user in ("alice", "bob", "carol", "dave"):
        aws.client("iam", MASTER).create_user(UserName=user)
    aws.mark()
    return aws


def members(aws: EmbeddedAws) -> dict[str, set[str]]:
    iam = aws.client("iam", MASTER)
    names = [group["GroupName"] for group in iam.list_groups()["Groups"]]
    return {name: {user["UserName"] for user in iam.get_group(GroupName=name)["Users"]} for name in names}


def test_life_of_2015(old: EmbeddedAws) -> None:
    ran = run_legacy("config.yml", "update")
    assert ran.code == 0, ran
    assert ran.out.startswith("Updating ...\n")
    assert ran.out.endswith("...done\n")
    assert members(old) == {f"RM.{account}.{role}": set() for account in ("prod", "dev") for role in ROLES}
    ran = run_legacy("config.yml", "sync_users", "users.yml")
    assert ran.code == 0, ran
    assert ran.out.startswith("Syncing Users\n")
    assert ran.out.endswith("...done\n")
    assert {group: users for group, users in members(old).items() if users} == {
        "RM.prod.AdminRole": {"carol"}, "RM.prod.DeployRole": {"alice", "bob"}, "RM.dev.AuditRole": {"dave"},
    }  # fmt: skip
    ran = run_legacy("config.yml", "delete")
    assert ran.code == 0, ran
    assert ran.out.startswith("Deleting ...\n")
    assert ran.out.endswith("...done\n")
    assert members(old) == {}
    assert old.client("cloudformation", PROD).list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_installed_script(old: EmbeddedAws) -> None:
    for arguments in (("update",), ("sync_users", "users.yml")):
        ran = process("config.yml", *arguments, program="rolemodel")
        assert ran.code == 0, ran
    assert members(old)["RM.prod.DeployRole"] == {"alice", "bob"}


def test_list_as_in_2015(old: EmbeddedAws) -> None:
    missing = "".join(f"Account {name} has no stack RoleModel in us-east-1.\n" for name in ("prod", "dev"))
    assert run_legacy("config.yml", "list") == Ran(0, "", missing)
    assert run_legacy("config.yml", "update").code == 0
    lines = run_legacy("config.yml", "list").out.splitlines()
    assert [line for line in lines if line.startswith("Account")] == ["Account: prod", "Account: dev"]
    assert len(lines) == 10
    for line in lines[1:5]:
        assert re.fullmatch(rf"(RoleModel-\w+-\w+) \(arn:aws:iam::{PROD}:role/\1\)", line)


def with_a_queue(tmp_path: Path) -> None:
    """The template with something beside the roles."""
    path = tmp_path / "roles.cf"
    content = json.loads(path.read_text())
    content["Resources"]["Post"] = {"Type": "AWS::SQS::Queue"}
    path.write_text(json.dumps(content))


def test_what_the_tool_of_2015_never_did_wants_a_word(
    old: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (tmp_path / "roles.cf").read_text()
    with_a_queue(tmp_path)
    assert run_legacy("config.yml", "update").code == 0
    (tmp_path / "roles.cf").write_text(before)
    old.mark()
    for command in ("update", "delete"):
        ran = run_legacy("config.yml", command)
        assert (ran.code, old.writes()) == (2, {})
        assert "resources beside roles deleted" in ran.err
        assert "ROLEMODEL_YES=1" in ran.err
    assert run_legacy("--yes", "config.yml", "update").code == 0
    monkeypatch.setenv("ROLEMODEL_YES", "1")
    assert run_legacy("config.yml", "delete").code == 0


def test_on_a_terminal_the_words_of_2015_ask_as_well(old: EmbeddedAws) -> None:
    ran = at_terminal("config.yml", "update", answer="n\n", program="rolemodel")
    assert ran.code == 130
    assert "Go on? [y/N]" in ran.out
    assert old.writes() == {}


def test_second_run_writes_nothing(old: EmbeddedAws) -> None:
    assert run_legacy("config.yml", "update").code == 0
    old.mark()
    ran = run_legacy("config.yml", "update")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == ["Updating ...", "Nothing to do: AWS is what the repository says."]
    assert old.writes() == {}


def test_role_that_the_map_leaves_out_keeps_its_members(old: EmbeddedAws) -> None:
    """`sync_users` works on the groups that the map names, then as now; `apply` is the one that takes the map whole."""
    assert run_legacy("config.yml", "update").code == 0
    old.client("iam", MASTER).add_user_to_group(GroupName="RM.prod.BillingRole", UserName="alice")
    assert run_legacy("config.yml", "sync_users", "users.yml").code == 0
    assert members(old)["RM.prod.BillingRole"] == {"alice"}


def test_the_new_command_line_reads_the_old_files(old: EmbeddedAws) -> None:
    assert run("validate", "--config", "config.yml").code == 0
    assert run("apply", "--yes", "--config", "config.yml").code == 0
    assert run("sync-users", "--yes", "users.yml", "--config", "config.yml").code == 0
    assert members(old)["RM.prod.AdminRole"] == {"carol"}
    assert run("apply", "--yes", "--config", "config.yml").code == 0


def test_template_in_the_working_directory(old: EmbeddedAws, tmp_path: Path) -> None:
    """The tool of 2015 read the template relative to where it was run."""
    (tmp_path / "configs").mkdir()
    shutil.move(tmp_path / "config.yml", tmp_path / "configs")
    assert run_legacy("configs/config.yml", "update").code == 0
    assert len(members(old)) == 8


def test_groups_of_before_the_prefix_are_kept_on_request(old: EmbeddedAws, tmp_path: Path) -> None:
    iam = old.client("iam", MASTER)
    iam.create_group(GroupName="prod.AdminRole", Path="/RoleModel/")
    iam.add_user_to_group(GroupName="prod.AdminRole", UserName="carol")
    ran = run_legacy("config.yml", "update")
    assert ran.code == 4
    assert "renamed-groups" in ran.out
    assert "...done" not in ran.out
    with (tmp_path / "config.yml").open("a", encoding="utf-8") as config:
        config.write('group_prefix: ""\n')
    assert run_legacy("config.yml", "update").code == 0
    assert members(old)["prod.AdminRole"] == {"carol"}


def test_stacks_of_2015_in_the_region_of_the_profiles_are_not_made_again(old: EmbeddedAws, tmp_path: Path) -> None:
    """0.1.0 worked in each profile's region, and called the stack RoleModel whatever the config said."""
    with (tmp_path / "config.yml").open("a", encoding="utf-8") as config:
        config.write("region: eu-west-1\n")
    assert run_legacy("config.yml", "update").code == 0
    text = (tmp_path / "config.yml").read_text()
    for moved in (text.replace("region: eu-west-1\n", ""), text.replace("region:", "stack_name: Other\nregion:")):
        (tmp_path / "config.yml").write_text(moved)
        old.mark()
        ran = run_legacy("config.yml", "update")
        assert (ran.code, old.writes()) == (4, {})
        assert "moved-stacks" in ran.out
    (tmp_path / "config.yml").write_text(text)
    assert run_legacy("config.yml", "update").code == 0


def test_account_that_cannot_be_read(old: EmbeddedAws, files: AwsFiles) -> None:
    assert run_legacy("config.yml", "update").code == 0
    files.keys(master=MASTER, prod=PROD)
    ran = run_legacy("config.yml", "list")
    assert ran.code == 5
    assert "Account: prod" in ran.out
    assert "Account dev cannot be read" in ran.err


def test_config_by_environment_and_debugging(old: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run_legacy("--debug", "config.yml", "list")
    assert ran.code == 0
    assert "cloudformation:DescribeStacks" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--help",), 0, "Usage: rolemodel"),
        ((), 2, "Usage: rolemodel"),
        (("config.yml",), 2, "Missing command"),
        (("config.yml", "sync_users"), 2, "Missing argument"),
        (("missing.yml", "update"), 1, "there is no file `missing.yml`"),
        (("config.yml", "update", "--help"), 0, "Create or update the roles"),
    ],
)
def test_usage(old: EmbeddedAws, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = run_legacy(*arguments)
    assert ran.code == code, ran
    assert said in ran.out + ran.err


def test_map_with_problems(old: EmbeddedAws, tmp_path: Path) -> None:
    (tmp_path / "users.yml").write_text("prod:\n  NoRole: [carol]\n", encoding="utf-8")
    ran = run_legacy("config.yml", "sync_users", "users.yml")
    assert ran.code == 1
    assert "users.yml:2:3" in ran.out
    assert "Syncing" not in ran.out
