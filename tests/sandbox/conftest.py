"""One server for all tests here. Each test works in accounts of its own, so none has to clean up."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.sandbox.embedded import EmbeddedAws

_NUMBERS = itertools.count(100_000_000_000)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    """AWS's error code and the HTTP status of a refusal."""
    response: Any = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def policy(**statement: Any) -> str:
    """A policy document of one statement; without arguments it allows switching into one role."""
    plain = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::200000000001:role/Admin"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement or plain]})


def new_account() -> str:
    """An account id nobody else uses."""
    return str(next(_NUMBERS))


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def account() -> str:
    return new_account()


@pytest.fixture
def iam(aws: EmbeddedAws, account: str) -> Any:
    return aws.client("iam", account)


@pytest.fixture
def cloudformation(aws: EmbeddedAws, account: str) -> Any:
    return aws.client("cloudformation", account)
