"""Hold the lock while a plan is made true, and remember what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rolemodel_ci.applied_state import (
    LEASE,
    AppliedState,
    Attempt,
    Holder,
    LockedError,
    Remembered,
    StateError,
    begun,
    ended,
    locked,
)
from rolemodel_ci.edge.parameter_store import ParameterStore
from rolemodel_ci.edge.renewal import renewing

POLL = 3.0
"""Seconds between two looks at a lock that another run holds."""


@dataclass(slots=True)
class Locked:
    """The lock, as a run holds it. `check` raises LockedError once it is lost.

    What `after` is set to is remembered when the lock is given back; until then it is what was begun.
    """

    check: Callable[[], None]
    after: AppliedState

    def close(self, attempt: Attempt, *, complete: bool, record_digest: str | None = None) -> None:
        """Say how the run ended, for what is remembered of it."""
        self.after = ended(self.after, attempt, now(), complete=complete, record_digest=record_digest)


@contextlib.contextmanager
def locking(
    store: ParameterStore, seen: Remembered, attempt: Attempt, record_digest: str | None = None
) -> Iterator[Locked]:
    """Remember that a plan is begun and lock out other runs; in the end remember how it ended and give the lock back.

    However the block ends, by Ctrl-C or an error too. Raises as `StateWriter.lock` does, before the block; StateError
    or LockedError after it, where what came of the run cannot be remembered.
    """
    state = begun(seen.answer, attempt, now(), record_digest)
    store.lock(seen, state)
    held = Locked(store.check, state)
    with renewing(store.renew):
        try:
            yield held
        except BaseException:
            with contextlib.suppress(StateError, LockedError):  # the error under way says more
                store.unlock(held.after)
            raise
        store.unlock(held.after)


def wait_for(store: ParameterStore, holder: Holder, say: Callable[[str], None]) -> Remembered:
    """Wait until the lock is free; what is remembered then. Raises LockedError if its holder renews it meanwhile."""
    error = locked(holder)
    say(f"Waiting: {error.message}.")
    waited = 0.0
    while waited <= LEASE.total_seconds() + 2 * POLL:
        store.timing.sleep(POLL)
        waited += POLL
        seen = store.read_state()
        if seen.holder is None or store.over(seen.holder):
            return seen
    raise locked(seen.holder)


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
