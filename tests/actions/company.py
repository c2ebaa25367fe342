"""A company that lets GitHub in: an embedded AWS with the bootstrap templates deployed, as a customer deploys them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import SandboxSpec

from .issuer import ISSUER, Repository

BOOTSTRAP = Path(__file__).parents[2] / "bootstrap"
STACK = "rolemodel-ci-bootstrap"
"""The name of the stacks; the stack of the roles is another one."""

_THREADS, _POLLS, _POLL_S = 8, 250, 0.02  # a stack settles within milliseconds; 5 s are for a busy machine

Via = Literal["direct", "master"]


def furnish_for_github(
    aws: EmbeddedAws,
    furniture: SandboxSpec,
    repository: Repository | None = None,
    *,
    via: Via = "direct",
    audience: str = "sts.amazonaws.com",
    existing_provider: bool = False,
) -> None:
    """Make the users of the master account, and deploy the bootstrap templates into it and into every account.

    `via` is that of `github_oidc`. With `existing_provider`, accounts that trust GitHub have its provider already.
    The roles are `rolemodel-ci-plan` and `rolemodel-ci-apply`. Raises AssertionError where a stack cannot be made.
    """
    home, master = repository or Repository(), furniture.master_id
    iam = aws.client("iam", master)
    for user in dict.fromkeys(furniture.users):
        iam.create_user(UserName=user)
    also = {"Via": via, "AlsoAssumable": "yes" if master in furniture.account_ids else "no"}

    def trusting_github(account: str, template: str, **more: str) -> None:
        found = {"ExistingProviderArn": make_provider(aws, account, audience)} if existing_provider else {}
        asked = parameters(home, StackName=furniture.stack_name, Audience=audience, **found, **more)
        deploy(aws, account, template, asked)

    def other(account: str) -> None:
        if via == "direct":
            trusting_github(account, "account")
        else:
            asked = {"MasterAccountId": master, "StackName": furniture.stack_name}
            deploy(aws, account, "account-via-master", asked)

    trusting_github(master, "master", **also)  # before the others: IAM trusts no role that is not there
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(other, (account for account in furniture.account_ids if account != master)))


def parameters(repository: Repository, **more: str) -> dict[str, str]:
    """The parameters of a template that trusts GitHub: for that repository, and `more`."""
    return {
        "Owner": repository.owner,
        "Repository": repository.name,
        "OwnerId": repository.owner_id,
        "RepositoryId": repository.repository_id,
        "Branch": repository.branch,
        "Environment": repository.environment,
        **more,
    }


def make_provider(aws: EmbeddedAws, account: str, *audiences: str, url: str = ISSUER) -> str:
    """The ARN of a new OIDC provider, made by hand."""
    iam = aws.client("iam", account)
    return str(iam.create_open_id_connect_provider(Url=url, ClientIDList=audiences)["OpenIDConnectProviderArn"])


def deploy(aws: EmbeddedAws, account: str, template: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Make the stack of a bootstrap template as the root of that account; its outputs.

    Raises AssertionError, with the reasons, where it cannot be made, and botocore's ClientError where it is refused.
    """
    cloudformation = aws.client("cloudformation", account)
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=(BOOTSTRAP / f"{template}.yml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in asked.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    stack = _settled(cloudformation)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [event.get("ResourceStatusReason", "") for event in events]
        raise AssertionError(f"{account}: {stack['StackStatus']}: {'; '.join(filter(None, reasons))}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _settled(cloudformation: Any) -> dict[str, Any]:
    for _ in range(_POLLS):
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(_POLL_S)
    raise AssertionError(f"{STACK} did not settle")
