"""The bootstrap templates: what they make is what the product ships, and lets in nobody else."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from actions.company import BOOTSTRAP, deploy, make_provider, parameters
from actions.issuer import ISSUER, Repository
from botocore.exceptions import ClientError

from rolemodel_ci.cloudformation.evaluate import StackContext, resolve
from rolemodel_ci.cloudformation.template import read_deployed
from rolemodel_ci.iam.ci_policies import document
from rolemodel_ci.sandbox.aws_request import writes
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, PLAN_ROLE

TRUSTING_GITHUB, ALL = ("master", "account"), ("master", "account", "account-via-master")
HOST = "token.actions.githubusercontent.com"
HOME = Repository("Acme", "our.access", "1001", "2002")
_NUMBERS = itertools.count(100_000_000_000)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def account() -> str:
    return str(next(_NUMBERS))


class Role:
    """A role as IAM tells it."""

    def __init__(self, aws: EmbeddedAws, account: str, name: str) -> None:
        iam = aws.client("iam", account)
        self.told: dict[str, Any] = iam.get_role(RoleName=name)["Role"]
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found = {policy: iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in names}
        self.policies = {policy: answer["PolicyDocument"] for policy, answer in found.items()}
        self.attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]

    @property
    def trust(self) -> dict[str, Any]:
        """The one statement of the trust policy."""
        (statement,) = self.told["AssumeRolePolicyDocument"]["Statement"]
        found: dict[str, Any] = statement
        return found

    @property
    def subjects(self) -> list[str]:
        """The subjects that the trust lists."""
        found: list[str] = self.trust["Condition"]["StringEquals"][f"{HOST}:sub"]
        return found


def roles(aws: EmbeddedAws, account: str, template: str, **more: str) -> tuple[Role, Role]:
    """The plan and the apply role that a template makes."""
    own = {"MasterAccountId": master_of(aws)} if template == "account-via-master" else parameters(HOME)
    outputs = deploy(aws, account, template, {**own, **more})
    plan, apply = Role(aws, account, PLAN_ROLE), Role(aws, account, APPLY_ROLE)
    assert outputs == {"PlanRoleArn": plan.told["Arn"], "ApplyRoleArn": apply.told["Arn"]}
    return plan, apply


def master_of(aws: EmbeddedAws) -> str:
    """A master account whose roles are there, for accounts to trust."""
    master = str(next(_NUMBERS))
    deploy(aws, master, "master", parameters(HOME, Via="master"))
    return master


def providers(aws: EmbeddedAws, account: str) -> list[str]:
    """The ARNs of the account's OIDC providers."""
    answer = aws.client("iam", account).list_open_id_connect_providers()
    return [item["Arn"] for item in answer["OpenIDConnectProviderList"]]


def template(name: str) -> Any:
    """The content of a template, as the product reads templates."""
    return read_deployed((BOOTSTRAP / f"{name}.yml").read_text(encoding="utf-8"))


# ---- what the roles may do


@pytest.mark.parametrize("name", ALL)
def test_policies_are_those_of_the_package(aws: EmbeddedAws, account: str, name: str) -> None:
    plan, apply = roles(aws, account, name, StackName="Other-1")
    kind = "master" if name == "master" else "account"
    assert plan.policies == {f"plan-{kind}": document(f"plan-{kind}", stack_name="Other-1")}
    assert apply.policies == {f"apply-{kind}": document(f"apply-{kind}", stack_name="Other-1")}
    assert plan.attached == apply.attached == []


def test_master_that_is_assumable_too_has_both_policies(aws: EmbeddedAws, account: str) -> None:
    plan, apply = roles(aws, account, "master", AlsoAssumable="yes")
    assert plan.policies == {n: document(n, stack_name="RoleModel") for n in ("plan-master", "plan-account")}
    assert apply.policies == {n: document(n, stack_name="RoleModel") for n in ("apply-master", "apply-account")}


