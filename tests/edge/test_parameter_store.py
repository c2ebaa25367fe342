"""The store of what was last applied: answers that are lost, writes that came too late, errors of AWS, renewals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from fake_parameters import MASTER_ID, FakeClient, FakeParameters, FakeSessions, refused

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.lock_renewal import renewing
from rolemodel_ci.adapters.aws.parameter import Timing, elapsed
from rolemodel_ci.model.applied_state import (
    LEASE,
    AppliedState,
    ForeignState,
    ForeignStateError,
    Holder,
    Identity,
    LockedError,
    NoState,
    Remembered,
    StateError,
    UnreadableState,
    UnusableState,
)

NAME = "/rolemodel-ci/default/state"
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARN = f"arn:aws:ssm:eu-central-1:{MASTER_ID}:parameter{NAME}"


def state(run: str = "run 1", applied: str | None = None) -> AppliedState:
    """A state that a run remembers."""
    return AppliedState(Identity("acme/access"), None, applied, None, None, None, run, START)


class Bench:
    """AWS, its clock, and stores; `luck` is asked what becomes of a call: an error before it, after it, or None."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.parameters = FakeParameters(lambda: START + timedelta(seconds=self.seconds))
        self.before: list[BaseException | None] = []
        self.after: list[BaseException | None] = []

    def store(self, run: str = "run 1", over: Callable[[Holder], bool] = lambda holder: False) -> ParameterStore:
        """A store of its own for a run."""
        sessions: Any = FakeSessions(FakeClient(self.parameters, self.ask))
        timing = Timing(lambda: self.seconds, self.parameters.now, self.sleep)
        return ParameterStore(sessions, NAME, run, over, timing)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.seconds += seconds

    def ask(self, action: str, call: Callable[[], Any]) -> Any:
        """Make a call as the lists say: writes only."""
        if action == "put" and self.before and (error := self.before.pop(0)):
            raise error
        answer = call()
        if action == "put" and self.after and (error := self.after.pop(0)):
            raise error
        return answer

    def holding(self, run: str = "run 1") -> ParameterStore:
        """A store that holds the lock."""
        store = self.store(run)
        store.lock(store.read_state(), state(run))
        return store


LOST = ConnectionClosedError(endpoint_url="https://ssm")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_taken_renewed_and_given_back(bench: Bench) -> None:
    store = bench.holding()
    seen = bench.store().read_state()
    assert seen.holder is not None
    assert (seen.holder.run, seen.holder.until) == ("run 1", START + LEASE)
    bench.seconds = 60
    store.renew()
    bench.seconds = 130
    store.check()
    store.unlock(state(applied="a" * 40))
    assert bench.store().read_state() == Remembered(state(applied="a" * 40), 3)
    store.unlock(None)  # once is enough
    assert len(bench.parameters.parameters[NAME]) == 3


def test_held_by_another_run(bench: Bench) -> None:
    bench.holding()
    other = bench.store("run 2")
    with pytest.raises(LockedError, match="another run is applying: run 1, since 2026-11-24 12:00:00 UTC; it holds"):
        other.lock(other.read_state(), state("run 2"))
    bench.store("run 2", lambda holder: holder.run == "run 1").lock(other.read_state(), state("run 2"))


def test_taken_over_once_its_lease_is_over(bench: Bench) -> None:
    first = bench.holding()
    bench.seconds = LEASE.total_seconds() + 2
    second = bench.holding("run 2")
    second.check()
    for step in (first.check, first.renew, lambda: first.unlock(None)):
        with pytest.raises(LockedError, match="no longer held by this run"):
            step()
    second.check()


def test_the_second_of_two_that_have_read_the_same(bench: Bench) -> None:
    """It writes nothing, so that what the first one has applied is not forgotten."""
    one, two = bench.store(), bench.store("run 2")
    seen = two.read_state()
    one.lock(one.read_state(), state())
    one.unlock(state(applied="b" * 40))
    with pytest.raises(LockedError, match="another run has written"):
        two.lock(seen, state("run 2"))
    assert two.read_state() == Remembered(state(applied="b" * 40), 2)


