"""Bring one stack from whatever state it is in to what the policy wants, and wait until it is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rolemodel_ci.errors import CallFailed
from rolemodel_ci.live import DEAD, RESTING
from rolemodel_ci.model import Account, Policy
from rolemodel_ci.ports import Clock, StackWriter, Watch
from rolemodel_ci.resolve import parameters_of

DEADLINE = 900.0
"""Seconds that one stack may take, unless the config says otherwise: IAM roles take CloudFormation seconds, a hundred
of them a few minutes."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0

_ATTEMPTS = 3  # to find a stack at rest that somebody else keeps changing

GONE = "DELETE_COMPLETE"


class Fate(StrEnum):
    """What becomes of a stack on the way to what is wanted, in the words of docs/reliability.md."""

    MAKE = "is made"
    UPDATE = "is updated, if it differs"
    WAIT = "is waited for, then looked at again"
    REPLACE = "is deleted and made anew"
    CONTINUE = "has its rollback continued, then is updated"
    LEAVE = "is left alone; the run says so, with exit code 5"


def fate(status: str) -> Fate:
    """What becomes of a stack in this status. One that AWS adds some day is waited for if it says that it passes."""
    if status == GONE:
        return Fate.MAKE
    if status in DEAD:
        return Fate.REPLACE
    if status.endswith("_IN_PROGRESS"):
        return Fate.WAIT
    if status == "UPDATE_ROLLBACK_FAILED":
        return Fate.CONTINUE
    return Fate.UPDATE if status in RESTING or status == "UPDATE_FAILED" else Fate.LEAVE


_MEND = "Mend what it says in the template or in the account, then run again."
_NAME_TAKEN = (
    "Something of that name is in the account, and not in the stack: rename or delete it there, or give the template's "
    "another name, or none. Then run again."
)


class StackFailed(CallFailed):
    """CloudFormation did not bring the stack to where it should be."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a rollout needs: the writer, who watches, the clock, and how long a stack may take (seconds)."""

    writer: StackWriter
    watch: Watch
    clock: Clock
    deadline: float = DEADLINE

    def bring(self, policy: Policy, account: Account, *, planned: str | None = None) -> None:
        """Create, update or repair the stack of `account`. Raises CallFailed with the first thing that went wrong.

        `planned` is the id of the stack that the plan has seen, empty where it saw none: another one that is there by
        now has to have our tag. None: whatever is there is ours.
        """
        text, parameters = policy.template.text, parameters_of(policy, account)
        for _ in range(_ATTEMPTS):
            status = self._rest(account)
            self._check(account, status, planned)
            if fate(status) is Fate.REPLACE:
                self.remove(account, planned=planned)
                status = GONE
            planned = "" if status == GONE else planned
            try:
                if status == GONE:
                    self.writer.create(account, text, parameters)
                    return self._expect(account, {"CREATE_COMPLETE"})
                if self.writer.update(account, text, parameters):
                    return self._expect(account, {"UPDATE_COMPLETE"})
                return None
            except CallFailed as failed:
                # The answer to our own call may have been lost after it took effect, or somebody else was quicker:
                # what is under way is waited for, and then it is looked at again.
                if isinstance(failed, StackFailed) or not _is_under_way(failed):
                    raise
        raise StackFailed(
            code="Busy",
            action="cloudformation",
            message=f"somebody else keeps changing the stack: it was under way all {_ATTEMPTS} times that it was tried",
            remedy="Find out who that is, then run again.",
        )

    def remove(self, account: Account, *, planned: str | None = None) -> None:
        """Delete the stack of `account`, whatever state it is in. `planned` as for `bring`. Raises CallFailed."""
        status = self._wait(account)
        self._check(account, status, planned)
        if status != GONE:
            self.writer.delete(account)
            self._expect(account, {GONE})
            self.watch.stack(account.name, GONE)

    def _rest(self, account: Account) -> str:
        """Wait until nothing is under way; finish a rollback that got stuck. The status from which it can go on."""
        status = self._wait(account)
        if fate(status) is Fate.CONTINUE:
            self.writer.continue_rollback(account)
            status = self._wait(account)
        if fate(status) in (Fate.CONTINUE, Fate.LEAVE):
            raise self._failed(account, status)
        return status

    def _wait(self, account: Account) -> str:
        """Poll until nothing is under way, or the deadline is over."""
        end, pause = self.clock.now() + self.deadline, _FIRST_PAUSE
        while True:
            found = self.writer.status(account)
            if found is not None:
                self.watch.stack(account.name, found)
            status = found or GONE
            if fate(status) is not Fate.WAIT:
                return status
            if self.clock.now() >= end:
                raise StackFailed(
                    code="Deadline",
                    action="cloudformation:DescribeStacks",
                    message=f"stack `{account.name}` is still {status} after {self.deadline:.0f} s",
                    remedy="Look at the stack's events. Running again goes on waiting.",
                )
            self.clock.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _expect(self, account: Account, wanted: set[str]) -> None:
        status = self._wait(account)
        if status not in wanted:
            raise self._failed(account, status)

    def _check(self, account: Account, status: str, planned: str | None) -> None:
        """Raise StackFailed if the stack is another one than the plan has seen, and has not our tag."""
        if planned is not None and status != GONE and not self.writer.is_own(account, planned):
            raise StackFailed(
                code="Foreign",
                action="cloudformation",
                message=f"somebody else made the stack that is now in `{account.name}` since the plan was made",
                remedy="Look at that stack, then run again.",
            )

    def _failed(self, account: Account, status: str) -> StackFailed:
        first = self.writer.failure(account)
        return StackFailed(
            code=status,
            action="cloudformation",
            message=f"the stack ended in {status}" + (f": {first}" if first else ""),
            remedy=_NAME_TAKEN if "already exists" in first.lower() else _MEND,
        )


def _is_under_way(failed: CallFailed) -> bool:
    """Whether CloudFormation refuses an operation because the stack is there already, or being changed right now."""
    return failed.code == "AlreadyExistsException" or (
        failed.code == "ValidationError" and "_IN_PROGRESS state and can not be updated" in failed.message
    )
