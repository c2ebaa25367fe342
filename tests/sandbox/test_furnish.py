"""The furnished accounts: the policies of CI's roles decide what CI may do, and people switch roles as they should."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.iam.ci_policies import NAMES, document
from rolemodel_ci.sandbox.embedded import EmbeddedAws, Key
from rolemodel_ci.sandbox.fixtures import SandboxCredentials, SandboxSpec, assume, seed, user_key

from .conftest import code_of, new_account, policy

TEMPLATE = json.dumps({"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})


@dataclass(frozen=True)
class Company:
    """A furnished sandbox, and CI's way into it."""

    aws: EmbeddedAws
    master: str
    prod: str
    furnished: SandboxCredentials

    def ci(self, service: str, account: str, role: str) -> Any:
        """A client of CI in one of its roles."""
        user = Key(self.furnished.access_key, self.furnished.secret_key)
        return self.aws.client_as(service, assume(self.aws, user, f"arn:aws:iam::{account}:role/{role}"))

    def plan(self, service: str, account: str) -> Any:
        return self.ci(service, account, self.furnished.plan_role_name)

    def apply(self, service: str, account: str) -> Any:
        return self.ci(service, account, self.furnished.apply_role_name)


@pytest.fixture(scope="module")
def company(aws: EmbeddedAws) -> Company:
    master, prod = new_account(), new_account()
    return Company(aws, master, prod, seed(aws, SandboxSpec(master, (prod,), ("carol", "bob"), "RoleModel")))


