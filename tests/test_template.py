"""Templates: content, roles, parameters, places; YAML and JSON alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from loading import BASE, body

from rolemodel_ci.cloudformation.evaluate import StackContext, resolve
from rolemodel_ci.cloudformation.template import BODY_LIMIT, read_deployed, read_template
from rolemodel_ci.model.desired import Role
from rolemodel_ci.model.problem import Place

WHERE = StackContext("222222222222", "us-east-1", "RoleModel")

MINIMAL = "Resources:\n  A:\n    Type: AWS::IAM::Role\n"

YAML = """
Parameters:
  AssumingAccountID: {Type: String}
  Seconds: {Type: Number, Default: 3600, NoEcho: true}
Conditions:
  Long: !Not [!Equals [!Ref Seconds, 3600]]
Resources:
  AdminRole:
    Type: AWS::IAM::Role
    Properties:
      Path: !Sub /${AWS::Region}/
      MaxSessionDuration: !If [Long, 43200, !Ref Seconds]
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {AWS: !Join [":", [arn, aws, iam, "", !Ref AssumingAccountID, root]]}
            Action: sts:AssumeRole
            Condition: {Bool: {aws:MultiFactorAuthPresent: true}}
Outputs:
  Arn: {Value: !GetAtt AdminRole.Arn}
"""

SAME_AS_JSON = {
    "Parameters": {
        "AssumingAccountID": {"Type": "String"},
        "Seconds": {"Type": "Number", "Default": 3600, "NoEcho": True},
    },
    "Conditions": {"Long": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Seconds"}, "3600"]}]}},
    "Resources": {
        "AdminRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Path": {"Fn::Sub": "/${AWS::Region}/"},
                "MaxSessionDuration": {"Fn::If": ["Long", 43200, {"Ref": "Seconds"}]},
                "AssumeRolePolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {
                                "AWS": {
                                    "Fn::Join": [":", ["arn", "aws", "iam", "", {"Ref": "AssumingAccountID"}, "root"]]
                                }
                            },
                            "Action": "sts:AssumeRole",
                            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}},
                        }
                    ]
                },
            },
        }
    },
    "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["AdminRole", "Arn"]}}},
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SAME_AS_JSON),
        json.dumps(SAME_AS_JSON, indent=2),
        json.dumps(SAME_AS_JSON, indent="\t"),
        json.dumps(SAME_AS_JSON).replace('["AdminRole", "Arn"]', '"AdminRole.Arn"'),
        YAML.replace("!GetAtt AdminRole.Arn", "!GetAtt [AdminRole, Arn]"),
        YAML.replace("!GetAtt AdminRole.Arn", "{'Fn::GetAtt': AdminRole.Arn}"),
        YAML.replace("true", "yes"),
        YAML.replace("3600", "'3600'"),
        YAML.replace("!Ref Seconds", "{Ref: Seconds}").replace("!Sub /", "!Sub '/").replace("}/\n", "}/'\n"),
        "# comment\n" + YAML.replace("  AdminRole:\n", "  # another\n\n  AdminRole:   # and one more\n"),
    ],
)
def test_the_same_content_means_the_same_however_it_is_written(text: str) -> None:
    parameters = {"AssumingAccountID": "111111111111", "Seconds": "3600"}
    assert resolve(body(text), parameters, WHERE) == resolve(body(YAML), parameters, WHERE)


def test_short_tags_are_written_out() -> None:
    text = (
        MINIMAL
        + """    Metadata:
      - !Ref A
      - !GetAtt A.Arn
      - !GetAtt A.B.C
      - !Sub "${A}"
      - !Base64 x
      - !Cidr [a, b, c]
      - !Condition C
      - !ToJsonString {a: b}
      - !And [!Or [x], !Not [y]]
      - !Select [0, !GetAZs ""]
