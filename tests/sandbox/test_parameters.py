"""Parameter Store of the sandbox: names, sizes, versions; and what the roles of CI may do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.sandbox.embedded import EmbeddedAws, Key
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, PLAN_ROLE, SandboxSpec, assume, seed

from .conftest import code_of, new_account

NAME = "/rolemodel-ci/default/state"


@pytest.fixture
def ssm(aws: EmbeddedAws, account: str) -> Any:
    return aws.client("ssm", account)


def test_made_once_and_counted_from_then_on(ssm: Any) -> None:
    assert ssm.put_parameter(Name=NAME, Value="1", Type="String", Tier="Standard")["Version"] == 1
    with pytest.raises(ClientError) as caught:
        ssm.put_parameter(Name=NAME, Value="2", Type="String", Tier="Standard")
    assert code_of(caught) == ("ParameterAlreadyExists", 400)
    for version in (2, 3):
        answer = ssm.put_parameter(Name=NAME, Value="2", Type="String", Tier="Standard", Overwrite=True)
        assert answer["Version"] == version
    answer = ssm.get_parameter(Name=NAME)
    found = answer["Parameter"]
    assert (found["Value"], found["Version"], found["LastModifiedDate"].tzinfo is None) == ("2", 3, False)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["date"].endswith("GMT")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Value": "x" * 4097}, "ValidationException"),
        ({"Value": "ü" * 2049}, "ValidationException"),
        ({"Name": "/rolemodel-ci//state"}, "ValidationException"),
        ({"Name": "/rolemodel-ci/a b"}, "ValidationException"),
        ({"Name": "/rolemodel-ci/" + "x" * 1000}, "ValidationException"),
        ({"Name": "/a" * 16}, "HierarchyLevelLimitExceededException"),
        ({"Name": "/ssm/state"}, "ValidationException"),
        ({"Type": "Text"}, "UnsupportedParameterType"),
    ],
)
def test_what_aws_does_not_take(ssm: Any, more: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        ssm.put_parameter(**{"Name": NAME, "Value": "x" * 4096, "Type": "String"} | more)
    assert code_of(caught) == (code, 400)


def test_type_and_tier_of_a_parameter_stay(ssm: Any) -> None:
    ssm.put_parameter(Name=NAME, Value="1", Type="String", Tier="Advanced")
    for more, code in (
        ({"Type": "SecureString"}, "HierarchyTypeMismatchException"),
        ({"Type": "String", "Tier": "Standard"}, "ValidationException"),
    ):
        with pytest.raises(ClientError) as caught:
            ssm.put_parameter(Name=NAME, Value="2", Overwrite=True, **more)
        assert code_of(caught) == (code, 400)


def test_a_hundred_versions_are_kept(ssm: Any) -> None:
    for number in range(101):
        ssm.put_parameter(Name=NAME, Value=str(number), Type="String", Overwrite=True)
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=NAME)
    assert [found["Version"] for page in pages for found in page["Parameters"]] == list(range(2, 102))
    ssm.label_parameter_version(Name=NAME, ParameterVersion=2, Labels=["kept"])
    with pytest.raises(ClientError) as caught:
        ssm.put_parameter(Name=NAME, Value="x", Type="String", Overwrite=True)
    assert code_of(caught) == ("ParameterMaxVersionLimitExceeded", 400)


def test_the_roles_of_ci_reach_the_one_parameter_of_their_owner(aws: EmbeddedAws) -> None:
    master = new_account()
    made = seed(aws, SandboxSpec(master, (), (), owner="mine"))
    key = Key(made.access_key, made.secret_key)
    plan, apply = (
        aws.client_as("ssm", assume(aws, key, f"arn:aws:iam::{master}:role/{role}")) for role in (PLAN_ROLE, APPLY_ROLE)
    )
    apply.put_parameter(Name="/rolemodel-ci/mine/state", Value="1", Type="String")
    assert plan.get_parameter(Name="/rolemodel-ci/mine/state")["Parameter"]["Value"] == "1"
    calls: tuple[Callable[[], Any], ...] = (
        lambda: plan.put_parameter(Name="/rolemodel-ci/mine/state", Value="2", Type="String", Overwrite=True),
        lambda: apply.delete_parameter(Name="/rolemodel-ci/mine/state"),
        lambda: apply.put_parameter(Name="/rolemodel-ci/default/state", Value="2", Type="String"),
        lambda: apply.get_parameter(Name="/rolemodel-ci/default/state"),
        lambda: apply.put_parameter(Name="/other", Value="2", Type="String"),
    )
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert code_of(caught) == ("AccessDeniedException", 400)