def test_roles_of_the_master_go_on_to_their_like_only(aws: EmbeddedAws, account: str) -> None:
    for role in roles(aws, account, "master", Via="master"):
        (statement,) = role.policies["go-on-to-accounts"]["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
        assert statement["Resource"] == f"arn:aws:iam::*:role/{role.told['RoleName']}"


@pytest.mark.parametrize("more", [{}, {"AlsoAssumable": "yes", "Via": "master"}])
@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_plan_role_cannot_write(aws: EmbeddedAws, account: str, name: str, more: dict[str, str]) -> None:
    plan, _ = roles(aws, account, name, **(more if name == "master" else {}))
    statements = [statement for policy in plan.policies.values() for statement in policy["Statement"]]
    actions = [action for statement in statements for action in _list(statement["Action"])]
    assert actions
    assert [action for action in actions if writes(action) or "*" in action] == []


@pytest.mark.parametrize("name", ALL)
def test_names_have_no_path_and_sessions_last_an_hour(aws: EmbeddedAws, account: str, name: str) -> None:
    for role in roles(aws, account, name):
        assert role.told["Arn"] == f"arn:aws:iam::{account}:role/{role.told['RoleName']}"
        assert role.told["MaxSessionDuration"] == 3600


# ---- whom the roles trust


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_plan_role_trusts_pull_requests_and_the_branch(aws: EmbeddedAws, account: str, name: str) -> None:
    plan, _ = roles(aws, account, name, Branch="release/1.x", Environment="production")
    assert plan.subjects == [
        "repo:Acme/our.access:pull_request",
        "repo:Acme@1001/our.access@2002:pull_request",
        "repo:Acme/our.access:ref:refs/heads/release/1.x",
        "repo:Acme@1001/our.access@2002:ref:refs/heads/release/1.x",
    ]


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_apply_role_trusts_the_branch(aws: EmbeddedAws, account: str, name: str) -> None:
    _, apply = roles(aws, account, name)
    assert apply.subjects == [
        "repo:Acme/our.access:ref:refs/heads/main",
        "repo:Acme@1001/our.access@2002:ref:refs/heads/main",
    ]


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_apply_role_trusts_the_environment_in_place_of_the_branch(aws: EmbeddedAws, account: str, name: str) -> None:
    _, apply = roles(aws, account, name, Environment="production")
    assert apply.subjects == [
        "repo:Acme/our.access:environment:production",
        "repo:Acme@1001/our.access@2002:environment:production",
    ]


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_trust_is_of_one_provider_by_whole_subjects(aws: EmbeddedAws, account: str, name: str) -> None:
    for role in roles(aws, account, name, Audience="our-aws"):
        trust = role.trust
        assert trust["Principal"] == {"Federated": f"arn:aws:iam::{account}:oidc-provider/{HOST}"}
        assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert list(trust["Condition"]) == ["StringEquals"]
        assert trust["Condition"]["StringEquals"] == {f"{HOST}:aud": "our-aws", f"{HOST}:sub": role.subjects}
        assert not re.search(r"[*?$]", "".join(role.subjects))


def test_accounts_behind_the_master_trust_its_role_of_the_same_name(aws: EmbeddedAws, account: str) -> None:
    master = master_of(aws)
    for role in roles(aws, account, "account-via-master", MasterAccountId=master):
        arn = f"arn:aws:iam::{master}:role/{role.told['RoleName']}"
        assert role.trust == {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    assert providers(aws, account) == []


def test_account_behind_a_master_without_roles_cannot_be_made(aws: EmbeddedAws, account: str) -> None:
    with pytest.raises(AssertionError, match="Invalid principal"):
        deploy(aws, account, "account-via-master", {"MasterAccountId": "999999999999"})


# ---- the provider


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_provider_is_made_for_the_audience(aws: EmbeddedAws, account: str, name: str) -> None:
    roles(aws, account, name, Audience="our-aws")
    (arn,) = providers(aws, account)
    provider = aws.client("iam", account).get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert provider["Url"].removeprefix("https://") == HOST == ISSUER.removeprefix("https://")
    assert provider["ClientIDList"] == ["our-aws"]


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_provider_that_is_there_is_used_and_left_alone(aws: EmbeddedAws, account: str, name: str) -> None:
    arn = make_provider(aws, account, "sts.amazonaws.com", "another")
    for role in roles(aws, account, name, ExistingProviderArn=arn):
        assert role.trust["Principal"] == {"Federated": arn}
    aws.client("cloudformation", account).delete_stack(StackName="rolemodel-ci-bootstrap")
    assert providers(aws, account) == [arn]


@pytest.mark.parametrize("name", TRUSTING_GITHUB)
def test_second_provider_cannot_be_made(aws: EmbeddedAws, account: str, name: str) -> None:
    make_provider(aws, account, "sts.amazonaws.com")
    with pytest.raises(AssertionError, match="already exists"):
        roles(aws, account, name)


# ---- the templates themselves


@pytest.mark.parametrize("value", ["*", "a*", "a?", "a/b:c", "${aws:username}", "a b", "a\nb"])
@pytest.mark.parametrize(
    "parameter", ["Owner", "Repository", "OwnerId", "RepositoryId", "Branch", "Environment", "StackName", "Audience"]
)
def test_no_parameter_takes_a_pattern(parameter: str, value: str) -> None:
    for name in TRUSTING_GITHUB:
        pattern = template(name)["Parameters"][parameter]["AllowedPattern"]
        if (parameter, value) != ("Audience", "a/b:c"):  # an audience may be a URL; it is compared as a whole
            assert not re.fullmatch(pattern, value), pattern


@pytest.mark.parametrize(
    ("parameter", "value"), [("Owner", "acme/access"), ("Branch", "*"), ("ExistingProviderArn", "x"), ("Via", "both")]
)
def test_wrong_parameter_is_refused_before_anything_is_made(
    aws: EmbeddedAws, account: str, parameter: str, value: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        roles(aws, account, "master", **{parameter: value})
    assert refusal.value.response["Error"]["Code"] == "ValidationError"
    assert aws.client("iam", account).list_roles()["Roles"] == []


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_like_something(name: str) -> None:
    content = template(name)
    operators = re.findall(r"^ +(\w*:?\w*(?:Like|Equals\w*|IfExists|Null)):", _text(name), re.MULTILINE)
    assert operators
    assert "StringLike" not in json.dumps(content)
    assert set(operators) <= {"StringEquals", "ForAnyValue:StringEquals"}


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
@pytest.mark.parametrize("name", ALL)
def test_other_partitions_have_their_own_arns(name: str, partition: str) -> None:
    given = {"MasterAccountId": "111111111111"} if name == "account-via-master" else parameters(HOME)
    more = {"Via": "master", "AlsoAssumable": "yes"} if name == "master" else {}
    where = StackContext("222222222222", "some-region", "bootstrap", partition)
    text = json.dumps(resolve(template(name), {**_defaults(name), **given, **more}, where).resources)
    found = set(re.findall(r"arn:([a-z-]+):", text))
    assert found == {partition}


def test_master_and_accounts_trust_alike() -> None:
    master, account = (template(name) for name in TRUSTING_GITHUB)
    for role in ("PlanRole", "ApplyRole"):
        trusts = [t["Resources"][role]["Properties"]["AssumeRolePolicyDocument"] for t in (master, account)]
        assert trusts[0] == trusts[1]
    assert master["Resources"]["GitHub"] == account["Resources"]["GitHub"]
    assert account["Parameters"].items() <= master["Parameters"].items()


def _defaults(name: str) -> dict[str, str]:
    return {key: value["Default"] for key, value in template(name)["Parameters"].items() if "Default" in value}


def _text(name: str) -> str:
    return (BOOTSTRAP / f"{name}.yml").read_text(encoding="utf-8")


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
