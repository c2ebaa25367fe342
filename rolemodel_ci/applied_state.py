"""What was last applied, and who is applying now: one value in the master account that only the apply role can write.

It is the lock as well. Parameter Store counts the versions of a parameter and answers a write with the version it made
(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html). Every value names the version
that it was written after. A value whose own version is the next one is *exact*: nobody wrote in between, so the write
was a compare-and-swap. Any other value overwrote something that its writer had not seen; it changes nothing, and until
a lease later nobody can tell who holds the lock, so that nobody takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from rolemodel_ci.errors import CannotGoOn
from rolemodel_ci.model import Policy

LEASE = timedelta(seconds=90)
"""How long the lock holds unless it is renewed. A holder renews it at a third of that."""

STATE_PATH = "/rolemodel-ci/"
"""Under it stands one parameter for each owner."""

DEFAULT_OWNER = "default"


def state_name(policy: Policy) -> str:
    """The name of the parameter that remembers what this config applied: one for each `owner`."""
    return f"{STATE_PATH}{getattr(policy, 'owner', None) or DEFAULT_OWNER}/state"


class StateError(CannotGoOn):
    """What was last applied cannot be read, or not be written."""

    exit_code: ClassVar[int] = 3


class ForeignStateError(CannotGoOn):
    """Another repository or config has applied to this master account under the same owner."""

    exit_code: ClassVar[int] = 4


class LockedError(CannotGoOn):
    """Another run is applying, or the lock was lost under way."""

    exit_code: ClassVar[int] = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is. What is not known is empty, and not compared."""

    repository: str = ""
    repository_id: str = ""
    config: str = ""


@dataclass(frozen=True, slots=True)
class AppliedState:
    """What was last applied.

    `approved_commit` is the last commit whose plan passed the guards and was begun, `applied_commit` the last one that
    was applied completely; runs without a commit leave both as they are. `approved_digest` and `applied_digest` are the
    digests of the policies that were, with or without a commit. `record_digest` is that of the record of the last run
    that wrote this.
    """

    identity: Identity
    approved_commit: str | None
    applied_commit: str | None
    approved_digest: str | None
    applied_digest: str | None
    run: str
    time: datetime
    record_digest: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether what was approved was applied to the end."""
        return self.approved_commit == self.applied_commit and self.approved_digest == self.applied_digest


@dataclass(frozen=True, slots=True)
class NoState:
    """Nothing was applied yet, or nothing that was remembered."""


@dataclass(frozen=True, slots=True)
class ForeignState:
    """Another repository or config wrote it."""

    state: AppliedState


@dataclass(frozen=True, slots=True)
class UnusableState:
    """There is a value that cannot be used. `newer`: a newer version of rolemodel-ci wrote it, so that it must stay."""

    reason: str
    newer: bool = False


@dataclass(frozen=True, slots=True)
class UnreadableState:
    """Whether there is one is not known. `statement` is what the role lacks, as JSON, if it is a matter of rights."""

    reason: str
    remedy: str
    statement: str = ""


StateAnswer = AppliedState | NoState | ForeignState | UnusableState | UnreadableState


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, or may hold it. `token` is empty where that is not known."""

    token: str
    run: str
    since: datetime
    until: datetime
    host: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one read told. `version` 0: there is no parameter. `holder` is None where nobody holds the lock."""

    answer: StateAnswer
    version: int = 0
    holder: Holder | None = None
