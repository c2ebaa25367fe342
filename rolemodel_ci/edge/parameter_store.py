"""What was last applied, and the lock, in Systems Manager Parameter Store of the master account.

`applied_state` says why a write is a compare-and-swap. Times are AWS's own: `LastModifiedDate` of the parameter, and
the `Date` of the answer. A holder counts from before it sent its write, so that its lease ends here before it ends for
others.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from rolemodel_ci.applied_state import (
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
    foreign,
    locked,
)
from rolemodel_ci.edge.calling import calling
from rolemodel_ci.edge.doors import MASTER, partition
from rolemodel_ci.edge.process import host, is_over, process
from rolemodel_ci.edge.sessions import Sessions
from rolemodel_ci.errors import CallFailed
from rolemodel_ci.state_value import Lock, Value, remembered, to_text

_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts of one write. Parameter Store takes few writes a second from an account:
https://docs.aws.amazon.com/general/latest/gr/ssm.html"""

_MARGIN = 10.0
"""Seconds before its end at which a lease counts as over here: no call that changes something may begin then."""

_SKEW = timedelta(minutes=5)
"""How wrong this machine's clock may be for AWS to answer at all, for an answer that does not say what time it is:
https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html"""

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_REFUSED = _DENIED | {
    "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException",
    "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded",
    "ParameterPatternMismatchException",
    "UnsupportedParameterType",
    "ValidationException",
}
"""Errors of PutParameter that another attempt does not change."""

_NOT_MADE = frozenset({"ParameterAlreadyExists", "RequestLimitExceeded", "Throttling", "ThrottlingException",
                       "TooManyUpdates"})  # fmt: skip
"""Errors after which it is sure that nothing was written."""


