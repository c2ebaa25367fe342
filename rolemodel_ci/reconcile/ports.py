"""What the core asks of the world. Readers apart from writers: a plan is made by functions that hold no writer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rolemodel_ci.model.applied_state import Remembered
    from rolemodel_ci.model.desired import Account
    from rolemodel_ci.model.live import Absent, LiveMaster, LiveStack


class MasterReader(Protocol):
    """Reads the master account."""

    def read(self) -> LiveMaster:
        """Users, groups and quotas. Raises CredentialsError where they cannot be had."""
        ...


class StackReader(Protocol):
    """Reads the stack of an account."""

    def read(self, account: Account) -> LiveStack | Absent:
        """The stack, or that there is none. Raises AwsCallError or CredentialsError where neither can be told."""
        ...


class StateReader(Protocol):
    """Reads what was last applied, once a run."""

    def read_state(self) -> Remembered:
        """What is remembered, and who holds the lock. Never raises: what cannot be read is an UnreadableState."""
        ...


class GroupWriter(Protocol):
    """Changes the groups of the master account.

    Every call is complete when it returns and may be repeated: what already is so counts as done. Raises AwsCallError.
    """

    def remove_member(self, group: str, user: str) -> None: ...

    def detach_policy(self, group: str, arn: str) -> None: ...

    def delete_policy(self, group: str, policy: str) -> None: ...

    def delete_group(self, group: str) -> None: ...

    def create_group(self, group: str, path: str) -> None: ...

    def put_policy(self, group: str, policy: str, document: str) -> None: ...

    def add_member(self, group: str, user: str) -> None: ...


class StackWriter(Protocol):
    """Starts changes of stacks. Raises AwsCallError."""

    def create(self, account: Account, text: str, parameters: Mapping[str, str]) -> None: ...

    def update(self, account: Account, text: str, parameters: Mapping[str, str]) -> bool:
        """Start an update; False where CloudFormation says that there is nothing to update."""
        ...

    def delete(self, account: Account) -> None: ...

    def continue_rollback(self, account: Account) -> None: ...

    def status(self, account: Account) -> str | None:
        """The stack's status now, or None where there is no stack."""
        ...

    def is_own(self, account: Account, stack_id: str = "") -> bool:
        """Whether the stack, as `status` saw it last, has this owner's tag, or is the one of that id."""
        ...

    def failure(self, account: Account) -> str:
        """What CloudFormation says went wrong first in the last operation, or the empty string."""
        ...


class Watch(Protocol):
    """Is told how a rollout goes."""

    def stack(self, account: str, status: str) -> None:
        """The stack of `account` now has this status."""
        ...

    def step(self, text: str) -> None:
        """The next step of the run begins."""
        ...


class Clock(Protocol):
    """Time, in seconds."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped when `stop` is called, before or meanwhile."""
        ...

    def stop(self) -> None:
        """End every wait, in all threads."""
        ...
