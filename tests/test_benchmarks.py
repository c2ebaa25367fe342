"""The benchmarks run, at a tiny size, and count what they say they count. Times are never asserted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import benchmarks.peers
from benchmarks.__main__ import main
from benchmarks.container import Measured, container_table
from benchmarks.files import validation
from benchmarks.peers import PEERS, Compared, Took, peers
from benchmarks.report import BEGIN, END, peers_table, replaced
from benchmarks.repository import Size, add_grant, write
from benchmarks.rollout import FIRST, GRANT, QUIET, Rollout, Run, chain, floor, rollout
from benchmarks.step import Came
from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.cli.files import read_files

SIZE = Size(accounts=3, users=30, groups_per_user=5)


@pytest.fixture(scope="module")
def measured() -> Rollout:
    return rollout(SIZE, latency=0.001)


def found(measured: Rollout, name: str) -> list[Run]:
    return [run for run in measured.runs if run.name == name]


def test_every_run_is_there(measured: Rollout) -> None:
    assert [(run.name, run.jobs, run.latency) for run in measured.runs] == [
        (FIRST, 16, 0.0), (QUIET, 16, 0.0), (QUIET, 1, 0.0), (GRANT, 16, 0.0),
        (FIRST, 16, 0.001), (QUIET, 16, 0.001), (GRANT, 16, 0.001),
    ]  # fmt: skip


def test_a_plan_with_nothing_to_do_makes_the_fewest_calls(measured: Rollout) -> None:
    quiet = found(measured, QUIET)
    assert [(run.came.planned, run.came.made, run.calls) for run in quiet] == [(0, None, floor(SIZE))] * 3
    assert sum(floor(SIZE).values()) == 3 * 4 + 3


def test_one_grant_is_one_call_more(measured: Rollout) -> None:
    for run in found(measured, GRANT):
        assert (run.came.planned, run.came.made) == (1, 1)
        assert run.calls == {**floor(SIZE), "iam:AddUserToGroup": 1}


def test_first_apply_makes_everything_once(measured: Rollout) -> None:
    for run in found(measured, FIRST):
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
        assert run.came.cpu > 0


def test_the_floor_is_the_chain_and_the_calls_through_the_workers() -> None:
    came = Came(cpu=1.0, peak_mib=1, planned=0, made=None)

    def least(jobs: int, lag: float, served: float) -> float:
        return Run(QUIET, jobs, 0.5, came, {"a": 320}, served=served, seconds=9.0, lag=lag).least(SIZE)

    assert least(16, 0.5, 0.0) == (4 + 320 / 16) * 0.5
    assert least(16, 0.0, 6.4) == 6.4  # one after the other at the server
    assert least(16, 0.5, 6.4) == pytest.approx(24 * 0.52)
    assert least(1, 0.5, 0.0) == 320 * 0.5
    assert [chain(name, SIZE) for name in (QUIET, GRANT, FIRST)] == [4, 5, 2 + 1 + 6 + 2 + 13]
    assert chain(QUIET, Size(500, 1_000, 5)) == 2 + 4  # the pages of the master come one after the other


def test_every_part_of_the_profile_is_found(measured: Rollout) -> None:
    assert all(seconds > 0 for seconds in measured.parts.values()), measured.parts
    assert len(measured.parts) == 9


def test_a_company_larger_than_aws_allows(tmp_path: Path) -> None:
    config = write(tmp_path, Size(126, 1, 1))
    policy, problems = read_files(Directory(config, tmp_path, (config,)), config)
    assert policy is not None
    assert [problem.code for problem in problems] == ["RM206"]  # which benchmarks.step does not mind


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


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name.split()[0])
def test_locks_pin_what_the_table_names(peer: Any) -> None:
    home = Path(benchmarks.peers.__file__).parent
    pins = (home / "requirements.lock").read_text(encoding="utf-8")
    package = json.loads((home / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    known = {*re.findall(r"^([\w.-]+==[\w.]+) ", pins, re.MULTILINE)}
    known.add(f"org-formation=={package['node_modules/aws-organization-formation']['version']}")
    program, version = re.search(r"(Sceptre|awscli|org-formation) ([\d.]+)", peer.name).groups()  # type: ignore[union-attr]
    assert f"{program.lower()}=={version}" in known
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", pins))
    assert all("integrity" in found for path, found in package.items() if path)


def test_a_peer_that_is_not_there_is_named_as_such(
    measured: Rollout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.peers.HOME", tmp_path)
    compared = peers(1, 0.001)
    assert [peer.missing for peer in compared] == ["not installed: `make peers`"] * 3
    took = Took(1.25, 0.5, 7)
    page = peers_table(measured, 0.001, [*compared, Compared("another", took, took, took)])
    assert page.count("not installed") == 3
    assert re.search(r"^\| another +\| 1.2 s \(0.5 s\) +\| 1.2 s \(0.5 s\) +\| 1.2 s +\| 7 +\|$", page, re.MULTILINE)


def test_the_whole_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.MAPS", (Size(2, 20, 5),))
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{BEGIN}\n{END}\n", encoding="utf-8")
    small = ["--accounts", "3", "--users", "30", "--latency", "0", "--times", "1", "--peers", "0"]
    main([*small, "--without", "container", "--write", str(page)])
    printed = capsys.readouterr().out
    assert "### 3 accounts with 4 roles each, 30 users in 5 groups each" in printed
    assert "| `iam:AddUserToGroup`                 | 150" in printed
    assert printed.strip() in page.read_text(encoding="utf-8")


def test_table_of_the_container() -> None:
    measured = [Measured("cut", 250_000_000, 0.25, 0.77, 1.02), Measured("whole", 270_000_000, 0.31, 1.08, 1.39)]
    table = container_table(measured)
    assert "| cut             | 250 MB | 0.25 s               | 0.77 s               | 1.02 s           |" in table
    assert container_table("Not measured: there is no image.").endswith("\n\nNot measured: there is no image.")
