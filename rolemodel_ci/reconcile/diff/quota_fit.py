"""Which of the wanted groups, policies and memberships the quotas of the master account leave room for.

Removals come first in a run and additions last: a plan that fits at its end fits at every step on the way there. What
is there already keeps its place; of what comes, the first in the order of the plan fits, whatever the threads.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rolemodel_ci.model.live import LiveMaster
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    DeleteGroup,
    DeletePolicy,
    Phase,
    PutPolicy,
    RemoveMember,
    RenameGroup,
)
from rolemodel_ci.reconcile.diff.groups import group_policy
from rolemodel_ci.reconcile.plan import Blocked

_LONGEST_ARN = 37 + 512 + 64
"""Characters of a role's ARN at most: `arn:aws-us-gov:iam::ID:role`, path, name. Far below the quota of 5,120, then:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def groups_of_users(changes: Iterable[Change], master: LiveMaster) -> Counter[str]:
    """In how many groups each user is after these changes, those that are not ours included."""
    count = Counter(user for group in master.groups.values() for user in group.members)
    for change in changes:
        if isinstance(change, RemoveMember):
            count[change.user] -= 1
        elif isinstance(change, AddMember):
            count[change.user] += 1
    return count


def fitting(changes: Sequence[Change], master: LiveMaster, path: str) -> tuple[list[Change], list[Blocked]]:
    """Split changes, in the order of a plan, into what fits the quotas and what is blocked by them.

    `path` is that of our groups: those elsewhere count as well.
    """
    room = _Room(changes, master, path)
    kept = [fits for change in changes if (fits := room.fit(change)) is not None]
    return kept, room.blocked


@dataclass(frozen=True, slots=True)
class _Full:
    """Why a group cannot be made or cannot open its role, and what to do."""

    reason: str
    remedy: str


class _Room:
    """What is left of the quotas while the changes of a plan are gone through."""

    def __init__(self, changes: Sequence[Change], master: LiveMaster, path: str) -> None:
        self._path = path
        self.blocked: list[Blocked] = []
        self._quotas = master.quotas
        going = [change for change in changes if isinstance(change, RemoveMember)]
        self._of_user = groups_of_users(going, master)
        self._groups = len(master.groups) - sum(isinstance(change, DeleteGroup) for change in changes)
        self._there = master.groups.keys()
        written = (c for c in changes if isinstance(c, PutPolicy | RenameGroup))
        self._full = {c.group: why for c in written if (why := self._too_long(c))}

    def fit(self, change: Change) -> Change | None:
        """Take room for a change; None where there is none."""
        match change:
            case CreateGroup():
                return change if self._opened(change.group) else None
            case RenameGroup():
                return change if self._renamed(change) else None
            case PutPolicy() if change.group in self._full:
                return self._unwritten(change)
            case AddMember():
                return change if self._joined(change) else None
            case _:
                return change

    def _opened(self, group: str) -> bool:
        """Take room for a group, if there is any."""
        if group not in self._full and self._groups >= self._quotas.groups:
            self._full[group] = _Full(
                f"the master account would have {self._groups + 1} groups; it may have {self._quotas.groups}",
                "Have AWS raise the quota of IAM groups (at most 500), or use fewer accounts or roles; then run again.",
            )
        if group in self._full:
            self._block(group, self._full[group])
            return False
        self._groups += 1
        return True

    def _renamed(self, change: RenameGroup) -> bool:
        """Take room for the new group beside the old one, which keeps its members where there is none.

        Renames run side by side, so that each takes room of its own; what the first run has no room for, the next has.
        """
        if change.group not in self._full and (change.group in self._there or self._groups < self._quotas.groups):
            self._groups += change.group not in self._there
            return True
        full = self._full.get(change.group) or _Full(
            f"`{change.old}` keeps its name, its members and what it opens: while it is renamed, the master account "
            f"would have {self._groups + 1} groups, and it may have {self._quotas.groups}",
            "Run again; if it still does not fit, have AWS raise the quota of IAM groups (at most 500).",
        )
        self._full[change.group] = full
        self._block(change.group, full)
        return False

    def _unwritten(self, change: PutPolicy) -> Change | None:
        """Block the policy; where it was to narrow what the group opens, the group opens nothing instead."""
        if change.group not in {block.group for block in self.blocked}:
            self._block(change.group, self._full[change.group])
        narrows = change.phase is Phase.REVOKE
        if not narrows:
            return None
        return DeletePolicy(change.account, change.role, change.group, change.policy, before=change.before)

    def _joined(self, change: AddMember) -> bool:
        full = self._full.get(change.group)
        if full is None and self._of_user[change.user] >= self._quotas.groups_per_user:
            full = _Full(
                f"`{change.user}` would be in {self._of_user[change.user] + 1} groups, those outside {self._path} "
                f"included; AWS allows {self._quotas.groups_per_user}, and it cannot be raised",
                "Take a role away from the user, or a membership outside of this repository; then run again.",
            )
        if full is not None:
            self.blocked.append(Blocked(change.group, change.user, full.reason, full.remedy, change.place))
            return False
        self._of_user[change.user] += 1
        return True

    def _block(self, group: str, full: _Full) -> None:
        self.blocked.append(Blocked(group, None, full.reason, full.remedy))

    def _too_long(self, change: PutPolicy | RenameGroup) -> _Full | None:
        size, most = _size(change), self._quotas.group_policy_size
        if size <= most:
            return None
        return _Full(
            f"the policy of `{change.group}` would have {size} characters; AWS allows {most}",
            "Shorten the role's path, then run again.",
        )


def _size(change: PutPolicy | RenameGroup) -> int:
    """Characters of a group's policy as IAM counts them, without white space; the most there may be, if unknown yet."""
    document = json.loads(group_policy(change.arn or "a" * _LONGEST_ARN))
    return len(json.dumps(document, separators=(",", ":")))
