"""The nouns of a run: changes, the plan that holds them, what came of each change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolemodel_ci.iam.differences import Difference
    from rolemodel_ci.model.problem import Place


class Phase(IntEnum):
    """The order of a run. What takes access away comes first, what gives it comes last."""

    REVOKE = 1
    BUILD = 2
    GRANT = 3


class Origin(StrEnum):
    """Why a change is in the plan: the change in Git asks for it, its last day is over, or AWS differs by itself."""

    REQUESTED = "requested"
    EXPIRED = "expired"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class _Change:
    """What all changes have. `account` and `role` are None for a group that no account and role account for."""

    account: str | None
    role: str | None
    origin: Origin | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class RemoveMember(_Change):
    """A user loses membership of a group. `ended` is the last day of a grant that has run out."""

    group: str
    user: str
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class DetachPolicy(_Change):
    """A managed policy that somebody attached to one of our groups goes."""

    group: str
    arn: str


@dataclass(frozen=True, slots=True)
class DeletePolicy(_Change):
    """An inline policy of one of our groups goes: not ours, or too wide. `before` is what it says, as JSON text."""

    group: str
    policy: str
    before: str | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class DeleteGroup(_Change):
    """A group goes. Its members and policies have changes of their own, before it."""

    group: str


@dataclass(frozen=True, slots=True)
class _OfStack(_Change):
    """What changes of a stack have: its name, and the id that it had when the plan was made, empty where none was."""

    stack: str
    stack_id: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class CreateStack(_OfStack):
    """The stack is made. `replaces` is the status of one that can only be deleted first (ROLLBACK_COMPLETE)."""

    differences: tuple[Difference, ...]
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateStack(_OfStack):
    """The stack is changed."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class SettleStack(_OfStack):
    """Somebody else is changing the stack, or it is stuck: it is brought to rest and then to what is wanted."""

    status: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class DeleteStack(_OfStack):
    """The stack goes, with all its roles."""

    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class CreateGroup(_Change):
    """A group is made, without members and without a policy."""

    group: str


@dataclass(frozen=True, slots=True)
class PutPolicy(_Change):
    """The group gets the policy that opens the role. `arn` None: known once built. `before`: as above, or None."""

    group: str
    policy: str
    arn: str | None
    phase: Phase = Phase.GRANT
    before: str | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class AddMember(_Change):
    """A user becomes member of a group."""

    group: str
    user: str
    expires: date | None = None
    reason: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class RenameGroup(_Change):
    """A group goes on under another name: `members` join the new one before the old one goes, with its `policies`."""

    group: str
    old: str
    arn: str | None
    members: tuple[str, ...]
    policies: tuple[str, ...]


StackChange = CreateStack | UpdateStack | SettleStack | DeleteStack
GroupChange = (
    RemoveMember | DetachPolicy | DeletePolicy | DeleteGroup | CreateGroup | RenameGroup | PutPolicy | AddMember
)
Change = StackChange | GroupChange

_RANK: dict[type, tuple[Phase, int]] = {
    RemoveMember: (Phase.REVOKE, 1),
    DetachPolicy: (Phase.REVOKE, 2),
    DeletePolicy: (Phase.REVOKE, 3),
    DeleteGroup: (Phase.REVOKE, 5),
    CreateStack: (Phase.BUILD, 1),
    UpdateStack: (Phase.BUILD, 1),
    SettleStack: (Phase.BUILD, 1),
    DeleteStack: (Phase.BUILD, 1),
    CreateGroup: (Phase.GRANT, 1),
    RenameGroup: (Phase.GRANT, 1),
    PutPolicy: (Phase.GRANT, 2),
    AddMember: (Phase.GRANT, 3),
}


def phase_of(change: Change) -> Phase:
    """The phase of a run in which the change is made; the last for a kind that is not known."""
    return change.phase if isinstance(change, PutPolicy) else _RANK.get(type(change), (Phase.GRANT, 0))[0]


def order(change: Change) -> tuple[int, str, int, str]:
    """Sort key of a change: phase, group or stack, kind, then who or what. Unique within a plan."""
    rank = (Phase.REVOKE, 4) if isinstance(change, PutPolicy) and change.phase is Phase.REVOKE else _RANK[type(change)]
    match change:
        case CreateStack() | UpdateStack() | SettleStack() | DeleteStack():
            where, what = change.account or "", ""
        case RemoveMember() | AddMember():
            where, what = change.group, change.user
        case DetachPolicy():
            where, what = change.group, change.arn
        case DeletePolicy() | PutPolicy():
            where, what = change.group, change.policy
        case DeleteGroup() | CreateGroup() | RenameGroup():
            where, what = change.group, ""
    return (rank[0], where, rank[1], what)
