"""Roles made by CloudFormation: what AWS refuses fails the resource here too.

ministack overwrites a role that exists already and stores whatever a template says. The rollback of a failed create
deletes only what the stack had made, so a role that was there before survives it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from rolemodel_ci.sandbox.strict.emulator import AwsRefusedError, Emulator, Parameters, replace, text
from rolemodel_ci.sandbox.strict.grammar import MalformedPolicyError, check_identity_policy, check_trust_policy

_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_SHORTEST_SESSION, _LONGEST_SESSION = 3600, 43200

Properties = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Replace the handlers of AWS::IAM::Role, and put the grammar before the IAM actions that take a document."""
    rules = _Rules(emulator.iam)
    provisioners = emulator.provisioners
    # Both the module's names, which its own update handler calls, and the table that the engine reads.
    replace(provisioners, "_iam_role_create", rules.create)
    replace(provisioners, "_iam_role_update", rules.update)
    handlers = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    handlers["create"] = provisioners._iam_role_create
    handlers["update"] = provisioners._iam_role_update
    emulator.guard("CreateRole", rules.check_trust)
    emulator.guard("UpdateAssumeRolePolicy", rules.check_new_trust)
    for action in ("PutRolePolicy", "PutUserPolicy"):
        emulator.guard(action, rules.check_inline)


class _Rules:
    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def create(self, inner: Callable[..., Made]) -> Callable[..., Made]:
        def checked(logical_id: str, properties: Properties, stack_name: str) -> Made:
            self._check(properties)
            name = properties.get("RoleName")
            if name and name.lower() in {other.lower() for other in self._iam._roles}:
                raise ValueError(f"Resource of type 'AWS::IAM::Role' with identifier '{name}' already exists.")
            return self._bounded(inner(logical_id, properties, stack_name), properties)

        return checked

    def update(self, inner: Callable[..., Made]) -> Callable[..., Made]:
        def checked(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Made:
            self._check(new)
            return self._bounded(inner(physical_id, old, new, *rest), new)

        return checked

    def _bounded(self, made: Made, properties: Properties) -> Made:
        """ministack ignores the permissions boundary of a template; its IAM does honour one that is stored."""
        self._iam._roles[made[0]]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
        return made

    def _check(self, properties: Properties) -> None:
        """Raise ValueError, which fails the resource with that reason."""
        name = properties.get("RoleName")
        if name is not None and not _NAME.fullmatch(str(name)):
            raise ValueError(f"Value '{name}' at 'roleName' failed to satisfy constraint: [\\w+=,.@-]+, at most 64")
        if not _SHORTEST_SESSION <= int(properties.get("MaxSessionDuration", 3600)) <= _LONGEST_SESSION:
            raise ValueError("Value at 'maxSessionDuration' failed to satisfy constraint: 3600 to 43200")
        for arn in (*properties.get("ManagedPolicyArns", []), properties.get("PermissionsBoundary")):
            if arn is not None and not self._iam.policy_known(arn):
                raise ValueError(f"Policy {arn} does not exist or is not attachable.")
        try:
            check_trust_policy(_document(properties.get("AssumeRolePolicyDocument")), self._exists)
            for policy in properties.get("Policies", []):
                check_identity_policy(_document(policy.get("PolicyDocument")))
        except MalformedPolicyError as malformed:
            raise ValueError(f"{malformed} (Service: Iam, Status Code: 400, MalformedPolicyDocument)") from malformed

    def check_trust(self, parameters: Parameters) -> None:
        """For CreateRole."""
        self._check_trust(text(parameters, "AssumeRolePolicyDocument"))

    def check_new_trust(self, parameters: Parameters) -> None:
        """For UpdateAssumeRolePolicy."""
        self._check_trust(text(parameters, "PolicyDocument"))

    def check_inline(self, parameters: Parameters) -> None:
        """For the inline policies of roles and users."""
        try:
            check_identity_policy(text(parameters, "PolicyDocument"))
        except MalformedPolicyError as malformed:
            raise AwsRefusedError(400, "MalformedPolicyDocument", str(malformed)) from malformed

    def _check_trust(self, document: str) -> None:
        try:
            check_trust_policy(document, self._exists)
        except MalformedPolicyError as malformed:
            raise AwsRefusedError(400, "MalformedPolicyDocument", str(malformed)) from malformed

    def _exists(self, arn: str) -> bool:
        """Whether there is that user or role. AWS asks this across accounts, whoever puts the policy."""
        found = re.fullmatch(r"arn:aws:iam::(\d{12}):(user|role)/(?:.*/)?([^/]+)", arn)
        if not found:
            return bool(re.fullmatch(r"arn:aws:sts::\d{12}:assumed-role/.+/.+", arn))
        store = self._iam._users if found[2] == "user" else self._iam._roles
        return (store.get_scoped(found[1], None, found[3]) or {}).get("Arn") == arn


def _document(value: Any) -> str:
    """A policy of a template as JSON text; a template may hold it as an object or as text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
