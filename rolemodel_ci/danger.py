"""Which roles are as good as an administrator, and which lines of a difference give more than they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rolemodel_ci.resolve import PLACEHOLDER, Resolved
from rolemodel_ci.roles import OUTPUTS, TEXTS, Difference, Line, attachments, listed, policy_document, role_names

ADMINISTRATOR = "allows every action"
IDENTITIES = "can give itself any right (IAM)"
PASSING = "can pass any role to a service (`iam:PassRole` on `*`)"

_WORST_FIRST = (ADMINISTRATOR, IDENTITIES, PASSING)

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

# AWS's own policies that hold such rights, and what they allow on every resource:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_MANAGED = {":iam::aws:policy/AdministratorAccess": "*", ":iam::aws:policy/IAMFullAccess": "iam:*"}

# AWS's own policies that take away: whose going gives (same page).
_DENYING = ("AWSDenyAll", "AWSCompromisedKeyQuarantine")

# What stacks may hold beside roles without anybody getting in or anything being run by it, as long as it names no role,
# policy or principal. Whatever is not in the list may give access: custom resources and nested stacks run what no
# template here shows, resource policies let others in, functions run with the rights of a role.
_HARMLESS = frozenset({
    "AWS::Budgets::Budget", "AWS::CDK::Metadata", "AWS::CE::AnomalyMonitor", "AWS::CE::AnomalySubscription",
    "AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle", "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::LogGroup", "AWS::Logs::LogStream",
    "AWS::Logs::MetricFilter", "AWS::ResourceGroups::Group", "AWS::SNS::Topic", "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
})  # fmt: skip
_HARMFUL_NAME = re.compile(r"role|policy|principal|function", re.IGNORECASE)

_MANAGED_POLICY = "AWS::IAM::ManagedPolicy"

# A role, a user, a group and a policy that no template names: a resource that covers one of them covers all of a kind.
_ANY_IDENTITY = tuple(f"{kind}/any/thing" for kind in ("role", "user", "group", "policy"))

_SESSION_SECONDS = 3600
"""Of a role that does not say how long a session may last:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""

_ANY_ACTION = "any:action"  # of a service that no policy names: only `*` allows it


def dangers(resolved: Resolved) -> dict[str, str]:
    """The roles of a resolved template that are as good as an administrator, with why; sorted by name.

    Conditions of an Allow are taken as met, those of a Deny as not: what might be, counts; so with `Fn::If` where text
    cannot tell which it is. What only AWS can tell (a managed policy made elsewhere, a reference to another stack) is
    not seen; a permissions boundary is not counted.
    """
    held: dict[str, list[Mapping[str, Any]]] = {name: [] for name in role_names(resolved)}
    for name in held:
        properties = _properties(resolved.resources[name])
        for policy, sure in _either(properties.get("Policies", [])):
            if isinstance(policy, dict):
                held[name] += _statements(policy.get("PolicyDocument"), sure)
        for managed, sure in _either(properties.get("ManagedPolicyArns", [])):
            held[name] += _managed(managed, sure, resolved)
    for attached in attachments(resolved):
        for owner in attached.owners:
            held[owner] += _statements(_properties(attached.resource).get("PolicyDocument"))
    found = {name: _danger(held[name]) for name in sorted(held)}
    return {name: why for name, why in found.items() if why}


def worse(now: str, before: str | None) -> bool:
    """Whether one of the reasons that `dangers` gives is worse than another; each is worse than none."""
    return before is None or _WORST_FIRST.index(now) < _WORST_FIRST.index(before)


def widens(line: Line) -> bool:
    """Whether a line of a role's difference gives more. A line that could do either counts as giving."""
    if line.part == "trust" or line.part.startswith("policy "):
        giving = {"Allow": "+", "Deny": "-"}.get(line.text.partition(" ")[0])
        return giving is None or line.sign == giving
    if line.part == "managed policies":
        return line.sign == ("-" if any(name in line.text for name in _DENYING) else "+")
    if line.part == "PermissionsBoundary":
        return line.sign == "-"  # a boundary that goes, or that becomes another
    return line.part == "MaxSessionDuration" and line.sign == "+"


