"""The nouns of AWS as it is: stacks, groups, members, quotas. Frozen values that `observe` fills and `diff` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

RESTING = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
"""Statuses in which a stack can be updated:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""

DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"})
"""Statuses of a stack that holds nothing of use and can only be deleted (same page)."""


EMPTY = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
"""Those of them in which a stack holds nothing any more, or nothing yet (same page)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials a session has, as AWS says it."""

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.arn.split(":")[1]


@dataclass(frozen=True, slots=True)
class LiveStack:
    """A stack that exists. `body` is its template's content; `physical` maps logical role ids to role names.

    `owner` is whose it says it is, None where it says nothing; `others` are the types of what it holds beside roles,
    by logical id. Of a stack that is dead, they are what it was made to hold, be it there or not. `stack_id` tells
    it apart from one that is made under its name later.
    """

    account: str
    identity: Identity
    status: str
    body: Mapping[str, Any] | None
    parameters: Mapping[str, str]
    physical: Mapping[str, str]
    owner: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    stack_id: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """The account was read and has no stack of that name."""

    account: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The account could not be read. Nothing is concluded from it."""

    account: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Withheld(Unreadable):
    """A guard stops what is to be done in the account: it is left alone, as one that could not be read."""


Stack = LiveStack | Absent | Unreadable


@dataclass(frozen=True, slots=True)
class LiveGroup:
    """A group of the master account. `policies` are its inline documents by name, `attached` its managed policies."""

    name: str
    path: str
    members: frozenset[str]
    policies: Mapping[str, Any]
    attached: tuple[str, ...] = ()


class Quotas(NamedTuple):
    """What the master account may hold, from iam:GetAccountSummary.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
    """

    groups: int = 300
    groups_per_user: int = 10
    group_policy_size: int = 5_120


@dataclass(frozen=True, slots=True)
class LiveMaster:
    """The master account: every user, and every group by name, ours or not."""

    identity: Identity
    users: frozenset[str]
    groups: Mapping[str, LiveGroup]
    quotas: Quotas = Quotas()  # noqa: RUF009  a NamedTuple is as frozen as a literal


@dataclass(frozen=True, slots=True)
class LiveState:
    """Everything that was read of AWS. `stacks` by account name; `taken_roles` as account name and role name: those
    that a stack is to make, and that are there without it, as far as that was looked for.
    """

    master: LiveMaster
    stacks: Mapping[str, Stack]
    taken_roles: frozenset[tuple[str, str]] = frozenset()
