"""Which lines of a difference give more than they take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from test_escalation import RESOURCES

from rolemodel_ci.danger import widening, widens
from rolemodel_ci.resolve import Resolved
from rolemodel_ci.roles import Line, differences

AWS_MANAGED = "arn:aws:iam::aws:policy/"


@pytest.mark.parametrize(
    ("line", "gives"),
    [
        (Line("+", "policy P", "Allow s3:Get on *"), True),
        (Line("-", "policy P", "Allow s3:Get on *"), False),
        (Line("+", "policy P", "Deny s3:Get on *"), False),
        (Line("-", "policy P", "Deny s3:Get on *"), True),
        (Line("+", "policy P", "Deny everything but s3:Get on *"), False),
        (Line("+", "trust", "Allow sts:AssumeRole by *"), True),
        (Line("-", "trust", "Allow sts:AssumeRole by *"), False),
        (Line("-", "trust", "Deny sts:AssumeRole by *"), True),
        (Line("+", "policy P", '{"Fn::If": []}'), True),
        (Line("-", "policy P", '{"Fn::If": []}'), True),
        (Line("+", "policy P", "Denying"), True),
        (Line("+", "policy P Groups", "x"), True),
        (Line("+", "managed policies", f"{AWS_MANAGED}ReadOnlyAccess"), True),
        (Line("-", "managed policies", f"{AWS_MANAGED}ReadOnlyAccess"), False),
        (Line("+", "managed policies", f"{AWS_MANAGED}AWSDenyAll"), False),
        (Line("-", "managed policies", f"{AWS_MANAGED}AWSDenyAll"), True),
        (Line("-", "managed policies", f"{AWS_MANAGED}AWSCompromisedKeyQuarantineV2"), True),
        (Line("+", "PermissionsBoundary", "arn:x"), False),
        (Line("-", "PermissionsBoundary", "arn:x"), True),
        (Line("+", "MaxSessionDuration", "7200"), True),
        (Line("-", "MaxSessionDuration", "7200"), False),
        (Line("+", "Tags", "[]"), False),
        (Line("-", "Tags", "[]"), False),
        (Line("+", "RoleName", "x"), False),
        (Line("+", "policyish", "Allow x"), False),
        (Line("+", "", "Allow x"), False),
    ],
)
def test_which_lines_give(line: Line, gives: bool) -> None:
    assert widens(line) is gives


@pytest.mark.parametrize(
    ("before", "after", "gives"),
    [
        ("3600", "7200", True),
        ("7200", "3600", False),
        ("", "7200", True),
        ("", "3600", False),
        ("", "1800", False),
        ("7200", "", False),
        ("900", "", False),  # the default is longer, and no line says so
        ("3600", "${Seconds}", True),
        ("${Seconds}", "3600", True),
        ("1", "9" * 5_000, True),
    ],
)
def test_a_session_that_gets_shorter_gives_nothing(before: str, after: str, gives: bool) -> None:
    lines = [Line("-", "MaxSessionDuration", before)] * bool(before) + [Line("+", "MaxSessionDuration", after)] * bool(
        after
    )
    other = Line("+", "policy P", "Allow x")

    assert bool(widening(lines)) is gives
    assert other in widening([*lines, other])


@given(RESOURCES, RESOURCES)
def test_lines_of_junk_never_raise(old: dict[str, Any], new: dict[str, Any]) -> None:
    for difference in differences(Resolved(old, {}), Resolved(new, {})):
        assert set(widening(difference.lines)) <= set(difference.lines)
