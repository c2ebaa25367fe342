"""Being asked: off a terminal and on one."""

from __future__ import annotations

import subprocess

import pytest

from .company import MAP, Company
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
    assert "This takes access away or deletes something (1 change)." in ran.err
    assert "run again with `--yes`" in ran.err
    assert losing.aws.writes() == {}
    assert run("apply", "--yes").code == 0


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
    ran = at_terminal("apply")
    assert ran.code == 0
    assert "CREATE_COMPLETE" in ran.out
    assert "build …" in ran.out
    company.assert_nothing_left()


def test_piped_output_is_plain(company: Company) -> None:
    ran = process("apply")
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
