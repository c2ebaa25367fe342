"""What a run remembers: what was last applied when it began, the lock while it applies, how it ended."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rolemodel_ci.model.applied_state import (
    LEASE,
    AppliedState,
    Attempt,
    ForeignState,
    Holder,
    Identity,
    Left,
    LockedError,
    Remembered,
    StateError,
    UnreadableState,
    UnusableState,
    begun,
    deleted,
    ended,
    foreign,
    is_news,
    locked,
    moment,
    recognised,
    terms_digest,
)
from rolemodel_ci.render.audit_record import policy_digest

if TYPE_CHECKING:
    from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
    from rolemodel_ci.adapters.git.checkout_identity import WorkingCopy
    from rolemodel_ci.cli.audit import Audit
    from rolemodel_ci.model.desired import Policy
    from rolemodel_ci.reconcile.ports import StateReader

POLL = 3.0
"""Seconds between two looks at a lock that another run holds."""


class OutrunError(LockedError):
    """Another run has applied since this one has read what was last applied: nothing was done, plan again."""


@dataclass(slots=True)
class Locked:
    """The lock, as a run holds it. `check` raises LockedError once it is lost.

    `after` is remembered when the lock is given back: what was begun, until `close` says how it ended.
    """

    check: Callable[[], None]
    attempt: Attempt
    after: AppliedState | None = None
    audit: Audit | None = None

    def close(self, *, complete: bool, everything_gone: bool = False) -> None:
        """Say how the run ended, for what is remembered of it."""
        if self.after is None:
            return
        digest = self.audit.digest() if self.audit else None
        if everything_gone and complete:
            self.after = deleted(self.after, now(), digest)
        else:
            self.after = ended(self.after, self.attempt, now(), complete=complete, record_digest=digest)


@dataclass(slots=True)
class Memory:
    """What was last applied, for one run.

    `copy` tells whose the files are, and is asked only where something is to be written. `required`: without the state
    and the lock nothing may be applied, as in GitHub Actions; otherwise `say` is told, and the run goes on. `left` is
    what the run has found of stacks that are left behind.
    """

    store: ParameterStore
    reader: StateReader
    copy: Callable[[], WorkingCopy]
    policy: Policy
    audit: Audit
    say: Callable[[str], None]
    required: bool
    seen: Remembered | None = None
    left: tuple[Left, ...] | None = None
    _copy: WorkingCopy | None = field(default=None)

    def read(self) -> Remembered:
        """What is remembered now, and who holds the lock. Raises StateError where that is required and not known."""
        self.seen = self.reader.read_state()
        answer = self.seen.answer
        if isinstance(answer, UnreadableState):
            if self.required:
                raise StateError(answer.reason, answer.remedy)
            self.say(f"Warning: {answer.reason}. Guards are strict, and no other run is locked out. {answer.remedy}")
        if isinstance(answer, UnusableState) and not answer.newer:
            what = f"{self.store.name}, which says what was last applied, cannot be used: {answer.reason}."
            if self.required:
                self.say(what)
            else:
                self.say(f"Warning: {what} Limits count only as far as the defaults go. This run replaces it.")
        if isinstance(answer, AppliedState):
            self.audit.note(previous=answer.record_digest)
        return self.seen

    def wait(self, holder: Holder) -> None:
        """Wait until the lock is free. Raises LockedError if its holder renews it meanwhile.

        A value that nobody writes for a whole lease is nobody's, even if AWS tells times by which it would be.
        """
        answer = self.seen.answer if self.seen else None
        if isinstance(answer, UnusableState):
            self.say(
                f"Waiting until {moment(holder.until)}: what {self.store.name} holds was written at "
                f"{moment(holder.since)} and cannot be used ({answer.reason}), so that nobody knows whether another "
                "run is applying. Whoever wrote it by hand can delete the parameter, if no run is under way."
            )
        else:
            self.say(f"Waiting: {locked(holder).message}.")
        version, since = None, 0.0
        for _ in range(int(LEASE.total_seconds() / POLL) + 3):
            self.store.timing.sleep(POLL)
            seen, now = self.reader.read_state(), self.store.timing.elapsed()
            if seen.holder is None or self.store.over(seen.holder):
                return
            if version != seen.version:
                version, since = seen.version, now
            elif now - since > LEASE.total_seconds():
                self.store.idle = version
                return
            holder = seen.holder
        raise locked(holder)

    def attempt(self, *, whole: bool) -> Attempt:
        """What this run is about to apply."""
        copy = self._copy = self._copy or self.copy()
        return self._attempt(copy.identity, copy.commit, whole=whole)

    def _attempt(self, identity: Identity, commit: str | None, *, whole: bool) -> Attempt:
        digest, terms = policy_digest(self.policy), terms_digest(self.policy)
        return Attempt(identity, commit, digest, terms, self.store.run, whole, self.left)

    def recognised(self) -> Remembered:
        """What was read, as a run of these files sees it."""
        assert self.seen is not None
        return recognised(self.seen, self.attempt(whole=False).identity)

    @contextlib.contextmanager
    def locking(self, *, whole: bool) -> Iterator[Locked]:
        """Remember that a plan is begun, lock out other runs, and give the lock back however the block ends.

        Raises OutrunError before the block if another run was quicker; ForeignStateError, StateError where nothing may
        be written. After the block, StateError or LockedError say that what came of the run is not remembered.
        """
        from rolemodel_ci.adapters.aws.lock_renewal import renewing

        attempt, seen = self.attempt(whole=whole), self.recognised()
        state = begun(seen.answer, attempt, now(), self.audit.digest())
        try:
            is_locked = self._lock(seen, state)
        except KeyboardInterrupt:  # the block is to tell that nothing was begun
            yield Locked(_interrupt, attempt)
            return
        if not is_locked:
            yield Locked(lambda: None, attempt)
            return
        held = Locked(self.store.check, attempt, state, self.audit)
        with renewing(self.store.renew):
            try:
                yield held
            except BaseException:
                with contextlib.suppress(StateError, LockedError):  # the error under way says more
                    self.store.unlock(held.after)
                raise
            self._unlock(held)

    def remember(self, *, whole: bool, anyway: bool = False) -> None:
        """Remember a run that had nothing to change, if its policy is another one than was applied, or `anyway`."""
        assert self.seen is not None
        if not anyway and not is_news(self.seen.answer, self._attempt(Identity(), None, whole=whole)):
            return
        attempt, seen = self.attempt(whole=whole), self.recognised()
        state = ended(
            begun(seen.answer, attempt, now()), attempt, now(), complete=True, record_digest=self.audit.digest()
        )
        with contextlib.suppress(LockedError):  # the run that is applying remembers more
            self._write(seen, lambda: self.store.remember(seen, state))

    def _lock(self, seen: Remembered, state: AppliedState) -> bool:
        """Take the lock; False where that cannot be, and need not."""
        try:
            return self._write(seen, lambda: self.store.lock(seen, state))
        except LockedError as error:
            raise OutrunError(error.message, error.remedy) from error

    def _unlock(self, held: Locked) -> None:
        """Give the lock back. Where that fails, what was done is done, and the next run sees to the rest."""
        try:
            self.store.unlock(held.after)
        except StateError as error:
            if self.required:
                raise LockedError(error.message, f"All that is reported was done. {error.remedy}") from error
            self.say(f"Warning: {error.message}. All that is reported was done. {error.remedy}")

    def _write(self, seen: Remembered, write: Callable[[], None]) -> bool:
        """Write, or tell that it cannot be done where that is not required."""
        if isinstance(seen.answer, ForeignState):
            raise foreign(self.store.name, self.policy.region, seen.answer.state)
        if isinstance(seen.answer, UnreadableState) and not self.required:
            return False  # that has been told
        try:
            write()
        except StateError as error:
            if self.required or (isinstance(seen.answer, UnusableState) and seen.answer.newer):
                raise
            self.say(f"Warning: {error.message}. No other run is locked out. {error.remedy}")
            return False
        return True


def _interrupt() -> None:
    raise KeyboardInterrupt


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
