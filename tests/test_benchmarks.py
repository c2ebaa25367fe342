"""The benchmarks run, at a tiny size, and count what they say they count. Times are never asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.container import Measured, container_table
from benchmarks.files import validation
from benchmarks.report import BEGIN, END, replaced
from benchmarks.repository import Size, add_grant, write
from benchmarks.rollout import Run, floor, rollout
from rolemodel_ci.cli.policy import read_files
from rolemodel_ci.edge.files import Directory

SIZE = Size(accounts=3, users=30, groups_per_user=5)


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, int, float], Run]:
    return {(run.name, run.jobs, run.latency): run for run in rollout(SIZE, latency=0.001)}


def test_every_run_is_there(runs: dict[tuple[str, int, float], Run]) -> None:
    quiet = "plan, nothing to do"
    assert list(runs) == [
        ("first apply", 16, 0.0), (quiet, 16, 0.0), (quiet, 1, 0.0), (quiet, 16, 0.001), (quiet, 1, 0.001),
        ("apply of one grant", 16, 0.0),
    ]  # fmt: skip


def test_a_plan_with_nothing_to_do_makes_the_fewest_calls(runs: dict[tuple[str, int, float], Run]) -> None:
    quiet = [run for (name, _, _), run in runs.items() if name == "plan, nothing to do"]
    assert [(run.came.planned, run.came.made, run.calls) for run in quiet] == [(0, None, floor(SIZE))] * 4
    assert sum(floor(SIZE).values()) == 3 * 4 + 3


def test_one_grant_is_one_call_more(runs: dict[tuple[str, int, float], Run]) -> None:
    run = runs["apply of one grant", 16, 0.0]
    assert (run.came.planned, run.came.made) == (1, 1)
    assert run.calls == {**floor(SIZE), "iam:AddUserToGroup": 1}


def test_first_apply_makes_everything_once(runs: dict[tuple[str, int, float], Run]) -> None:
    run = runs["first apply", 16, 0.0]
    assert run.came.made == run.came.planned == 3 + 2 * 12 + 150
    assert run.calls == {
        **floor(SIZE),
        "cloudformation:DescribeStacks": 12,
        "cloudformation:CreateStack": 3,
        "iam:CreateGroup": 12,
        "iam:PutGroupPolicy": 12,
        "iam:AddUserToGroup": 150,
    }
    assert run.came.peak_mib > 10


@pytest.mark.parametrize("long_form", [False, True])
def test_validation_reads_every_grant(long_form: bool) -> None:
    measured = validation(Size(2, 40, 5, long_form), times=1)
    assert measured.grants == 200
    assert measured.ratio == measured.whole / measured.bare


def test_one_grant_more_is_one_grant_more(tmp_path: Path) -> None:
    config = write(tmp_path, SIZE)
    add_grant(tmp_path, SIZE)
    policy, problems = read_files(Directory(config, tmp_path, (config,)), config)
    assert problems == ()
    assert policy is not None
    assert policy.users is not None
    assert len(policy.users.grants) == SIZE.grants + 1


def test_figures_go_between_the_marks() -> None:
    assert replaced(f"a\n{BEGIN}\nold\n{END}\nb", r"new \1") == f"a\n{BEGIN}\n\nnew \\1\n\n{END}\nb"
    with pytest.raises(ValueError, match="has no"):
        replaced("no marks", "new")


def test_the_whole_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.MAPS", (Size(2, 20, 5),))
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{BEGIN}\n{END}\n", encoding="utf-8")
    small = ["--accounts", "3", "--users", "30", "--latency", "0", "--times", "1", "--without", "container"]
    main([*small, "--write", str(page)])
    printed = capsys.readouterr().out
    assert "### 3 accounts with 4 roles each, 30 users in 5 groups each" in printed
    assert "| `iam:AddUserToGroup`                 | 150" in printed
    assert printed.strip() in page.read_text(encoding="utf-8")


def test_table_of_the_container() -> None:
    measured = [Measured("cut", 250_000_000, 0.25, 0.77, 1.02), Measured("whole", 270_000_000, 0.31, 1.08, 1.39)]
    table = container_table(measured)
    assert "| cut             | 250 MB | 0.25 s               | 0.77 s               | 1.02 s           |" in table
    assert container_table("Not measured: there is no image.").endswith("\n\nNot measured: there is no image.")
