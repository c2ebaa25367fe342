"""The state of the AWS in memory: accounts, stacks, groups, what happened to them, and what is to fail."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from builders import IDS

from rolemodel_ci.errors import AwsCallError, InterruptedRunError
from rolemodel_ci.model.desired import DEFAULT_OWNER, GROUP_PATH
from rolemodel_ci.model.live import Quotas


class Effect(NamedTuple):
    """Something that was changed. `kind` is what it does to access: takes it, builds roles, or gives it."""

    time: float
    kind: Literal["revoke", "build", "grant"]
    action: str
    where: str
    what: str = ""


Access = frozenset[tuple[str, str, str]]
"""Who can get in: user, account, logical id of a role that exists."""


class Killed(BaseException):
    """The process is gone."""


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []
        self.stopped = False

    def stop(self) -> None:
        """Let no wait begin any more."""
        self.stopped = True

    def now(self) -> float:
        """Seconds since the start."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the clock, unless it was stopped."""
        if self.stopped:
            raise InterruptedRunError("the run was interrupted", "Run again.")
        self.slept.append(seconds)
        self.time += seconds


class RecordingWatch:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.statuses: list[tuple[str, str]] = []
        self.steps: list[str] = []

    def stack(self, account: str, status: str) -> None:
        """The stack of `account` now has this status."""
        self.statuses.append((account, status))

    def step(self, text: str) -> None:
        """The next step begins."""
        self.steps.append(text)


_STACK_IDS = itertools.count(1)


@dataclass
class FakeGroup:
    """An IAM group."""

    name: str
    path: str = GROUP_PATH
    members: set[str] = field(default_factory=set)
    policies: dict[str, Any] = field(default_factory=dict)
    attached: list[str] = field(default_factory=list)


class FakeRole(NamedTuple):
    """A role of a stack that exists."""

    name: str
    path: str = "/"


@dataclass
class FakeStack:
    """A stack. After `polls` looks at an operation under way it ends: `finish` runs and gives the status."""

    status: str
    text: str = "{}"
    parameters: dict[str, str] = field(default_factory=dict)
    roles: dict[str, FakeRole] = field(default_factory=dict)
    polls: float = 0
    finish: Callable[[], str] | None = None
    failure: str = ""
    owner: str | None = DEFAULT_OWNER
    others: dict[str, str] = field(default_factory=dict)
    stack_id: str = field(default_factory=lambda: f"stack {next(_STACK_IDS)}")


@dataclass
class FakeAccount:
    """An assumable account. `endings` are statuses in which the next operations on the stack end, in order."""

    account_id: str
    stack: FakeStack | None = None
    endings: list[str | None] = field(default_factory=list)
    other_roles: set[str] = field(default_factory=set)
    made: int = 0


class CloudState:
    """Master account and assumable accounts. `history` has every effect, `accesses` who had access after each."""

    def __init__(
        self,
        users: str = "",
        *,
        polls: float = 1,
        quotas: Quotas | None = None,
        region: str = "us-east-1",
        stack_name: str = "RoleModel",
    ) -> None:
        self.users = set(users.split())
        self.groups: dict[str, FakeGroup] = {}
        self.accounts = {name: FakeAccount(account_id) for name, account_id in IDS.items()}
        self.polls, self.quotas = polls, quotas or Quotas()
        self.region, self.stack_name = region, stack_name
        self.clock, self.watch = FakeClock(), RecordingWatch()
        self.history: list[Effect] = []
        self.accesses: list[Access] = []
        self.writes: list[str] = []
        self.kill_after = math.inf
        self.luck: Callable[[str], Exception | None] = lambda write: None
        self._failures: dict[tuple[str, str], tuple[Exception, float]] = {}
        self.lock = threading.RLock()

    def fail(
        self,
        action: str,
        where: str = "",
        *,
        code: str = "AccessDenied",
        times: float = math.inf,
        error: Exception | None = None,
    ) -> None:
        """Let calls of `action` (on this account or group, or on any) fail."""
        said = error or AwsCallError(code=code, action=action, message=f"{action} {where}: {code}", remedy="Mend it.")
        self._failures[action, where] = (said, times)

    def heal(self, action: str, where: str = "") -> None:
        """These calls do not fail any more."""
        self._failures.pop((action, where), None)

    def called(self, action: str, where: str, what: str = "", *, write: bool = True) -> None:
        """A call begins: it may be the one that fails."""
        if write:
            if len(self.writes) >= self.kill_after:
                raise Killed
            self.writes.append(f"{action} {where} {what}".strip())
            if unlucky := self.luck(self.writes[-1]):
                raise unlucky
        for key in ((action, where), (action, "")):
            error, times = self._failures.get(key, (None, 0))
            if error and times > 0:
                self._failures[key] = (error, times - 1)
                raise error

    def effect(self, kind: Literal["revoke", "build", "grant"], action: str, where: str, what: str = "") -> None:
        """Note an effect and who has access after it."""
        self.history.append(Effect(self.clock.now(), kind, action, where, what))
        self.accesses.append(self.access())

    def access(self) -> Access:
        """Who can get into which role that exists, through groups under our path."""
        roles = [
            (f"arn:aws:iam::{account.account_id}:role{role.path}{role.name}", name, logical)
            for name, account in self.accounts.items()
            if account.stack
            for logical, role in account.stack.roles.items()
        ]
        return frozenset(
            (user, account, logical)
            for group in self.groups.values()
            if group.path == GROUP_PATH and group.members
            for arn, account, logical in roles
            if group.attached or any(opens(document, arn) for document in group.policies.values())
            for user in group.members
        )


def opens(document: Any, arn: str) -> bool:
    """Whether a policy document lets anybody assume the role; conditions count as met."""
    for statement in document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if statement["Effect"] == "Allow" and (arn in resources or "*" in resources):
            return True
    return False


def refuse(code: str, message: str) -> AwsCallError:
    """An error as AWS gives it."""
    return AwsCallError(code=code, action="fake", message=f"{code}: {message}", remedy="Mend it.")