def test_two_that_write_at_the_same_moment(bench: Bench) -> None:
    """One has the lock, and what the other has written over it counts for nothing."""
    one, two = bench.store(), bench.store("run 2")
    one.remember(one.read_state(), state(applied="b" * 40))
    ask, seen = bench.ask, one.read_state()

    def meanwhile(action: str, call: Callable[[], Any]) -> Any:
        if action == "put":
            two.sessions.fake = FakeClient(bench.parameters, ask)  # type: ignore[attr-defined]
            one.lock(seen, state("run 1", "b" * 40))
        return ask(action, call)

    sessions: Any = FakeSessions(FakeClient(bench.parameters, meanwhile))
    two.sessions = sessions
    with pytest.raises(LockedError, match="another run has written"):
        two.lock(seen, state("run 2", "c" * 40))
    one.check()
    found = bench.store().read_state()
    assert found.answer == state(applied="b" * 40)
    with pytest.raises(LockedError, match="a run that is not known"):
        two.lock(found, state("run 2"))
    one.unlock(state(applied="d" * 40))
    assert bench.store().read_state().answer == state(applied="d" * 40)


def test_the_holder_writes_over_what_came_too_late(bench: Bench) -> None:
    store = bench.holding()
    bench.parameters.put(NAME, "by hand", overwrite=True)
    store.renew()
    bench.parameters.put(NAME, "by hand", overwrite=True)
    store.unlock(state(applied="a" * 40))
    assert bench.store().read_state().answer == state(applied="a" * 40)
    assert bench.store().read_state().holder is None


def test_an_answer_that_is_lost_is_looked_for(bench: Bench) -> None:
    bench.after = [LOST]
    store = bench.holding()
    bench.after = [refused("InternalServerError")]
    store.renew()
    bench.after = [LOST]
    store.unlock(None)
    assert [version.number for version in bench.parameters.parameters[NAME]] == [1, 2, 3]
    assert bench.slept == []


@pytest.mark.parametrize("error", [refused("ThrottlingException"), refused("TooManyUpdates"), LOST])
def test_a_call_that_failed_is_tried_again(bench: Bench, error: BaseException) -> None:
    bench.before = [error, error]
    store = bench.holding()
    bench.before = [error]
    store.unlock(None)
    assert bench.slept == [0.2, 0.5, 0.2]
    assert bench.store().read_state().holder is None


def test_throttled_for_ever(bench: Bench) -> None:
    store = bench.store()
    bench.before = [refused("ThrottlingException")] * 99
    with pytest.raises(StateError, match=r"cannot be remembered: .*ThrottlingException"):
        store.lock(store.read_state(), state())
    assert sum(bench.slept) == pytest.approx(7.7)


def test_a_release_that_may_have_worked_frees_no_lock_of_another(bench: Bench) -> None:
    """The answer to the release is lost, and another run takes the lock before that is looked for."""
    store = bench.holding()
    other = bench.store("run 2")

    def lose(action: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if action == "put":
            other.lock(other.read_state(), state("run 2"))
            raise LOST
        return answer

    sessions: Any = FakeSessions(FakeClient(bench.parameters, lose))
    store.sessions = sessions
    with pytest.raises(StateError, match="whether /rolemodel-ci/default/state was written is not known"):
        store.unlock(state(applied="a" * 40))
    other.check()
    seen = bench.store().read_state()
    assert seen.holder is not None
    assert seen.holder.run == "run 2"


def _raise(error: BaseException) -> Any:
    raise error


def test_others_that_write_all_the_time(bench: Bench) -> None:
    store = bench.holding()

    def busy(action: str, call: Callable[[], Any]) -> Any:
        if action == "put":
            bench.parameters.put(NAME, "by hand", overwrite=True)
        return call()

    sessions: Any = FakeSessions(FakeClient(bench.parameters, busy))
    store.sessions = sessions
    with pytest.raises(LockedError, match="others keep writing"):
        store.renew()


def test_a_look_that_fails_before_the_lock_is_taken(bench: Bench) -> None:
    store = bench.store()
    seen = store.read_state()
    sessions: Any = FakeSessions(FakeClient(bench.parameters, lambda *_: _raise(refused("AccessDeniedException"))))
    store.sessions = sessions
    with pytest.raises(StateError, match="cannot be remembered"):
        store.lock(seen, state())


def test_interrupted_while_it_takes_the_lock(bench: Bench) -> None:
    store = bench.store()
    store.remember(store.read_state(), state("run 0", "a" * 40))
    bench.after = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        store.lock(store.read_state(), state())
    assert bench.store().read_state() == Remembered(state("run 0", "a" * 40), 3)
    bench.before = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        store.lock(store.read_state(), state())
    assert len(bench.parameters.parameters[NAME]) == 3


def test_what_the_role_lacks(bench: Bench) -> None:
    store = bench.store()
    bench.before = [refused("AccessDeniedException")]
    with pytest.raises(StateError) as caught:
        store.lock(store.read_state(), state())
    assert f'{{"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:PutParameter"], "Resource": "{ARN}"}}' in (
        caught.value.remedy
    )
    sessions: Any = FakeSessions(FakeClient(bench.parameters, lambda *_: _raise(refused("AccessDeniedException"))))
    answer = ParameterStore(sessions, NAME).read_state().answer
    assert isinstance(answer, UnreadableState)
    assert answer.statement == f'{{"Effect": "Allow", "Action": ["ssm:GetParameter"], "Resource": "{ARN}"}}'
    assert answer.statement in answer.remedy


def test_a_read_that_fails_otherwise(bench: Bench) -> None:
    sessions: Any = FakeSessions(FakeClient(bench.parameters, lambda *_: _raise(LOST)))
    answer = ParameterStore(sessions, NAME).read_state().answer
    assert isinstance(answer, UnreadableState)
    assert (answer.statement, "network" in answer.remedy) == ("", True)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ForeignState(state("run 7")), ForeignStateError),
        (UnusableState("a newer rolemodel-ci wrote it", newer=True), StateError),
        (UnreadableState("it cannot be read", "Look."), StateError),
    ],
)
def test_what_may_not_be_replaced(bench: Bench, answer: Any, error: type[Exception]) -> None:
    for write in (bench.store().lock, bench.store().remember):
        with pytest.raises(error):
            write(Remembered(answer, 3), state())
    assert bench.parameters.parameters == {}


