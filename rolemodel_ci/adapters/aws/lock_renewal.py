"""Keeps a lock while a run goes on, however long one of its steps takes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.model.applied_state import LEASE, LockedError, StateError


@contextlib.contextmanager
def renewing(renew: Callable[[], None], pause: float = LEASE.total_seconds() / 3) -> Iterator[None]:
    """Call `renew` in a thread of its own, each time `pause` seconds have passed, until the block ends.

    A renewal that fails is tried again, sooner; one that finds the lock lost is the last. The run learns of that by
    itself: it asks before each change.
    """
    over = threading.Event()

    def go_on() -> None:
        wait = pause
        while not over.wait(wait):
            try:
                renew()
                wait = pause
            except LockedError:
                return
            except (StateError, RolemodelError):
                wait = pause / 6

    thread = threading.Thread(target=go_on, name="lock", daemon=True)  # it may sit in a call when the run ends
    thread.start()
    try:
        yield
    finally:
        over.set()
