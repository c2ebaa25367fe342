"""Users and groups of the AWS in memory."""

from __future__ import annotations

import json
from typing import Literal

from builders import MASTER_ID
from fake_state import CloudState, FakeGroup, opens, refuse

from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.model.live import Identity, LiveGroup, LiveMaster


class FakeMasterReader:
    """MasterReader of a CloudState."""

    def __init__(self, cloud: CloudState) -> None:
        self._cloud = cloud

    def read(self) -> LiveMaster:
        """Users, groups and quotas."""
        with self._cloud.lock:
            try:
                self._cloud.called("GetAccountAuthorizationDetails", "", write=False)
            except AwsCallError as error:
                raise CredentialsError(error.message, error.remedy) from error
            return LiveMaster(
                Identity(MASTER_ID, f"arn:aws:iam::{MASTER_ID}:user/ci"),
                frozenset(self._cloud.users),
                {
                    name: LiveGroup(
                        name,
                        group.path,
                        frozenset(group.members),
                        json.loads(json.dumps(group.policies)),
                        tuple(sorted(group.attached)),
                    )
                    for name, group in self._cloud.groups.items()
                },
                self._cloud.quotas,
            )


class FakeGroupWriter:
    """GroupWriter of a CloudState."""

    def __init__(self, cloud: CloudState) -> None:
        self._cloud = cloud

    def remove_member(self, group: str, user: str) -> None:
        """End a membership; one that is not there is no failure."""
        with self._cloud.lock:
            self._cloud.called("RemoveUserFromGroup", group, user)
            if group in self._cloud.groups and user in self._cloud.groups[group].members:
                self._cloud.groups[group].members.remove(user)
                self._cloud.effect("revoke", "RemoveUserFromGroup", group, user)

    def detach_policy(self, group: str, arn: str) -> None:
        """Detach a managed policy."""
        with self._cloud.lock:
            self._cloud.called("DetachGroupPolicy", group, arn)
            if group in self._cloud.groups and arn in self._cloud.groups[group].attached:
                self._cloud.groups[group].attached.remove(arn)
                self._cloud.effect("revoke", "DetachGroupPolicy", group, arn)

    def delete_policy(self, group: str, policy: str) -> None:
        """Delete an inline policy."""
        with self._cloud.lock:
            self._cloud.called("DeleteGroupPolicy", group, policy)
            if group in self._cloud.groups and policy in self._cloud.groups[group].policies:
                del self._cloud.groups[group].policies[policy]
                self._cloud.effect("revoke", "DeleteGroupPolicy", group, policy)

    def delete_group(self, group: str) -> None:
        """Delete a group, if nothing is left in it."""
        with self._cloud.lock:
            self._cloud.called("DeleteGroup", group)
            found = self._cloud.groups.get(group)
            if found is None:
                return
            if found.members or found.policies or found.attached:
                raise refuse("DeleteConflict", f"{group} is not empty")
            del self._cloud.groups[group]
            self._cloud.effect("revoke", "DeleteGroup", group)

    def create_group(self, group: str, path: str) -> None:
        """Make a group. Names differ by more than case, and there is a quota."""
        with self._cloud.lock:
            self._cloud.called("CreateGroup", group)
            if group.lower() in map(str.lower, self._cloud.groups):
                raise refuse("EntityAlreadyExists", group)
            if len(self._cloud.groups) >= self._cloud.quotas.groups:
                raise refuse("LimitExceeded", "groups")
            self._cloud.groups[group] = FakeGroup(group, path)
            self._cloud.effect("grant", "CreateGroup", group)

    def put_policy(self, group: str, policy: str, document: str) -> None:
        """Write an inline policy. It is a revocation where the old one had opened the same and more."""
        with self._cloud.lock:
            self._cloud.called("PutGroupPolicy", group, policy)
            found = self._found(group)
            content = json.loads(document)
            if len(json.dumps(content, separators=(",", ":"))) > self._cloud.quotas.group_policy_size:
                raise refuse("LimitExceeded", "group policy size")
            old, opened = found.policies.get(policy), content["Statement"][0]["Resource"]
            kind: Literal["revoke", "grant"] = "revoke" if old and opens(old, opened) else "grant"
            if old != content:
                found.policies[policy] = content
                self._cloud.effect(kind, "PutGroupPolicy", group, policy)

    def add_member(self, group: str, user: str) -> None:
        """Begin a membership. The user exists and is in few enough groups."""
        with self._cloud.lock:
            self._cloud.called("AddUserToGroup", group, user)
            found = self._found(group)
            if user not in self._cloud.users:
                raise refuse("NoSuchEntity", user)
            if user in found.members:
                return
            if sum(user in g.members for g in self._cloud.groups.values()) >= self._cloud.quotas.groups_per_user:
                raise refuse("LimitExceeded", f"groups of {user}")
            found.members.add(user)
            self._cloud.effect("grant", "AddUserToGroup", group, user)

    def _found(self, group: str) -> FakeGroup:
        if group not in self._cloud.groups:
            raise refuse("NoSuchEntity", group)
        return self._cloud.groups[group]