def test_deleted_by_hand_while_the_lock_is_held(bench: Bench) -> None:
    store = bench.holding()
    store.renew()
    bench.parameters.parameters.clear()
    store.renew()
    store.check()
    store.unlock(None)
    assert bench.store().read_state().holder is None


def test_an_answer_that_does_not_say_what_time_it_is(bench: Bench) -> None:
    bench.holding()
    sessions: Any = FakeSessions(FakeClient(bench.parameters, lambda action, call: {**call(), "ResponseMetadata": {}}))
    store = ParameterStore(sessions, NAME, timing=Timing(elapsed, bench.parameters.now))
    bench.seconds = 200
    assert store.read_state().holder is not None
    bench.seconds = 400
    assert store.read_state().holder is None
    assert store.read_state().answer == state()
    assert bench.store("x").read_state() != Remembered(NoState())


def test_renewed_while_a_run_goes_on() -> None:
    renewed, third = [0], threading.Event()

    def renew() -> None:
        renewed[0] += 1
        if renewed[0] == 1:
            raise StateError("throttled", "Run again.")
        if renewed[0] == 3:
            third.set()
            raise LockedError("lost", "Run again.")

    with renewing(renew, 0.01):
        assert third.wait(10)
        threading.Event().wait(0.05)
    assert renewed[0] == 3  # a lock that is lost is not renewed any more


def test_the_clock_goes_on() -> None:
    assert 0 < elapsed() <= elapsed()
    assert replace(state(), run="x") != state()


def test_a_time_that_lies_ahead_holds_no_lock_for_longer_than_a_lease(bench: Bench) -> None:
    bench.holding()
    version = bench.parameters.parameters[NAME][-1]
    bench.parameters.parameters[NAME][-1] = version._replace(modified=START + timedelta(days=400))
    store = bench.store("run 2")
    seen = store.read_state()
    assert seen.holder is not None
    assert seen.holder.until == START + LEASE
    assert not store.is_free(seen)
    with pytest.raises(LockedError):
        store.lock(seen, state("run 2"))
    store.idle = seen.version  # for whoever has waited has seen that nobody renews it
    assert store.is_free(seen)
    store.lock(seen, state("run 2"))
    store.check()


def test_a_parameter_of_another_type_is_told_with_the_way_out(bench: Bench) -> None:
    bench.holding()
    bench.parameters.kind = "SecureString"
    store = bench.store("run 2")
    seen = store.read_state()
    assert isinstance(seen.answer, UnusableState)
    assert "SecureString" in seen.answer.reason
    with pytest.raises(StateError, match="it is a SecureString") as error:
        store.lock(seen, state("run 2"))
    assert f"aws ssm delete-parameter --name {NAME}" in error.value.remedy
