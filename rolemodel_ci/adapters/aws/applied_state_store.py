"""What was last applied, and the lock, in Systems Manager Parameter Store of the master account.

`applied_state` says why a write is a compare-and-swap. Times are AWS's own: `LastModifiedDate` of the parameter, and
the `Date` of the answer. A holder counts from before it sent its write, so that its lease ends here before it ends for
others.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rolemodel_ci.adapters.aws.credential_sources import MASTER
from rolemodel_ci.adapters.aws.parameter import PAUSES, Parameter, Timing
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.adapters.processes import host, is_over, process
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.applied_state import (
    LEASE,
    AppliedState,
    ForeignState,
    Holder,
    LockedError,
    NoState,
    Remembered,
    StateError,
    UnreadableState,
    UnusableState,
    fixed,
    foreign,
    locked,
)

if TYPE_CHECKING:
    from rolemodel_ci.adapters.aws.applied_state_json import Lock

_MARGIN = 10.0
"""Seconds before its end at which a lease counts as over here: no call that changes something may begin then."""


@dataclass(slots=True)
class _Held:
    """The lock as this run holds it: the version of its last value, and until when, on the clock that passes."""

    lock: Lock
    state: AppliedState
    version: int
    until: float


@dataclass(slots=True)
class ParameterStore:
    """Reads and writes the parameter `name`. `run` is what others are told of this run.

    `over` says of a holder that it has ended, so that the lock is free before its lease is over. `idle` is a version
    that was seen to stay for a whole lease: nobody has renewed it, whatever times AWS tells. Safe for threads.
    """

    sessions: Sessions
    name: str
    run: str = ""
    over: Callable[[Holder], bool] = is_over
    timing: Timing = field(default_factory=Timing)
    idle: int | None = None
    _held: _Held | None = None
    _mutex: threading.RLock = field(default_factory=threading.RLock)

    @property
    def _parameter(self) -> Parameter:
        return Parameter(self.sessions, self.name, self.timing)

    def read_state(self) -> Remembered:
        """What is remembered, and who holds the lock. Raises CredentialsError where there are no credentials."""
        self.sessions.identity(MASTER)
        try:
            found = self._parameter.read()
        except AwsCallError as failed:
            return Remembered(self._parameter.unreadable(failed))
        return found

    def is_free(self, seen: Remembered) -> bool:
        """Whether nobody holds the lock, or only somebody who has ended or does not renew it."""
        return seen.holder is None or seen.version == self.idle or self.over(seen.holder)

    def lock(self, seen: Remembered, state: AppliedState) -> None:
        """Remember `state` and take the lock, in one step, if nobody has written since `seen`."""
        from rolemodel_ci.adapters.aws.applied_state_json import Lock

        self._may_write(seen)
        with self._mutex:
            lock = Lock(uuid.uuid4().hex, self.run, self.timing.now(), host(), process())
            until = self.timing.elapsed() + LEASE.total_seconds() - _MARGIN
            self._held = _Held(lock, state, self._swap(seen, state, lock), until)

    def remember(self, seen: Remembered, state: AppliedState) -> None:
        """Remember `state`, and leave the lock free, if nobody has written since `seen`."""
        self._may_write(seen)
        self._swap(seen, state, None)

    def check(self) -> None:
        """Raise LockedError unless the lock is held by this run, now."""
        held = self._held
        if held is None or self.timing.elapsed() >= held.until:
            raise LockedError(
                f"the lock {self.name} is no longer held by this run: it could not be renewed in time",
                "Nothing more is changed. Run again: it finishes what is left.",
            )

    def renew(self) -> None:
        """Hold the lock for a lease from now. Raises LockedError where it is lost, StateError where AWS refuses."""
        with self._mutex:
            self.check()
            assert self._held is not None
            sent = self.timing.elapsed()
            self._write_held(self._held.lock)
            self._held.until = sent + LEASE.total_seconds() - _MARGIN

    def unlock(self, state: AppliedState | None) -> None:
        """Give the lock back, if it is still this run's, and remember `state`; None: what `lock` was given."""
        with self._mutex:
            if self._held is None:
                return
            try:
                self.check()
                self._held.state = state or self._held.state
                self._write_held(None)
            finally:
                self._held = None

    def _may_write(self, seen: Remembered) -> None:
        """Raise unless what was seen may be replaced by this run."""
        match seen.answer:
            case ForeignState(other):
                raise foreign(self.name, self.sessions.region, other)
            case UnusableState() as unusable if error := fixed(self.name, self.sessions.region, unusable):
                raise error
            case UnreadableState(reason, remedy):
                raise StateError(reason, remedy)
        if seen.holder is not None and not self.is_free(seen):
            raise locked(seen.holder)

    def _swap(self, seen: Remembered, state: AppliedState, lock: Lock | None) -> int:
        """Write if nobody has since `seen`; the version. Raises LockedError where somebody has.

        It is looked at once more before: a plan takes time, and people take time to answer. A write that comes too late
        all the same, by milliseconds, is told by its version.
        """
        from rolemodel_ci.adapters.aws.applied_state_json import Value, to_text

        if self._now_at() != seen.version:
            raise self._outrun()
        before = _state_of(seen)
        text = to_text(Value(seen.version, uuid.uuid4().hex, state, lock, before or NoState()))
        try:
            version = self._parameter.put(text, seen.version).version
        except KeyboardInterrupt:
            if lock is not None and self._parameter.newest(text) == (seen.version + 1, True):  # it was written already
                free = Value(seen.version + 1, uuid.uuid4().hex, before or state)
                self._parameter.put(to_text(free), seen.version + 1)
            raise
        if version != seen.version + 1:
            raise self._outrun()
        return version

    def _now_at(self) -> int:
        try:
            return self._parameter.read().version
        except AwsCallError as failed:
            raise self._parameter.unwritable(failed) from failed

    def _outrun(self) -> LockedError:
        return LockedError(
            f"another run has written {self.name} since this one has read it",
            "Nothing was changed. Run again: it plans with what that run has applied.",
        )

    def _write_held(self, lock: Lock | None) -> None:
        """Write as the holder: what others have tried meanwhile does not count, and is written over.

        A release whose answer was lost is not tried again over the value of another: it may have freed the lock, and
        that other may have taken it since.
        """
        from rolemodel_ci.adapters.aws.applied_state_json import Value, to_text

        held = self._held
        assert held is not None
        for _ in PAUSES:
            text = to_text(Value(held.version, uuid.uuid4().hex, held.state, lock))
            written = self._parameter.put(text, held.version)
            if written.version == held.version + 1:
                held.version = written.version
                return
            if lock is None and not written.is_sure:
                raise StateError(f"whether {self.name} was written is not known", "Run again: it shows what counts.")
            held.version = self._now_at() if written.version is None else written.version
            self.check()
        raise LockedError(f"others keep writing {self.name}", "Look who does, then run again.")


def _state_of(seen: Remembered) -> AppliedState | None:
    return seen.answer if isinstance(seen.answer, AppliedState) else None
