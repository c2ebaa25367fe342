"""What the tool of 2015 got wrong, each at the level of HTTP: as commands against an AWS that pages as AWS does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli.company import Company, role
from cli.running import run

from rolemodel_ci.adapters.aws.stacks import AwsStackReader, AwsStackWriter
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.reconcile.stack_operations import StackOperations
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import answers
from .opening import ACCOUNT, Seen, open_sessions, small_policy, template
from .scripted import Scripted, fault
from .surroundings import PROD, AwsFiles

PEOPLE = tuple(f"user{number:03}" for number in range(120))
ROLES = tuple(f"Role{number:02}" for number in range(65))


@pytest.fixture
def company(aws: EmbeddedAws, files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return Company.found(aws, tmp_path, files)


def test_groups_and_members_beyond_a_page(
    aws: EmbeddedAws, files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: lists were read up to 100, and what came after it was made again, or never removed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    company = Company.found(aws, tmp_path, files, PEOPLE)
    company.roles(**dict.fromkeys(ROLES, role()))
    company.users({"prod": {"Role64": list(PEOPLE)}, "dev": {"Role00": ["user000"]}})
    assert run("apply", "--yes").code == 0
    members = company.members()
    assert len(members) == 130
    assert members["RM.prod.Role64"] == set(PEOPLE)
    company.assert_nothing_left()
    company.users({"prod": {"Role64": list(PEOPLE[:110])}, "dev": {"Role00": ["user000"]}})
    assert run("apply", "--yes").code == 0
    assert company.members()["RM.prod.Role64"] == set(PEOPLE[:110])
    assert run("delete", "--yes").code == 0
    assert company.members() == {}


def test_role_or_account_taken_out_of_the_map_loses_its_members(company: Company) -> None:
    """Once: only groups that the map named were looked at."""
    company.applied().users({"prod": {"ReadRole": ["alice", "bob"]}})
    assert run("apply", "--yes").code == 0
    assert {group: users for group, users in company.members().items() if users} == {
        "RM.prod.ReadRole": {"alice", "bob"}
    }
    assert len(company.members()) == 4


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "ServiceUnavailable"])
def test_error_on_describe_stacks_is_not_no_stack(scripted: Scripted, files: AwsFiles, code: str) -> None:
    """Once: any exception meant that there is no stack, and one was made."""
    scripted.script["DescribeStacks"] = [fault(code, "Stack with id RoleModel", 400)]
    sessions = open_sessions(files)
    with pytest.raises(AwsCallError, match=code):
        AwsStackReader(sessions, "RoleModel").read(ACCOUNT)
    with pytest.raises(AwsCallError, match=code):
        StackOperations(AwsStackWriter(sessions, "RoleModel"), Seen(), Seen()).bring(
            small_policy(template("A")), ACCOUNT
        )
    assert scripted.asked("CreateStack") == []


@pytest.mark.parametrize(
    "status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_COMPLETE", "CREATE_IN_PROGRESS"]
)
def test_the_wait_ends(scripted: Scripted, files: AwsFiles, status: str) -> None:
    """Once: it waited for ever for states that it did not know, and after a create that had been refused."""
    scripted.script["DescribeStacks"] = [answers.no_stack(), answers.stack("CREATE_IN_PROGRESS"), answers.stack(status)]
    seen = Seen()
    rollout = StackOperations(AwsStackWriter(open_sessions(files), "RoleModel"), seen, seen, deadline=20)
    with pytest.raises(AwsCallError, match=status):
        rollout.bring(small_policy(template("A")), ACCOUNT)
    assert seen.time < 30


def test_create_that_is_refused_is_not_waited_for(scripted: Scripted, files: AwsFiles) -> None:
    """Once: it was logged, and then the stack was waited for."""
    scripted.script |= {
        "DescribeStacks": [answers.no_stack()],
        "CreateStack": [fault("ValidationError", "Template format error")],
    }
    seen = Seen()
    with pytest.raises(AwsCallError, match="Template format error"):
        StackOperations(AwsStackWriter(open_sessions(files), "RoleModel"), seen, seen).bring(
            small_policy(template("A")), ACCOUNT
        )
    assert seen.time == 0


def test_groups_with_members_are_emptied_before_they_go(company: Company) -> None:
    """Once: deleting them failed with DeleteConflict."""
    company.applied()
    assert any(company.members().values())
    assert run("delete", "--yes").code == 0
    assert company.members() == {}
    assert "iam:DeleteGroup" not in company.aws.refused()


def test_name_of_the_stack_is_honoured(aws: EmbeddedAws, files: AwsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once: it was RoleModel, whatever the config said."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    StackOperations(AwsStackWriter(open_sessions(files), "Access"), Seen(), Seen()).bring(
        small_policy(template("A")), ACCOUNT
    )
    found = aws.client("cloudformation", PROD).describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in found] == ["Access"]


def test_nothing_to_do_sleeps_for_nothing(scripted: Scripted, files: AwsFiles) -> None:
    """Once: one second for every account."""
    scripted.script["DescribeStacks"] = [answers.stack("UPDATE_COMPLETE")]
    scripted.script["UpdateStack"] = [fault("ValidationError", "No updates are to be performed.")]
    seen = Seen()
    StackOperations(AwsStackWriter(open_sessions(files), "RoleModel"), seen, seen).bring(
        small_policy(template("A")), ACCOUNT
    )
    assert seen.time == 0


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.mkdir [executed]", "!!python/object/new:os.mkdir [executed]"]
)
def test_yaml_is_data(company: Company, tag: str) -> None:
    """Once: the config and the map could run any code."""
    for name in ("users.yml", "config.yml"):
        company.write(name, f"prod: {tag}\n")
        assert run("validate").code == 1
    assert not os.path.exists("executed")
