"""Answers in order, exceptions as values, and what an interruption leaves."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from typing import TypeVar

import pytest

from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.reconcile.concurrency import Raised, Returned, cascade, each, each_within
from rolemodel_ci.reconcile.deadlines import Patience, asks, hears, is_given_up, waiting

Value = TypeVar("Value")


def values(answers: Sequence[Returned[Value] | Raised]) -> list[Value | str]:
    """What came of each item, for comparison."""
    return [answer.value if isinstance(answer, Returned) else repr(answer.error) for answer in answers]


def half(number: int) -> int:
    """Half of an even number; the first ones take longest."""
    time.sleep(0.02 / (number + 1))
    if number % 2:
        raise ValueError(number)
    return number // 2


@pytest.mark.parametrize("jobs", [0, 1, 2, 8, 100])
def test_answers_come_in_the_order_of_the_items_and_exceptions_are_values(jobs: int) -> None:
    assert values(each(half, range(5), jobs)) == [0, "ValueError(1)", 1, "ValueError(3)", 2]


@pytest.mark.parametrize("jobs", [1, 8])
def test_no_items_no_answers(jobs: int) -> None:
    assert each(half, [], jobs) == []


@pytest.mark.parametrize(("jobs", "items"), [(1, 3), (8, 1)])
def test_one_job_or_one_item_is_a_plain_loop(jobs: int, items: int) -> None:
    answers = each(lambda _: threading.current_thread(), range(items), jobs)

    assert values(answers) == [threading.main_thread()] * items


def test_several_jobs_work_at_once() -> None:
    both = threading.Barrier(2, timeout=5)

    assert len(values(each(lambda _: both.wait(), range(2), 2))) == 2


def test_no_more_than_so_many_at_once() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def work(_: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1

    each(work, range(12), 3)

    assert most[0] == 3


def test_an_interruption_of_a_loop_starts_nothing_more() -> None:
    started: list[int] = []

    def work(number: int) -> int:
        started.append(number)
        if number == 2:
            raise KeyboardInterrupt
        return half(number)

    with pytest.raises(KeyboardInterrupt):
        each(work, range(5), 1)
    assert started == [0, 1, 2]


@pytest.mark.parametrize("pause", [0, 0.05])
def test_an_interruption_of_threads_lets_them_finish_and_starts_nothing_more(pause: float) -> None:
    started: list[int] = []
    finished: list[int] = []
    stopped = threading.Event()

    def work(number: int) -> None:
        started.append(number)
        if number == 0:
            time.sleep(pause)  # with 0 it comes while items are still being handed out
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert stopped.wait(5)
        finished.append(number)

    with pytest.raises(KeyboardInterrupt):
        each(work, range(50), 2, stopped.set)

    while pause == 0 and len(finished) < len(started):  # a thread that was just being started is not waited for
        time.sleep(0.01)
    assert sorted(finished) == sorted(started)
    assert 0 in started
    assert len(started) <= 2


def test_an_interruption_inside_of_a_thread_goes_on_up() -> None:
    def work(number: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each(work, range(3), 2)


# ---- reading, which is given up where nobody answers

PATIENCE = Patience(time.monotonic, 0.2, 0.4)


@pytest.mark.parametrize("jobs", [0, 1, 2, 8, 100])
def test_reading_gives_answers_in_order_and_exceptions_as_values(jobs: int) -> None:
    assert values(each_within(half, range(5), jobs, lambda _: PATIENCE)) == [0, "ValueError(1)", 1, "ValueError(3)", 2]
    assert each_within(half, [], jobs, lambda _: PATIENCE) == []


def test_an_item_that_hangs_is_given_up_and_the_others_do_not_wait_for_its_place() -> None:
    over, told = threading.Event(), threading.Event()

    def read(number: int) -> int:
        if number == 0:
            asks("the wall")
            over.wait(10)
            if is_given_up():
                told.set()
        return number

    began = time.monotonic()
    answers = each_within(read, range(20), 1, lambda _: PATIENCE)
    assert time.monotonic() - began < 5
    assert values(answers)[1:] == list(range(1, 20))
    assert isinstance(answers[0], Raised)
    assert isinstance(answers[0].error, CredentialsError)
    assert answers[0].error.message == "no answer to the wall within 0.2 s"
    over.set()
    assert told.wait(5)
    assert isinstance(answers[0], Raised)  # what comes too late is none


def test_an_answer_begins_the_wait_anew_and_a_failed_attempt_does_not() -> None:
    def read(answered: bool) -> str:
        for _ in range(3):
            asks("it")
            time.sleep(0.1)
            hears(answered=answered)
        time.sleep(0.3)  # nothing is asked meanwhile
        return "done"

    kind, unkind = each_within(read, [True, False], 2, lambda _: PATIENCE)
    assert kind == Returned("done")
    assert isinstance(unkind, Raised)


def test_what_is_not_waited_for_takes_as_long_as_it_takes() -> None:
    def read(number: int) -> int:
        time.sleep(0.3)
        with waiting("it"):
            pass
        return number

    assert values(each_within(read, [7], 1, lambda _: PATIENCE)) == [7]


def test_a_vital_item_that_fails_ends_the_others() -> None:
    def read(number: int) -> int:
        if number == 0:
            raise ValueError(number)
        asks("it")
        time.sleep(5)
        return number

    began = time.monotonic()
    answers = each_within(read, range(4), 4, lambda _: Patience(time.monotonic, 9, 9), lambda number: number == 0)
    assert time.monotonic() - began < 3
    assert values(answers) == ["ValueError(0)"] * 4


def test_an_interruption_inside_of_a_reading_thread_goes_on_up() -> None:
    def read(number: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_within(read, range(3), 2, lambda _: PATIENCE)


def test_outside_of_such_work_nothing_is_noted() -> None:
    asks("it")
    hears(answered=True)
    assert not is_given_up()


# ---- work that makes more work


def doubled(number: int) -> list[int]:
    """More work, or an error."""
    if number == 7:
        raise ValueError(number)
    return [number * 10, number * 10 + 1] if number < 10 else []


@pytest.mark.parametrize("jobs", [0, 1, 3, 8])
def test_what_work_returns_is_worked_on_as_well(jobs: int) -> None:
    lock, done = threading.Lock(), []

    def work(number: int) -> list[int]:
        with lock:
            done.append(number)
        return doubled(number)

    errors = cascade(work, ([3], [1, 7]), jobs)
    assert sorted(done) == [1, 3, 7, 10, 11, 30, 31]
    assert [repr(error) for error in errors] == ["ValueError(7)"]
    if jobs <= 1:
        assert done == [3, 30, 31, 1, 10, 11, 7]
    assert cascade(work, ([], []), jobs) == []


def test_a_lane_that_is_held_up_holds_up_no_other() -> None:
    free = threading.Event()

    def work(item: str) -> list[str]:
        if item == "free":
            free.set()
        else:
            assert free.wait(5)
        return []

    assert cascade(work, (["free"], ["held"] * 4), 2) == []


def test_an_interruption_of_a_cascade_starts_nothing_more_and_lets_finish_what_is_under_way() -> None:
    started: list[int] = []
    finished: list[int] = []
    stopped = threading.Event()

    def work(number: int) -> list[int]:
        started.append(number)
        if number == 0:
            time.sleep(0.05)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert stopped.wait(5)
        finished.append(number)
        return [100]

    with pytest.raises(KeyboardInterrupt):
        cascade(work, (range(50),), 2, stopped.set)
    assert sorted(finished) == sorted(started)
    assert 100 not in started
    assert len(started) <= 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_inside_of_a_cascade_goes_on_up(jobs: int) -> None:
    def work(number: int) -> list[int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cascade(work, (range(3),), jobs)
