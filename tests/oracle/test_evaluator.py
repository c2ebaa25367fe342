"""The second evaluator says what AWS's pages say, in the places where it is easily got wrong."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.conditions import holds
from oracle.evaluator import Ask, Caller, Document, Role
from oracle.patterns import MODERN, matches
from oracle.worlds import Deployed, World

OLD = "2008-10-17"


@pytest.mark.parametrize(
    ("text", "value", "version", "expected"),
    [
        ("s3:Get*", "s3:GetObject", MODERN, True),
        ("a?c", "abc", MODERN, True),
        ("a?c", "ac", MODERN, False),
        ("a${*}c", "a*c", MODERN, True),
        ("a${*}c", "abc", MODERN, False),
        ("${$}{x}", "${x}", MODERN, True),
        ("home/${aws:username}/*", "home/alice/x", MODERN, True),
        ("home/${AWS:UserName}/*", "home/alice/x", MODERN, True),
        ("home/${aws:username}/*", "home/alice/x", OLD, False),
        ("home/${aws:username}/*", "home/${aws:username}/x", OLD, True),
        ("${aws:PrincipalTag/team, 'none'}", "none", MODERN, True),
        ("${aws:PrincipalTag/team}", "", MODERN, False),
        ("${aws:TagKeys}", "a", MODERN, False),
    ],
)
def test_texts(text: str, value: str, version: str, expected: bool) -> None:
    assert matches(text, value, {"aws:username": "alice", "aws:tagkeys": ("a",)}, version) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"A": ["x", "y"]}}, True),
        ({"StringEquals": {"a": "X"}}, False),
        ({"StringEqualsIgnoreCase": {"a": "X"}}, True),
        ({"StringNotEquals": {"a": ["x", "y"]}}, False),
        ({"StringEquals": {"none": "x"}}, False),
        ({"StringNotEquals": {"none": "x"}}, True),
        ({"StringEqualsIfExists": {"none": "x"}}, True),
        ({"StringEquals": {"a": "*"}}, False),
        ({"StringLike": {"a": "*"}}, True),
        ({"StringLike": {"a": []}}, False),
        ({"StringNotLike": {"a": []}}, True),
        ({"ForAllValues:StringEquals": {"none": "x"}}, True),
        ({"ForAnyValue:StringEquals": {"none": "x"}}, False),
        ({"ForAllValues:StringEquals": {"many": ["p", "q", "r"]}}, True),
        ({"ForAllValues:StringEquals": {"many": "p"}}, False),
        ({"ForAnyValue:StringEquals": {"many": "p"}}, True),
        ({"ForAnyValue:StringNotEquals": {"many": "p"}}, True),
        ({"ForAnyValue:StringNotEquals": {"none": "p"}}, False),
        ({"Null": {"none": True}}, True),
        ({"Null": {"a": "false"}}, True),
        ({"Bool": {"mfa": True}}, True),
        ({"Bool": {"mfa": "TRUE"}}, True),
        ({"NumericLessThan": {"age": 3600}}, True),
        ({"NumericLessThan": {"age": "60.0"}}, False),
        ({"NumericLessThanEquals": {"age": "60.0"}}, True),
        ({"DateLessThan": {"now": "2027-01-01T00:00:00Z"}}, True),
        ({"DateGreaterThan": {"now": "1767225600"}}, True),
        ({"IpAddress": {"ip": "192.0.2.0/24"}}, True),
        ({"NotIpAddress": {"ip": ["192.0.2.0/24", "10.0.0.0/8"]}}, False),
        ({"ArnLike": {"arn": "arn:aws:iam::*:role/*"}}, True),
        ({"ArnLike": {"arn": "arn:aws:iam:*:role/ops/x"}}, False),
        ({"ArnNotEquals": {"arn": "arn:aws:iam::1:role/*"}}, False),
        ({"BinaryEquals": {"a": "x"}}, True),
        ({"StringEquals": {"a": "x"}, "Bool": {"mfa": "false"}}, False),
        ({"StringEquals": {"a": "x", "none": "x"}}, False),
        ({}, True),
    ],
)
def test_conditions(condition: Any, expected: bool) -> None:
    context: dict[str, str | tuple[str, ...]] = {
        "a": "x",
        "many": ("p", "q"),
        "mfa": "true",
        "age": "60",
        "now": "2026-11-24T00:00:00Z",
        "ip": "192.0.2.7",
        "arn": "arn:aws:iam::1:role/ops/x",
    }
    assert holds(condition, context, MODERN) is expected


def _trusting(principal: Any, **also: Any) -> Role:
    return Role(Document({"Statement": {"Effect": "Allow", "Action": "sts:*", "Principal": principal, **also}}))


_ID = "111111111111"
ALICE = Caller("AWS", f"arn:aws:iam::{_ID}:user/alice", _ID)
SESSION = Caller("AWS", f"arn:aws:sts::{_ID}:assumed-role/D/s", _ID, f"arn:aws:iam::{_ID}:role/D")


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ("*", ALICE, True),
        ({"AWS": "*"}, ALICE, True),
        ({"AWS": _ID}, ALICE, True),
        ({"AWS": f"arn:aws:iam::{_ID}:root"}, SESSION, True),
        ({"AWS": f"arn:aws:iam::{_ID}:role/D"}, SESSION, True),
        ({"AWS": f"arn:aws:iam::{_ID}:role/D"}, ALICE, False),
        ({"AWS": f"arn:aws:iam::{_ID}:user/*"}, ALICE, False),
        ({"Service": "ec2.amazonaws.com"}, Caller("Service", "ec2.amazonaws.com"), True),
        ({"Federated": "ec2.amazonaws.com"}, Caller("Service", "ec2.amazonaws.com"), False),
    ],
)
def test_principals(principal: Any, caller: Caller, expected: bool) -> None:
    assert _trusting(principal).lets(Ask("sts:AssumeRole", caller=caller)) is expected


def test_a_deny_wins_and_a_boundary_limits() -> None:
    allow = Document({"Statement": [{"Effect": "Allow", "Action": "S3:*", "Resource": "*"}]})
    deny = Document({"Statement": [{"Effect": "Deny", "NotAction": "s3:Get*", "NotResource": "arn:aws:s3:::open"}]})
    limit = Document({"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open"}]})
    put, get = Ask("s3:PutObject", "arn:aws:s3:::closed"), Ask("s3:GetObject", "arn:aws:s3:::open")
    trust = Document({})
    assert Role(trust, (allow,)).lets(put)
    assert not Role(trust, (allow, deny)).lets(put)
    assert Role(trust, (allow, deny)).lets(get)
    assert not Role(trust, (allow,), limit).lets(put)
    assert Role(trust, (allow,), limit).lets(get)
    assert not Role(trust, (), limit).lets(get)


def test_what_cloudformation_makes_of_functions() -> None:
    made = {
        "Parameters": {"P": {"Type": "String", "Default": "p"}, "L": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Mappings": {"M": {"x": {"y": "mapped"}}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "P"}, "p"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
        "Resources": {
            "R": {"Condition": "No", "Type": "X"},
            "S": {
                "Type": "X",
                "Properties": {
                    "a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]},
                    "b": {"Fn::Join": ["-", {"Ref": "L"}]},
                    "c": {"Fn::Sub": ["${P} ${!P} ${V} ${B.Arn}", {"V": {"Fn::FindInMap": ["M", "x", "y"]}}]},
                    "d": [{"Ref": "AWS::NoValue"}, {"Fn::Select": ["1", {"Fn::Split": ["/", "u/v"]}]}],
                    "e": "x{{resolve:ssm:/a}}",
                },
            },
        },
    }
    deployed = Deployed(made, World({"{{resolve:ssm:/a}}": "*"}))
    assert set(deployed.resources) == {"S"}
    assert deployed.resolve(deployed.resources["S"]["Properties"]) == {
        "b": "a-b",
        "c": "p ${P} mapped arn:aws:made:us-east-1:222222222222:Arn/B",
        "d": ["v"],
        "e": "x*",
    }
