"""What else can differ between two templates without being seen: every part is shown, or proved to mean the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolemodel_ci.iam.differences import Direction
from rolemodel_ci.iam.role_diff import differences

from .templates import MASTER, Body, allow, deny, document, inline, meaning, role, template, told, trust, worst

WIDENS, EITHER, NARROWS, NEUTRAL = Direction.WIDENS, Direction.EITHER, Direction.NARROWS, Direction.NEUTRAL

ARN = {"Fn::GetAtt": ["X", "Arn"]}
CONDITIONS: Body = {"C": {"Fn::Equals": [ARN, "a"]}, "D": {"Fn::Not": [{"Condition": "C"}]}}
NO = {"Ref": "AWS::NoValue"}
S3 = "arn:aws:s3:::"
OPEN = "arn:aws:iam::999999999999:root"


def policies(*named: tuple[str, Any]) -> Body:
    """A role with these inline policies."""
    return role(Policies=[{"PolicyName": name, "PolicyDocument": written} for name, written in named])


def resource(kind: str, *statements: Any, **properties: Any) -> Body:
    """A policy as a resource of its own."""
    return {"Type": f"AWS::IAM::{kind}", "Properties": {"PolicyDocument": document(*statements), **properties}}


def to_role(*statements: Any, **properties: Any) -> Body:
    """The same, belonging to the role `R`."""
    return resource("Policy", *statements, PolicyName="P", Roles=[{"Ref": "R"}], **properties)


ONE, TWO = ("P", document(allow("a:B"))), ("P", document(deny("a:B")))


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        # two policies of one name: IAM keeps one of them
        (policies(ONE, TWO), policies(TWO, ONE), EITHER),
        (policies(TWO), policies(ONE, TWO), EITHER),
        (policies(TWO), policies(("Q", TWO[1])), NARROWS),
        # names by functions
        (policies(ONE), role(Policies=[{"PolicyName": ARN, "PolicyDocument": ONE[1]}]), NARROWS),
        # keys that IAM does not know, or knows in another case
        (inline(document(deny("a:B"))), inline(document(deny("a:B") | {"action": "a:C"})), WIDENS),
        (inline(document({"Effect": "Deny", "Action": "a:B", "Resource": "*"})),
         inline(document({"effect": "Deny", "Action": "a:B", "Resource": "*"})), WIDENS),
        (inline(document(deny("a:B"))), inline(document(deny("a:B") | {"NotAction": "a:C"})), WIDENS),
        (inline(document(deny("a:B"))), inline({"Version": "2012-10-17", "statement": [deny("a:B")]}), WIDENS),
        (inline(document(deny("a:B"))), inline(document(deny("a:B"), Statements=[])), EITHER),
        (inline(document(deny("a:B"))), inline(document(deny("a:B")) | {"Version": "2020-01-01"}), EITHER),
        (role(deny("a:B")), role(deny("a:B") | {"Effect": "deny"}), WIDENS),
        (role(deny("a:B")), role(deny("a:B") | {"Effect": ARN}), WIDENS),
        # nothing at all is not everything
        (role(deny("a:B", Resource=["x"])), role(deny("a:B", Resource=[])), WIDENS),
        (role(deny("a:B")), role({**deny(), "Action": []}), WIDENS),
        (role(deny("a:B")), inline(document()), WIDENS),
        (role(deny("a:B")), role(), WIDENS),
        (role(), inline(document()), EITHER),
        # conditions
        (role(deny("a:B")), role(deny("a:B", Condition={"Bool": {"x": "true"}})), WIDENS),
        (role(allow("a:B")), role(allow("a:B", Condition={"Bool": {"x": "true"}})), NARROWS),
        (role(allow("a:B", Condition={"StringEquals": {"x": ["a", "b"]}})),
         role(allow("a:B", Condition={"ForAllValues:StringEquals": {"x": ["a", "b"]}})), WIDENS),
        (role(allow("a:B", Condition={"StringEquals": {"x": "a"}})),
         role(allow("a:B", Condition={"StringEqualsIfExists": {"x": "a"}})), WIDENS),
        (role(allow("a:B", Condition={"StringEquals": {"x": "a"}})),
         role(allow("a:B", Condition={"StringEquals": {"x": ["a", "b"]}})), WIDENS),
        (role(allow("a:B", Condition={"StringEquals": {"x": ["a", "b"]}})),
         role(allow("a:B", Condition={"StringEquals": {"x": "a"}})), NARROWS),
        (role(allow("a:B", Condition={"StringNotEquals": {"x": "a"}})),
         role(allow("a:B", Condition={"StringNotEquals": {"x": ["a", "b"]}})), NARROWS),
        (role(allow("a:B", Condition={"StringNotEquals": {"x": ["a", "b"]}})),
         role(allow("a:B", Condition={"StringNotEquals": {"x": "a"}})), WIDENS),
        (role(deny("a:B", Condition={"StringEquals": {"x": ["a", "b"]}})),
         role(deny("a:B", Condition={"StringEquals": {"x": "a, b"}})), WIDENS),
        (role(allow("a:B", Condition={"Bool": {"x": "true"}})), role(allow("a:B", Condition={"Bool": {}})), WIDENS),
        (role(allow("a:B", Condition={"Bool": {"x": "true"}})), role(allow("a:B", Condition={})), WIDENS),
        (role(deny("a:B", Condition={"StringEquals": {"aws:X": "a"}})),
         role(deny("a:B", Condition={"StringEquals": {"aws:X": "a", "AWS:x": "b"}})), WIDENS),
        (role(deny("a:B")), role(deny("a:B", Condition={"Fn::If": ["C", {"Bool": {"x": "true"}}, NO]})), WIDENS),
        # everything but
        (role(allow("a:B", NotResource=["x", "y"])), role(allow("a:B", NotResource="x")), WIDENS),
        (role(allow("a:B", NotResource="x")), role(allow("a:B", NotResource=["x", "y"])), NARROWS),
        (role(deny(NotAction=["a:B"]) | {"Action": "*"}), role(deny("*")), EITHER),
        (role({"Effect": "Deny", "NotAction": ["a:B"], "Resource": "*"}),
         role({"Effect": "Deny", "NotAction": ["a:B", "a:C"], "Resource": "*"}), WIDENS),
        (role({"Effect": "Deny", "NotAction": ["a:B", "a:C"], "Resource": "*"}),
         role({"Effect": "Deny", "NotAction": ["a:B"], "Resource": "*"}), NARROWS),
        (role({"Effect": "Allow", "NotAction": ["a:*"], "Resource": "*"}), role(allow("b:C")), NARROWS),
        (role(allow("b:C")), role({"Effect": "Allow", "NotAction": ["a:*"], "Resource": "*"}), WIDENS),
        # what covers what
        (role(allow("a:*")), role(allow("a:*"), allow("a:B")), NEUTRAL),
        (role(allow("a:B")), role(allow("a:*")), WIDENS),
        (role(allow("a:B", Resource=[f"{S3}x*", "y"])), role(allow("a:B", Resource=[f"{S3}x1", "y"])), NARROWS),
        (role(allow("a:B", Resource=f"{S3}x1*")), role(allow("a:B", Resource=f"{S3}x?*")), WIDENS),
        (role(allow("a:B", Resource="arn:*")), role(allow("a:B", Resource=f"{S3}x")), WIDENS),
        (role(allow("a:B", Resource="arn:aws:s3:*")), role(allow("a:B", Resource=f"{S3}x")), WIDENS),
        (role(allow("a:B", Resource=f"{S3}*")), role(allow("a:B", Resource=f"{S3}x:y")), NARROWS),
        (role(allow("a:B", Resource="arn:aws:a:*:*:x*")), role(allow("a:B", Resource="arn:aws:a:b:1:x/y")), NARROWS),
        (role(allow("a:B", Resource="arn:aws:a:*::x")), role(allow("a:B", Resource="arn:aws:a:b:1:x")), WIDENS),
        (role(allow("a:B", Resource="x*")), role(allow("a:B", Resource="x1")), WIDENS),
        (role(allow("a*")), role(allow("a:B")), WIDENS),
        (role(allow("*:B")), role(allow("a:B")), WIDENS),
        (role(deny("kms:*")), role(deny("\u212ams:*")), WIDENS),  # the Kelvin sign
        (role(deny("a:B", Condition={"Bool": {"aws:k": "1"}})),
         role(deny("a:B", Condition={"Bool": {"aws:\u212a": "1"}})), WIDENS),
        (inline(document(deny("a:B"))), inline(document(deny("a:B"), Version="")), EITHER),
        (role(deny("a:*"), deny("a:B")), role(deny("a:*")), NEUTRAL),
        (role(deny("a:*"), deny("a:B", Resource="x")),
         role(deny("a:*", Resource="y"), deny("a:B", Resource="x")), WIDENS),
        (role(allow("a:B", Resource={"Fn::Sub": "${X.Arn}*"})),
         role(allow("a:B", Resource={"Fn::Sub": "${X.Arn}/y"})), WIDENS),  # the reference may end within an ARN
        (role(allow("a:B", Resource={"Fn::Sub": S3 + "${X}*"})),
         role(allow("a:B", Resource={"Fn::Sub": S3 + "${X}/y"})), NARROWS),
        (role(allow("a:B", Resource=f"{S3}*")), role(allow("a:B", Resource={"Fn::Sub": S3 + "${X}/y"})), NARROWS),
        (role(allow("a:B", Resource="arn:aws:a:*:*:x*")),
         role(allow("a:B", Resource={"Fn::Sub": "arn:aws:a:${AWS::StackId}::x"})), WIDENS),
        (role(allow("a:B", Resource={"Fn::Sub": "x${X.Arn}"})), role(allow("a:B", Resource={"Ref": "X"})), WIDENS),
        (role(allow("a:B", Resource="$*")), role(allow("a:B", Resource="${*}")), WIDENS),
        (role(allow("a:B", Resource="*{resolve:ssm:x}}")),
         role(allow("a:B", Resource="{{resolve:ssm:x}}")), WIDENS),
        # text
        (role(deny("a:B", Resource="arn:x")), role(deny("a:B", Resource="arn:\u0445")), WIDENS),
        (role(deny("a:B", Resource="arn:x")), role(deny("a:B", Resource="arn:x\u200b")), WIDENS),
        (role(deny("a:B", Resource="arn:x")), role(deny("a:B", Resource="arn:x ")), WIDENS),
        (role(deny("a:B", Resource="a\\b")), role(deny("a:B", Resource="a\\\\b")), WIDENS),
        (role(deny("a:B", Resource="X")), role(deny("a:B", Resource="x")), WIDENS),
        # other properties and attributes
        (role(), role(Path="/x/"), EITHER),
        (role(), role(Path="/"), NEUTRAL),
        (role(), role(RoleName="x"), EITHER),
        (role(Tags=[{"Key": "a", "Value": "b"}]), role(Tags=[{"Key": "a", "Value": "c"}]), EITHER),
        (role(), role(Nobody="knows"), EITHER),
        (role(), role() | {"DeletionPolicy": "Retain"}, EITHER),
        (role(), role() | {"DeletionPolicy": "Delete"}, NEUTRAL),
        (role(), role() | {"CreationPolicy": {}}, EITHER),
        (role(), role() | {"Condition": "C"}, EITHER),
        (role() | {"Condition": "C"}, role() | {"Condition": "D"}, EITHER),
        (role(MaxSessionDuration="3600"), role(), NEUTRAL),
        (role(MaxSessionDuration="7200"), role(), NARROWS),
        (role(MaxSessionDuration="900"), role(), WIDENS),
        (role(MaxSessionDuration=ARN), role(), EITHER),
        (role(PermissionsBoundary="arn:x"), role(), WIDENS),
        (role(PermissionsBoundary="arn:x"), role(PermissionsBoundary="arn:y"), WIDENS),
        (role(), role(PermissionsBoundary="arn:x"), NARROWS),
        (role(PermissionsBoundary="arn:x"), role(PermissionsBoundary={"Fn::If": ["C", "arn:x", NO]}), WIDENS),
        (role(), role(PermissionsBoundary={"Fn::If": ["C", "arn:x", NO]}), WIDENS),
        # attached policies
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AWSDenyAll"]), role(), WIDENS),
        (role(), role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AWSDenyAll"]), NARROWS),
        (role(), role(ManagedPolicyArns=["arn:aws:iam::999999999999:policy/AWSDenyAll"]), WIDENS),
        (role(ManagedPolicyArns=["arn:aws:iam::999999999999:policy/x"]), role(), EITHER),
        (role(ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]), role(), NARROWS),
        (role(ManagedPolicyArns=["arn:a", "arn:b"]), role(ManagedPolicyArns="arn:a, arn:b"), WIDENS),
        (role(ManagedPolicyArns=["arn:a"]), role(ManagedPolicyArns={"Fn::If": ["C", ["arn:a"], NO]}), EITHER),
        (role(ManagedPolicyArns={"Fn::If": ["C", ["arn:a"], ["arn:a"]]}), role(ManagedPolicyArns=["arn:a"]), None),
    ],
)  # fmt: skip
def test_a_role_that_differs(before: Body, after: Body, direction: Direction | None) -> None:
    assert worst(template(before, Conditions=CONDITIONS), template(after, Conditions=CONDITIONS)) is direction
    assert bool(told(template(before, Conditions=CONDITIONS), template(after, Conditions=CONDITIONS))) is (
        direction is not None
    )


def trusting(*statements: Any) -> Body:
    """A role that trusts by these statements."""
    return role(AssumeRolePolicyDocument=trust(*statements))


def assume(principal: Any = MASTER, **parts: Any) -> Body:
    """A statement of a trust policy."""
    who = {} if "NotPrincipal" in parts else {"Principal": {"AWS": principal} if principal == MASTER else principal}
    return {"Effect": "Allow", "Action": "sts:AssumeRole", **who, **parts}


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (assume(), assume({"AWS": f"arn:aws:iam::{MASTER}:root"}), None),
        (assume(), assume({"aws": MASTER}), WIDENS),
        (assume(), assume({"CanonicalUser": MASTER}), WIDENS),
        (assume({"AWS": "*"}), assume("*"), None),
        (assume("*"), assume(), NARROWS),
        (assume("*"), assume({"Service": "a.b"}), WIDENS),
        (assume({"AWS": [MASTER, OPEN]}), assume({"AWS": f"{MASTER}, {OPEN}"}), WIDENS),
        (assume({"AWS": [MASTER, OPEN]}), assume(), NARROWS),
        (assume(NotPrincipal={"AWS": [MASTER, OPEN]}), assume(NotPrincipal={"AWS": MASTER}), WIDENS),
        (assume(NotPrincipal={"AWS": MASTER}), assume(NotPrincipal={"AWS": [MASTER, OPEN]}), NARROWS),
        (assume(Effect="Deny", NotPrincipal={"AWS": MASTER}),
         assume(Effect="Deny", NotPrincipal={"AWS": [MASTER, OPEN]}), WIDENS),
        (assume(), assume({"Fn::If": ["C", {"AWS": MASTER}, "*"]}), WIDENS),
        (assume({"AWS": []}), assume({"AWS": ""}), WIDENS),
        (assume(), {"Effect": "Allow", "Action": "sts:AssumeRole"}, WIDENS),
        (assume(), assume(Action="sts:*"), WIDENS),
        (assume(Condition={"StringEquals": {"sts:ExternalId": "a"}}),
         assume(Condition={"StringLike": {"sts:ExternalId": "a"}}), WIDENS),
        (assume(Condition={"Bool": {"a": "true"}, "StringEquals": {"b": "c"}}),
         assume(Condition={"Bool": {"a": "true"}}), WIDENS),
        (assume(Condition={"Bool": {"a": "true"}}),
         assume(Condition={"Bool": {"a": "true"}, "StringEquals": {"b": "c"}}), NARROWS),
    ],
)  # fmt: skip
def test_a_trust_that_differs(before: Body, after: Body, direction: Direction | None) -> None:
    pair = (template(trusting(each), Conditions=CONDITIONS) for each in (before, after))

    assert worst(*pair) is direction


NAMED = {"B": resource("ManagedPolicy", allow("a:B"), ManagedPolicyName="N")}
IF_R = {"Fn::If": ["C", {"Ref": "R"}, NO]}
BOUND = {"Fn::GetAtt": ["B", "PolicyArn"]}


@pytest.mark.parametrize(
    ("before", "after", "others", "now", "direction"),
    [
        # a policy that moves to another resource of its name may be gone when the update is over
        (role(deny("a:B")), role(), {}, {"Q": to_role(deny("a:B"))}, EITHER),
        (role(), role(), {"Q": to_role(deny("a:B"))}, {"S": to_role(deny("a:B"))}, EITHER),
        (role(), role(), {"Q": to_role(deny("a:B"))},
         {"Q": resource("RolePolicy", deny("a:B"), PolicyName="P", RoleName={"Ref": "R"})}, None),
        (role(), role(), {"Q": to_role(deny("a:B"))}, {"Q": to_role(deny("a:B"), Users=["bob"])}, EITHER),
        (role(), role(), {"Q": to_role(deny("a:B"))}, {"Q": to_role(deny("a:B")) | {"Condition": "C"}}, WIDENS),
        (role(), role(), {"Q": to_role(deny("a:B"))},
         {"Q": resource("Policy", deny("a:B"), PolicyName="P", Roles=["elsewhere"])}, WIDENS),
        (role(), role(), {"Q": to_role(deny("a:B"))},
         {"Q": to_role(deny("a:B")) | {"Properties": to_role(deny("a:B"))["Properties"] | {"Roles": [IF_R]}}}, WIDENS),
        (role(), role(), {"Q": to_role(deny("a:B"))},
         {"Q": resource("Policy", deny("a:B"), PolicyName="P", Roles=[{"Fn::Sub": "${R}"}])}, None),
        # a managed policy of the template: attached by either side, and as a boundary
        (role(ManagedPolicyArns=[{"Ref": "M"}]), role(ManagedPolicyArns=[{"Fn::If": ["C", {"Ref": "M"}, NO]}]),
         {"M": resource("ManagedPolicy", deny("a:B"))}, {"M": resource("ManagedPolicy", deny("a:B"))}, WIDENS),
        (role(ManagedPolicyArns=[{"Ref": "M"}]), role(ManagedPolicyArns=[{"Ref": "M"}]),
         {"M": resource("ManagedPolicy", allow("a:B"))}, {"M": resource("ManagedPolicy", allow("a:*"))}, WIDENS),
        (role(ManagedPolicyArns=[{"Ref": "M"}]), role(ManagedPolicyArns=[{"Ref": "M"}]),
         {"M": resource("ManagedPolicy", allow("a:B"))},
         {"M": resource("ManagedPolicy", allow("a:B"), Groups=["G"])}, WIDENS),
        (role(ManagedPolicyArns=[{"Ref": "M"}]), role(),
         {"M": resource("ManagedPolicy", deny("a:B"))},
         {"M": resource("ManagedPolicy", deny("a:B"), Roles=[{"Ref": "R"}])}, EITHER),
        (role(PermissionsBoundary=BOUND), role(PermissionsBoundary=BOUND),
         {"B": resource("ManagedPolicy", allow("a:B"))}, {"B": resource("ManagedPolicy", allow("a:*"))}, WIDENS),
        (role(PermissionsBoundary=BOUND), role(PermissionsBoundary={"Ref": "B"}),
         {"B": resource("ManagedPolicy", allow("a:*"))}, {"B": resource("ManagedPolicy", allow("a:*"))}, NEUTRAL),
        (role(PermissionsBoundary=BOUND), role(PermissionsBoundary="arn:aws:iam::222222222222:policy/N"),
         NAMED, NAMED, NEUTRAL),
        (role(PermissionsBoundary=BOUND), role(PermissionsBoundary="arn:aws:iam::{{resolve:ssm:x}}:policy/N"),
         NAMED, NAMED, WIDENS),
        (role(PermissionsBoundary=BOUND), role(PermissionsBoundary={"Fn::Sub": "arn:aws:iam::${X}:policy/N"}),
         NAMED, NAMED, WIDENS),
        (role(PermissionsBoundary=BOUND),
         role(PermissionsBoundary={"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/N"}),
         NAMED, NAMED, NEUTRAL),
        # a policy of the template with the name of one of AWS's
        (role(), role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]),
         {"M": resource("ManagedPolicy", ManagedPolicyName="AdministratorAccess")},
         {"M": resource("ManagedPolicy", ManagedPolicyName="AdministratorAccess")}, WIDENS),
    ],
)  # fmt: skip
def test_resources_around_a_role(before: Body, after: Body, others: Body, now: Body, direction: Any) -> None:
    pair = (template(before, others, Conditions=CONDITIONS), template(after, now, Conditions=CONDITIONS))

    assert worst(*pair) is direction


def test_what_only_aws_evaluates_has_its_definitions() -> None:
    def of(conditions: Any = CONDITIONS, mappings: Any = None) -> Body:
        resources = [{"Fn::FindInMap": ["M", {"Ref": "AWS::StackId"}, "x"]}, {"Fn::If": ["D", "a", "b"]}]
        sections = {"Conditions": conditions, "Mappings": mappings or {"M": {"k": {"x": "arn:x"}}}}
        return template(role(deny("a:B", Resource=resources)), **sections)

    other = CONDITIONS | {"C": {"Fn::Equals": [ARN, "b"]}}
    assert worst(of(), of(other)) is WIDENS  # `D` is what `C` is not
    assert worst(of(), of(mappings={"M": {"k": {"x": "arn:y"}}})) is WIDENS
    assert worst(of(), of(mappings={"M": {"k": {"x": "arn:x"}}, "N": {"k": {"x": "arn:y"}}})) is None


def test_the_value_of_a_parameter_is_no_reference() -> None:
    def of(value: str) -> Body:
        resource = {"Fn::Sub": "${P}/${X.Arn}"}
        return template(role(deny("a:B", Resource=resource)), Parameters={"P": {"Type": "String", "Default": value}})

    reference = template(role(deny("a:B", Resource={"Fn::Sub": "${Y.Arn}/${X.Arn}"})))
    (found,) = differences(meaning(reference), meaning(of("x"), P="${Y.Arn}"))
    assert found.direction is WIDENS


@pytest.mark.parametrize(
    ("section", "before", "after", "direction"),
    [
        ("Parameters", {"P": {"Type": "String"}}, {"P": {"Type": "String", "NoEcho": "true"}}, EITHER),
        ("Parameters", {"P": {"Type": "String"}}, {"P": {"Type": "AWS::SSM::Parameter::Value<String>"}}, EITHER),
        ("Parameters", {"P": {"Type": "String"}}, {"P": {"Type": "String", "Default": "x"}}, NEUTRAL),
        ("Parameters", {"P": {"Type": "String"}}, {"P": {"Type": "String", "Description": "x"}}, None),
        (
            "Parameters",
            {"P": {"Type": "String", "NoEcho": "true", "Default": "x"}},
            {"P": {"Type": "String", "NoEcho": "true", "Default": "y"}},
            None,
        ),
        ("Parameters", {}, {"P": {"Type": "String"}}, NEUTRAL),
        ("Parameters", {}, {"P": {"Type": "AWS::SSM::Parameter::Value<String>"}}, EITHER),
        ("Rules", {}, {"A": {"Assertions": []}}, NEUTRAL),
        ("Hooks", {}, {"A": {"Type": "AWS::CodeDeploy::BlueGreen"}}, EITHER),
        ("Odd", {}, {"A": "b"}, EITHER),
        ("Outputs", {}, {"A": {"Value": "b"}}, NEUTRAL),
        ("Outputs", {"A": {"Value": "b"}}, {"A": {"Value": "b", "Export": {"Name": "c"}}}, EITHER),
        ("Outputs", {"A": {"Value": "b", "Description": "x"}}, {"A": {"Value": "b"}}, None),
        ("Metadata", {}, {"A": "b"}, None),
    ],
)
def test_sections_of_a_template(section: str, before: Any, after: Any, direction: Direction | None) -> None:
    pair = (template(role(), **{section: content}) for content in (before, after))

    assert worst(*pair) is direction


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (role(Description="a"), role(Description="b")),
        (role(), role() | {"Metadata": {"a": "b"}}),
        (role(), role() | {"DependsOn": "X"}),
        (role(allow("a:B")), role(allow("A:b") | {"Sid": "x"})),
        (role(allow("a:B", "a:C", Resource=["x", "y"])),
         role(allow("a:C", Resource=["y", "x", "x"]), allow("a:B", Resource=["x", "y"]))),
        (role(allow("a:B")), inline(json.dumps(document(allow("a:B"))))),
        (role(allow("a:B")), inline({"Fn::Sub": json.dumps(document(allow("a:B")))})),
        (role(allow("a:B", Resource=ARN)),
         inline({"Fn::Sub": json.dumps(document(allow("a:B", Resource="${X.Arn}")))})),
        (role(allow("a:B", Resource=ARN)),
         inline({"Fn::Sub": [json.dumps(document(allow("a:B", Resource="${V}"))), {"V": ARN}]})),
        (role(allow("a:B", Resource={"Fn::Sub": "a${X.Arn}b"})),
         role(allow("a:B", Resource={"Fn::Join": ["", ["a", ARN, "b"]]}))),
        (role(allow("a:B", Resource={"Fn::Sub": "a:${X.Arn}"})),
         role(allow("a:B", Resource={"Fn::Join": [":", ["a", ARN]]}))),
        (inline('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*", '
                '"Condition": {"Bool": {"aws:X": true}}}}'),
         role(allow("a:B", Condition={"Bool": {"AWS:x": ["true"]}}))),
        (role(allow("a:B", Resource="${!x}")),
         inline({"Fn::Sub": json.dumps(document(allow("a:B", Resource="${!!x}")))})),
        (role(Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]),
         role(Tags=[{"Key": "c", "Value": "d"}, {"Value": "b", "Key": "a"}])),
        (role(allow({"Fn::If": ["C", "a:B", "a:B"]})), role(allow("a:B"))),
    ],
)  # fmt: skip
def test_what_means_the_same(before: Body, after: Body) -> None:
    pair = (template(before, Conditions=CONDITIONS), template(after, Conditions=CONDITIONS))

    assert worst(*pair) is None
    assert told(*pair) == []


def test_a_resource_that_becomes_another_with_its_name() -> None:
    pair = template(role(allow("a:B"))), template({"Type": "AWS::SNS::Topic"})

    assert told(*pair)[:1] == ["NARROWS - policy P: Allow a:B on *"]
    assert told(*reversed(pair))[:1] == ["WIDENS + policy P: Allow a:B on *"]
