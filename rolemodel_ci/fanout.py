"""The only threads of the program."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from rolemodel_ci.errors import NoAccess

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


def _caught(function: Callable[[Item], Result], item: Item) -> Returned[Result] | Raised:
    try:
        return Returned(function(item))
    except Exception as error:
        return Raised(error)


# ---- reading, which is given up where nobody answers


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds are waited for one answer, and for all the answers that one item needs. `now` is a clock."""

    now: Callable[[], float]
    answer: float
    total: float


class _Wait:
    """How long one item has been waiting for answers. Its own thread writes this, the one that collects reads it.

    Only time in which a question is under way counts: not that in which a person types a code.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._what = ""
        self._since: float | None = None
        self._silent = self._answered = 0.0
        self.given_up = False

    def begin(self, what: str) -> None:
        """A question goes out."""
        self._what, self._since = what, self._patience.now()

    def end(self, *, answered: bool) -> None:
        """The question is over; without an answer the next one adds to the same wait."""
        silent, self._since = self.silence(), None
        self._silent = 0.0 if answered else silent
        self._answered += silent if answered else 0.0

    def silence(self) -> float:
        """Seconds since the last answer."""
        since = self._since
        return self._silent + (self._patience.now() - since if since is not None else 0.0)

    def is_slow(self) -> bool:
        """Whether it takes so long that others need not wait for its place."""
        return self.silence() > self._patience.answer / 5

    def given_up_for(self) -> NoAccess | None:
        """Give it up if it has taken too long; with the reason."""
        silence, total = self.silence(), self._patience.total
        if silence > self._patience.answer:
            why = f"no answer to {self._what} within {self._patience.answer:g} s"
        elif self._answered + silence > total:
            why = f"its answers take more than {total:g} s in all; {self._what} was not answered by then"
        else:
            return None
        self.given_up = True
        return NoAccess(why, "Look at the network, at proxies and at AWS_ENDPOINT_URL, then run again.")


class _Here(threading.local):
    wait: _Wait | None = None


_HERE = _Here()


def asks(what: str) -> None:
    """Tell that the work of this thread has asked something and waits for the answer."""
    if _HERE.wait is not None:
        _HERE.wait.begin(what)


def hears(*, answered: bool) -> None:
    """Tell that the answer is here, or that it is not waited for any longer."""
    if _HERE.wait is not None:
        _HERE.wait.end(answered=answered)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Ask something and hear its answer."""
    asks(what)
    try:
        yield
    finally:
        hears(answered=True)


def is_given_up() -> bool:
    """Tell whether nobody waits any longer for the work of this thread."""
    return _HERE.wait is not None and _HERE.wait.given_up


_TICK = 0.05  # seconds between two looks at what does not answer
_THREADS_PER_JOB = 4  # at most, where many do not answer


def each_within(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    patience: Callable[[Item], Patience],
    is_vital: Callable[[Item], bool] = lambda item: False,
) -> list[Returned[Result] | Raised]:
    """Call `function` as `each` does, but give an item up that nobody answers: it ends with NoAccess, and its thread is
    left to itself, so that it must only read. Where a vital item fails, the others end with its error at once.
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
        self._waits: dict[int, _Wait] = {}
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
            wait_ = self._waits[index] = _Wait(self._patience(self._items[index]))
            threading.Thread(target=self._work, args=(index, wait_), daemon=True).start()

    def _work(self, index: int, wait_: _Wait) -> None:
        _HERE.wait = wait_
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
