"""Changes of rights, marks and guards that could be got round: each failed before."""

from __future__ import annotations

from typing import Any

import pytest

from rolemodel_ci.cloudformation.evaluate import StackContext, resolve
from rolemodel_ci.iam.differences import Direction
from rolemodel_ci.iam.escalation import marks
from rolemodel_ci.iam.other_resources import gives_beside
from rolemodel_ci.iam.privilege import Privilege
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.reconcile.guards.administrators import administering

from .templates import MASTER, Body, allow, compared, deny, document, inline, meaning, role, template, told, worst

WIDENS, EITHER, NARROWS = Direction.WIDENS, Direction.EITHER, Direction.NARROWS
ARN = {"Fn::GetAtt": ["X", "Arn"]}
NO = {"Ref": "AWS::NoValue"}
UNDECIDED: Body = {"C": {"Fn::Equals": [ARN, "a"]}}
TEXT = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "${X.Arn}", "Effect": "Deny", "Action": "a:B", "Resource": "%s"}]}'
)


def test_a_character_of_json_that_stood_for_a_reference() -> None:
    before = template(inline({"Fn::Sub": TEXT % "${X.Arn}"}))

    assert worst(before, template(inline({"Fn::Sub": TEXT % "\\ue000"}))) is WIDENS
    assert worst(template(role()), template(inline(TEXT.replace("${X.Arn}", "x") % "\\uF8ff"))) is EITHER
    assert worst(before, template(inline({"Fn::Sub": TEXT % "${X\u002eArn}"}))) is None


@pytest.mark.parametrize("kind", ["Custom::Thing", "AWS::CloudFormation::CustomResource", "AWS::IAM::User"])
@pytest.mark.parametrize("resource", [{"Ref": "X"}, ARN, {"Fn::Sub": "arn:aws:s3:::${X}"}])
def test_the_language_matters_where_somebody_chose_the_text(kind: str, resource: Any) -> None:
    others = {"X": {"Type": kind, "Properties": {"Path": "/${aws:username}/"}}}
    new, old = (
        template(inline(document(deny("s3:*", Resource=resource), Version=version)), others)
        for version in ("2012-10-17", "2008-10-17")
    )

    assert worst(new, old) is worst(old, new) is WIDENS


def test_the_language_matters_for_a_parameter_and_a_nested_stack_but_not_for_a_bucket() -> None:
    def of(version: str, resource: Any, **sections: Any) -> Body:
        return template(inline(document(deny("s3:*", Resource=resource), Version=version)), **sections)

    versions = ("2012-10-17", "2008-10-17")
    parameter = (of(version, {"Ref": "P"}, Parameters={"P": {"Type": "String"}}) for version in versions)
    assert worst(*parameter) is WIDENS
    nested = [of(version, {"Fn::GetAtt": ["X", "Outputs.BucketArn"]}) for version in versions]
    for each in nested:
        each["Resources"]["X"] = {"Type": "AWS::CloudFormation::Stack"}
    assert worst(*nested) is WIDENS
    bucket = [of(version, ARN) for version in versions]
    for each in bucket:
        each["Resources"]["X"] = {"Type": "AWS::S3::Bucket"}
    assert worst(*bucket) is None


def test_a_mapping_in_a_condition_that_only_aws_decides() -> None:
    def of(value: str, **parts: Any) -> Body:
        found = {"Fn::FindInMap": ["M", {"Ref": "AWS::StackId"}, "x"]}
        conditions = {"C": {"Fn::Equals": [found, "p"]}, "D": {"Fn::Not": [{"Condition": "C"}]}}
        return template(role(deny("a:B", **parts)), Conditions=conditions, Mappings={"M": {"k": {"x": value}}})

    for name in "CD":
        resource = {"Fn::If": [name, "x", "y"]}
        assert worst(of("p", Resource=resource), of("q", Resource=resource)) is WIDENS
        assert worst(of("p", Resource=resource), of("p", Resource=resource)) is None
    assert worst(of("p"), of("q")) is None


def test_what_is_selected_where_something_before_it_may_be_left_out() -> None:
    def of(resource: Any) -> Body:
        return template(role(deny("a:B", Resource=resource)), Conditions=UNDECIDED)

    perhaps = {"Fn::Select": ["1", [{"Fn::If": ["C", "a", NO]}, "b", "c"]]}
    assert worst(of(perhaps), of("b")) is WIDENS
    assert worst(of({"Fn::Select": ["1", [ARN, "b"]]}), of("b")) is None


def test_references_within_each_other_are_known_to_nobody() -> None:
    nested = template(role(deny("a:B", Resource={"Fn::Sub": "arn:aws:s3:::${${AWS::Region}}"})))

    assert worst(nested, template(role(deny("a:B", Resource="arn:aws:s3:::${us-east-1}")))) is WIDENS
    pattern = {"Fn::Sub": ["arn:aws:iam::*:${!x${A}", {"A": "}*"}]}
    assert marks(meaning(template(role(allow("iam:*", Resource=pattern)))))["R"].privilege is Privilege.UNKNOWN


def test_a_custom_resource_may_mean_something_by_an_order_or_a_sid() -> None:
    def of(kind: str, **properties: Any) -> Body:
        return template(role(), {"X": {"Type": kind, "Properties": properties}})

    one, other = (document(allow("a:B", Sid=sid)) for sid in "xy")
    assert worst(of("Custom::P", PolicyDocument=one), of("Custom::P", PolicyDocument=other)) is EITHER
    assert worst(of("Custom::P", Tags=["a", "b"]), of("Custom::P", Tags=["b", "a"])) is EITHER
    assert (
        worst(of("AWS::S3::BucketPolicy", PolicyDocument=one), of("AWS::S3::BucketPolicy", PolicyDocument=other))
        is None
    )


