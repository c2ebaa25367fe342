"""Runs that meet at the lock, in every order: late, lost and doubled calls, old answers, kills at every call.

Each run is a thread that stops at every call; the test decides whose call goes on, and how. Time passes only when the
test says so.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError
from fake_parameters import FakeClient, FakeParameters, FakeSessions, refused
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.parameter import Timing
from rolemodel_ci.model.applied_state import LEASE, AppliedState, Identity, LockedError, NoState, Remembered, StateError

NAME = "/rolemodel-ci/default/state"
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOW = ("answered", "answered", "answered", "answer lost", "never arrives", "arrives late", "throttled")
RUNS = 3


class Killed(BaseException):
    """The process is gone."""


def state_of(run: str) -> AppliedState:
    """What a run remembers."""
    return AppliedState(Identity("acme/access"), None, None, None, None, None, run, START)


@dataclass
class World:
    """AWS's clock, its Parameter Store, and writes that are still on their way."""

    seconds: float = 0.0
    late: list[Callable[[], Any]] = field(default_factory=list)
    parameters: FakeParameters = field(default_factory=FakeParameters)

    def __post_init__(self) -> None:
        self.parameters.now = self.now

    def now(self) -> datetime:
        """AWS's time."""
        return START + timedelta(seconds=self.seconds)


class Run:
    """One run. `skew`: by how much the clock of its machine is wrong, in seconds."""

    def __init__(self, world: World, name: str, skew: float, works: int) -> None:
        self.world, self.name, self.works = world, name, works
        self.asked: queue.SimpleQueue[tuple[str, Callable[..., Any]] | None] = queue.SimpleQueue()
        self.told: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self.call: tuple[str, Callable[..., Any]] | None = None
        timing = Timing(
            lambda: world.seconds,
            lambda: world.now() + timedelta(seconds=skew),
            lambda pause: self.ask("sleep", lambda: None),
        )
        sessions: Any = FakeSessions(FakeClient(world.parameters, self.ask))
        self.store = ParameterStore(sessions, NAME, name, lambda holder: False, timing)
        self.ended = ""
        self.bug: BaseException | None = None
        threading.Thread(target=self._play, daemon=True).start()
        self._wait()

    def _play(self) -> None:
        try:
            self.ended = self._played()
        except (LockedError, StateError) as error:
            self.ended = type(error).__name__
        except Killed:
            self.ended = "killed"
        except BaseException as error:
            self.bug = error
        self.asked.put(None)

    def _played(self) -> str:
        seen = self.store.read_state()
        self.store.lock(seen, state_of(self.name))
        for _ in range(self.works):
            self.ask("work", self.store.check)
            self.store.renew()
        self.store.unlock(replace(state_of(self.name), applied_commit="a" * 40))
        return "done"

    def ask(self, action: str, call: Callable[..., Any]) -> Any:
        """Stop until the test says how a call goes on."""
        self.asked.put((action, call))
        return self.told.get()()

    def _wait(self) -> None:
        self.call = self.asked.get(timeout=30)
        if self.bug:
            raise self.bug

    def step(self, how: str, behind: int) -> None:
        """Let the call that the run has stopped at go on."""
        assert self.call is not None
        action, call = self.call
        self.told.put(self._answer(action, call, how, behind))
        self._wait()

    def _answer(self, action: str, call: Callable[..., Any], how: str, behind: int) -> Callable[[], Any]:
        if action == "get" and how == "answered":
            return lambda: call(behind)
        if action in ("sleep", "work") or how == "answered":
            return call
        if how == "throttled":
            return lambda: _raise(refused("ThrottlingException"))
        if action == "put" and how == "answer lost":
            call_quietly(call)
        elif action == "put" and how == "arrives late":
            self.world.late.append(call)
        return lambda: _raise(ConnectionClosedError(endpoint_url="https://ssm"))

    def kill(self) -> None:
        """End the process where it is."""
        self.told.put(lambda: _raise(Killed()))
        self._wait()

    @property
    def holds(self) -> bool:
        """Whether the run would make a change now."""
        if self.call is None:
            return False
        try:
            self.store.check()
        except LockedError:
            return False
        return True


def _raise(error: BaseException) -> Any:
    raise error


def call_quietly(call: Callable[[], Any]) -> None:
    """Make a call whose answer nobody gets."""
    with contextlib.suppress(ClientError):
        call()


# Without shrinking: every example starts threads, and a story of sixty steps is told by its draws well enough.
@settings(
    max_examples=120,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.data())
def test_there_are_never_two_holders(data: st.DataObject) -> None:
    world = World()
    runs: list[Run] = []
    for step in range(data.draw(st.integers(10, 60))):
        live = [run for run in runs if run.call is not None]
        moves = ["time", *(["start"] if len(live) < RUNS else []), *(["late"] if world.late else [])]
        move = data.draw(st.sampled_from([*moves, *(["step"] * 6 + ["kill"] if live else [])]))
        if move == "start":
            skew = data.draw(st.sampled_from([0.0, -240.0, 240.0]))
            runs.append(Run(world, f"run {step}", skew, data.draw(st.integers(0, 3))))
        elif move == "time":
            world.seconds += data.draw(st.sampled_from([0.5, 10.0, 31.0, 79.0, 81.0, 91.0, 120.0]))
        elif move == "late":
            call_quietly(world.late.pop(data.draw(st.integers(0, len(world.late) - 1))))
        elif move == "kill":
            data.draw(st.sampled_from(live)).kill()
        else:
            run = data.draw(st.sampled_from(live))
            run.step(data.draw(st.sampled_from(HOW)), data.draw(st.sampled_from([0, 0, 0, 1])))
        holding = [run.name for run in runs if run.holds]
        assert len(holding) <= 1, holding
    for run in runs:
        if run.call is not None:
            run.kill()
    next_one_gets_it(world)


def next_one_gets_it(world: World) -> None:
    """A lease later, whatever was left behind is in nobody's way."""
    world.seconds += LEASE.total_seconds() + 2
    last = Run(world, "last", 0.0, 1)
    while last.call is not None:
        last.step("answered", 0)
    assert last.ended == "done"
    seen: Remembered = last_seen(world)
    assert seen.holder is None
    assert isinstance(seen.answer, AppliedState)
    assert (seen.answer.run, seen.answer.applied_commit) == ("last", "a" * 40)


def last_seen(world: World) -> Remembered:
    """What a reader sees."""
    sessions: Any = FakeSessions(FakeClient(world.parameters))
    return ParameterStore(sessions, NAME, timing=Timing(lambda: world.seconds, world.now, lambda _: None)).read_state()


def test_nothing_is_on_record_at_first() -> None:
    assert last_seen(World()) == Remembered(NoState())
