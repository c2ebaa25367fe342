"""What a run writes for the runner and for later steps: outputs, the summary, the plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolemodel_ci.adapters.github.workflow_commands import (
    PLAN_FILE,
    append_outputs,
    append_summary,
    write_workspace_file,
)

from .listening_runner import outputs

# ---- outputs and the summary


def test_outputs_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "output"
    append_outputs(file, {"result": "applied", "empty": "", "comment-url": "https://x/y?a=b#c<<EOF"})
    append_outputs(file, {"grants": "3"})
    assert outputs(file.read_text("utf-8")) == {
        "result": "applied", "empty": "", "comment-url": "https://x/y?a=b#c<<EOF", "grants": "3",
    }  # fmt: skip


@pytest.mark.parametrize(
    "value",
    ["a\nresult=evil", "EOF\nresult<<EOF\nevil\nEOF", "\r\nresult=evil\r\n", "a\n\nresult=evil\n", "\x85result=evil"],
)
def test_value_cannot_add_an_output(tmp_path: Path, value: str) -> None:
    append_outputs(tmp_path / "output", {"first": value, "last": "x"})
    found = outputs((tmp_path / "output").read_text("utf-8"))
    assert list(found) == ["first", "last"]
    assert "\n" not in found["first"]


def test_value_cannot_guess_the_delimiter(tmp_path: Path) -> None:
    for name in ("one", "two"):
        append_outputs(tmp_path / name, {"a": "x", "b": "y"})
    delimiters = [re.findall(r"<<(.+)", (tmp_path / name).read_text()) for name in ("one", "two")]
    assert len({*delimiters[0], *delimiters[1]}) == 4


@given(st.text(max_size=60))
@example("\n<<EOF=\r")
def test_any_value_is_one_output(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.mktemp("outputs") / "output"
    append_outputs(file, {"a": value, "b": "y"})
    assert outputs(file.read_text("utf-8", errors="strict")).keys() == {"a", "b"}


def test_summary_is_added_to(tmp_path: Path) -> None:
    append_summary(tmp_path / "summary", "### One ➕\n")
    append_summary(tmp_path / "summary", "### Two\n")
    assert (tmp_path / "summary").read_text("utf-8") == "### One ➕\n### Two\n"


@pytest.mark.parametrize("name", ["", "missing/file"])
def test_file_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="directory"):
        append_outputs(tmp_path / name, {"a": "b"})
    with pytest.raises(OSError, match="directory"):
        append_summary(tmp_path / name, "x")


# ---- the plan


def test_plan_is_left(tmp_path: Path) -> None:
    write_workspace_file(tmp_path / PLAN_FILE, '{"ü": 1}\n')
    assert (tmp_path / PLAN_FILE).read_bytes() == '{"ü": 1}\n'.encode()


def test_plan_takes_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text("an old one that is longer than the new one")
    (tmp_path / PLAN_FILE).chmod(0o000)
    write_workspace_file(tmp_path / PLAN_FILE, "{}")
    assert (tmp_path / PLAN_FILE).read_text() == "{}"


def test_other_name_of_a_file_keeps_its_content(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / PLAN_FILE).hardlink_to(tmp_path / "other")
    write_workspace_file(tmp_path / PLAN_FILE, "{}")
    assert (tmp_path / "other").read_text() == "theirs"


@pytest.mark.parametrize("target", ["outside", "missing", PLAN_FILE, "workspace"])
def test_planted_link_is_not_followed(tmp_path: Path, target: str) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "outside").write_text("theirs")
    (workspace / PLAN_FILE).symlink_to(PLAN_FILE if target == PLAN_FILE else tmp_path / target)
    write_workspace_file(workspace / PLAN_FILE, "{}")
    assert (tmp_path / "outside").read_text() == "theirs"
    assert not (tmp_path / "missing").exists()
    assert not (workspace / PLAN_FILE).is_symlink()
    assert (workspace / PLAN_FILE).read_text() == "{}"


@pytest.mark.parametrize("full", [False, True])
def test_planted_directory_is_an_error_that_is_told(tmp_path: Path, full: bool) -> None:
    (tmp_path / PLAN_FILE).mkdir()
    if full:
        (tmp_path / PLAN_FILE / "x").write_text("theirs")
    with pytest.raises(OSError, match=re.escape(PLAN_FILE)):
        write_workspace_file(tmp_path / PLAN_FILE, "{}")
    assert (tmp_path / PLAN_FILE).is_dir()