def test_a_policy_of_the_template_by_an_arn_that_is_put_together() -> None:
    def of(action: str) -> Any:
        policy = {"PolicyDocument": document(allow(action)), "ManagedPolicyName": "N"}
        arn = {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":policy/", "N"]]}
        body = template(role(ManagedPolicyArns=[arn]), {"B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy}})
        return resolve(body, {}, StackContext(None, "us-east-1", "RoleModel"))

    found = {difference.name: difference.direction for difference in differences(of("a:B"), of("*"))}
    assert found == {"R": WIDENS, "B": WIDENS}


def policies(**documents: Any) -> list[Body]:
    """Inline policies by their names; what comes behind an underscore tells two of one name apart."""
    return [{"PolicyName": name.partition("_")[0], "PolicyDocument": each} for name, each in documents.items()]


def attached(name: Any, written: Any) -> Body:
    """A policy as a resource, which belongs to the role."""
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": name, "PolicyDocument": written, "Roles": [{"Ref": "R"}]},
    }


ALL, NONE = document(allow("*")), document(deny("*"))


@pytest.mark.parametrize(
    ("own", "others", "marked"),
    [
        (policies(P=NONE, P_2=ALL), {}, True),
        (policies(P=NONE, p=ALL), {}, True),
        (policies(P=NONE), {"Q": attached("P", ALL)}, True),
        (policies(P=ALL), {"Q": attached("p", NONE)}, True),
        (policies(P=ALL), {"Q": attached({"Ref": "X"}, NONE)}, True),
        (policies(P=ALL, Q=NONE), {}, False),
        (policies(P=ALL), {"Q": attached("Q", NONE)}, False),
    ],
)
def test_a_deny_that_another_policy_of_its_name_may_replace(own: Any, others: Body, marked: bool) -> None:
    found = marks(meaning(template(role(Policies=own), others)))

    assert ("R" in found) is marked


def test_a_deny_for_a_name_that_cloudformation_cuts() -> None:
    def of(name: str) -> Privilege:
        denied = deny("iam:*", Resource=f"arn:aws:iam::*:role/RoleModel-{name}-*")
        body = {"Resources": {name: role(allow("iam:*", Resource="arn:aws:iam::*:role/RoleModel-*"), denied)}}
        return marks(meaning(body))[name].privilege

    assert of("R") is Privilege.LIMITED
    assert of("R" * 60) is Privilege.IDENTITIES


def test_a_policy_whose_made_up_name_is_cut() -> None:
    name = "M" * 120
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(allow("a:B"))}}
    change = allow("iam:CreatePolicyVersion", Resource=f"arn:aws:iam::*:policy/RoleModel-{name[:80]}*")
    found = marks(meaning(template(role(change, ManagedPolicyArns=[{"Ref": name}]), {name: policy})))

    assert found["R"].privilege is Privilege.IDENTITIES


def test_a_deny_in_letters_that_only_look_alike() -> None:
    found = marks(meaning(template(role(allow("iam:CreateAccessKey"), deny("iam:CreateAccess\u212aey")))))

    assert found["R"].privilege is Privilege.IDENTITIES


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
FROM = {"IpAddress": {"aws:SourceIp": "192.0.2.1/32"}}
AWS_ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        (role(allow("*")), role(allow("*", Condition=FROM)), False),
        (role(allow("*")), role(allow("*", Condition=MFA)), True),
        (role(allow("*", Condition=FROM)), role(allow("*", Condition=FROM, Sid="x")), True),
        (role(allow("*", Condition=MFA)), role(allow("*", Condition=FROM)), False),
        (role(allow("*")), role({"Fn::If": ["C", allow("*"), NO]}), False),
        (role(allow("*")), role({"Effect": "Allow", "Action": "*", "NotResource": "*"}), False),
        (role(ManagedPolicyArns=[AWS_ADMIN]), role(ManagedPolicyArns=[{"Fn::If": ["C", AWS_ADMIN, NO]}]), False),
        (role(ManagedPolicyArns=[AWS_ADMIN]), role(ManagedPolicyArns=[AWS_ADMIN]), True),
    ],
)
def test_an_administrator_under_new_conditions_is_none_to_fall_back_on(before: Body, after: Body, stays: bool) -> None:
    was, now = (meaning(template(each, Conditions=UNDECIDED)) for each in (before, after))
    found = administering(was, now, MASTER)

    assert set(found.before) == {"R"}
    assert (set(found.after), set(found.why)) == (({"R"}, set()) if stays else (set(), {"R"}))


def test_what_is_shown_tells_two_languages_apart() -> None:
    others = {"X": {"Type": "Custom::Thing"}}
    pair = (
        template(inline(document(allow("a:B", Resource=ARN), Version=v)), others) for v in ("2008-10-17", "2012-10-17")
    )

    assert told(*pair) == [
        "WIDENS + policy P: Allow a:B on ${X.Arn} in the language of 2012-10-17",
        "NARROWS - policy P: Allow a:B on ${X.Arn}",
    ]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("AWS::EC2::VPCBlockPublicAccessOptions", True),
        ("AWS::ControlTower::EnabledControl", True),
        ("AWS::WAFv2::WebACL", True),
        ("AWS::IAM::Group", True),
        ("Custom::Thing", True),
        ("AWS::CloudFormation::Stack", True),
        ("AWS::IAM::User", False),
        ("AWS::S3::Bucket", False),
        ("AWS::SNS::Topic", False),
    ],
)
def test_what_may_have_kept_somebody_out_is_shown_when_it_goes(kind: str, shown: bool) -> None:
    thing = {"Type": kind, "Properties": {"Name": "x"}}
    (difference,) = compared(template(role(), {"X": thing}), template(role()))

    assert gives_beside(difference) is shown
