"""What a template means in one account: functions, conditions, and what is no change."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from loading import BASE, base_with, body, policy

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, desired, parameters_of, resolve

WHERE = StackContext("222222222222", "eu-central-1", "Access")

HEAD = """
Parameters:
  Team: {Type: String}
  Teams: {Type: CommaDelimitedList}
Mappings:
  Names: {ops: {Role: operator, Paths: [/a/, /b/]}}
Conditions:
  IsOps: !Equals [!Ref Team, ops]
  NotOps: !Not [!Condition IsOps]
  InAccount: !Equals [!Ref "AWS::AccountId", "222222222222"]
  Both: !And [!Condition IsOps, !Condition InAccount]
  Either: !Or [!Condition NotOps, !Condition InAccount]
  Circle: !Not [!Condition Circle]
  Left: !Not [!Condition Right]
  Right: !Not [!Condition Left]
  Unknown: !Equals [!ImportValue X, y]
  NotUnknown: !Not [!Condition Unknown]
  UnknownOrTrue: !Or [!Condition Unknown, !Condition IsOps]
  UnknownAndFalse: !And [!Condition Unknown, !Condition NotOps]
  Odd: yes
"""


def value(expression: str, where: StackContext = WHERE, **parameters: str) -> Any:
    """What an expression comes to as the value of a property; a list where it is left out."""
    template = body(f"{HEAD}Resources:\n  A:\n    Type: AWS::IAM::Role\n    Properties:\n      X: {expression}\n")
    found = resolve(template, {"Team": "ops", "Teams": "a, b,c"} | parameters, where)
    return found.resources["A"]["Properties"].get("X", ["left out"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Team", "ops"),
        ("!Ref Teams", ["a", "b", "c"]),
        ("!Ref A", {"Ref": "A"}),
        ('!Ref "AWS::AccountId"', "222222222222"),
        ('!Ref "AWS::Region"', "eu-central-1"),
        ('!Ref "AWS::StackName"', "Access"),
        ('!Ref "AWS::Partition"', "aws"),
        ('!Ref "AWS::URLSuffix"', "amazonaws.com"),
        ('!Ref "AWS::NoValue"', ["left out"]),
        ('!Ref "AWS::StackId"', {"Ref": "AWS::StackId"}),
        ("{Ref: [Team]}", {"Ref": ["Team"]}),
        ("!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root", "arn:aws:iam::222222222222:root"),
        ('!Sub "${!Team} ${Team}"', "${Team} ops"),
        ('!Sub "${!aws:username}"', "${aws:username}"),
        ('!Sub "${Team}/${A.Arn}"', {"Fn::Sub": "ops/${A.Arn}"}),
        ('!Sub "${!x} ${A.Arn}"', {"Fn::Sub": "${!x} ${A.Arn}"}),
        ('!Sub ["${a}-${Team}", {a: !Ref Team}]', "ops-ops"),
        ('!Sub ["${Team}", {Team: own}]', "own"),
        ('!Sub ["${a}-${b}", {a: 1, b: !GetAtt A.Arn}]', {"Fn::Sub": ["1-${b}", {"b": {"Fn::GetAtt": ["A", "Arn"]}}]}),
        ('!Sub ["${a}", {a: !Ref "AWS::NoValue"}]', {"Fn::Sub": ["${a}", {"a": {"Ref": "AWS::NoValue"}}]}),
        ("!Sub [a, b, c]", {"Fn::Sub": ["a", "b", "c"]}),
        ('!Sub {Ref: "AWS::NoValue"}', {"Fn::Sub": {"Ref": "AWS::NoValue"}}),
        ('!Sub "${Teams}"', {"Fn::Sub": ["${Teams}", {"Teams": ["a", "b", "c"]}]}),
        ('!Sub "${!a${Team}"', {"Fn::Sub": ["${!a${Team}", {"Team": "ops"}]}),  # AWS alone knows which of the two it is
        ("!Sub plain $ {text}", "plain $ {text}"),
        ("!Join [-, [a, !Ref Team]]", "a-ops"),
        ("!Join [',', !Ref Teams]", "a,b,c"),
        ('!Join [-, [a, !Ref "AWS::NoValue", b]]', "a-b"),
        ("!Join [-, [a, !Ref A]]", {"Fn::Join": ["-", ["a", {"Ref": "A"}]]}),
        ("!Join x", {"Fn::Join": "x"}),
        ('!Join {Ref: "AWS::NoValue"}', {"Fn::Join": {"Ref": "AWS::NoValue"}}),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Split ['', 'a,b']", {"Fn::Split": ["", "a,b"]}),
        ("!Select [1, !Split ['/', 'a/b']]", "b"),
        ("!Select [2, !Ref Teams]", "c"),
        ("!Select [3, !Ref Teams]", {"Fn::Select": ["3", ["a", "b", "c"]]}),
        ("!Select [-1, [a]]", {"Fn::Select": ["-1", ["a"]]}),
        ("!FindInMap [Names, !Ref Team, Role]", "operator"),
        ("!FindInMap [Names, ops, Paths]", ["/a/", "/b/"]),
        ("!FindInMap [Names, dev, Role]", {"Fn::FindInMap": ["Names", "dev", "Role"]}),
        ("!FindInMap [Nothing, ops, Role]", {"Fn::FindInMap": ["Nothing", "ops", "Role"]}),
        ("!If [IsOps, yes-it-is, no]", "yes-it-is"),
        ("!If [NotOps, a, !Ref Team]", "ops"),
        ('!If [NotOps, a, !Ref "AWS::NoValue"]', ["left out"]),
        ("!If [Nowhere, a, b]", {"Fn::If": ["Nowhere", "a", "b"]}),
        ('!If [Unknown, !Ref Team, !Ref "AWS::NoValue"]', {"Fn::If": ["Unknown", "ops", {"Ref": "AWS::NoValue"}]}),
        ("!If [IsOps, a]", {"Fn::If": ["IsOps", "a"]}),
        ("!GetAtt A.Arn", {"Fn::GetAtt": ["A", "Arn"]}),
        ("{'Fn::GetAtt': A.Arn}", {"Fn::GetAtt": ["A", "Arn"]}),
        ("!ImportValue {'Fn::Sub': '${Team}-x'}", {"Fn::ImportValue": "ops-x"}),
        ("{Ref: Team, Other: x}", {"Ref": "Team", "Other": "x"}),
        ("[a, !Ref Team, !Ref 'AWS::NoValue']", ["a", "ops"]),
        ("!Select ['" + "9" * 5000 + "', [a]]", {"Fn::Select": ["9" * 5000, ["a"]]}),
    ],
)
def test_functions(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("IsOps", True),
        ("NotOps", False),
        ("InAccount", True),
        ("Both", True),
        ("Either", True),
        ("Circle", None),
        ("Left", None),
        ("Right", None),
        ("Unknown", None),
        ("NotUnknown", None),
        ("UnknownOrTrue", True),
        ("UnknownAndFalse", False),
        ("Odd", None),
        ("Nowhere", None),
    ],
)
def test_conditions(condition: str, holds: bool | None) -> None:
    left = {"Fn::If": [condition, "held", "not held"]}
    expected = left if holds is None else "held" if holds else "not held"
    assert value(f"!If [{condition}, held, not held]") == expected


def test_an_account_whose_id_is_not_known_leaves_open_what_depends_on_it() -> None:
    where = StackContext(None, "eu-central-1", "Access")
    assert value('!Sub "${AWS::AccountId}-${Team}"', where) == {"Fn::Sub": "${AWS::AccountId}-ops"}
    assert value("!If [InAccount, a, b]", where) == {"Fn::If": ["InAccount", "a", "b"]}


def test_china_has_its_own_partition_and_suffix() -> None:
    where = StackContext("222222222222", "cn-north-1", "Access", "aws-cn")
    assert value('!Sub "${AWS::Partition} ${AWS::URLSuffix}"', where) == "aws-cn amazonaws.com.cn"


def test_resources_and_outputs_are_there_if_their_condition_holds() -> None:
    template = body(
        HEAD
        + """
