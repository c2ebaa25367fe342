"""Stacks of roles fail where AWS fails them, and leave alone what they did not make."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .conftest import code_of, policy

TRUST = json.loads(policy(Effect="Allow", Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"))
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


def template(*, logical: str = "Admin", parameters: dict[str, Any] | None = None, **properties: Any) -> str:
    """A template of one role."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}
    return json.dumps({"Parameters": parameters or {}, "Resources": {logical: role}})


def settled(client: Any, name: str = "S") -> dict[str, Any]:
    """The stack once nothing goes on in it any more."""
    for _ in range(100):
        stack: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.02)
    raise AssertionError("stack did not settle")


def create(client: Any, body: str, **more: Any) -> str:
    client.create_stack(StackName="S", TemplateBody=body, Capabilities=CAPABILITIES, **more)
    return str(settled(client)["StackStatus"])


def reasons(client: Any) -> list[str]:
    """What the failed resources say, newest first."""
    events = client.describe_stack_events(StackName="S")["StackEvents"]
    return [e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"].endswith("_FAILED")]


def test_existing_role_fails_the_create_and_stays(iam: Any, cloudformation: Any) -> None:
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST), Description="was here")
    before = iam.get_role(RoleName="Admin")["Role"]
    assert create(cloudformation, template(RoleName="Admin")) == "ROLLBACK_COMPLETE"
    assert reasons(cloudformation) == ["Resource of type 'AWS::IAM::Role' with identifier 'Admin' already exists."]
    assert iam.get_role(RoleName="Admin")["Role"] == before
    cloudformation.delete_stack(StackName="S")
    assert iam.get_role(RoleName="Admin")["Role"] == before


def test_existing_role_of_other_case_fails_the_create(iam: Any, cloudformation: Any) -> None:
    iam.create_role(RoleName="ADMIN", AssumeRolePolicyDocument=json.dumps(TRUST))
    assert create(cloudformation, template(RoleName="Admin")) == "ROLLBACK_COMPLETE"


