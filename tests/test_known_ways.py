"""The known ways to more rights: two public lists, as they were read, and what we make of each entry."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.iam.escalation import marks
from rolemodel_ci.iam.escalation_paths import ACTIONS, WAYS, EscalationPath
from rolemodel_ci.iam.privilege import Mark, Privilege

FIXTURES = Path(__file__).parent / "fixtures"


def read(name: str) -> list[tuple[str, ...]]:
    """The entries of a list, as words."""
    lines = (FIXTURES / f"ways-{name}.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split()) for line in lines if not line.startswith("#")]


BY_PATHFINDING = {entry[0]: entry[1:] for entry in read("pathfinding")}
BY_CLOUDSPLAINING = read("cloudsplaining")
EVERY = [*BY_PATHFINDING.values(), *BY_CLOUDSPLAINING]


def mark(actions: Iterable[str], resource: object = "*") -> Mark:
    """What a role is that may do this."""
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": resource}
    policies = [{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": statement}}]
    resources = {"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}}
    return marks(EvaluatedTemplate(resources, {})).get("R", Mark(Privilege.NONE))


def test_the_lists_are_whole() -> None:
    assert (len(BY_PATHFINDING), len(BY_CLOUDSPLAINING)) == (65, 59)


@pytest.mark.parametrize("actions", EVERY, ids=" ".join)
def test_every_known_way_is_marked(actions: tuple[str, ...]) -> None:
    found = mark(actions)

    assert found.is_dangerous
    assert {action.lower() for action in found.actions} <= {action.lower() for action in actions}
    assert found.actions


@pytest.mark.parametrize("actions", EVERY, ids=" ".join)
def test_every_known_way_on_named_resources_is_told(actions: tuple[str, ...]) -> None:
    services = {action.partition(":")[0] for action in actions}
    named = [f"arn:aws:{service}:eu-west-1:222222222222:kind/name" for service in ({*services, "iam", "ec2"} - {"sts"})]

    assert mark(actions, [*named, "arn:aws:iam::222222222222:role/name"]).limited


def test_every_id_of_pathfinding_is_at_its_way() -> None:
    ids = {one: way.actions for way in WAYS for one in way.ids}

    assert ids.keys() == BY_PATHFINDING.keys()
    assert all(set(actions) <= set(BY_PATHFINDING[one]) for one, actions in ids.items())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way.actions))
def test_each_way_comes_to_its_level(way: EscalationPath) -> None:
    assert mark(way.actions).privilege >= way.privilege


@pytest.mark.parametrize(
    "action",
    [
        "s3:GetObject",
        "ec2:Describe*",
        "iam:Get*",
        "lambda:List*",
        "iam:CreateServiceLinkedRole",
        "sts:GetFederationToken",
        "sts:GetCallerIdentity",
        "iam:CreateUser",
    ],
)
def test_what_is_no_way(action: str) -> None:
    assert mark([action]).privilege is Privilege.NONE


def test_half_a_way_is_none() -> None:
    assert mark(["ec2:ModifyInstanceAttribute", "ec2:StopInstances"]).privilege is Privilege.NONE
    assert mark(["ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:Start*"]).privilege is Privilege.BORROWING


def test_actions_are_spelled_once() -> None:
    assert len({action.lower() for action in ACTIONS}) == len(ACTIONS)
