"""The only threads of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
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
