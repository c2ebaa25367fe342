"""Bring one stack from whatever state it is in to what the policy wants, and wait until it is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rolemodel_ci.cloudformation.evaluate import parameters_of
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.live import DEAD, RESTING

if TYPE_CHECKING:
    from rolemodel_ci.model.desired import Account, Policy
    from rolemodel_ci.reconcile.ports import Clock, StackWriter, Watch

DEADLINE = 900.0
"""Seconds that one stack may take, unless the config says otherwise: IAM roles take CloudFormation seconds, a hundred
of them a few minutes."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0

_ATTEMPTS = 3  # to find a stack at rest that somebody else keeps changing

GONE = "DELETE_COMPLETE"


class StackAction(StrEnum):
    """What becomes of a stack on the way to what is wanted, in the words of docs/reliability.md."""

    MAKE = "is made"
    UPDATE = "is updated, if it differs"
    WAIT = "is waited for, then looked at again"
    REPLACE = "is deleted and made anew"
    CONTINUE = "has its rollback continued, then is updated"
    LEAVE = "is left alone; the run says so, with exit code 5"


def fate(status: str) -> StackAction:
    """What becomes of a stack in this status. One that AWS adds some day is waited for if it says that it passes."""
    if status == GONE:
        return StackAction.MAKE
    if status in DEAD:
        return StackAction.REPLACE
    if status.endswith("_IN_PROGRESS"):
        return StackAction.WAIT
    if status == "UPDATE_ROLLBACK_FAILED":
        return StackAction.CONTINUE
    return StackAction.UPDATE if status in RESTING or status == "UPDATE_FAILED" else StackAction.LEAVE


_MEND = "Mend what it says in the template or in the account, then run again."
_NAME_TAKEN = (
    "Something of that name is in the account, and not in the stack: rename or delete it there, or give the template's "
    "another name, or none. Then run again."
)


class StackError(AwsCallError):
    """CloudFormation did not bring the stack to where it should be."""


@dataclass(frozen=True, slots=True)
class StackOperations:
    """What a rollout needs: the writer, who watches, the clock, and how long a stack may take (seconds)."""

    writer: StackWriter
    watch: Watch
    clock: Clock
    deadline: float = DEADLINE

    def bring(self, policy: Policy, account: Account, *, planned: str | None = None) -> None:
        """Create, update or repair the stack of `account`. Raises AwsCallError with the first thing that went wrong.

        `planned` is the id of the stack that the plan has seen, empty where it saw none: another one that is there by
        now has to have our tag. None: whatever is there is ours.
        """
        text, parameters = policy.template.text, parameters_of(policy, account)
        for _ in range(_ATTEMPTS):
            status = self._rest(account)
            self._check(account, status, planned)
            if fate(status) is StackAction.REPLACE:
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
            except AwsCallError as failed:
                # The answer to our own call may have been lost after it took effect, or somebody else was quicker:
                # what is under way is waited for, and then it is looked at again.
                if isinstance(failed, StackError) or not _is_under_way(failed):
                    raise
        raise StackError(
            code="Busy",
            action="cloudformation",
            message=f"somebody else keeps changing the stack: it was under way all {_ATTEMPTS} times that it was tried",
            remedy="Find out who that is, then run again.",
        )

    def remove(self, account: Account, *, planned: str | None = None) -> None:
        """Delete the stack of `account`, whatever state it is in. `planned` as for `bring`. Raises AwsCallError."""
        status = self._wait(account)
        self._check(account, status, planned)
        if status != GONE:
            self.writer.delete(account)
            self._expect(account, {GONE})
            self.watch.stack(account.name, GONE)

    def _rest(self, account: Account) -> str:
        """Wait until nothing is under way; finish a rollback that got stuck. The status from which it can go on."""
        status = self._wait(account)
        if fate(status) is StackAction.CONTINUE:
            self.writer.continue_rollback(account)
            status = self._wait(account)
        if fate(status) in (StackAction.CONTINUE, StackAction.LEAVE):
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
            if fate(status) is not StackAction.WAIT:
                return status
            if self.clock.now() >= end:
                raise StackError(
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
        """Raise StackError if the stack is another one than the plan has seen, and has not our tag."""
        if planned is not None and status != GONE and not self.writer.is_own(account, planned):
            raise StackError(
                code="Foreign",
                action="cloudformation",
                message=f"somebody else made the stack that is now in `{account.name}` since the plan was made",
                remedy="Look at that stack, then run again.",
            )

    def _failed(self, account: Account, status: str) -> StackError:
        first = self.writer.failure(account)
        return StackError(
            code=status,
            action="cloudformation",
            message=f"the stack ended in {status}" + (f": {first}" if first else ""),
            remedy=_NAME_TAKEN if "already exists" in first.lower() else _MEND,
        )


def _is_under_way(failed: AwsCallError) -> bool:
    """Whether CloudFormation refuses an operation because the stack is there already, or being changed right now."""
    return failed.code == "AlreadyExistsException" or (
        failed.code == "ValidationError" and "_IN_PROGRESS state and can not be updated" in failed.message
    )
