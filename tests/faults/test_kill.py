"""A rollout that is killed before and after every single write, or told to stop: nobody has got more, all is finished.

Six accounts: three stay, one is new, one goes with its stack, one is taken out of the config. One role stays and may do
more, one goes, one comes; people come and go.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import EMPTY
from .honesty import check_honesty
from .killing import Side, Stroke, run_until
from .wishes import ACCOUNTS, Wish
from .world import FaultWorld, State

Tell = Callable[[str, object], None]

OLD = Wish(
    {"Admin": ("ReadOnlyAccess", "NamedAdmin"), "Read": ("ReadOnlyAccess", "")},
    {
        "a": {"Admin": ("ann", "bob"), "Read": ("cyd",)},
        "b": {"Admin": ("ann",), "Read": ()},
        "c": {"Admin": ("cyd",), "Read": ("ann",)},
        "d": {"Admin": ("dan",), "Read": ()},
        "e": {"Admin": ("eve",), "Read": ()},
    },
)
NEW = Wish(
    {"Admin": ("PowerUserAccess", "NamedAdmin"), "Ops": ("ReadOnlyAccess", "")},
    {
        "a": {"Admin": ("ann",), "Ops": ("cyd",)},
        "b": {"Admin": ("ann", "dan"), "Ops": ()},
        "c": {"Admin": ("eve",), "Ops": ("ann",)},
        "f": {"Admin": ("dan",), "Ops": ("bob",)},
    },
    absent=("d",),
)
SHARES = 3
"""Into how many tests the kills of one side are split, so that two processes can share them."""


@pytest.fixture
def before(world: FaultWorld, eager: None) -> State:
    """The old policy, rolled out; kept as `old`."""
    if not world.aws.has("old"):
        assert world.calm(OLD).code == 0
        world.aws.save("old")
    world.aws.restore("old")
    return world.state()


@pytest.fixture
def config(world: FaultWorld, before: State) -> Path:
    """The files of the new policy."""
    return NEW.write(world.directory / "new")


def writes_of_a_calm_run(world: FaultWorld, config: Path) -> int:
    """How many writes the whole rollout takes."""
    done = run_until(world, config, None, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert world.state().wrong(NEW) == ([], [])
    assert world.ever() <= OLD.accesses | NEW.accesses
    return len(world.proxy.writes())


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_every_write(world: FaultWorld, config: Path, side: Side, share: int, record_property: Tell) -> None:
    writes = writes_of_a_calm_run(world, config)
    kills = range(share + 1, writes + 1, SHARES)
    for at in kills:
        killed_and_finished(world, config, Stroke(at, side), "1")
    record_property("kills", len(kills))
    assert writes > 40  # the other tests count on it


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_with_several_writes_under_way(
    world: FaultWorld, config: Path, side: Side, record_property: Tell
) -> None:
    strokes = [Stroke(at, side) for at in range(2, 41, 6)]
    for stroke in strokes:
        killed_and_finished(world, config, stroke, "4")
    record_property("kills", len(strokes))
    assert all(stroke.hit for stroke in strokes)


def killed_and_finished(world: FaultWorld, config: Path, stroke: Stroke, jobs: str) -> None:
    """Kill a run, look what it left, let the next one finish and the one after that find nothing to do."""
    about = f"{stroke.side} write {stroke.at}, {jobs} jobs"
    world.aws.restore("old")
    killed = run_until(world, config, stroke, "--jobs", jobs)
    assert killed.returncode == -signal.SIGKILL, (about, killed)
    finished(world, about)


def finished(world: FaultWorld, about: str) -> None:
    """Nobody has got more, and the next run finishes the job."""
    assert world.ever() <= OLD.accesses | NEW.accesses, about
    second = world.calm(NEW)
    assert second.code == 0, (about, second)
    assert world.ever() <= OLD.accesses | NEW.accesses, about
    after = world.state()
    assert after.wrong(NEW) == ([], []), about
    assert after.accesses == NEW.accesses, about
    assert set(after.groups) == set(NEW.groups), about
    # The account that was taken out of the config keeps its stack, as the plan says; nobody gets in there.
    assert set(after.stacks) == {ACCOUNTS[name] for name in "abcfe"}, about
    third = world.calm(NEW)
    assert (third.code, "Nothing to do" in third.out) == (0, True), about
    assert world.proxy.writes() == [], about


@pytest.mark.parametrize("jobs", ["1", "4"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop(
    world: FaultWorld, config: Path, tmp_path: Path, sign: signal.Signals, jobs: str, record_property: Tell
) -> None:
    """What is under way is finished or told as such; the record of the run is written and says so."""
    file = tmp_path / "record.json"
    moments = range(1, 41, 6)
    record_property("signals to stop", len(moments))
    for at in moments:
        about = f"{sign.name} at write {at}, {jobs} jobs"
        world.aws.restore("old")
        side: Side = "before" if at % 2 else "after"
        ran = run_until(world, config, Stroke(at, side, sign), "--jobs", jobs, "--report", str(file))
        assert ran.returncode == 130, (about, ran)
        assert "Traceback" not in ran.stderr, (about, ran)
        record = json.loads(file.read_text())
        assert (record["exit_code"], record["interrupted"]) == (130, True), (about, record)
        check_honesty(record, world.state(), NEW, about)
        finished(world, about)
        file.unlink()


def test_start_is_what_the_tests_are_about(before: State) -> None:
    assert before.wrong(OLD) == ([], [])
    assert before.accesses == OLD.accesses
    assert OLD.accesses - NEW.accesses
    assert NEW.accesses - OLD.accesses
    assert EMPTY != "old"
