"""One change in a few words: whatever else a printer knows of changes, this it can say of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING, Any, Never

from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    SettleStack,
    StackChange,
    UpdateStack,
)
from rolemodel_ci.render.blocks import counted, sentence

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.gains import Regained

GroupShape = CreateGroup | DeleteGroup | RenameGroup | PutPolicy | DeletePolicy | DetachPolicy
"""What changes a group, and not who is in it."""


def describe(change: Change) -> str:
    """One change in a few words."""
    match change:
        case AddMember():
            return f"{change.user} gains {change.account} {change.role}"
        case RemoveMember():
            return f"{change.user} loses {change.account or change.group} {change.role or ''}".rstrip()
        case CreateGroup():
            return f"make group {change.group}"
        case RenameGroup():
            many = len(change.members)
            return f"rename group {change.old} to {change.group}, with {many} member{'s' * (many != 1)}"
        case DeleteGroup():
            return f"delete group {change.group}"
        case PutPolicy():
            return f"write the policy of group {change.group}"
        case DeletePolicy():
            return f"delete policy {change.policy} of group {change.group}"
        case DetachPolicy():
            return f"detach {change.arn} from group {change.group}"
        case CreateStack():
            return f"make stack {change.stack} in {change.account}"
        case UpdateStack():
            return f"update stack {change.stack} in {change.account}"
        case SettleStack():
            return f"bring stack {change.stack} in {change.account} to rest ({change.status})"
        case DeleteStack():
            return f"delete stack {change.stack} in {change.account}"
        case _:
            return of_no_known_kind(change)


def of_no_known_kind(change: Never) -> str:
    """A change of a kind that no printer knows, by its name and what it holds: it is shown all the same."""
    held: Any = change
    kind = re.sub(r"(?<!^)(?=[A-Z])", " ", type(held).__name__).lower()
    known = ((field.name, getattr(held, field.name)) for field in fields(held))
    told = ", ".join(f"{name} {value}" for name, value in known if value is not None and name != "origin")
    return f"{kind}: {told}" if told else kind


def others(changes: Iterable[Change]) -> list[Change]:
    """The changes that are about no membership, no stack and no group: of kinds that came later than the printers."""
    known = AddMember | RemoveMember | StackChange | GroupShape
    return [change for change in changes if not isinstance(change, known)]


_SHOWN = 20  # names in one line


def regains(regained: Iterable[Regained]) -> Iterator[str]:
    """Who gets into roles without joining, for each role: no change of a membership shows them."""
    for (account, role), members in groupby(regained, key=lambda one: (one.account, one.role)):
        users = [f"`{one.user}`" for one in members]
        verb = "is in its group and gets" if len(users) == 1 else "are in its group and get"
        more = [counted(len(users) - _SHOWN, "other")] if len(users) > _SHOWN else []
        who = sentence((*users[:_SHOWN], *more))
        yield f"+ {who} {verb} into `{role}` of `{account}`: the role or the group's policy is missing or another."
