"""The workflows of this repository, and the one that docs/setup.md hands out: what they may, and what runs when."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from linting import tool
from workflow_files import ACTION, WORKFLOWS, all_texts, handed_out, parsed

from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.adapters.github.workflow_commands import RECORD_FILE

TEXTS = all_texts()
WHOLE = {name: parsed(text) for name, text in TEXTS.items()}
ACCESS = ["access.yml", "setup.md:access.yml"]
OURS = ("./", "rolemodel-ci/rolemodel-ci@")
SECONDS = 60


def jobs(name: str) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow."""
    found: dict[str, dict[str, Any]] = WHOLE[name]["jobs"]
    return found


def steps(name: str) -> Iterator[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    for job in jobs(name).values():
        yield from job["steps"]


def test_there_are_the_workflows_that_the_project_lives_by() -> None:
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "access.yml", "release.yml"}
    assert list(handed_out()) == ["access.yml"]


# ---- what every workflow keeps to


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_allowed_but_what_a_job_asks_for(name: str) -> None:
    assert WHOLE[name]["permissions"] == {}
    assert all(job["permissions"] for job in jobs(name).values())
    assert not [job for job in jobs(name).values() if job["permissions"].get("contents") != "read"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_job_ends_by_itself_and_waits_its_turn(name: str) -> None:
    for job in jobs(name).values():
        assert 1 <= int(job["timeout-minutes"]) <= 60
        assert "concurrency" in job or "concurrency" in WHOLE[name]


@pytest.mark.parametrize("name", TEXTS)
def test_no_workflow_runs_with_rights_on_foreign_files(name: str) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(WHOLE[name]["on"])


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned_by_commit_with_the_version_beside_it(name: str) -> None:
    used = re.findall(r"uses: (\S+)(.*)", TEXTS[name])
    assert used
    for action, comment in used:
        if action != "./":
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    allowed = {"actions/checkout", "actions/upload-artifact", "rolemodel-ci/rolemodel-ci", "./"}
    assert {action.partition("@")[0] for action, _ in used} <= allowed


@pytest.mark.parametrize("name", TEXTS)
def test_no_expression_gets_into_a_shell(name: str) -> None:
    assert not [step["run"] for step in steps(name) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", TEXTS)
def test_no_credentials_stay_in_the_workspace(name: str) -> None:
    checkouts = [step for step in steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(jobs(name))
    assert {step["with"]["persist-credentials"] for step in checkouts} == {"false"}


@pytest.mark.parametrize("name", TEXTS)
def test_a_reason_stands_beside_each_ignore(name: str) -> None:
    for reason in re.findall(r"(?:zizmor: ignore\[|jactionlint ignore=)[\w-]+\]?(.*)", TEXTS[name]):
        assert len(reason) > 20


# ---- the workflow of an access repository


def our_step(job: Any) -> Any:
    """The one step of a job that runs the action."""
    (step,) = (step for step in job["steps"] if step.get("uses", "").startswith(OURS))
    return step


@pytest.mark.parametrize("name", ACCESS)
def test_the_record_of_whatever_may_write_is_kept(name: str) -> None:
    step = jobs(name)["apply"]["steps"][-1]
    assert step["if"] == "always()"
    assert step["with"]["path"] == RECORD_FILE


def test_the_living_example_is_the_one_that_is_handed_out() -> None:
    """But for what its first lines say: the action of this commit, paths, and the variable that lets it at AWS."""
    ours = parsed(TEXTS["access.yml"])
    del ours["on"]["pull_request"]["paths"], ours["on"]["push"]["paths"]
    for job in ours["jobs"].values():
        job["if"] = re.sub(r"^vars\.ROLEMODEL_CI_APPLY == 'true' && (?:\((.*)\)$)?", r"\1", job["if"])
        assert our_step(job)["uses"] == "./"
    theirs = parsed(handed_out()["access.yml"])
    for job in theirs["jobs"].values():
        step = our_step(job)
        assert step["uses"].startswith("rolemodel-ci/rolemodel-ci@")
        step["uses"] = "./"
    assert ours == theirs


@pytest.mark.parametrize("name", ACCESS)
def test_only_known_inputs_are_given(name: str) -> None:
    known = parsed(ACTION.read_text(encoding="utf-8"))["inputs"]
    given = {key for step in steps(name) if step.get("uses", "").startswith(OURS) for key in step.get("with", {})}
    assert given == {"repair", "allow"}
    assert given <= known.keys()
    choice = WHOLE[name]["on"]["workflow_dispatch"]["inputs"]["repair"]
    assert choice["options"] == [repair.value for repair in Repair]
    assert choice["default"] == Repair.NOTHING


@pytest.mark.parametrize("name", ACCESS)
def test_whatever_may_write_is_one_after_the_other(name: str) -> None:
    waits = {job: told["concurrency"] for job, told in jobs(name).items()}
    assert waits["apply"] == {"group": "access-apply", "cancel-in-progress": "false", "queue": "max"}
    assert waits["plan"]["group"] == "access-plan-${{ github.ref }}"
    assert len({told["group"] for told in waits.values()}) == len(waits)


@pytest.mark.parametrize("name", ACCESS)
def test_rights_of_the_jobs_are_what_the_page_says(name: str) -> None:
    rights = {job: set(told["permissions"]) for job, told in jobs(name).items()}
    assert rights["plan"] == {"contents", "pull-requests", "id-token"}
    assert rights["apply"] == {"actions", "contents", "pull-requests", "id-token"}
    assert rights["look"] == {"contents", "id-token"}
    assert not [job for job in jobs(name).values() if "environment" in job]


def test_a_required_check_is_never_left_out() -> None:
    assert "paths" not in WHOLE["setup.md:access.yml"]["on"]["pull_request"]


# ---- what runs when, as nektos/act decides


def act(directory: Path, *arguments: str) -> str:
    """Run act in a repository; steps run on this machine, in a home of their own. Its log."""
    home = directory.parent / "home"  # not inside: act copies the repository
    (directory / "event.json").touch()
    ran = subprocess.run(
        [tool("act"), "--no-cache-server", "--action-cache-path", home / "actions",
         "--platform", "ubuntu-latest=-self-hosted", *arguments],
        cwd=directory, env={"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(home)},
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository with one commit."""
    top = tmp_path / "repository"
    (top / ".github" / "workflows").mkdir(parents=True)
    for command in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "One")):
        author = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *command], cwd=top, check=True, timeout=SECONDS)
    return top


def telling(name: str) -> str:
    """The workflow with steps that only tell which job they are in, and what the action would be given.

    act 0.2.89 is older than `queue` and wants numbers as numbers.
    """
    workflow = parsed(TEXTS[name])
    for job in workflow["jobs"].values():
        del job["concurrency"], job["timeout-minutes"]
        given = our_step(job).get("with", {})
        job["steps"] = [
            {
                "run": 'echo "ran=$GITHUB_JOB repair=$REPAIR allow=$ALLOW;"',
                "env": {key.upper(): value for key, value in given.items()},
            }
        ]
    return yaml.safe_dump(workflow)


@pytest.mark.parametrize("name", ACCESS)
@pytest.mark.parametrize(
    ("event", "inputs", "expected"),
    [
        ("pull_request", {}, "ran=plan repair= allow=;"),
        ("push", {}, "ran=apply repair=ended allow=;"),
        ("schedule", {}, "ran=apply repair=ended allow=;"),
        ("workflow_dispatch", {"repair": "nothing", "allow": ""}, "ran=look repair= allow=;"),
        ("workflow_dispatch", {"repair": "ended", "allow": ""}, "ran=apply repair=ended allow=;"),
        (
            "workflow_dispatch",
            {"repair": "everything", "allow": "mass-revocation"},
            "ran=apply repair=everything allow=mass-revocation;",
        ),
    ],
)
def test_which_job_runs_with_which_inputs(
    repository: Path, name: str, event: str, inputs: dict[str, str], expected: str
) -> None:
    (repository / ".github" / "workflows" / "access.yml").write_text(telling(name))
    pull = {"number": 7, "pull_request": {"number": 7, "head": {"ref": "x"}, "base": {"ref": "main"}}}
    (repository / "event.json").write_text(json.dumps(pull if event == "pull_request" else {"inputs": inputs}))
    said = act(repository, event, "--eventpath", "event.json", "--var", "ROLEMODEL_CI_APPLY=true")
    assert re.findall(r"ran=.*;(?=\n)", re.sub(r".*Run Main.*|.*Success.*", "", said)) == [expected]


@pytest.mark.parametrize(("event", "expected"), [("pull_request", 1), ("push", 0), ("schedule", 0)])
def test_the_living_example_leaves_aws_alone(repository: Path, event: str, expected: int) -> None:
    (repository / ".github" / "workflows" / "access.yml").write_text(telling("access.yml"))
    assert len(re.findall(r"\| ran=", act(repository, event))) == expected


@pytest.mark.parametrize(("workflow", "job"), [("ci.yml", "gate"), ("release.yml", "gate")])
def test_the_gate_is_what_runs(repository: Path, workflow: str, job: str) -> None:
    """The job with its own steps, and a gate that only says so."""
    (repository / ".github" / "workflows" / workflow).write_text(TEXTS[workflow])
    (repository / ".ci").mkdir()
    (repository / ".ci" / "run").write_text("#!/bin/sh\necho this is the gate\n")
    (repository / ".ci" / "run").chmod(0o755)
    (repository / "rolemodel_ci").mkdir()
    (repository / "rolemodel_ci" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (repository / "event.json").write_text(json.dumps({"ref": "refs/tags/v1.2.3"}))
    said = act(repository, "push", "--job", job, "--eventpath", "event.json", "--env", "GITHUB_REF_NAME=v1.2.3")
    assert "this is the gate" in said
