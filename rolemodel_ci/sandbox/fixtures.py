"""Puts into an embedded AWS what a company would have before its first run: accounts, users, and the way in for CI."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rolemodel_ci.iam.ci_policies import document
from rolemodel_ci.sandbox.embedded import EmbeddedAws, Key

CI_USER = "rolemodel-ci"
PLAN_ROLE, APPLY_ROLE = "rolemodel-ci-plan", "rolemodel-ci-apply"
_THREADS = 8


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What is to be there. `account_ids` are the assumable accounts; the master may be one of them."""

    master_id: str
    account_ids: tuple[str, ...]
    users: tuple[str, ...]
    stack_name: str = "RoleModel"
    owner: str = "default"


@dataclass(frozen=True, slots=True)
class SandboxCredentials:
    """How CI gets in: this key belongs to a user who may do nothing but assume the two roles of every account."""

    url: str
    access_key: str
    secret_key: str
    plan_role_name: str = PLAN_ROLE
    apply_role_name: str = APPLY_ROLE


def seed(aws: EmbeddedAws, furniture: SandboxSpec) -> SandboxCredentials:
    """Make the users of the master account, and in every account the plan role and the apply role."""
    master = aws.client("iam", furniture.master_id)
    master.create_user(UserName=CI_USER)
    master.put_user_policy(UserName=CI_USER, PolicyName="assume-roles-of-ci", PolicyDocument=_assume_own_roles())
    key = user_key(aws, furniture.master_id, CI_USER)
    accounts = dict.fromkeys((furniture.master_id, *furniture.account_ids))
    people = [user for user in dict.fromkeys(furniture.users) if user != CI_USER]
    with ThreadPoolExecutor(_THREADS) as pool:
        users = [pool.submit(master.create_user, UserName=user) for user in people]
        roles = [pool.submit(_make_roles, aws, furniture, account) for account in accounts]
        for future in (*users, *roles):
            future.result()
    return SandboxCredentials(aws.url, key.access_key, key.secret_key)


def user_key(aws: EmbeddedAws, master_id: str, user: str) -> Key:
    """A new access key of that user, to act as the user."""
    made = aws.client("iam", master_id).create_access_key(UserName=user)["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def assume(aws: EmbeddedAws, key: Key, role_arn: str, **more: Any) -> Key:
    """Switch into a role with that key. `more` are further parameters of AssumeRole, such as an MFA code."""
    sts = aws.client_as("sts", key)
    made = sts.assume_role(RoleArn=role_arn, RoleSessionName="sandbox", **more)["Credentials"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def _make_roles(aws: EmbeddedAws, furniture: SandboxSpec, account: str) -> None:
    iam = aws.client("iam", account)
    trust = _trusting(f"arn:aws:iam::{furniture.master_id}:user/{CI_USER}")
    for role, phase in ((PLAN_ROLE, "plan"), (APPLY_ROLE, "apply")):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        for name in _documents(furniture, account, phase):
            policy = json.dumps(document(name, stack_name=furniture.stack_name, owner=furniture.owner))
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)


def _documents(furniture: SandboxSpec, account: str, phase: str) -> Iterable[str]:
    """The policies of one role: the master account may be an assumable one as well, and then has both."""
    if account == furniture.master_id:
        yield f"{phase}-master"
    if account in furniture.account_ids:
        yield f"{phase}-account"


def _trusting(principal: str) -> str:
    return _policy({"Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


def _assume_own_roles() -> str:
    # By name, in whatever account: 100 accounts one by one would not fit into a user's 2,048 characters of policy.
    roles = [f"arn:aws:iam::*:role/{role}" for role in (PLAN_ROLE, APPLY_ROLE)]
    return _policy({"Action": "sts:AssumeRole", "Resource": roles})


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
