"""Which roles are as good as an administrator, and which lines of a difference give more than they take."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rolemodel_ci.resolve import Resolved
from rolemodel_ci.rights import Answer, Rights, rights
from rolemodel_ci.roles import OUTPUTS, TEXTS, Difference, Line

ADMINISTRATOR = "allows every action"
IDENTITIES = "can give itself any right (IAM)"
PASSING = "can pass any role to a service (`iam:PassRole` on `*`)"

UNKNOWN = "has rights that cannot be told from the template"
ASSUMING = "can go on into any role that trusts its account (`sts:AssumeRole` on `*`)"

_SURE = (ADMINISTRATOR, IDENTITIES, PASSING)
_WORST_FIRST = (*_SURE, UNKNOWN, ASSUMING)

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

# Those of them that are enough if they are allowed on the role itself, or on a policy that it has.
_ON_ITSELF = ("iam:attachrolepolicy", "iam:putrolepolicy")
_ON_ITS_POLICIES = ("iam:createpolicyversion", "iam:setdefaultpolicyversion")

_PASS, _ASSUME = "iam:passrole", "sts:assumerole"

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

_SESSION_SECONDS = 3600
"""Of a role that does not say how long a session may last:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""

_ANY_ACTION = "any:action"  # of a service that no policy names: only `*` allows it


def dangers(resolved: Resolved) -> dict[str, str]:
    """The roles of a resolved template that are as good as an administrator, or may be, with why; sorted by name.

    What only AWS can tell (a managed policy made elsewhere, a reference to another stack) may be anything.
    """
    found = {name: _danger(held) for name, held in sorted(rights(resolved).items())}
    return {name: why for name, why in found.items() if why}


def administrations(resolved: Resolved) -> frozenset[str]:
    """The roles that surely are as good as an administrator by themselves."""
    return frozenset(name for name, why in dangers(resolved).items() if why in _SURE)


def _danger(held: Rights) -> str | None:
    """The worst thing that the policies of one role allow."""
    by_action = {action: held.on_everything(action) for action in (*_ESCALATING, _PASS, _ASSUME, _ANY_ACTION)}
    escalating = [action for action in _ESCALATING if by_action[action] is Answer.YES]
    if len(escalating) == len(_ESCALATING) and by_action[_ANY_ACTION] is Answer.YES:
        return ADMINISTRATOR
    if escalating or any(map(held.on_itself, _ON_ITSELF)) or any(map(held.on_its_policies, _ON_ITS_POLICIES)):
        return IDENTITIES
    if by_action[_PASS] is Answer.YES:
        return PASSING
    if held.unknown or Answer.UNKNOWN in by_action.values():
        return UNKNOWN
    return ASSUMING if by_action[_ASSUME] is Answer.YES else None


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