"""
    )
    assert body(text)["Resources"]["A"]["Metadata"] == [
        {"Ref": "A"},
        {"Fn::GetAtt": ["A", "Arn"]},
        {"Fn::GetAtt": ["A", "B.C"]},
        {"Fn::Sub": "${A}"},
        {"Fn::Base64": "x"},
        {"Fn::Cidr": ["a", "b", "c"]},
        {"Condition": "C"},
        {"Fn::ToJsonString": {"a": "b"}},
        {"Fn::And": [{"Fn::Or": ["x"]}, {"Fn::Not": ["y"]}]},
        {"Fn::Select": ["0", {"Fn::GetAZs": ""}]},
    ]


def test_booleans_without_quotes_are_true_and_false_and_others_are_text() -> None:
    text = MINIMAL + "    Metadata: [yes, On, TRUE, no, off, False, 'yes', oN, tRUE, y, 2012-10-17, !!str no, ! on]\n"
    assert body(text)["Resources"]["A"]["Metadata"] == [
        *("true", "true", "true", "false", "false", "false"),
        *("yes", "oN", "tRUE", "y", "2012-10-17", "no", "on"),
    ]


@pytest.mark.parametrize(
    "scalar",
    [
        *(
            "012345670123",
            "012345678901",
            "00",
            "+1",
            "1_0",
            "0x10",
            "0b1",
            "1:30",
            "1:30:45.5",
            "1.10",
            "0.0001",
            "1e3",
        ),
        *(".5", ".inf", "-.INF", ".nan", "1234567.5", '!!int "1"', "!!bool yes", "!!float 1.5"),
    ],
)
def test_a_number_that_cloudformation_would_write_anew_is_refused(scalar: str) -> None:
    found = [read_template(MINIMAL + f"    Metadata: {{{at}}}\n", "r.yml")[1] for at in (f"a: [{scalar}]", "a: b")]
    assert [[problem.code for problem in problems] for problems in found] == [["RM428"], []]
    assert read_deployed(MINIMAL + f"    Metadata: {{a: [{scalar}]}}\n") is None


@pytest.mark.parametrize(
    "scalar", ["0", "-1", "3600", "123456789012", "1.5", "1.0", "0.05", "10.0.0.0/8", "1.2.3", "'01'"]
)
def test_numbers_that_stay_what_they_are(scalar: str) -> None:
    assert body(MINIMAL + f"    Metadata: [{scalar}]\n")["Resources"]["A"]["Metadata"] == [scalar.strip("'")]


@pytest.mark.parametrize("key", ["on", "No", "0123"])
def test_a_key_that_cloudformation_reads_as_another_is_refused(key: str) -> None:
    texts = (MINIMAL + f"    Metadata: {{{spelled}: x}}\n" for spelled in (key, f"'{key}'"))
    assert [[p.code for p in read_template(text, "r.yml")[1]] for text in texts] == [["RM428"], []]


def test_roles_parameters_and_places() -> None:
    template, problems = read_template(BASE["roles.yml"], "x/roles.yml")
    assert problems == []
    assert template is not None
    assert template.text == BASE["roles.yml"]
    assert template.roles == (
        Role("AdminRole", Place("x/roles.yml", 5, 3)),
        Role("ReadOnlyRole", Place("x/roles.yml", 16, 3)),
    )
    assert template.places["Resources", "AdminRole", "Properties"] == Place("x/roles.yml", 7, 5)
    properties = ("Resources", "AdminRole", "Properties")
    assert template.places[(*properties, "ManagedPolicyArns", 0)] == Place("x/roles.yml", 15, 11)
    statement = (*properties, "AssumeRolePolicyDocument", "Statement", 0)
    assert template.places[(*statement, "Principal", "AWS", "Fn::Sub")] == Place("x/roles.yml", 12, 20)


def test_parameters() -> None:
    template, _ = read_template(YAML, "roles.yml")
    assert template is not None
    assert [(p.name, p.default, p.hidden) for p in template.parameters] == [
        ("AssumingAccountID", None, False),
        ("Seconds", "3600", True),
    ]
    assert template.parameter("Seconds") is template.parameters[1]
    assert template.parameter("Nothing") is None


def test_only_roles_are_roles() -> None:
    template, _ = read_template(MINIMAL + "  B: {Type: AWS::IAM::Group}\n  C: {Type: AWS::IAM::Role}\n", "roles.yml")
    assert template is not None
    assert [role.name for role in template.roles] == ["A", "C"]


@pytest.mark.parametrize(
    ("text", "codes", "usable"),
    [
        (MINIMAL, [], True),
        (MINIMAL + "#" * (BODY_LIMIT - len(MINIMAL)), [], True),
        (MINIMAL + "#" * (BODY_LIMIT - len(MINIMAL) + 1), ["RM404"], False),
        (MINIMAL + "    Metadata: !Foo x\n", ["RM402"], True),
        (MINIMAL + "    Metadata:\n", ["RM403"], True),
        (MINIMAL + "    Metadata: [~, null, '', 'null', '~']\n", ["RM403", "RM403"], True),
        (MINIMAL + "    Metadata: &a x\n    DependsOn: *a\n", ["RM410"], True),
        (MINIMAL + "Transform: X\n", ["RM408"], False),
        (MINIMAL + "    Metadata: {Transform: X}\n", [], True),
        (MINIMAL + "    Metadata: {'Fn::Transform': {Name: X}}\n", ["RM408"], False),
        (MINIMAL + "    Metadata: !Transform {Name: X}\n", ["RM408"], False),
        (MINIMAL + "    Properties: {'Fn::ForEach::X': [a, [b], {}]}\n", ["RM401", "RM408"], False),
        (MINIMAL + "    Properties: !If [a, {}, {}]\n", ["RM401"], False),
        (MINIMAL + "    Properties: []\n", ["RM401"], False),
        (MINIMAL + "Outputs: []\nMappings: x\n", ["RM401", "RM401"], False),
        ("Resources: []\n", ["RM401"], False),
        ("Resources: {}\n", ["RM401"], False),
        ("Resources: !Ref X\n", ["RM401"], False),
        ("!Sub x\n", ["RM401"], False),
        ("[]\n", ["RM401"], False),
        ("Parameters: {P: {Type: String, Default: {}}}\n" + MINIMAL, ["RM401"], False),
        ("Parameters: {P: {Type: String}, Q: {}}\n" + MINIMAL, ["RM401"], False),
        ("${" * BODY_LIMIT, ["RM404"], False),
        ("", ["RM111"], False),
        ("Resources: [", ["RM105"], False),
    ],
)
def test_what_keeps_a_text_from_being_a_template(text: str, codes: list[str], usable: bool) -> None:
    template, problems = read_template(text, "roles.yml")
    assert sorted(problem.code for problem in problems) == codes
    assert (template is not None) is usable


def test_a_deployed_template_as_text_and_as_object() -> None:
    assert read_deployed(json.dumps(SAME_AS_JSON)) == read_deployed(SAME_AS_JSON)
    assert resolve(read_deployed(YAML) or {}, {}, WHERE) == resolve(read_deployed(SAME_AS_JSON) or {}, {}, WHERE)
    emoji = {"Description": "access 😀 é \n", "Resources": {"A": {"Type": "AWS::SNS::Topic"}}}
    assert read_deployed(emoji) == emoji


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "text",
        "a: [",
        "a: \x00",
        MINIMAL + MINIMAL,
        MINIMAL + "Transform: Mine\n",
        MINIMAL + "<<: {Outputs: {}}\n",
        MINIMAL + "Description: null\n",
        MINIMAL + "Description: !Mine x\n",
        "Resources: {A: {Type: X, Properties: {Fn::Transform: {Name: Mine}}}}",
        "Resources: {A: {Type: X}, Fn::ForEach::B: [C, [D], {}]}",
        "Resources: {A: {Ref: X}}",
        None,
        7,
        float("nan"),
        [],
        {},
        {"Resources": []},
        {"Transform": "Mine", "Resources": {"A": {"Ref": "X"}}},
        {"Resources": {"A": {"Type": ["X"]}}},
        *(
            {"Resources": {"A": {"Type": "X"}}, name: []}
            for name in ("Parameters", "Mappings", "Conditions", "Outputs")
        ),
        {"Resources": {"A": {"Type": "X"}}, "Description": "\ud83d"},
        {"Resources": {"A": {"Type": "X"}}, "Description": "x" * 2 * BODY_LIMIT},
        {"Resources": {"A": {"Type": {1, 2}}}},
    ],
)
def test_what_is_no_deployed_template(body: Any) -> None:
    assert read_deployed(body) is None


def test_a_deployed_template_nested_beyond_measure() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert read_deployed({"Resources": {"A": {"Type": "X", "Properties": {"B": deep}}}}) is None