def denied(call: Any, **arguments: Any) -> bool:
    """Whether the call is answered with AccessDenied, and not with some other failure."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return code_of(refusal) == ("AccessDenied", 403)


def test_furniture_is_there(company: Company) -> None:
    users = company.aws.client("iam", company.master).list_users()["Users"]
    roles = company.aws.client("iam", company.prod).list_roles()["Roles"]
    assert [user["UserName"] for user in users] == ["bob", "carol", "rolemodel-ci"]
    assert [role["RoleName"] for role in roles] == ["rolemodel-ci-plan", "rolemodel-ci-apply"]
    assert company.furnished.url == company.aws.url


def test_user_of_ci_may_only_switch_roles(company: Company) -> None:
    key = Key(company.furnished.access_key, company.furnished.secret_key)
    assert denied(company.aws.client_as("iam", key).list_users)
    assert denied(company.aws.client_as("iam", key).create_group, GroupName="g", Path="/RoleModel/")


def test_plan_role_reads_the_master(company: Company) -> None:
    iam = company.plan("iam", company.master)
    assert len(iam.get_account_authorization_details(Filter=["User"])["UserDetailList"]) == 3
    assert iam.get_account_summary()["SummaryMap"]["Users"] == 3


def test_plan_role_writes_nothing(company: Company) -> None:
    iam, stacks = company.plan("iam", company.master), company.plan("cloudformation", company.prod)
    assert denied(iam.create_group, GroupName="g", Path="/RoleModel/")
    assert denied(stacks.create_stack, StackName="RoleModel", TemplateBody=TEMPLATE)
    assert denied(stacks.delete_stack, StackName="RoleModel")


def test_roles_see_their_own_stack_only(company: Company) -> None:
    stacks = company.plan("cloudformation", company.prod)
    with pytest.raises(ClientError) as absent:
        stacks.describe_stacks(StackName="RoleModel")
    assert code_of(absent) == ("ValidationError", 400)
    assert denied(stacks.describe_stacks, StackName="RoleModel2")
    assert denied(stacks.describe_stacks)


def test_apply_role_makes_and_removes_its_stack(company: Company) -> None:
    stacks = company.apply("cloudformation", company.prod)
    made = stacks.create_stack(StackName="RoleModel", TemplateBody=TEMPLATE)["StackId"]
    stacks.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})
    assert stacks.describe_stacks(StackName=made)["Stacks"][0]["StackName"] == "RoleModel"
    assert len(stacks.list_stack_resources(StackName="RoleModel")["StackResourceSummaries"]) == 1
    stacks.delete_stack(StackName="RoleModel")
    assert denied(stacks.create_stack, StackName="Other", TemplateBody=TEMPLATE)
    assert denied(stacks.delete_stack, StackName="Other")


def test_apply_role_manages_groups_under_its_path(company: Company) -> None:
    iam = company.apply("iam", company.master)
    name = "RM.prod.Admin"
    assert iam.create_group(GroupName=name, Path="/RoleModel/")["Group"]["Path"] == "/RoleModel/"
    iam.put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=policy())
    iam.add_user_to_group(GroupName=name, UserName="carol")
    iam.remove_user_from_group(GroupName=name, UserName="carol")
    iam.delete_group_policy(GroupName=name, PolicyName="p")
    iam.delete_group(GroupName=name)
    assert company.aws.client("iam", company.master).list_groups(PathPrefix="/RoleModel/")["Groups"] == []


def test_apply_role_touches_no_other_group(company: Company) -> None:
    root, iam = company.aws.client("iam", company.master), company.apply("iam", company.master)
    root.create_group(GroupName="Admins", Path="/")
    root.create_group(GroupName="Near", Path="/RoleModels/")
    assert denied(iam.create_group, GroupName="g")
    assert denied(iam.create_group, GroupName="g", Path="/Other/RoleModel/")
    for name in ("Admins", "Near"):
        assert denied(iam.add_user_to_group, GroupName=name, UserName="carol")
        assert denied(iam.put_group_policy, GroupName=name, PolicyName="p", PolicyDocument=policy())
        assert denied(iam.delete_group, GroupName=name)


def test_path_in_a_request_does_not_make_a_group_ours(company: Company) -> None:
    """The Path parameter belongs to CreateGroup: smuggled into another call it must not sway the decision."""
    root, iam = company.aws.client("iam", company.master), company.apply("iam", company.master)
    root.create_group(GroupName="Smuggled", Path="/")

    def smuggle(params: dict[str, Any], **_: Any) -> None:
        params["body"]["Path"] = "/RoleModel/"

    iam.meta.events.register("before-call.iam.DeleteGroup", smuggle)
    assert denied(iam.delete_group, GroupName="Smuggled")


def test_apply_role_makes_no_users_and_no_roles(company: Company) -> None:
    assert denied(company.apply("iam", company.master).create_user, UserName="eve")
    assert denied(company.apply("iam", company.master).create_access_key, UserName="carol")
    iam = company.apply("iam", company.prod)
    assert denied(iam.create_role, RoleName="Eve", AssumeRolePolicyDocument=policy())
    assert denied(iam.put_role_policy, RoleName="rolemodel-ci-plan", PolicyName="p", PolicyDocument=policy())


def test_master_may_be_an_assumable_account(aws: EmbeddedAws) -> None:
    master = new_account()
    furnished = seed(aws, SandboxSpec(master, (master,), (), "RoleModel"))
    both = Company(aws, master, master, furnished)
    assert both.plan("iam", master).get_account_summary()["SummaryMap"]["Users"] == 1
    with pytest.raises(ClientError) as absent:
        both.plan("cloudformation", master).describe_stacks(StackName="RoleModel")
    assert code_of(absent) == ("ValidationError", 400)


def _role_for(company: Company, name: str, condition: dict[str, Any]) -> str:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{company.master}:root"}, "Action": "sts:AssumeRole"}
    iam = company.aws.client("iam", company.prod)
    document = policy(**trust, Condition=condition)
    role: dict[str, Any] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    return str(role["Arn"])


def test_membership_decides_who_switches(company: Company) -> None:
    arn = _role_for(company, "Admin", {})
    iam = company.aws.client("iam", company.master)
    iam.create_group(GroupName="RM.prod.Switch", Path="/RoleModel/")
    grant = policy(Effect="Allow", Action="sts:AssumeRole", Resource=arn)
    iam.put_group_policy(GroupName="RM.prod.Switch", PolicyName="p", PolicyDocument=grant)
    iam.add_user_to_group(GroupName="RM.prod.Switch", UserName="carol")
    carol, bob = (user_key(company.aws, company.master, user) for user in ("carol", "bob"))
    switched = company.aws.client_as("sts", assume(company.aws, carol, arn)).get_caller_identity()
    assert switched["Arn"] == f"arn:aws:sts::{company.prod}:assumed-role/Admin/sandbox"
    assert denied(lambda: assume(company.aws, bob, arn))


@pytest.mark.parametrize(
    "condition",
    [{"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}],
    ids=["present", "age"],
)
def test_mfa_is_asked_for_and_can_be_shown(company: Company, condition: dict[str, Any]) -> None:
    kind = next(iter(condition))
    arn = _role_for(company, f"Mfa{kind}", condition)
    user = f"mfa-{kind}"
    iam = company.aws.client("iam", company.master)
    iam.create_user(UserName=user)
    grant = policy(Effect="Allow", Action="sts:AssumeRole", Resource=arn)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=grant)
    key = user_key(company.aws, company.master, user)
    device = f"arn:aws:iam::{company.master}:mfa/{user}"
    assert denied(lambda: assume(company.aws, key, arn))
    assert denied(lambda: assume(company.aws, key, arn, SerialNumber=device, TokenCode="abcdef"))
    assert assume(company.aws, key, arn, SerialNumber=device, TokenCode="123456").token


@pytest.mark.parametrize("name", NAMES)
def test_documents_are_policies_that_fit_a_role(name: str) -> None:
    found = document(name, stack_name="Access")
    text = json.dumps(found)
    assert found["Version"] == "2012-10-17"
    assert "STACK" not in text
    assert ("stack/Access/*" in text) == name.endswith("account")
    assert len("".join(text.split())) <= 10240  # the inline policies of a role, in sum


def test_unknown_document_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no policy document"):
        document("../errors", stack_name="x")
