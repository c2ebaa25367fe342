"""Names and texts that look like those of the template and are not: nothing may hide behind the likeness."""

from __future__ import annotations

from typing import Any

import pytest

from rolemodel_ci.iam.differences import Direction
from rolemodel_ci.iam.other_resources import gives_beside
from rolemodel_ci.iam.role_diff import differences

from .templates import Body, allow, document, inline, meaning, role, template, worst

WIDENS = Direction.WIDENS
OWN = "arn:aws:iam::222222222222:policy"


def managed(*statements: Any, condition: str | None = None, **properties: Any) -> Body:
    """A managed policy of the template."""
    body = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(*statements), **properties}}
    return body | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize("name", [{}, {"ManagedPolicyName": {"Fn::GetAtt": ["X", "Arn"]}}, {"Path": {"Ref": "X"}}])
def test_logical_id_is_no_name_of_a_policy(name: Body) -> None:
    others = {"Bound": managed(allow("s3:*"), **name)}
    before = template(role(allow("*"), PermissionsBoundary={"Ref": "Bound"}), others)
    after = template(role(allow("*"), PermissionsBoundary=f"{OWN}/Bound"), others)
    assert worst(before, after) is WIDENS


def test_name_that_the_template_gives_is_one() -> None:
    others = {"Bound": managed(allow("s3:*"), ManagedPolicyName="Limit", Path="/team/")}
    before = template(role(allow("*"), PermissionsBoundary={"Ref": "Bound"}), others)
    after = template(role(allow("*"), PermissionsBoundary=f"{OWN}/team/Limit"), others)
    assert worst(before, after) is Direction.NEUTRAL


@pytest.mark.parametrize("which", ["A", "B"])
def test_two_policies_of_one_name_of_which_one_is_there(which: str) -> None:
    conditions = {"C": {"Fn::Equals": [{"Ref": "Q"}, "x"]}, "D": {"Fn::Not": [{"Condition": "C"}]}}

    def body(**documents: Body) -> Body:
        others = {
            name: managed(documents.get(name, allow("s3:GetObject")), condition=condition, ManagedPolicyName="same")
            for name, condition in (("A", "C"), ("B", "D"))
        }
        attached = role(ManagedPolicyArns=[{"Fn::If": ["C", {"Ref": "A"}, {"Ref": "B"}]}])
        return template(attached, others, Conditions=conditions)

    assert worst(body(), body(**{which: allow("*")})) in (WIDENS, Direction.EITHER)


def test_text_that_becomes_a_reference_only_by_what_is_left_out() -> None:
    """`$${Empty}{B}` comes to the text `${B}`, which is no reference to B."""
    parameters = {"Parameters": {"Empty": {"Type": "String", "Default": ""}}}
    others = {"B": {"Type": "AWS::SQS::Queue"}, "X": {"Type": "AWS::SQS::Queue"}}

    def body(text: str) -> Body:
        statement = allow("s3:GetObject", Resource={"Fn::Sub": text})
        return template(inline({"Version": "2008-10-17", "Statement": [statement]}), others, **parameters)

    before, after = body("arn:aws:s3:::$${Empty}{B}${X.Arn}"), body("arn:aws:s3:::${B}${X.Arn}")
    found = differences(meaning(before, Empty=""), meaning(after, Empty=""))
    assert [one.direction for one in found] == [WIDENS]


@pytest.mark.parametrize("given", [{"Fn::GetAtt": ["K", "Out"]}, {"Fn::Sub": "${K.Out}/x"}])
def test_what_a_custom_resource_returns_may_hold_a_policy_variable(given: Body) -> None:
    others = {"K": {"Type": "Custom::K"}}
    old = inline({"Version": "2008-10-17", "Statement": [allow("s3:GetObject", Resource=given)]})
    new = inline(document(allow("s3:GetObject", Resource=given)))
    assert worst(template(old, others), template(new, others)) is WIDENS


def test_parameter_of_the_template_from_which_policies_may_take_a_part() -> None:
    def body(value: str) -> Body:
        others = {"V": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}
        return template(inline(document(allow("s3:*", Resource={"Fn::GetAtt": ["V", "Value"]}))), others)

    (found,) = differences(meaning(body("arn:aws:s3:::a/*")), meaning(body("*")))
    assert gives_beside(found)
