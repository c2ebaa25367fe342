"""The users and groups of the master account."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore import xform_name

from rolemodel_ci.adapters.aws.credential_sources import MASTER
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.model.live import LiveGroup, LiveMaster, Quotas

_PAUSES = (0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0, 3.0)
"""Seconds to wait for IAM to find what was just made; it takes "seconds":
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""


class AwsMasterReader:
    """Reads the whole master account with GetAccountAuthorizationDetails (paged) and GetAccountSummary."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def read(self) -> LiveMaster:
        """Return users, groups and quotas. Raises CredentialsError, also where they are those of another account."""
        identity = self._sessions.identity(MASTER)
        client = self._sessions.client(MASTER, "iam")
        label = self._sessions.label(MASTER)
        with calling("iam:GetAccountAuthorizationDetails", label, CredentialsError):
            pages = client.get_paginator("get_account_authorization_details").paginate(
                Filter=["User", "Group"], PaginationConfig={"PageSize": 1000}
            )
            users: dict[str, list[str]] = {}
            groups: dict[str, LiveGroup] = {}
            for page in pages:
                users |= {user["UserName"]: user.get("GroupList", []) for user in page["UserDetailList"]}
                groups |= {group["GroupName"]: _group(group) for group in page["GroupDetailList"]}
        with calling("iam:GetAccountSummary", label, CredentialsError):
            summary = client.get_account_summary()["SummaryMap"]
        members: dict[str, set[str]] = {name: set() for name in groups}
        for user, names in users.items():
            for name in names:
                members.setdefault(name, set()).add(user)
        return LiveMaster(
            identity,
            frozenset(users),
            {name: replace(group, members=frozenset(members[name])) for name, group in groups.items()},
            Quotas(
                summary.get("GroupsQuota", Quotas().groups),
                summary.get("GroupsPerUserQuota", Quotas().groups_per_user),
                summary.get("GroupPolicySizeQuota", Quotas().group_policy_size),
            ),
        )


def _group(detail: dict[str, Any]) -> LiveGroup:
    return LiveGroup(
        detail["GroupName"],
        detail["Path"],
        frozenset(),
        {policy["PolicyName"]: policy["PolicyDocument"] for policy in detail.get("GroupPolicyList", [])},
        tuple(sorted(policy["PolicyArn"] for policy in detail.get("AttachedManagedPolicies", []))),
    )


class AwsGroupWriter:
    """Changes groups. What already is as it should be counts as done; what IAM does not find yet is waited for."""

    def __init__(self, sessions: Sessions, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sessions = sessions
        self._sleep = sleep
        self._fresh: set[str] = set()  # groups made in this run, which IAM may not find for some seconds

    def remove_member(self, group: str, user: str) -> None:
        """End a membership."""
        self._call("RemoveUserFromGroup", done=("NoSuchEntity",), GroupName=group, UserName=user)

    def detach_policy(self, group: str, arn: str) -> None:
        """Detach a managed policy."""
        self._call("DetachGroupPolicy", done=("NoSuchEntity",), GroupName=group, PolicyArn=arn)

    def delete_policy(self, group: str, policy: str) -> None:
        """Delete an inline policy."""
        self._call("DeleteGroupPolicy", done=("NoSuchEntity",), GroupName=group, PolicyName=policy)

    def delete_group(self, group: str) -> None:
        """Delete a group that has been emptied; IAM may take seconds to notice that it is empty."""
        self._call("DeleteGroup", done=("NoSuchEntity",), again=("DeleteConflict",), GroupName=group)

    def create_group(self, group: str, path: str) -> None:
        """Make a group under `path`. One that is there under it by now is as good: our first answer may be lost."""
        try:
            self._call("CreateGroup", GroupName=group, Path=path)
        except AwsCallError as failed:
            if failed.code != "EntityAlreadyExists" or not self._is_under(group, path):
                raise
        self._fresh.add(group)

    def _is_under(self, group: str, path: str) -> bool:
        """Whether a group is under that path. Elsewhere AWS may not even let us look."""
        try:
            with calling("iam:GetGroup", self._sessions.label(MASTER)):
                found = self._sessions.client(MASTER, "iam").get_group(GroupName=group, MaxItems=1)["Group"]
        except AwsCallError:
            return False
        return bool(found["Path"] == path)

    def put_policy(self, group: str, policy: str, document: str) -> None:
        """Write an inline policy."""
        self._call(
            "PutGroupPolicy", again=self._late(group), GroupName=group, PolicyName=policy, PolicyDocument=document
        )

    def add_member(self, group: str, user: str) -> None:
        """Begin a membership."""
        self._call("AddUserToGroup", again=self._late(group), GroupName=group, UserName=user)

    def _late(self, group: str) -> tuple[str, ...]:
        return ("NoSuchEntity",) if group in self._fresh else ()

    def _call(self, action: str, done: tuple[str, ...] = (), again: tuple[str, ...] = (), **parameters: str) -> None:
        """One call. Error codes in `done` mean that there was nothing to do, those in `again` that it is too early."""
        client = self._sessions.client(MASTER, "iam")
        method = getattr(client, xform_name(action))
        pauses = iter(_PAUSES)
        while True:
            try:
                with calling(f"iam:{action}", self._sessions.label(MASTER)):
                    method(**parameters)
                return
            except AwsCallError as failed:
                if failed.code in done:
                    return
                pause = next(pauses, None) if failed.code in again else None
                if pause is None:
                    raise
                self._sleep(pause)
