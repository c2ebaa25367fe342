"""Being asked: off a terminal and on one."""

from __future__ import annotations

import subprocess

import pytest

from .company import MAP, Company, role
from .running import SCRIPTS, at_terminal, process, run


@pytest.fixture
def losing(company: Company) -> Company:
    """A company in which the next run takes something away."""
    company.applied().users({"prod": {"AdminRole": ["carol"], "ReadRole": ["alice"]}, "dev": MAP["dev"]})
    return company


def test_off_a_terminal_yes_is_needed_where_access_is_taken_away(losing: Company) -> None:
    ran = run("apply")
    assert ran.code == 2
    assert "- loses  bob  prod     ReadRole" in ran.out
    assert "This changes AWS: 0 grants and 1 revocation." in ran.err
    assert "run again with `--yes`" in ran.err
    assert losing.aws.writes() == {}
    assert run("apply", "--yes").code == 0


ADMIN = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}


def test_off_a_terminal_yes_is_needed_where_access_is_given(company: Company) -> None:
    for command in ("apply", "update"):
        ran = run(command)
        assert ran.code == 2
        assert "This changes AWS: " in ran.err
        assert "2 stacks to change and 4 groups to make" in ran.err
    assert company.aws.writes() == {}
    company.applied().users({**MAP, "dev": {"AdminRole": ["alice", "bob", "carol", "dave"]}})
    for command in ("apply", "sync-users"):
        ran = run(command)
        assert ran.code == 2
        assert "This changes AWS: 1 grant and 0 revocations." in ran.err
    assert company.aws.writes() == {}


def test_who_becomes_administrator_is_told_and_counted(company: Company) -> None:
    company.roles(AdminRole=role(**ADMIN), ReadRole=role())
    company.applied().users({**MAP, "prod": {**MAP["prod"], "AdminRole": ["carol", "dave"]}})
    ran = run("apply")
    assert ran.code == 2
    assert "! `dave` becomes administrator of `prod` (`AdminRole` allows every action)." in ran.out
    assert "AdminRole (administrator)" in ran.out
    assert "1 grant and 0 revocations; 1 user becomes as good as administrator." in ran.err
    planned = run("plan", "--format", "json").json["administrators"]
    told = {"why": "allows every action", "privilege": "administrator", "actions": []}
    assert planned == [{"account": "prod", "role": "AdminRole", "user": "dave", **told}]
    assert company.aws.writes() == {}


def test_who_becomes_administrator_by_the_template_is_told(company: Company) -> None:
    company.applied().roles(AdminRole=role(**ADMIN), ReadRole=role())
    ran = run("plan")
    assert "! `carol` becomes administrator of `prod` (`AdminRole` allows every action)." in ran.out
    assert "! `alice`, `bob` and `carol` become administrator of `dev`" in ran.out
    assert run("apply").code == 2
    assert run("apply", "--yes").code == 0
    assert "becomes" not in run("plan").out


def test_removal_of_a_resource_is_told_and_counted(company: Company) -> None:
    company.roles(AdminRole=role(), ReadRole=role(), Post={"Type": "AWS::SQS::Queue"})
    company.applied().roles(AdminRole=role(), ReadRole=role())
    ran = run("apply")
    assert ran.code == 2
    assert "! The stack of `prod` loses `Post (AWS::SQS::Queue)`, with what is in it." in ran.out
    assert "2 resources beside roles deleted" in ran.err
    assert "`Post (AWS::SQS::Queue)`" in run("delete").out


def test_sandbox_asks_nothing(company: Company) -> None:
    assert run("apply", "--sandbox").code == 0


@pytest.mark.parametrize("command", ["sync-users", "delete"])
def test_the_other_commands_ask_as_well(losing: Company, command: str) -> None:
    assert run(command).code == 2
    assert losing.aws.writes() == {}
    assert run(command, "--yes").code == 0


def test_update_asks_where_a_group_goes(company: Company) -> None:
    company.applied().iam.create_group(GroupName="Stray", Path="/RoleModel/")
    assert run("update").code == 2
    assert run("update", "--yes").code == 0
    assert "Stray" not in company.members()


def test_on_a_terminal_one_is_asked(losing: Company) -> None:
    ran = at_terminal("apply", answer="n\n")
    assert ran.code == 130
    assert "Go on? [y/N]" in ran.out
    assert "Stopped: nothing was changed." in ran.out
    assert losing.aws.writes() == {}
    ran = at_terminal("apply", answer="y\n")
    assert ran.code == 0
    assert "Applied: 1 change made." in ran.out
    assert "\x1b[31m" in ran.out  # what goes is red
    losing.assert_nothing_left()


def test_on_a_terminal_a_rollout_is_live(company: Company) -> None:
    ran = at_terminal("apply", answer="y\n")
    assert ran.code == 0
    assert "CREATE_COMPLETE" in ran.out
    assert "build and grant …" in ran.out
    company.assert_nothing_left()


def test_piped_output_is_plain(company: Company) -> None:
    ran = process("apply", "--yes")
    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err
    assert "  prod  CREATE_COMPLETE\n" in ran.err
    assert "Applied: 16 changes made." in ran.out


@pytest.mark.parametrize("command", ["plan", "validate", "help"])
def test_reader_that_goes_away(company: Company, command: str) -> None:
    """As `rolemodel-ci plan | head -0` does: no traceback, and not the exit code of files with problems."""
    arguments = ["--help"] if command == "help" else [command, "--format", "json"]
    running = subprocess.Popen([SCRIPTS / "rolemodel-ci", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    told = running.stderr.read().decode()
    running.stderr.close()
    assert (running.wait(30), told) == (141, "")