def test_renamed_logical_id_with_the_same_role_name_fails_the_update(iam: Any, cloudformation: Any) -> None:
    assert create(cloudformation, template(RoleName="Admin")) == "CREATE_COMPLETE"
    before = iam.get_role(RoleName="Admin")["Role"]
    body = template(logical="Renamed", RoleName="Admin")
    cloudformation.update_stack(StackName="S", TemplateBody=body, Capabilities=CAPABILITIES)
    assert settled(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert iam.get_role(RoleName="Admin")["Role"] == before


def test_role_renamed_to_an_existing_one_fails_the_update(iam: Any, cloudformation: Any) -> None:
    iam.create_role(RoleName="Taken", AssumeRolePolicyDocument=json.dumps(TRUST), Description="was here")
    assert create(cloudformation, template(RoleName="Admin")) == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="S", TemplateBody=template(RoleName="Taken"), Capabilities=CAPABILITIES)
    assert settled(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert iam.get_role(RoleName="Taken")["Role"]["Description"] == "was here"
    assert iam.get_role(RoleName="Admin")["Role"]["RoleName"] == "Admin"


@pytest.mark.parametrize(
    "properties",
    [
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdminstratorAccess"]},
        {"PermissionsBoundary": "arn:aws:iam::aws:policy/None"},
        {"Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}]},
        {"Policies": [{"PolicyName": "p", "PolicyDocument": json.loads(policy(Effect="Allow", Action="s3:*"))}]},
        {"AssumeRolePolicyDocument": json.loads(policy())},
        {"AssumeRolePolicyDocument": json.loads(policy(Effect="Allow", Principal="*", Action="s3:*"))},
        {
            "AssumeRolePolicyDocument": json.loads(
                policy(Effect="Allow", Action="sts:AssumeRole", Principal={"AWS": "arn:aws:iam::100000000001:user/no"})
            )
        },
        {"MaxSessionDuration": 100},
        {"RoleName": "a b"},
    ],
)
def test_what_iam_refuses_fails_the_resource(iam: Any, cloudformation: Any, properties: dict[str, Any]) -> None:
    assert create(cloudformation, template(**properties)) == "ROLLBACK_COMPLETE"
    assert reasons(cloudformation)[0]
    assert iam.list_roles()["Roles"] == []


def test_update_to_a_malformed_policy_rolls_back(iam: Any, cloudformation: Any) -> None:
    assert create(cloudformation, template(RoleName="Admin")) == "CREATE_COMPLETE"
    body = template(RoleName="Admin", AssumeRolePolicyDocument={"Statement": []})
    cloudformation.update_stack(StackName="S", TemplateBody=body, Capabilities=CAPABILITIES)
    assert settled(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert iam.get_role(RoleName="Admin")["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_permissions_boundary_is_kept(iam: Any, cloudformation: Any) -> None:
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    assert create(cloudformation, template(RoleName="Admin", PermissionsBoundary=arn)) == "CREATE_COMPLETE"
    boundary = iam.get_role(RoleName="Admin")["Role"]["PermissionsBoundary"]
    assert boundary["PermissionsBoundaryArn"] == arn


def test_parameter_against_its_pattern_is_refused(cloudformation: Any) -> None:
    parameters = {"AssumingAccountID": {"Type": "String", "AllowedPattern": "[0-9]{12}"}}
    values = [{"ParameterKey": "AssumingAccountID", "ParameterValue": "12"}]
    with pytest.raises(ClientError) as refusal:
        create(cloudformation, template(parameters=parameters), Parameters=values)
    assert code_of(refusal) == ("ValidationError", 400)


def test_hidden_parameter_is_not_shown(cloudformation: Any) -> None:
    parameters = {"ExternalId": {"Type": "String", "NoEcho": True}}
    values = [{"ParameterKey": "ExternalId", "ParameterValue": "secret"}]
    assert create(cloudformation, template(parameters=parameters), Parameters=values) == "CREATE_COMPLETE"
    shown = settled(cloudformation)["Parameters"]
    assert shown == [{"ParameterKey": "ExternalId", "ParameterValue": "****"}]


def test_named_role_needs_its_capability(cloudformation: Any) -> None:
    body = template(RoleName="Admin")
    with pytest.raises(ClientError) as refusal:
        cloudformation.create_stack(StackName="S", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    assert code_of(refusal)[0] == "InsufficientCapabilitiesException"


def test_update_without_a_change_is_refused(cloudformation: Any) -> None:
    assert create(cloudformation, template()) == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName="S", TemplateBody=template(), Capabilities=CAPABILITIES)


def test_deleted_stack_is_found_by_id_only(cloudformation: Any) -> None:
    assert create(cloudformation, template()) == "CREATE_COMPLETE"
    stack_id = settled(cloudformation)["StackId"]
    cloudformation.delete_stack(StackName="S")
    assert settled(cloudformation, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    for read in ("describe_stacks", "get_template", "list_stack_resources", "describe_stack_events"):
        with pytest.raises(ClientError, match="Stack with id S does not exist") as refusal:
            getattr(cloudformation, read)(StackName="S")
        assert code_of(refusal) == ("ValidationError", 400)
    assert cloudformation.get_template(StackName=stack_id)["TemplateBody"]["Resources"]


def test_rolled_back_stack_keeps_its_name_until_deleted(cloudformation: Any) -> None:
    assert create(cloudformation, template(MaxSessionDuration=1)) == "ROLLBACK_COMPLETE"
    for call in ("create_stack", "update_stack"):
        with pytest.raises(ClientError) as refusal:
            getattr(cloudformation, call)(StackName="S", TemplateBody=template(), Capabilities=CAPABILITIES)
        assert code_of(refusal)[0] == {"create_stack": "AlreadyExistsException"}.get(call, "ValidationError")
    cloudformation.delete_stack(StackName="S")
    assert create(cloudformation, template()) == "CREATE_COMPLETE"


def test_undeclared_parameter_is_refused(cloudformation: Any) -> None:
    values = [{"ParameterKey": "Typo", "ParameterValue": "x"}]
    with pytest.raises(ClientError, match=r"Parameters: \[Typo\] do not exist in the template"):
        create(cloudformation, template(), Parameters=values)
    assert create(cloudformation, template()) == "CREATE_COMPLETE"
    body = template(Description="new")
    with pytest.raises(ClientError, match=r"Parameters: \[Typo\] do not exist in the template"):
        cloudformation.update_stack(StackName="S", TemplateBody=body, Capabilities=CAPABILITIES, Parameters=values)


def test_template_without_resources_is_refused(cloudformation: Any) -> None:
    with pytest.raises(ClientError, match="At least one Resources member must be defined"):
        create(cloudformation, '{"Resources": {}}')


@pytest.mark.parametrize("action", ["create_role", "update_assume_role_policy"])
def test_trust_policies_are_checked_by_iam_itself(iam: Any, action: str) -> None:
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    named = {"RoleName": "Other", "AssumeRolePolicyDocument": policy()}
    renewed = {"RoleName": "Admin", "PolicyDocument": policy()}
    with pytest.raises(ClientError) as refusal:
        getattr(iam, action)(**(named if action == "create_role" else renewed))
    assert code_of(refusal) == ("MalformedPolicyDocument", 400)


def test_many_stacks_at_once(aws: EmbeddedAws) -> None:
    from concurrent.futures import ThreadPoolExecutor

    accounts = [f"3000000{number:05d}" for number in range(40)]

    def make(account: str) -> str:
        return create(aws.client("cloudformation", account), template(RoleName="Admin"))

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(make, accounts)) == {"CREATE_COMPLETE"}
