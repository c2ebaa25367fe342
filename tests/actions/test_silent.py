"""Changes of rights that a comparison of sentences does not see, by the run of a pull request."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from .test_review import only, reviewed
from .workshop import Workshop, access, role

pytest_plugins = ["actions.resting"]

Body = dict[str, Any]
ARN = {"Fn::GetAtt": ["Admin", "Arn"]}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
ISSUER = "token.actions.githubusercontent.com"
SUBJECT = {"StringEquals": {f"{ISSUER}:sub": "repo:acme/x:environment:y"}}
OPEN = {"Conditions": {"C": {"Fn::Equals": [{"Fn::GetAtt": ["Admin", "RoleId"]}, "x"]}}}


def denying(**parts: Any) -> Body:
    """A role that may read, and of which some is denied."""
    found = role("s3:Get*")
    found["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(DENY | parts)
    return found


def trusting(condition: Any, **parts: Any) -> Body:
    """A role that is assumed under a condition."""
    found = role("s3:Get*")
    found["Properties"]["AssumeRolePolicyDocument"]["Statement"][0] |= {"Condition": condition, **parts}
    return found


def written(variable: Any) -> Body:
    """A role whose policy is text with a variable."""
    found = role("s3:Get*")
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${V}/*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    found["Properties"]["Policies"][0]["PolicyDocument"] = {"Fn::Sub": [text, {"V": variable}]}
    return found


def older(found: Body) -> Body:
    """The role with its policy in the older language."""
    found["Properties"]["Policies"][0]["PolicyDocument"]["Version"] = "2008-10-17"
    return found


def perhaps(action: str) -> Body:
    """A role that may do one thing, and another if AWS decides so."""
    found = role("s3:Get*")
    more = {"PolicyName": "More", "PolicyDocument": role(action)["Properties"]["Policies"][0]["PolicyDocument"]}
    found["Properties"]["Policies"].append({"Fn::If": ["C", more, {"Ref": "AWS::NoValue"}]})
    return found


def escaped(resource: str) -> Body:
    """A role of which some is denied by a policy that is text with a reference in it."""
    found = role("s3:Get*")
    statement = {"Sid": "${Admin.Arn}", **DENY, "Resource": "RESOURCE"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("RESOURCE", resource)
    found["Properties"]["Policies"].append({"PolicyName": "Less", "PolicyDocument": {"Fn::Sub": text}})
    return found


def looked_up(value: str) -> Body:
    """Sections with a condition that only AWS decides, by a mapping."""
    found = {"Fn::FindInMap": ["Stages", {"Ref": "AWS::StackId"}, "stage"]}
    return {
        "Mappings": {"Stages": {"a": {"stage": value}}},
        "Conditions": {"C": {"Fn::Equals": [found, "prod"]}},
    }


def body(reader: Body, **sections: Any) -> str:
    """A template with the two roles of the workshop."""
    parameters = {"AssumingAccountID": {"Type": "String"}, **sections.pop("Parameters", {})}
    return json.dumps({"Parameters": parameters, "Resources": {"Admin": role("*"), "Reader": reader}, **sections})


def parameter(kind: str) -> Body:
    """A section with a parameter of that type."""
    return {"Parameters": {"Bucket": {"Type": kind, "Default": "/logs"}}}


CASES = {
    "two resources become one text": (
        body(denying(Resource=["arn:aws:s3:::a", "arn:aws:s3:::b"])),
        body(denying(Resource="arn:aws:s3:::a, arn:aws:s3:::b")),
        "**No longer denied:** `s3:* on arn:aws:s3:::a, arn:aws:s3:::b`",
    ),
    "MFA within another condition": (
        body(trusting({"StringEquals": {"aws:PrincipalTag/a": "b"}, **MFA})),
        body(trusting({"StringEquals": {"aws:PrincipalTag/a": "b and aws:MultiFactorAuthPresent Bool true"}})),
        "It **no longer asks for MFA**",
    ),
    "a reference becomes text": (
        body(denying(Resource=ARN)),
        body(denying(Resource="${Admin.Arn}")),
        "**No longer denied:** `s3:* on ${Admin.Arn}`",
    ),
    "variables of a text": (
        body(written({"Ref": "AWS::StackName"})),
        body(written({"Fn::GetAtt": ["Admin", "RoleId"]})),
        "**Newly allowed:** `s3:* on arn:aws:s3:::${Admin.RoleId}/* in the language of 2012-10-17`",
    ),
    "a policy that only AWS decides": (
        body(perhaps("s3:Get*"), **OPEN),
        body(perhaps("s3:*"), **OPEN),
        "**Newly allowed:** `s3:* on * if C",
    ),
    "a service becomes an identity provider": (
        body(trusting(SUBJECT, Principal={"Service": ISSUER})),
        body(trusting(SUBJECT, Principal={"Federated": ISSUER})),
        f"`federated {ISSUER} when {ISSUER}:sub StringEquals repo:acme/x:environment:y`",
    ),
    "the older language": (
        body(denying(Resource="arn:aws:s3:::home-${aws:username}")),
        body(older(denying(Resource="arn:aws:s3:::home-${aws:username}"))),
        "**No longer denied:** `s3:* on arn:aws:s3:::home-${aws:username}`",
    ),
    "a parameter of the parameter store": (
        body(denying(Resource={"Ref": "Bucket"}), **parameter("String")),
        body(denying(Resource={"Ref": "Bucket"}), **parameter("AWS::SSM::Parameter::Value<String>")),
        "**No longer denied:** `s3:* on /logs`",
    ),
    "a character of JSON that stands for a reference": (
        body(escaped("${Admin.Arn}")),
        body(escaped("\\ue000")),
        "**No longer denied:** `s3:* on ${Admin.Arn}`",
    ),
    "a mapping behind a condition": (
        body(denying(Resource={"Fn::If": ["C", "*", "arn:aws:s3:::a"]}), **looked_up("prod")),
        body(denying(Resource={"Fn::If": ["C", "*", "arn:aws:s3:::a"]}), **looked_up("dev")),
        "**No longer denied:** `s3:* on",
    ),
    "an attribute whose effect nobody knows": (
        body({**role("s3:Get*"), "Metadata": {}}),
        body(copy.deepcopy(role("s3:Get*")) | {"CreationPolicy": {"x": "y"}}),
        "may be **widened**: it **changes in a way that cannot be told**",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_changes_is_in_the_box(shop: Workshop, case: str) -> None:
    before, after, told = CASES[case]
    shop.hosted.push(access(roles=before))
    shop.forget()

    done = reviewed(shop, shop.hosted.request(access(roles=after)))

    assert done.code == 0, done.log
    comment = only(shop)
    box = comment.partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert told in box
    assert "nothing that gives or takes access" not in comment
    heading = comment.partition("### ")[2].partition("\n")[0]
    assert ("cannot be told" in heading) is ("may be" in told or "RoleId" in told)
    assert heading.startswith("Access change: 1 role ")
