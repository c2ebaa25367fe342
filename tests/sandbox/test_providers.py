"""OIDC providers made by CloudFormation: in the account's IAM, one per URL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import new_account
from .test_stacks import create, reasons, settled

URL = "https://token.actions.githubusercontent.com"


def template(**properties: Any) -> str:
    """A template of one provider; its output is what Ref and GetAtt say of it."""
    resource = {"Type": "AWS::IAM::OIDCProvider", "Properties": {"Url": URL, **properties}}
    told = {"Fn::Join": [" ", [{"Ref": "P"}, {"Fn::GetAtt": ["P", "Arn"]}]]}
    return json.dumps({"Resources": {"P": resource}, "Outputs": {"Told": {"Value": told}}})


def providers(iam: Any) -> list[str]:
    """The ARNs of the account's providers."""
    return [item["Arn"] for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


def test_provider_comes_changes_and_goes_with_its_stack(iam: Any, cloudformation: Any, account: str) -> None:
    arn = f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
    assert create(cloudformation, template(ClientIdList=["a", "b"])) == "CREATE_COMPLETE"
    assert settled(cloudformation)["Outputs"][0]["OutputValue"] == f"{arn} {arn}"
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["a", "b"]
    cloudformation.update_stack(StackName="S", TemplateBody=template(ClientIdList=["c"], ThumbprintList=["0" * 40]))
    assert settled(cloudformation)["StackStatus"] == "UPDATE_COMPLETE"
    changed = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (changed["ClientIDList"], changed["ThumbprintList"]) == (["c"], ["0" * 40])
    cloudformation.delete_stack(StackName="S")
    assert providers(iam) == []


def test_second_provider_of_a_url_fails_and_the_first_stays(iam: Any, cloudformation: Any) -> None:
    arn = iam.create_open_id_connect_provider(Url=URL, ClientIDList=["first"])["OpenIDConnectProviderArn"]
    assert create(cloudformation, template(ClientIdList=["second"])) == "ROLLBACK_COMPLETE"
    assert "already exists" in reasons(cloudformation)[0]
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["first"]


@pytest.mark.parametrize("properties", [{"Url": "http://plain.example.com"}, {"ClientIdList": ["x"] * 101}])
def test_what_iam_refuses_fails_the_provider(iam: Any, cloudformation: Any, properties: dict[str, Any]) -> None:
    assert create(cloudformation, template(**properties)) == "ROLLBACK_COMPLETE"
    assert reasons(cloudformation)[0]
    assert providers(iam) == []


def test_other_url_fails_the_update(iam: Any, cloudformation: Any) -> None:
    assert create(cloudformation, template()) == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="S", TemplateBody=template(Url="https://other.example.com"))
    assert settled(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [arn.rpartition("/")[2] for arn in providers(iam)] == ["token.actions.githubusercontent.com"]


def test_provider_is_seen_in_its_own_account_only(aws: Any, iam: Any, cloudformation: Any) -> None:
    assert create(cloudformation, template()) == "CREATE_COMPLETE"
    other = aws.client("iam", new_account())
    assert providers(other) == []
    with pytest.raises(ClientError, match="not found"):
        other.get_open_id_connect_provider(OpenIDConnectProviderArn=providers(iam)[0])
