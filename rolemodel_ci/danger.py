"""Which lines of a difference give more than they take."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rolemodel_ci.iam.managed_policies import denies_only
from rolemodel_ci.roles import OUTPUTS, TEXTS, Difference, Line

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


def widens(line: Line) -> bool:
    """Whether a line of a role's difference gives more. A line that could do either counts as giving."""
    if line.part == "trust" or line.part.startswith("policy "):
        giving = {"Allow": "+", "Deny": "-"}.get(line.text.partition(" ")[0])
        return giving is None or line.sign == giving
    if line.part == "managed policies":
        return line.sign == ("-" if denies_only(line.text) else "+")
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
