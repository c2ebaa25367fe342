"""Which roles are as good as an administrator, and which lines of a difference give more than they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rolemodel_ci.resolve import Resolved
from rolemodel_ci.roles import Line, attachments, listed, policy_document, role_names

ADMINISTRATOR = "allows every action"
IDENTITIES = "can give itself any right (IAM)"
PASSING = "can pass any role to a service (`iam:PassRole` on `*`)"

# Actions of IAM with which whoever holds them on every resource can get any other right. One for each way in:
# policies of users, groups and roles, new versions of policies, trust, keys, passwords, membership. The list is
# Rhino Security Labs' of 2018, narrowed to IAM:
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
_ESCALATING = (
    "iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy",
    "iam:createaccesskey", "iam:createloginprofile", "iam:createpolicyversion", "iam:putgrouppolicy",
    "iam:putrolepolicy", "iam:putuserpolicy", "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
)  # fmt: skip

# AWS's own policies that hold such rights:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_MANAGED = {
    ":iam::aws:policy/AdministratorAccess": ADMINISTRATOR,
    ":iam::aws:policy/IAMFullAccess": IDENTITIES,
}

_ANY_ACTION = "any:action"  # of a service that no policy names: only `*` allows it


def dangers(resolved: Resolved) -> dict[str, str]:
    """The roles of a resolved template that are as good as an administrator, with why; sorted by name.

    Conditions of an Allow are taken as met, those of a Deny as not: what might be, counts. What only AWS can tell
    (a managed policy made elsewhere, a reference to another stack) is not seen.
    """
    held: dict[str, list[Mapping[str, Any]]] = {name: [] for name in role_names(resolved)}
    managed: dict[str, list[str]] = {name: [] for name in held}
    for name in held:
        properties = resolved.resources[name].get("Properties", {})
        properties = properties if isinstance(properties, dict) else {}
        for policy in listed(properties.get("Policies", [])):
            if isinstance(policy, dict):
                held[name] += _statements(policy.get("PolicyDocument"))
        managed[name] = [arn for arn in listed(properties.get("ManagedPolicyArns", [])) if isinstance(arn, str)]
    for owners, _, resource in attachments(resolved):
        for owner in owners:
            held[owner] += _statements(resource.get("Properties", {}).get("PolicyDocument"))
    found = {name: _danger(held[name], managed[name]) for name in sorted(held)}
    return {name: why for name, why in found.items() if why}


def widens(line: Line) -> bool:
    """Whether a line of a role's difference gives more. A line that could do either counts as giving."""
    if line.part == "trust" or line.part.startswith("policy "):
        if line.text.startswith("Deny "):
            return line.sign == "-"
        return line.sign == "+"
    if line.part == "managed policies":
        return line.sign == "+"
    if line.part == "PermissionsBoundary":
        return line.sign == "-"  # a boundary that goes, or that becomes another
    return line.part == "MaxSessionDuration" and line.sign == "+"


def _danger(statements: list[Mapping[str, Any]], managed: list[str]) -> str | None:
    """The worst thing that the policies of one role allow."""
    aws = [why for arn in managed for end, why in _MANAGED.items() if arn.endswith(end)]
    if ADMINISTRATOR in aws or (_allows(statements, _ANY_ACTION) and _allows(statements, _ESCALATING[0])):
        return ADMINISTRATOR
    if aws or any(_allows(statements, action) for action in _ESCALATING):
        return IDENTITIES
    return PASSING if _allows(statements, "iam:passrole") else None


def _allows(statements: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether the action is allowed on every resource, and denied on every resource by nothing."""
    allowed = False
    for statement in statements:
        if not _covers_everything(statement) or not _names(statement, action):
            continue
        if statement.get("Effect") == "Deny" and "Condition" not in statement:
            return False
        allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def _covers_everything(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about all resources, or about all roles, users or groups, whatever the account."""
    if "NotResource" in statement:
        return statement.get("Effect") == "Allow"  # everything but a few is as good as everything
    resources = [resource for resource in listed(statement.get("Resource", [])) if isinstance(resource, str)]
    if statement.get("Effect") == "Deny":
        return "*" in resources
    return any(re.fullmatch(r"\*|arn:[^:]*:(iam|\*):[^:]*:[^:]*:(\*|\w+/\*)", resource) for resource in resources)


def _names(statement: Mapping[str, Any], action: str) -> bool:
    """Whether the statement is about the action; IAM compares without case."""
    if "NotAction" in statement:
        return not any(_matches(pattern, action) for pattern in listed(statement["NotAction"]))
    return any(_matches(pattern, action) for pattern in listed(statement.get("Action", [])))


def _matches(pattern: Any, action: str) -> bool:
    if not isinstance(pattern, str):
        return False
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in re.sub(r"\*+", "*", pattern))
    return re.fullmatch("".join(parts), action, re.IGNORECASE) is not None


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    read = policy_document(document)
    if isinstance(read, dict):
        yield from (statement for statement in listed(read.get("Statement", [])) if isinstance(statement, dict))
