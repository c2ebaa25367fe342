"""Assuming roles through the front, as a test asks for it."""

from __future__ import annotations

import functools
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from actions.front import StsFront
from rolemodel_ci.sandbox.embedded import REGION, Key
from rolemodel_ci.sandbox.fixtures import PLAN_ROLE, SandboxSpec

MASTER, PROD, DEV, STRANGE = "111111111111", "222222222222", "333333333333", "444444444444"
COMPANY = SandboxSpec(MASTER, (PROD, DEV), ("alice", "bob"))
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def client(front: StsFront, service: str, key: Key | None = None) -> Any:
    """A client that reaches the embedded AWS through the front; unsigned without a key."""
    signing: dict[str, Any] = {} if key else {"signature_version": UNSIGNED}
    return _session().create_client(
        service,
        region_name=REGION,
        endpoint_url=front.url,
        aws_access_key_id=key.access_key if key else None,
        aws_secret_access_key=key.secret_key if key else None,
        aws_session_token=key.token if key else None,
        config=Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False, **signing),
    )


@functools.cache
def _session() -> Any:
    """One session for all clients: each reads the descriptions of AWS's services anew."""
    return botocore.session.Session()


def arn(account: str = PROD, role: str = PLAN_ROLE) -> str:
    """The ARN of a role without a path."""
    return f"arn:aws:iam::{account}:role/{role}"


def answer(front: StsFront, token: str, role_arn: str = arn(), name: str = "run", **more: Any) -> dict[str, Any]:
    """What AssumeRoleWithWebIdentity answers."""
    found: dict[str, Any] = client(front, "sts").assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName=name, WebIdentityToken=token, **more
    )
    return found


def key_of(told: dict[str, Any]) -> Key:
    """The credentials in an answer of STS."""
    made = told["Credentials"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def code(refusal: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    """AWS's code and the HTTP status of a refusal."""
    response: Any = refusal.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
