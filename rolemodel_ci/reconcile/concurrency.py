"""The only threads of the program."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from rolemodel_ci.reconcile.deadlines import HERE, Patience, Wait

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Raised:
    """The function raised this for an item."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Returned(Generic[Result]):
    """The function returned this for an item."""

    value: Result


def each(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int, stop: Callable[[], None] = lambda: None
) -> list[Returned[Result] | Raised]:
    """Call `function` for every item, `jobs` at a time; answers in the order of the items. One job is a plain loop.

    An exception is a value, but KeyboardInterrupt is none: Ctrl-C starts nothing more, calls `stop`, lets what is under
    way finish, and goes on up.
    """
    if jobs <= 1 or len(items) <= 1:
        return [_caught(function, item) for item in items]
    with ThreadPoolExecutor(max_workers=min(jobs, len(items))) as pool:
        try:
            futures = [pool.submit(_caught, function, item) for item in items]
            wait(futures)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)  # or those that `stop` frees would go on
            stop()
            raise
    return [future.result() for future in futures]


def cascade(
    function: Callable[[Item], Sequence[Item]],
    lanes: Sequence[Sequence[Item]],
    jobs: int,
    stop: Callable[[], None] = lambda: None,
) -> list[Exception]:
    """Call `function` for every item, and for those that it returns; what it raises.

    Each lane has `jobs` threads of its own and so waits for no other; what is returned goes into the first one. One job
    is a plain loop. KeyboardInterrupt ends it as it ends `each`.
    """
    if jobs <= 1:
        return _in_turn(function, deque(item for lane in lanes for item in lane))
    with contextlib.ExitStack() as closing:
        pools = [closing.enter_context(ThreadPoolExecutor(max_workers=jobs)) for _ in lanes]
        cascading = _Cascade(function, pools)
        try:
            for pool, lane in zip(pools, lanes, strict=True):
                for item in lane:
                    cascading.submit(pool, item)
            return cascading.wait()
        except BaseException:
            cascading.close()
            stop()
            raise


def _in_turn(function: Callable[[Item], Sequence[Item]], todo: deque[Item]) -> list[Exception]:
    raised = []
    while todo:
        answer = _caught(function, todo.popleft())
        if isinstance(answer, Raised):
            raised.append(answer.error)
        else:
            todo.extendleft(reversed(answer.value))
    return raised


class _Cascade(Generic[Item]):
    """The items of one `cascade` that are not done yet."""

    def __init__(self, function: Callable[[Item], Sequence[Item]], pools: Sequence[ThreadPoolExecutor]) -> None:
        self._function, self._pools = function, pools
        self._changed = threading.Condition()
        self._left, self._closed = 0, False
        self._raised: list[BaseException] = []

    def submit(self, pool: ThreadPoolExecutor, item: Item) -> None:
        """Have an item worked on, unless nothing more is to be started."""
        with self._changed:
            if not self._closed:
                self._left += 1
                pool.submit(self._work, item)

    def wait(self) -> list[Exception]:
        """Wait for the last item; what was raised. An interruption inside of a thread goes on up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._left or self._unusual())
        for error in self._unusual():
            raise error
        return [error for error in self._raised if isinstance(error, Exception)]

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._closed = True
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, item: Item) -> None:
        try:
            for following in self._function(item):
                self.submit(self._pools[0], following)
        except BaseException as error:
            self._raised.append(error)
        finally:
            with self._changed:
                self._left -= 1
                self._changed.notify_all()

    def _unusual(self) -> list[BaseException]:
        return [error for error in self._raised if not isinstance(error, Exception)]


def _caught(function: Callable[[Item], Result], item: Item) -> Returned[Result] | Raised:
    try:
        return Returned(function(item))
    except Exception as error:
        return Raised(error)


# ---- reading, which is given up where nobody answers


_TICK = 0.05  # seconds between two looks at what does not answer
_THREADS_PER_JOB = 4  # at most, where many do not answer


def each_within(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    patience: Callable[[Item], Patience],
    is_vital: Callable[[Item], bool] = lambda item: False,
) -> list[Returned[Result] | Raised]:
    """Call `function` as `each` does, but give up an item that nobody answers: it ends with CredentialsError.

    Its thread is left to itself, so that it must only read. Where a vital item fails, the others end with its error at
    once.
    """
    reading = _Reading(function, items, max(jobs, 1), patience)
    while index_answer := reading.next():
        index, answer = index_answer
        if isinstance(answer, Raised) and is_vital(items[index]):
            return [reading.answers.get(i, answer) for i in range(len(items))]
    return [reading.answers[i] for i in range(len(items))]


class _Reading(Generic[Item, Result]):
    """The items of one `each_within`: those to do, those under way, and the answers so far."""

    def __init__(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        jobs: int,
        patience: Callable[[Item], Patience],
    ) -> None:
        self.answers: dict[int, Returned[Result] | Raised] = {}
        self._function, self._items, self._jobs, self._patience = function, items, jobs, patience
        self._todo = deque(range(len(items)))
        self._waits: dict[int, Wait] = {}
        self._arrived: SimpleQueue[tuple[int, Returned[Result] | Raised | BaseException]] = SimpleQueue()

    def next(self) -> tuple[int, Returned[Result] | Raised] | None:
        """The next answer, whatever item it is of; None after the last."""
        while len(self.answers) < len(self._items):
            self._start()
            with contextlib.suppress(Empty):
                index, answer = self._arrived.get(timeout=_TICK)
                if index in self._waits:  # not one that was given up
                    return self._settled(index, answer)
            for index, wait_ in self._waits.items():
                if (error := wait_.given_up_for()) is not None:
                    return self._settled(index, Raised(error))
        return None

    def _start(self) -> None:
        """Start as many as there are places for: who is slow has none."""
        while self._todo and len(self._waits) < self._jobs * _THREADS_PER_JOB:
            if sum(not wait_.is_slow() for wait_ in self._waits.values()) >= self._jobs:
                return
            index = self._todo.popleft()
            wait_ = self._waits[index] = Wait(self._patience(self._items[index]))
            threading.Thread(target=self._work, args=(index, wait_), daemon=True).start()

    def _work(self, index: int, wait_: Wait) -> None:
        HERE.wait = wait_
        try:
            self._arrived.put((index, _caught(self._function, self._items[index])))
        except BaseException as error:
            self._arrived.put((index, error))

    def _settled(
        self, index: int, answer: Returned[Result] | Raised | BaseException
    ) -> tuple[int, Returned[Result] | Raised]:
        del self._waits[index]
        if isinstance(answer, BaseException):
            raise answer
        self.answers[index] = answer
        return index, answer
