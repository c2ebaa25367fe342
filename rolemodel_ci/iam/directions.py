"""In which direction managed policies and properties of a role change its rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolemodel_ci.cloudformation.roles import KEEPING
from rolemodel_ci.iam.canonical_template import Property
from rolemodel_ci.iam.canonical_values import Choice, Value
from rolemodel_ci.iam.differences import Direction, PropertyChange, Sign
from rolemodel_ci.iam.managed_policies import denies_only, gives_only

SESSION_SECONDS = 3600
"""Of a role that does not say how long a session may last:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""


def of_attachment(sign: Sign, policy: Value, own: bool) -> Direction:
    """What it does to get or to lose a managed policy."""
    if own:
        return Direction.NEUTRAL  # its statements are told one by one
    arn = policy if isinstance(policy, str) else ""
    if denies_only(arn):
        return Direction.NARROWS if sign == "+" else Direction.WIDENS
    if sign == "+":
        return Direction.WIDENS
    return Direction.NARROWS if gives_only(arn) else Direction.EITHER  # it may have denied something


def property_changes(
    before: Mapping[Property, Value], after: Mapping[Property, Value], of_role: bool, bounded: bool
) -> Iterator[PropertyChange]:
    """What changes in the properties of a role (`bounded`: both boundaries are told otherwise) or another resource."""
    for key in sorted(before.keys() | after.keys(), key=repr):
        was, now = before.get(key), after.get(key)
        if was != now:
            name, source = key
            way = _of_property(name, was, now, bounded) if of_role and source is None else Direction.EITHER
            yield PropertyChange(name, was, now, way, source)


def _of_property(name: str, was: Value | None, now: Value | None, bounded: bool) -> Direction:
    if name == "MaxSessionDuration":
        return _of_session(was, now)
    if name == "PermissionsBoundary":
        if bounded:
            return Direction.NEUTRAL  # what both say is told statement by statement
        surely = was is None and not isinstance(now, Choice)
        return Direction.NARROWS if surely else Direction.WIDENS
    if name in KEEPING:
        return Direction.NEUTRAL if {was or "Delete", now or "Delete"} == {"Delete"} else Direction.EITHER
    same = name == "Path" and {was or "/", now or "/"} == {"/"}
    return Direction.NEUTRAL if same else Direction.EITHER


def _of_session(was: Value | None, now: Value | None) -> Direction:
    """A session that may last longer gives more."""
    seconds = [str(SESSION_SECONDS) if value is None else value for value in (was, now)]
    told = [int(each) for each in seconds if isinstance(each, str) and each.isdecimal() and len(each) < 10]
    if len(told) < 2:
        return Direction.EITHER
    if told[0] == told[1]:
        return Direction.NEUTRAL
    return Direction.WIDENS if told[1] > told[0] else Direction.NARROWS
