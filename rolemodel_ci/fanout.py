"""The only threads of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

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
) -> list[Returned[Result] | Raised | None]:
    """Call `function` for every item, `jobs` at a time; answers in the order of the items.

    An exception is a value. Ctrl-C calls `stop`, lets what is under way finish, starts nothing more, and raises
    Interrupted with what there is; None stands for an item that was never started. One job is a plain loop.
    """
    if jobs <= 1 or len(items) <= 1:
        return _loop(function, items)
    with ThreadPoolExecutor(max_workers=min(jobs, len(items))) as pool:
        futures = [pool.submit(_caught, function, item) for item in items]
        try:
            wait(futures)
        except KeyboardInterrupt:
            stop()
            for future in futures:
                future.cancel()
            wait([future for future in futures if not future.cancelled()])
            raise Interrupted([_answer(future) for future in futures]) from None
    return [_answer(future) for future in futures]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came. `answers` are as `each` gives them."""

    def __init__(self, answers: Sequence[object]) -> None:
        super().__init__("interrupted")
        self.answers = answers


def _loop(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Returned[Result] | Raised | None]:
    answers: list[Returned[Result] | Raised | None] = []
    try:
        for item in items:
            answers.append(_caught(function, item))
    except KeyboardInterrupt:
        raise Interrupted([*answers, *[None] * (len(items) - len(answers))]) from None
    return answers


def _caught(function: Callable[[Item], Result], item: Item) -> Returned[Result] | Raised:
    try:
        return Returned(function(item))
    except Exception as error:
        return Raised(error)


def _answer(future: Future[Returned[Result] | Raised]) -> Returned[Result] | Raised | None:
    return None if future.cancelled() else future.result()
