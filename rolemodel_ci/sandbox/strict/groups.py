"""Groups: names, quotas and conflicts, as AWS has them.

Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re

from rolemodel_ci.sandbox.strict.emulator import AwsRefusedError, Emulator, Handler, Parameters, Reply, text
from rolemodel_ci.sandbox.strict.grammar import MalformedPolicyError, check_identity_policy

GROUPS_PER_USER = 10
GROUP_POLICY_SIZE = 5120
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_PATH = re.compile(r"/|/[\x21-\x7e]{1,510}/")


def install(emulator: Emulator, groups_quota: int) -> None:
    """Put the rules before the actions that make, fill and delete groups."""
    rules = _Rules(emulator, groups_quota)
    emulator.guard("CreateGroup", rules.check_create)
    emulator.guard("DeleteGroup", rules.check_delete)
    emulator.guard("AddUserToGroup", rules.check_add)
    emulator.guard("PutGroupPolicy", rules.check_policy)
    emulator.guard("DeleteUser", rules.check_delete_user)
    emulator.action("GetAccountSummary", rules.summary)


class _Rules:
    def __init__(self, emulator: Emulator, groups_quota: int) -> None:
        self._iam = emulator.iam
        self._groups_quota = groups_quota

    def check_create(self, parameters: Parameters) -> None:
        name, path = text(parameters, "GroupName"), text(parameters, "Path") or "/"
        if not _NAME.fullmatch(name):
            raise _invalid("groupName", name, r"[\w+=,.@-]+ and have length less than or equal to 128")
        if not _PATH.fullmatch(path):
            raise _invalid("path", path, r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")
        names = self._iam._groups.keys()
        # Names are told apart without regard to case, though AWS keeps the case they were made with.
        if name.lower() in {other.lower() for other in names}:
            raise AwsRefusedError(409, "EntityAlreadyExists", f"Group with name {name} already exists.")
        if len(names) >= self._groups_quota:
            raise _over("GroupsPerAccount", self._groups_quota)

    def check_delete(self, parameters: Parameters) -> None:
        name = text(parameters, "GroupName")
        group = self._iam._groups.get(name) or {}
        if group.get("Users"):
            raise _conflict("must remove users from group first.")
        if self._iam._group_inline_policies.get(name):
            raise _conflict("must delete policies first.")
        if group.get("AttachedPolicies"):
            raise _conflict("must detach all policies first.")

    def check_add(self, parameters: Parameters) -> None:
        user, name = text(parameters, "UserName"), text(parameters, "GroupName")
        groups = self._groups_of(user)
        if name not in groups and name in self._iam._groups and len(groups) >= GROUPS_PER_USER:
            raise _over("GroupsPerUser", GROUPS_PER_USER)

    def check_policy(self, parameters: Parameters) -> None:
        group, name = text(parameters, "GroupName"), text(parameters, "PolicyName")
        if group not in self._iam._groups:
            return  # ministack answers that itself
        document = text(parameters, "PolicyDocument")
        try:
            check_identity_policy(document)
        except MalformedPolicyError as malformed:
            raise AwsRefusedError(400, "MalformedPolicyDocument", str(malformed)) from malformed
        stored = {**(self._iam._group_inline_policies.get(group) or {}), name: document}
        if sum(len("".join(policy.split())) for policy in stored.values()) > GROUP_POLICY_SIZE:
            reason = f"Maximum policy size of {GROUP_POLICY_SIZE} bytes exceeded for group {group}"
            raise AwsRefusedError(409, "LimitExceeded", reason)

    def check_delete_user(self, parameters: Parameters) -> None:
        if self._groups_of(text(parameters, "UserName")):
            raise _conflict("must remove users from group first.")

    def summary(self, inner: Handler) -> Handler:
        def with_our_quota(parameters: Parameters) -> Reply:
            status, headers, body = inner(parameters)
            ours = f"<key>GroupsQuota</key><value>{self._groups_quota}</value>".encode()
            return status, headers, re.sub(rb"<key>GroupsQuota</key><value>\d+</value>", ours, body)

        return with_our_quota

    def _groups_of(self, user: str) -> list[str]:
        return [name for name, group in self._iam._groups.items() if user in group["Users"]]


def _invalid(parameter: str, value: str, rule: str) -> AwsRefusedError:
    reason = f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {rule}"
    return AwsRefusedError(400, "ValidationError", reason)


def _over(quota: str, limit: int) -> AwsRefusedError:
    return AwsRefusedError(409, "LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")


def _conflict(remedy: str) -> AwsRefusedError:
    return AwsRefusedError(409, "DeleteConflict", f"Cannot delete entity, {remedy}")
