"""Limits of IAM and CloudFormation: at the limit it fits, one more does not, and what only AWS can tell breaks none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders import TODAY, policy, template
from loading import InMemory

from rolemodel_ci.checks import check
from rolemodel_ci.checks.limits import LIMIT_CHECKS
from rolemodel_ci.config.loader import load
from rolemodel_ci.model.problem import Problem

CODES = {"RM422", "RM423", "RM424", "RM425", "RM426"}
WARNED, REFUSED = [("RM423", "warning")], [("RM424", "error")]
AROUND = '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":""}]}'


def found(text: str, accounts: str = "") -> list[Problem]:
    """What the limits say of a template."""
    config = (
        "assumable_roles: roles.yml\nmaster_account_id: '111111111111'\nassumable_accounts:\n"
        f"  - {{name: prod, account_id: '222222222222'{accounts}}}\n"
    )
    read = load(InMemory({"config.yml": config, "roles.yml": text}), "config.yml")
    assert read.policy is not None, read.problems
    return [problem for problem in check(read.policy, TODAY) if problem.code in CODES]


def codes(properties: dict[str, Any], **parts: Any) -> list[tuple[str, str]]:
    """Code and severity of what is wrong with one role."""
    return [(p.code, str(p.severity)) for p in found(template({"Admin": properties}, **parts))]


def of_size(characters: int) -> dict[str, Any]:
    """A policy of exactly so many characters without white space."""
    made = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "a" * (characters - len(AROUND))}]}
    assert len(json.dumps(made, separators=(",", ":"))) == characters
    return made


def own(number: int) -> list[Any]:
    return [f"arn:aws:iam::222222222222:policy/P{n}" for n in range(number)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(10, []), (11, WARNED), (20, WARNED), (21, [("RM422", "error")])],
)
def test_managed_policies_of_a_role(number: int, expected: list[tuple[str, str]]) -> None:
    assert codes({"ManagedPolicyArns": own(number)}) == expected
    assert codes({"ManagedPolicyArns": own(number) + own(number)}) == expected  # named twice, attached once


def test_what_only_aws_decides_is_not_counted() -> None:
    maybe = {"Fn::If": ["Odd", "arn:aws:iam::222222222222:policy/X", {"Ref": "AWS::NoValue"}]}
    odd = {"Odd": {"Fn::Equals": [{"Fn::ImportValue": "x"}, "y"]}}
    assert codes({"ManagedPolicyArns": [*own(10), maybe]}, Conditions=odd) == []
    assert codes({"Policies": [{"PolicyName": "p", "PolicyDocument": {"Fn::ImportValue": "x" * 20}}]}) == []
    document = of_size(6_000) | {"Id": {"Fn::ImportValue": "x" * 9_000}}
    assert codes({"Policies": [{"PolicyName": "p", "PolicyDocument": document}]}) == []


@pytest.mark.parametrize(
    ("size", "expected"),
    [(2_048, []), (2_049, WARNED), (4_096, WARNED), (4_097, REFUSED)],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_trust_policies(size: int, expected: list[tuple[str, str]], as_text: bool) -> None:
    written = {"AssumeRolePolicyDocument": json.dumps(of_size(size), indent=9) if as_text else of_size(size)}
    assert codes(written) == expected


@pytest.mark.parametrize(("more", "expected"), [(0, []), (1, [("RM424", "error")])])
def test_inline_policies_of_a_role_in_all(more: int, expected: list[tuple[str, str]]) -> None:
    own_ones = [{"PolicyName": f"p{n}", "PolicyDocument": of_size(size)} for n, size in enumerate((4_000, 4_000))]
    last = {"RoleName": {"Ref": "Admin"}, "PolicyName": "q", "PolicyDocument": of_size(2_240 + more)}
    attached = {"Type": "AWS::IAM::RolePolicy", "Properties": last}
    text = json.loads(template({"Admin": {"Policies": own_ones}}))
    text["Resources"]["More"] = attached
    assert [(p.code, str(p.severity)) for p in found(json.dumps(text))] == expected


@pytest.mark.parametrize(("size", "expected"), [(6_144, []), (6_145, [("RM424", "error")])])
def test_managed_policies_each(size: int, expected: list[tuple[str, str]]) -> None:
    text = json.loads(template({"Admin": {}}))
    text["Resources"]["Own"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Roles": [{"Ref": "Admin"}], "PolicyDocument": of_size(size)},
    }
    assert [(p.code, str(p.severity)) for p in found(json.dumps(text))] == expected


def tags(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in pairs]}


@pytest.mark.parametrize(
    ("properties", "wrong"),
    [
        (tags(*((f"k{n}", "v") for n in range(50))), 0),
        (tags(*((f"k{n}", "v") for n in range(51))), 1),
        (tags(("k" * 128, "v" * 256)), 0),
        (tags(("k" * 129, "v")), 1),
        (tags(("k", "v" * 257)), 1),
        (tags(("k", "v"), ("K", "w")), 1),
        (tags(("aws:k", "v")), 1),
        ({"Description": "x" * 1_000}, 0),
        ({"Description": "x" * 1_001}, 1),
        ({"Description": {"Fn::ImportValue": "x" * 2_000}}, 0),
    ],
)
def test_tags_and_descriptions(properties: dict[str, Any], wrong: int) -> None:
    assert codes(properties) == [("RM425", "error")] * wrong


@pytest.mark.parametrize(("number", "wrong"), [(200, 0), (201, 1)])
def test_counts_of_a_template(number: int, wrong: int) -> None:
    assert codes({}, Outputs={f"O{n}": {"Value": "x"} for n in range(number)}) == [("RM426", "error")] * wrong
    assert codes({}, Description="x" * (1_024 + wrong)) == [("RM426", "error")] * wrong


def test_the_parameters_of_an_account_count() -> None:
    """What is too long in one account only is told with that account."""
    made = json.loads(template({"Admin": {"Description": {"Fn::Sub": "${Text}"}}}))
    made["Parameters"]["Text"] = {"Type": "String", "Default": ""}
    text = json.dumps(made)
    (problem,) = found(text, f", parameters: {{Text: {'x' * 1_001}}}")
    assert problem.message.endswith("(account `prod` with its parameters)")
    assert found(text) == []


def test_the_name_of_the_policy_of_a_group_has_the_limit_of_its_group() -> None:
    role = "R" * (128 - len("-Policy") - len("RM.prod."))
    fits, not_so = (check(policy(None, roles={name: {}}, accounts=["prod"]), TODAY) for name in (role, role + "R"))
    assert [p.code for p in fits] == []
    assert [p.code for p in not_so] == ["RM205"]
    assert "-Policy` of a group would have 129 characters" in not_so[0].message


def test_every_limit_has_its_check() -> None:
    assert {each.code for each in LIMIT_CHECKS} == CODES
