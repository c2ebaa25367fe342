"""action.yml, docs/github.md and the code say the same, all ways."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from test_docs import names, page, rows, section
from workflow_files import ACTION, ROOT, parsed

from rolemodel_ci.adapters.github import runner
from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.adapters.github.runner import Inputs, read_runner
from rolemodel_ci.cli import COMMANDS
from rolemodel_ci.github_action import event, publish
from rolemodel_ci.github_action import result as result_module
from rolemodel_ci.github_action.event import EventAction, Ignored, action_for
from rolemodel_ci.github_action.result import Result, RunResult
from rolemodel_ci.reconcile.approval import Guard

DECLARED = parsed(ACTION.read_text(encoding="utf-8"))
PAGE = page("docs/github.md")


def tree(module: object) -> ast.Module:
    """A module as its syntax tree."""
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]


def read_inputs() -> set[str]:
    """The names that the code asks the environment for: `given("name")`."""
    return {
        str(node.args[0].value)
        for node in ast.walk(tree(runner))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "given"
        and isinstance(node.args[0], ast.Constant)
    }


def written_outputs() -> set[str]:
    """Those of the ending, and those that telling adds: `outputs["name"] = …`."""
    added = {
        str(node.slice.value)
        for node in ast.walk(tree(publish))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "outputs"
        and isinstance(node.slice, ast.Constant)
    }
    assert added, "how outputs are written has changed"
    return added | set(RunResult(Result.NOTHING, 0).outputs())


# ---- action.yml


def test_inputs_are_those_that_the_code_reads() -> None:
    assert set(DECLARED["inputs"]) == read_inputs()


def test_outputs_are_those_that_the_code_writes() -> None:
    assert set(DECLARED["outputs"]) == written_outputs()


def test_the_declared_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    declared = {name: each.get("default", "") for name, each in DECLARED["inputs"].items()}
    assert declared.pop("github-token") == "${{ github.token }}"
    payload = tmp_path / "event.json"
    payload.write_text(json.dumps({}))
    bare = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(payload), "GITHUB_WORKSPACE": str(tmp_path)}
    told = bare | {f"INPUT_{name.upper()}": value for name, value in declared.items()}
    default = "access/config.yml"
    assert read_runner(told, default).inputs == read_runner(bare, default).inputs == Inputs(config=default)


def test_the_action_runs_the_command_in_the_image() -> None:
    runs = DECLARED["runs"]
    assert (runs["using"], runs["args"]) == ("docker", ["ci"])
    assert (ROOT / runs["image"]).is_file()
    assert runs["args"][0] in COMMANDS


def test_descriptions_name_every_choice() -> None:
    def named(text: str) -> set[str]:
        return set(re.findall(r"`([a-z-]+)`", text))

    overridable = {guard.value for guard in Guard}
    assert named(DECLARED["outputs"]["result"]["description"]) == {result.value for result in Result}
    assert named(DECLARED["inputs"]["allow"]["description"]) == overridable
    assert {repair.value for repair in Repair} <= named(DECLARED["inputs"]["repair"]["description"])
    for each in (*DECLARED["inputs"].values(), *DECLARED["outputs"].values()):
        assert len(each["description"]) > 20
        assert each["description"].endswith(".")


# ---- docs/github.md


def test_inputs_and_defaults_are_those_of_the_page() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows(section(PAGE, "Inputs"))}
    declared = {name: each.get("default") or "none" for name, each in DECLARED["inputs"].items()}
    assert told == declared


def test_choices_of_inputs_are_those_of_the_page() -> None:
    told = {row[0].strip("`"): set(re.findall(r"`([a-z-]+)`", row[2])) for row in rows(section(PAGE, "Inputs"))}
    assert told["repair"] - {"schedule", "workflow_dispatch"} == {repair.value for repair in Repair}
    assert told["allow"] == {guard.value for guard in Guard}


def test_outputs_are_those_of_the_page() -> None:
    assert names(rows(section(PAGE, "Outputs"))) == list(DECLARED["outputs"])


def test_results_are_those_of_the_page() -> None:
    told = [row[0].strip("`") for row in rows(section(PAGE, "Results"))]
    assert sorted(told) == sorted(result.value for result in Result)


def test_exit_codes_of_results_are_those_of_the_code() -> None:
    """Where the code says a result together with its number, the page says that number."""
    told = {row[0].strip("`"): {int(code) for code in row[1].split(", ")} for row in rows(section(PAGE, "Results"))}
    known: dict[str, set[int]] = {}
    for module in sorted(Path(str(result_module.__file__)).parent.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RunResult":
                result, code = node.args[:2]
                if isinstance(result, ast.Attribute) and isinstance(code, ast.Constant):
                    known.setdefault(Result[result.attr].value, set()).add(int(str(code.value)))
    assert {"nothing", "problems", "refused", "stale"} <= known.keys()
    assert {name: told[name] for name in known} == known


def events() -> set[str]:
    """Return the events that `action_for` distinguishes."""
    (function,) = (n for n in ast.walk(tree(event)) if isinstance(n, ast.FunctionDef) and n.name == "action_for")
    return {
        str(node.value.value)
        for node in ast.walk(function)
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant)
    }


def test_events_are_those_of_the_page() -> None:
    told = [row[0] for row in rows(section(PAGE, "Events"))]
    assert {re.findall(r"`([^`]+)`", cell)[0] for cell in told} == events()


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "closed", "labeled", "edited"])
def test_actions_of_a_pull_request_are_those_of_the_page(action: str) -> None:
    payload = {"action": action, "pull_request": {}, "repository": {"default_branch": "main"}}
    found: EventAction = action_for("pull_request", payload, "refs/pull/7/merge", Repair.NOTHING)
    row = next(row for row in rows(section(PAGE, "Events")) if row[0].startswith("`pull_request` "))
    assert (action in re.findall(r"[a-z]+", row[0].partition("(")[2])) is not isinstance(found, Ignored)


def test_whatever_else_happens_is_nothing_to_do() -> None:
    assert isinstance(action_for("issues", {}, "refs/heads/main", Repair.NOTHING), Ignored)
    assert "*Nothing to do*" in section(PAGE, "Events")
