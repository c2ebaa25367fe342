"""Changes of rights that a comparison of sentences did not see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolemodel_ci.iam.differences import Direction

from .templates import MASTER, Body, allow, deny, document, inline, meaning, role, template, told, trust, worst

UNDECIDED: Body = {"Conditions": {"C": {"Fn::Equals": [{"Fn::GetAtt": ["X", "Arn"]}, "a"]}}}


def assume(**parts: Any) -> Body:
    """A statement of a trust policy."""
    return allow("sts:AssumeRole", **{"Principal": {"AWS": MASTER}, **parts})


def trusting(*statements: Any) -> Body:
    """A template whose role trusts by these statements."""
    return template(role(AssumeRolePolicyDocument=trust(*statements)))


MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
HIDDEN_MFA = {"StringEquals": {"aws:x": "1 and aws:MultiFactorAuthPresent Bool true"}}
AS_TEXT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "${V}"}]}'


def test_two_resources_become_one_text() -> None:
    before = template(role(deny("s3:*", Resource=["a", "b"])))

    assert told(before, template(role(deny("s3:*", Resource="a, b")))) == [
        'NARROWS + policy P: Deny s3:* on "a, b"',
        "WIDENS - policy P: Deny s3:* on a, b",
    ]


def test_mfa_moves_into_the_value_of_another_condition() -> None:
    before = trusting(assume(Condition={"StringEquals": {"aws:x": "1"}, **MFA}))
    after = trusting(assume(Condition=HIDDEN_MFA))

    assert worst(before, after) is Direction.WIDENS
    assert told(before, after)[0].endswith('when aws:x StringEquals "1 and aws:MultiFactorAuthPresent Bool true"')


def test_a_reference_becomes_the_text_that_it_is_shown_as() -> None:
    before = template(role(deny("s3:*", Resource={"Fn::GetAtt": ["X", "Arn"]})))

    assert worst(before, template(role(deny("s3:*", Resource="${X.Arn}")))) is Direction.WIDENS
    assert worst(before, template(role(deny("s3:*", Resource={"Fn::Sub": "${X.Arn}"})))) is None
    assert worst(before, template(role(deny("s3:*", Resource={"Fn::Sub": "${!X.Arn}"})))) is Direction.WIDENS


def test_variables_of_a_policy_written_as_text() -> None:
    one, other = (inline({"Fn::Sub": [AS_TEXT, {"V": {"Fn::GetAtt": [name, "Arn"]}}]}) for name in "XY")

    assert told(template(one), template(other)) == [
        "WIDENS + policy P: Allow s3:* on ${Y.Arn}",
        "NARROWS - policy P: Allow s3:* on ${X.Arn}",
    ]


@pytest.mark.parametrize(
    "policies",
    [
        {"Fn::If": ["C", [{"PolicyName": "P", "PolicyDocument": document(allow("*"))}], {"Ref": "AWS::NoValue"}]},
        [{"Fn::If": ["C", {"PolicyName": "P", "PolicyDocument": document(allow("*"))}, {"Ref": "AWS::NoValue"}]}],
        [{"PolicyName": "P", "PolicyDocument": {"Fn::If": ["C", document(allow("*")), document(allow("a:B"))]}}],
        [{"PolicyName": "P", "PolicyDocument": document({"Fn::If": ["C", allow("*"), allow("a:B")]})}],
        [{"PolicyName": "P", "PolicyDocument": document(allow({"Fn::If": ["C", "*", "a:B"]}))}],
        [{"PolicyName": "P", "PolicyDocument": document({**allow(), "Action": {"Fn::If": ["C", ["*"], "a:B"]}})}],
    ],
)
def test_a_policy_that_only_aws_decides(policies: Any) -> None:
    lines = told(template(role(), **UNDECIDED), template(role(Policies=policies), **UNDECIDED))

    assert 'WIDENS + policy P: Allow * on * if C ({"Fn::Equals": [{"Fn::GetAtt": ["X", "Arn"]}, "a"]})' in lines


def test_a_service_becomes_an_identity_provider() -> None:
    before, after = (trusting(assume(Principal={kind: "a.example"})) for kind in ("Service", "Federated"))

    assert told(before, after) == [
        "WIDENS + trust: Allow sts:AssumeRole by federated a.example",
        "NARROWS - trust: Allow sts:AssumeRole by service a.example",
    ]


def test_the_older_language_has_no_variables() -> None:
    statement = deny("s3:*", Resource="arn:aws:s3:::homes/${aws:username}/*")
    new, old = (template(inline(document(statement, Version=version))) for version in ("2012-10-17", "2008-10-17"))

    assert worst(new, old) is worst(old, new) is Direction.WIDENS
    assert worst(old, template(inline({"Statement": [statement]}))) is None
    plain = (template(inline(document(deny("s3:*"), Version=version))) for version in ("2012-10-17", "2008-10-17"))
    assert worst(*plain) is None


def test_a_parameter_becomes_one_of_the_parameter_store() -> None:
    kinds = ("String", "AWS::SSM::Parameter::Value<String>")
    resource = role(allow("s3:*", Resource={"Ref": "P"}))
    before, after = (template(resource, Parameters={"P": {"Type": kind, "Default": "x"}}) for kind in kinds)

    assert meaning(before, P="x") != meaning(after, P="x")
    lines = told(before, after, P="x")
    assert any(line.startswith('WIDENS + policy P: Allow s3:* on "{{resolve:ssm:x}}"') for line in lines)
    assert "EITHER + Parameters.P.Type: AWS::SSM::Parameter::Value<String>" in lines


def test_a_reference_within_what_is_meant_as_text_cannot_be_told() -> None:
    """No page says whether `${!a${B}` is the text `${a${B}`, or `${a` and what B is."""
    odd = {"Fn::Sub": ["arn:aws:s3:::${!aws:usernam${End}", {"End": "e}"}]}
    before, after = (template(role(allow("s3:*", Resource=it))) for it in ("arn:aws:s3:::${aws:username}", odd))

    assert worst(before, after) in (Direction.WIDENS, Direction.EITHER)
    assert worst(after, before) in (Direction.WIDENS, Direction.EITHER)


@pytest.mark.parametrize("action", ["{{resolve:ssm:/acme/%s}}", {"Fn::Sub": "{{resolve:ssm:/${X}/%s}}"}])
def test_names_of_dynamic_references_have_a_case(action: Any) -> None:
    """Actions have none, but what AWS puts in for one goes by its own name."""
    named = [json.loads(json.dumps(action) % name) for name in ("Read", "read")]
    before, after = (template(role(allow(each))) for each in named)

    assert worst(before, after) in (Direction.WIDENS, Direction.EITHER)
    assert worst(template(role(allow("S3:Get*"))), template(role(allow("s3:get*")))) is None