def elapsed() -> float:
    """Seconds on a clock that also goes on while the machine is suspended, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks that a lock needs: seconds that passed, the time of day, and waiting."""

    elapsed: Callable[[], float] = elapsed
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Written:
    """The version that a write got; None where somebody else has written. `is_sure`: it was not written before."""

    version: int | None
    is_sure: bool


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

    `over` says of a holder that it has ended, so that the lock is free before its lease is over. Safe for threads.
    """

    sessions: Sessions
    name: str
    run: str = ""
    over: Callable[[Holder], bool] = is_over
    timing: Timing = field(default_factory=Timing)
    _held: _Held | None = None
    _mutex: threading.RLock = field(default_factory=threading.RLock)

    def read_state(self) -> Remembered:
        """What is remembered, and who holds the lock. Raises NoAccess where there are no credentials."""
        self.sessions.identity(MASTER)
        try:
            found = self._read()
        except CallFailed as failed:
            return Remembered(self._unreadable(failed, "ssm:GetParameter"))
        return found

    def lock(self, seen: Remembered, state: AppliedState) -> None:
        """Remember `state` and take the lock, in one step, if nobody has written since `seen`."""
        self._may_write(seen)
        with self._mutex:
            lock = Lock(uuid.uuid4().hex, self.run, self.timing.now(), host(), process())
            until = self.timing.elapsed() + LEASE.total_seconds() - _MARGIN
            try:
                version = self._swap(seen, state, lock)
            except KeyboardInterrupt:  # it may have been written; then it is taken back
                self._held = _Held(lock, _state_of(seen) or state, seen.version + 1, until)
                if self.read_state().version == seen.version + 1:
                    self.unlock(None)
                raise
            self._held = _Held(lock, state, version, until)

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
                raise foreign(self.name, other)
            case UnusableState(reason, newer=True):
                raise StateError(
                    f"the parameter {self.name} cannot be written: {reason}", "Use that version of rolemodel-ci."
                )
            case UnreadableState(reason, remedy):
                raise StateError(reason, remedy)
        if seen.holder is not None and not self.over(seen.holder):
            raise locked(seen.holder)

    def _swap(self, seen: Remembered, state: AppliedState, lock: Lock | None) -> int:
        """Write if nobody has since `seen`; the version. Raises LockedError where somebody has."""
        value = Value(seen.version, uuid.uuid4().hex, state, lock, _state_of(seen) or NoState())
        version = self._put(to_text(value), seen.version).version
        if version != seen.version + 1:
            raise LockedError(
                f"another run has written {self.name} since this one has read it",
                "Nothing was changed. Run again: it plans with what that run has applied.",
            )
        return version

    def _write_held(self, lock: Lock | None) -> None:
        """Write as the holder: what others have tried meanwhile does not count, and is written over.

        A release whose answer was lost is not tried again over the value of another: it may have freed the lock, and
        that other may have taken it since.
        """
        held = self._held
        assert held is not None
        for _ in _PAUSES:
            written = self._put(to_text(Value(held.version, uuid.uuid4().hex, held.state, lock)), held.version)
            if written.version == held.version + 1:
                held.version = written.version
                return
            if lock is None and not written.is_sure:
                raise StateError(f"whether {self.name} was written is not known", "Run again: it shows what counts.")
            held.version = self._read().version if written.version is None else written.version
            self.check()
        raise LockedError(f"others keep writing {self.name}", "Look who does, then run again.")

    def _put(self, text: str, base: int) -> _Written:
        """Write a value, after the version `base`. An answer that is lost is looked for; botocore's own repeats would
        write twice without telling.
        """
        pauses, sure = iter(_PAUSES), True
        while True:
            try:
                with self._calling("PutParameter"):
                    answer = self._client("ssm-once").put_parameter(
                        Name=self.name, Value=text, Type="String", Tier="Standard", Overwrite=base > 0
                    )
                    return _Written(int(answer["Version"]), sure)
            except CallFailed as failed:
                if failed.code in _REFUSED:
                    raise self._unwritable(failed) from failed
                sure = sure and failed.code in _NOT_MADE
                version, is_ours = self._newest(text)
                if is_ours:
                    return _Written(version, sure)
                if version not in (None, base):
                    return _Written(None, sure)
                pause = next(pauses, None)
                if pause is None:
                    raise self._unwritable(failed) from failed
                self.timing.sleep(pause)

    def _newest(self, text: str) -> tuple[int | None, bool]:
        """The newest version, None where it cannot be read now, and whether it is `text`."""
        try:
            with self._calling("GetParameter"):
                found = self._client("ssm").get_parameter(Name=self.name)["Parameter"]
                return int(found["Version"]), found["Value"] == text
        except CallFailed as failed:
            return (0 if failed.code == "ParameterNotFound" else None), False

    def _read(self) -> Remembered:
        """The parameter as it is. Raises CallFailed."""
        try:
            with self._calling("GetParameter"):
                answer = self._client("ssm").get_parameter(Name=self.name)
                found = answer["Parameter"]
                text, version, modified = str(found["Value"]), int(found["Version"]), found["LastModifiedDate"]
        except CallFailed as failed:
            if failed.code != "ParameterNotFound":
                raise
            return Remembered(NoState())
        return remembered(text, version, modified, self._aws_time(answer))

    def _aws_time(self, answer: Any) -> datetime:
        """When AWS answered; earlier rather than later, so that no lease seems over that is not."""
        said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            return parsedate_to_datetime(said).astimezone(UTC)
        except (TypeError, ValueError):
            return self.timing.now() - _SKEW

    def _client(self, service: str) -> Any:
        return self.sessions.client(MASTER, service)

    def _calling(self, action: str) -> Any:
        return calling(f"ssm:{action}", self.sessions.label(MASTER))

    def _unreadable(self, failed: CallFailed, action: str) -> UnreadableState:
        statement = self.statement(action) if failed.code in _DENIED else ""
        return UnreadableState(
            f"what was last applied ({self.name}) cannot be read: {failed.message}",
            _lacking(statement) or failed.remedy,
            statement,
        )

    def _unwritable(self, failed: CallFailed) -> StateError:
        statement = self.statement("ssm:GetParameter", "ssm:PutParameter") if failed.code in _DENIED else ""
        return StateError(
            f"what is applied ({self.name}) cannot be remembered: {failed.message}",
            _lacking(statement) or failed.remedy,
        )

    def statement(self, *actions: str) -> str:
        """The statement that a role needs for these actions, as JSON."""
        region, account = self.sessions.region, self.sessions.identity(MASTER).account_id
        arn = f"arn:{partition(region)}:ssm:{region}:{account}:parameter{self.name}"
        return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": arn})


def _lacking(statement: str) -> str:
    return (
        f"Add this statement to the policy of the role, or deploy bootstrap/master.yml anew: {statement}"
        if statement
        else ""
    )


def _state_of(seen: Remembered) -> AppliedState | None:
    return seen.answer if isinstance(seen.answer, AppliedState) else None
