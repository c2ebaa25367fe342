"""Whatever is written at whatever place of a template: when it becomes something else, that is told."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from rolemodel_ci.access_request.role_changes import EvaluatedSide, reshaped
from rolemodel_ci.cloudformation.evaluate import StackContext, resolve
from rolemodel_ci.iam.differences import Direction

from .templates import MASTER, Body, allow, deny, document, trust

ARN = {"Fn::GetAtt": ["X", "Arn"]}
NO = {"Ref": "AWS::NoValue"}

# For each function, two ways of writing it that come to something else, or may.
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "text": ("a", "b"),
    "text and a list of it twice": ("a", ["a", "b"]),
    "Ref": ({"Ref": "X"}, {"Ref": "Y"}),
    "Ref to a parameter": ({"Ref": "One"}, {"Ref": "Two"}),
    "Ref and text": ({"Ref": "X"}, "${X}"),
    "Ref of the parameter store": ({"Ref": "One"}, {"Ref": "Stored"}),
    "GetAtt as a list": ({"Fn::GetAtt": ["X", "Arn"]}, {"Fn::GetAtt": ["Y", "Arn"]}),
    "GetAtt as text": ({"Fn::GetAtt": "X.Arn"}, {"Fn::GetAtt": "X.Other"}),
    "Sub": ({"Fn::Sub": "${X}-a"}, {"Fn::Sub": "${Y}-a"}),
    "Sub and its text": ({"Fn::Sub": "${X.Arn}"}, {"Fn::Sub": "${!X.Arn}"}),
    "Sub with variables": ({"Fn::Sub": ["${V}", {"V": ARN}]}, {"Fn::Sub": ["${V}", {"V": {"Ref": "X"}}]}),
    "Sub with its own name": ({"Fn::Sub": ["${One}", {"One": "z"}]}, {"Fn::Sub": "${One}"}),
    "Sub within itself": ({"Fn::Sub": "${${X}}"}, {"Fn::Sub": "${${Y}}"}),
    "Join": ({"Fn::Join": ["-", [ARN, "a"]]}, {"Fn::Join": ["/", [ARN, "a"]]}),
    "Join of one more": ({"Fn::Join": ["-", ["a", "b"]]}, {"Fn::Join": ["-", ["a", "b", ""]]}),
    "Split": ({"Fn::Split": [",", "a,b"]}, {"Fn::Split": [",", "a,c"]}),
    "Split of what only AWS knows": ({"Fn::Split": [",", ARN]}, {"Fn::Split": [";", ARN]}),
    "Select": ({"Fn::Select": ["0", ["a", "b"]]}, {"Fn::Select": ["1", ["a", "b"]]}),
    "Select of what may be left out": (
        {"Fn::Select": ["1", [{"Fn::If": ["Open", "a", NO]}, "b", "c"]]},
        {"Fn::Select": ["1", ["a", "b", "c"]]},
    ),
    "FindInMap": ({"Fn::FindInMap": ["M", "k", "a"]}, {"Fn::FindInMap": ["M", "k", "b"]}),
    "FindInMap by what only AWS knows": (
        {"Fn::FindInMap": ["M", {"Ref": "AWS::StackId"}, "a"]},
        {"Fn::FindInMap": ["M", {"Ref": "AWS::StackId"}, "b"]},
    ),
    "If": ({"Fn::If": ["Yes", "a", "b"]}, {"Fn::If": ["No", "a", "b"]}),
    "If that only AWS decides": ({"Fn::If": ["Open", "a", "b"]}, {"Fn::If": ["Open", "a", "c"]}),
    "If of another condition": ({"Fn::If": ["Open", "a", "b"]}, {"Fn::If": ["Closed", "a", "b"]}),
    "If and one branch": ({"Fn::If": ["Open", "a", "b"]}, "a"),
    "If or nothing": ({"Fn::If": ["Open", "a", "b"]}, {"Fn::If": ["Open", "a", NO]}),
    "ImportValue": ({"Fn::ImportValue": "a"}, {"Fn::ImportValue": "b"}),
    "Base64": ({"Fn::Base64": "a"}, {"Fn::Base64": "b"}),
    "Cidr": ({"Fn::Cidr": ["10.0.0.0/8", "1", "8"]}, {"Fn::Cidr": ["10.0.0.0/8", "1", "9"]}),
    "GetAZs": ({"Fn::GetAZs": "eu-central-1"}, {"Fn::GetAZs": "eu-west-1"}),
    "Length": ({"Fn::Length": ["a"]}, {"Fn::Length": ["a", "b"]}),
    "ToJsonString": ({"Fn::ToJsonString": {"a": "b"}}, {"Fn::ToJsonString": {"a": "c"}}),
    "Transform": ({"Fn::Transform": {"Name": "a"}}, {"Fn::Transform": {"Name": "b"}}),
    "a loop": ({"Fn::ForEach::L": ["i", ["a"], {}]}, {"Fn::ForEach::L": ["i", ["b"], {}]}),
    "a dynamic reference": ("{{resolve:ssm:/a}}", "{{resolve:ssm:/A}}"),
    "a policy variable": ("${aws:username}", "${aws:userid}"),
    "a policy variable with a default": ("${aws:username, 'a'}", "${aws:username, 'b'}"),
}

# What a Deny has more of by it, one way round: that narrows for sure.
GROWING = {"text and a list of it twice", "If or nothing"}

ROLE, POLICY, MANAGED = (
    ("Resources", "R", "Properties"),
    ("Resources", "P", "Properties"),
    ("Resources", "M", "Properties"),
)
STATEMENT = (*ROLE, "Policies", 0, "PolicyDocument", "Statement", 0)
REFUSAL = (*ROLE, "Policies", 0, "PolicyDocument", "Statement", 1)
TRUST = (*ROLE, "AssumeRolePolicyDocument", "Statement", 0)

# Every place; True where a Deny, or what keeps people out, may go by it, so that it never narrows only.
PLACES: dict[tuple[str | int, ...], bool] = {
    (*STATEMENT, "Action"): False,
    (*STATEMENT, "Action", 0): False,
    (*STATEMENT, "Resource"): False,
    (*STATEMENT, "Effect"): False,
    (*STATEMENT, "Condition"): False,
    (*STATEMENT, "Condition", "StringEquals"): False,
    (*STATEMENT, "Condition", "StringEquals", "aws:x"): False,
    (*STATEMENT, "Principal"): False,
    (*STATEMENT, "Odd"): False,
    STATEMENT: False,
    (*REFUSAL, "Action"): True,
    (*REFUSAL, "Resource"): True,
    (*REFUSAL, "Effect"): True,
    (*REFUSAL, "Condition"): True,
    (*REFUSAL, "Condition", "StringEquals", "aws:x"): True,
    REFUSAL: True,
    (*ROLE, "Policies"): True,
    (*ROLE, "Policies", 0): True,
    (*ROLE, "Policies", 0, "PolicyDocument"): True,
    (*ROLE, "Policies", 0, "PolicyDocument", "Version"): True,
    (*ROLE, "Policies", 0, "PolicyDocument", "Statement"): True,
    (*TRUST, "Action"): False,
    (*TRUST, "Principal"): False,
    (*TRUST, "Principal", "AWS"): False,
    (*TRUST, "Principal", "Service"): False,
    (*TRUST, "Effect"): False,
    (*ROLE, "AssumeRolePolicyDocument"): False,
    (*ROLE, "ManagedPolicyArns"): True,
    (*ROLE, "ManagedPolicyArns", 0): True,
    (*ROLE, "PermissionsBoundary"): True,
    (*ROLE, "RoleName"): True,
    (*ROLE, "Path"): True,
    (*ROLE, "MaxSessionDuration"): True,
    (*ROLE, "Tags"): True,
    (*ROLE, "Tags", 0, "Value"): True,
    ("Resources", "R", "DeletionPolicy"): True,
    ("Resources", "R", "UpdateReplacePolicy"): True,
    ("Resources", "R", "CreationPolicy"): True,
    (*POLICY, "Roles"): True,
    (*POLICY, "Roles", 0): True,
    (*POLICY, "Users"): True,
    (*POLICY, "Groups"): True,
    (*POLICY, "PolicyDocument"): True,
    (*POLICY, "PolicyDocument", "Statement", 0, "Resource"): True,
    (*MANAGED, "Roles"): True,
    (*MANAGED, "Path"): True,
    (*MANAGED, "PolicyDocument", "Statement", 0, "Action"): True,
    ("Resources", "N", "Properties", "RoleName"): True,
    ("Resources", "N", "Properties", "PolicyDocument"): True,
    ("Resources", "X", "Properties", "Any"): True,
    ("Outputs", "O", "Export", "Name"): True,
    ("Outputs", "O", "Value"): True,
}

# Where a name stands that is no access by itself, another one widens nothing: an Allow in a policy of another name.
NAMES = ((*ROLE, "Policies", 0, "PolicyName"), (*POLICY, "PolicyName"), (*MANAGED, "ManagedPolicyName"))


def start() -> Body:
    """A template that has something at every place."""
    tested = {"Condition": {"StringEquals": {"aws:x": "t"}}}
    statements = [allow("a:B", **tested), deny("a:C", **tested)]
    policy = {"PolicyName": "I", "PolicyDocument": document(*statements)}
    listed = {"Roles": [{"Ref": "R"}], "PolicyDocument": document(deny("a:D"))}
    role = {
        "AssumeRolePolicyDocument": trust(allow("sts:AssumeRole", Principal={"AWS": MASTER, "Service": "t"})),
        "Policies": [policy],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSDenyAll"],
        "Tags": [{"Key": "k", "Value": "t"}],
    }
    undecided = {"Fn::Equals": [{"Ref": "AWS::StackId"}, "x"]}
    return {
        "Parameters": {
            **{name: {"Type": "String", "Default": name.lower()} for name in ("One", "Two")},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "one"},
        },
        "Conditions": {
            "Yes": {"Fn::Equals": ["a", "a"]},
            "No": {"Fn::Equals": ["a", "b"]},
            "Open": undecided,
            "Closed": {"Fn::Not": [undecided]},
        },
        "Mappings": {"M": {"k": {"a": "x", "b": "y"}}},
        "Resources": {
            "R": {"Type": "AWS::IAM::Role", "Properties": role},
            "P": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "P", **listed}},
            "M": {"Type": "AWS::IAM::ManagedPolicy", "Properties": listed},
            "N": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {"PolicyName": "N", "RoleName": {"Ref": "R"}, "PolicyDocument": document(deny("a:E"))},
            },
            "X": {"Type": "Custom::Thing", "Properties": {}},
            "Y": {"Type": "AWS::S3::Bucket"},
        },
        "Outputs": {"O": {"Value": "v", "Export": {"Name": "n"}}},
    }


def put(body: Body, path: tuple[str | int, ...], value: Any) -> Body:
    """The template with something at a place."""
    found = copy.deepcopy(body)
    *outer, last = path
    here: Any = found
    for key in outer:
        here = here[key]
    here[last] = value
    return found


def told(before: Body, after: Body) -> list[Direction]:
    """The directions of everything that the request says of a change."""
    where = StackContext("222222222222", "us-east-1", "RoleModel")
    sides = [
        EvaluatedSide({"prod": resolve(each, {"One": "one", "Two": "two", "Stored": "one"}, where)}, MASTER)
        for each in (before, after)
    ]
    return [
        each.direction for shape in reshaped(sides[0], sides[1], {}, {}) for each in shape.differences if each.changes
    ]


@pytest.mark.parametrize("path", [*PLACES, *NAMES], ids=lambda path: ".".join(map(str, path[1:])))
def test_what_becomes_something_else_is_told(path: tuple[str | int, ...]) -> None:
    silent, narrow = [], []
    for name, (one, other) in FUNCTIONS.items():
        for before, after in ((one, other), (other, one)):
            found = told(put(start(), path, before), put(start(), path, after))
            if not found:
                silent.append((name, before))
            elif PLACES.get(path) and not any(direction.may_widen for direction in found):
                narrow.append((name, before))

    assert silent == []
    assert {name for name, _ in narrow} <= GROWING


WITH_TEXT = json.dumps(document(deny("a:C", Resource="%s")))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_becomes_something_else_in_a_policy_as_text_is_told(name: str) -> None:
    one, other = FUNCTIONS[name]
    path = (*ROLE, "Policies", 0, "PolicyDocument")
    written = [{"Fn::Sub": [WITH_TEXT % "${V}", {"V": each}]} for each in (one, other)]
    written += [{"Fn::Join": ["", [WITH_TEXT.split("%s")[0], each, WITH_TEXT.split("%s")[1]]]} for each in (one, other)]
    for before, after in (written[:2], written[2:]):
        assert any(way.may_widen for way in told(put(start(), path, before), put(start(), path, after)))