Resources:
  Here: {Type: AWS::IAM::Role, Condition: IsOps}
  Gone: {Type: AWS::IAM::Role, Condition: NotOps}
  Open: {Type: AWS::IAM::Role, Condition: Unknown}
Outputs:
  Here: {Value: a, Condition: IsOps}
  Gone: {Value: b, Condition: NotOps}
"""
    )
    found = resolve(template, {"Team": "ops"}, WHERE)
    open_role = {"Type": "AWS::IAM::Role", "Condition": "Unknown"}  # only AWS can tell whether it is there
    assert found.resources == {"Here": {"Type": "AWS::IAM::Role"}, "Open": open_role}
    assert found.outputs == {"Here": {"Value": "a"}}


@pytest.mark.parametrize(
    "changed",
    [
        "# a comment\n" + BASE["roles.yml"],
        "Description: Roles\n" + BASE["roles.yml"],
        "Metadata: {Owner: me}\n" + BASE["roles.yml"],
        "AWSTemplateFormatVersion: '2010-09-09'\n" + BASE["roles.yml"],
        base_with("roles", ("  AdminRole:\n", "  AdminRole:\n    Metadata: {Owner: me}\n")),
        base_with("roles", ("  ReadOnlyRole:\n", "  ReadOnlyRole:\n    DependsOn: AdminRole\n")),
        base_with("roles", ("    Type: String\n", "    Type: String\n    Description: The master account\n")),
        base_with("roles", ("Action: sts:AssumeRole", "Action: 'sts:AssumeRole'")),
        base_with(
            "roles",
            (
                "!Sub arn:aws:iam::${AssumingAccountID}:root",
                "!Join ['', ['arn:aws:iam::', !Ref AssumingAccountID, ':root']]",
            ),
        ),
        base_with("roles", ("    Type: AWS::IAM::Role\n    Properties:\n", "    Properties:\n")).replace(
            "  ReadOnlyRole:\n", "    Type: AWS::IAM::Role\n  ReadOnlyRole:\n"
        ),
        BASE["roles.yml"].replace("\n", "\r\n"),
    ],
)
def test_what_is_no_change(changed: str) -> None:
    parameters = {"AssumingAccountID": "111111111111"}
    assert changed != BASE["roles.yml"]
    assert resolve(body(changed), parameters, WHERE) == resolve(body(BASE["roles.yml"]), parameters, WHERE)


def test_parameters_of_an_account() -> None:
    more = "    Default: x\n  Team: {Type: String, Default: ops}\n  Free: {Type: String}\n"
    roles = base_with("roles", ("    Type: String\n", "    Type: String\n" + more))
    config = BASE["config.yml"] + "    parameters: {Team: dev, AssumingAccountID: 999999999999, Nothing: x}\n"
    loaded_policy = policy(roles=roles, config=config)
    prod, dev = loaded_policy.accounts
    assert parameters_of(loaded_policy, prod) == {"AssumingAccountID": "111111111111", "Team": "ops"}
    assert parameters_of(loaded_policy, dev) == {"AssumingAccountID": "111111111111", "Team": "dev"}


def test_desired_fills_in_the_master_account() -> None:
    loaded_policy = policy()
    found = desired(loaded_policy, loaded_policy.accounts[0], "222222222222")
    statement = found.resources["AdminRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}


def test_conditions_that_double_at_every_step_take_no_time() -> None:
    conditions = "".join(f"  C{i}: !And [!Condition C{i + 1}, !Condition C{i + 1}]\n" for i in range(40))
    template = body(f"Conditions:\n{conditions}  C40: !Equals [a, a]\nResources:\n  A: {{Type: X, Condition: C0}}\n")
    before = time.perf_counter()
    assert resolve(template, {}, WHERE).resources == {"A": {"Type": "X"}}
    assert time.perf_counter() - before < 1


def test_a_long_chain_of_conditions_is_left_open() -> None:
    conditions = "".join(f"  C{i}: !Not [!Condition C{i + 1}]\n" for i in range(1_500))
    template = body(f"Conditions:\n{conditions}  C1500: !Equals [a, a]\nResources:\n  A: {{Type: X, Condition: C0}}\n")
    assert resolve(template, {}, WHERE).resources == {"A": {"Type": "X", "Condition": "C0"}}


def test_text_that_multiplies_at_every_step_stays_small() -> None:
    text = "x" * 1_000
    for _ in range(12):
        text = f'!Sub ["{"${a}" * 50}", {{a: {text}}}]'
    assert len(repr(value(text))) < 200_000
    joined = "x" * 1_000
    for _ in range(12):
        joined = f"!Join [{joined}, [{', '.join('ab' * 25)}]]"
    assert len(repr(value(joined))) < 200_000


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {A: [], B: x, C: {Type: [x], Properties: []}}",
        "Resources: {A: {Ref: 'AWS::NoValue'}, 'Fn::ForEach::X': [a, [b], {}]}\n"
        "Outputs: {A: {Ref: 'AWS::NoValue'}, B: []}",
        "Conditions: {A: [], B: {'Fn::And': x}, C: {'Fn::Not': [a, b]}}\nResources: {A: {Type: X, Condition: B}}",
        "Parameters: {A: x, B: {Type: 'List<String>'}}\nResources: {A: {Type: X, Condition: [B]}}",
    ],
)
def test_odd_content_is_left_as_it_is(text: str) -> None:
    found = resolve(yaml.safe_load(text), {"B": "x,y"}, WHERE)
    assert all(isinstance(resource, dict) for resource in found.resources.values())


@pytest.mark.parametrize("body", [{}, *({name: []} for name in ("Resources", "Parameters", "Conditions", "Outputs"))])
def test_sections_of_another_kind_count_as_empty(body: dict[str, Any]) -> None:
    assert resolve(body, {"A": "x"}, WHERE) == EvaluatedTemplate({}, {})


def test_conditions_deep_within_values_are_left_open() -> None:
    def nested(value: Any) -> Any:
        for _ in range(50):
            value = [value]
        return value

    conditions: dict[str, Any] = {
        f"C{i}": {"Fn::Equals": [{"Fn::If": [f"C{i + 1}", "a", {"Fn::Select": ["0", nested("b")]}]}, "a"]}
        for i in range(2_000)
    }
    deep = {f"C{i}": {"Fn::Equals": [nested({"Fn::If": [f"C{i + 1}", "a", "b"]}), "a"]} for i in range(2_000)}
    for each in (conditions, deep):
        assert resolve({"Conditions": each, "Resources": {"A": {"Type": "X", "Condition": "C0"}}}, {}, WHERE).resources


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${Team}", "ops"),
        ("${ Team }", "ops"),
        ("a${Team}b${AWS::Region}c", "aopsbeu-central-1c"),
        ("$${Team}", "$ops"),
        ("{${Team}}", "{ops}"),
        ("${${Team}}", {"Fn::Sub": ["${${Team}}", {"Team": "ops"}]}),
        ("${!Team}", "${Team}"),
        ("${!Team} ${Team}", "${Team} ops"),
        ("${}", "${}"),
        ("${Team", "${Team"),
        ("$Team}", "$Team}"),
        ("${A.Arn}", {"Fn::Sub": "${A.Arn}"}),
        ("${Odd}", "${aws:username} ${!x}"),
        ("${!Odd}", "${Odd}"),
    ],
)
def test_what_stands_in_a_text_with_references(text: str, expected: Any) -> None:
    content = {"Resources": {"A": {"Type": "X", "Properties": {"X": {"Fn::Sub": text}}}}}
    assert resolve(content, {"Team": "ops", "Odd": "${aws:username} ${!x}"}, WHERE).resources["A"]["Properties"] == {
        "X": expected
    }


def steps(text: str) -> float:
    """Seconds that references in a text take, the least of some tries."""

    def once() -> float:
        before = time.perf_counter()
        resolve({"Resources": {"A": {"Type": "X", "Properties": {"X": {"Fn::Sub": text}}}}}, {}, WHERE)
        return time.perf_counter() - before

    return min(once() for _ in range(5))


@pytest.mark.parametrize("piece", ["${", "${a", "${${", "${!", "$", "{", "${a}"])
def test_the_time_that_references_take_grows_as_the_text_does(piece: str) -> None:
    short, long = (piece * (length // len(piece)) for length in (6_000, 60_000))
    assert steps(long) < 40 * steps(short) + 0.01


def test_what_is_no_update_is_not_evaluated() -> None:
    bomb = {"Fn::Join": ["x" * 1_000, ["a"] * 1_000]}
    silent = dict.fromkeys(("Metadata", "DependsOn"), bomb)
    found = resolve(
        {"Resources": {"A": {"Type": "AWS::IAM::Role", **silent}}, "Outputs": {"B": {"Value": "x", **silent}}},
        {},
        WHERE,
    )
    assert found == EvaluatedTemplate({"A": {"Type": "AWS::IAM::Role"}}, {"B": {"Value": "x"}})


@pytest.mark.parametrize(
    "piece",
    [
        {"Ref": "P"},
        {"Ref": "L"},
        {"Fn::Sub": "${P}"},
        {"Fn::Join": ["", [{"Ref": "P"}]]},
        {"Fn::FindInMap": ["M", "a", "b"]},
        {"Fn::FindInMap": ["M", "a", "c"]},
        {"Fn::Split": ["x", {"Fn::FindInMap": ["M", "a", "b"]}]},
    ],
    ids=json.dumps,
)
def test_the_texts_of_a_template_stay_small_together(piece: Any) -> None:
    content: dict[str, Any] = {
        "Parameters": {"P": {"Type": "String"}, "L": {"Type": "CommaDelimitedList"}},
        "Mappings": {"M": {"a": {"b": "x" * 4_000, "c": ["x" * 100] * 40}}},
        "Resources": {"A": {"Type": "X", "Properties": {"X": [piece] * 5_000}}},
    }
    values = {"P": "x" * 4_000, "L": ",".join(["x" * 100] * 40)}
    found = resolve(content, values, WHERE)
    assert not found.whole
    assert len(repr(found.resources)) < 3_000_000
    content["Resources"]["A"]["Properties"]["X"] = [piece] * 50
    assert resolve(content, values, WHERE).whole
