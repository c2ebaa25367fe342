"""Let a group go on under another name, so that nobody who stays in it is without access on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.reconcile.diff.groups import group_policy, policy_name

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.changes import RenameGroup
    from rolemodel_ci.reconcile.ports import GroupWriter


def rename(groups: GroupWriter, change: RenameGroup, path: str, arn: str) -> None:
    """Make the new group, put the members into it, then take the old one away. Raises AwsCallError.

    It needs no right that making and deleting groups does not need; IAM's own UpdateGroup would.
    """
    groups.create_group(change.group, path)
    groups.put_policy(change.group, policy_name(change.group), group_policy(arn))
    for user in change.members:
        _move(groups, change, user)
    for user in change.members:
        groups.remove_member(change.old, user)
    for policy in change.policies:
        groups.delete_policy(change.old, policy)
    groups.delete_group(change.old)


def _move(groups: GroupWriter, change: RenameGroup, user: str) -> None:
    """Let a user join the new group; who is in as many groups as AWS allows has to leave the old one first."""
    try:
        groups.add_member(change.group, user)
    except AwsCallError as failed:
        if failed.code != "LimitExceeded":
            raise
        groups.remove_member(change.old, user)
        groups.add_member(change.group, user)