def gives_beside(difference: Difference) -> bool:
    """Whether something beside the roles comes or changes by which somebody may get access that no role shows."""
    if difference.is_role or difference.what == "removed" or difference.kind in (OUTPUTS, TEXTS):
        return False
    named = any(_HARMFUL_NAME.search(line.text) for line in difference.lines)
    return named or difference.kind not in _HARMLESS


def widening(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines of one role's difference that give more; a session that only gets shorter does not."""
    lines = tuple(lines)
    seconds = {line.sign: line.text for line in lines if line.part == "MaxSessionDuration"}
    before, after = seconds.get("-", str(_SESSION_SECONDS)), seconds.get("+", "")
    shorter = before.isdecimal() and after.isdecimal() and int(after[:9]) <= int(before[:9])
    return tuple(line for line in lines if widens(line) and not (shorter and line.part == "MaxSessionDuration"))


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = resource.get("Properties")
    return properties if isinstance(properties, dict) else {}


def _managed(entry: Any, sure: bool, resolved: Resolved) -> Iterator[Mapping[str, Any]]:
    """The statements of a managed policy, as far as they are known: two of AWS's own, and those of the template."""
    if isinstance(entry, str):
        actions = [action for end, action in _MANAGED.items() if entry.endswith(end)]
        yield from ({"Effect": "Allow", "Action": action, "Resource": "*"} for action in actions)
    elif isinstance(entry, dict) and isinstance(entry.get("Ref"), str):
        resource = resolved.resources.get(entry["Ref"])
        if isinstance(resource, dict) and resource.get("Type") == _MANAGED_POLICY:
            yield from _statements(_properties(resource).get("PolicyDocument"), sure)


def _danger(statements: list[Mapping[str, Any]]) -> str | None:
    """The worst thing that the policies of one role allow."""
    escalating = [action for action in _ESCALATING if _allows(statements, action)]
    if len(escalating) == len(_ESCALATING) and _allows(statements, _ANY_ACTION):
        return ADMINISTRATOR
    if escalating:
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
    resources = [_written(resource) for resource in listed(statement.get("Resource", []))]
    if statement.get("Effect") == "Deny":
        return "*" in resources
    return any(map(_is_wide, resources))


def _written(resource: Any) -> str:
    """A resource as it is written; what only AWS can put into it cannot widen it."""
    text = resource.get("Fn::Sub") if isinstance(resource, dict) else resource
    text = text[0] if isinstance(text, list) and text else text
    return PLACEHOLDER.sub("known-to-aws", text) if isinstance(text, str) else ""


def _is_wide(resource: str) -> bool:
    """Whether a resource is everything, or all roles, users, groups or policies of whatever account."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return any(_matches(resource, f"arn:aws:iam::any-account:{name}") for name in _ANY_IDENTITY)
    return _matches(parts[2], "iam") and any(_matches(parts[5], name) for name in _ANY_IDENTITY)


def _names(statement: Mapping[str, Any], action: str) -> bool:
    """Whether the statement is about the action; IAM compares without case."""
    if "NotAction" in statement:
        return not any(_matches(pattern, action) for pattern in listed(statement["NotAction"]))
    return any(_matches(pattern, action) for pattern in listed(statement.get("Action", [])))


def _matches(pattern: Any, text: str) -> bool:
    """Whether a pattern with `*` and `?` stands for the text, which is in lower case.

    Time is at most the product of both lengths: fnmatch never goes back behind a part that it has found.
    """
    return isinstance(pattern, str) and fnmatchcase(text, pattern.lower().replace("[", "[[]"))


def _statements(document: Any, sure: bool = True) -> Iterator[Mapping[str, Any]]:
    """The statements of a policy document; a Deny that may not be there is left out."""
    for chosen, certain in _either(policy_document(document), sure):
        read = policy_document(chosen)
        if not isinstance(read, dict):
            continue
        for statement, there in _either(read.get("Statement", []), certain):
            if isinstance(statement, dict) and (there or statement.get("Effect") != "Deny"):
                yield statement


def _either(value: Any, sure: bool = True) -> Iterator[tuple[Any, bool]]:
    """The entries of a list, both branches of what could not be decided, and whether an entry is there for sure."""
    for entry in listed(value):
        branches = entry.get("Fn::If") if isinstance(entry, dict) and len(entry) == 1 else None
        if isinstance(branches, list):
            for branch in branches[1:]:
                yield from _either(branch, False)
        else:
            yield entry, sure
