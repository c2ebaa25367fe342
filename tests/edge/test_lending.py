"""One client for many accounts: whose keys sign, whose retries are used up, under whose name it is told."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.clients import BUDGETS, Clients
from rolemodel_ci.adapters.aws.shared_client import SharedClient

from . import answers
from .scripted import Scripted, fault
from .surroundings import DEV, PROD


def keys(account: str) -> dict[str, str]:
    return {"aws_access_key_id": account, "aws_secret_access_key": "secret", "aws_session_token": "token"}


def made(scripted: Scripted, calls: Calls | None = None) -> Clients:
    return Clients("us-east-1", 8, scripted.url, calls or Calls())


def test_every_call_is_signed_with_the_keys_of_its_account(scripted: Scripted) -> None:
    scripted.script["DescribeStacks"] = [answers.stack("CREATE_COMPLETE")]
    clients = made(scripted)
    accounts = [f"{number:012}" for number in range(40)]
    lent = {account: clients.with_keys("cloudformation", account, keys(account)) for account in accounts}
    barrier = threading.Barrier(8)

    def ask(account: str) -> None:
        barrier.wait(10)
        lent[account].describe_stacks(StackName=account)
        assert list(lent[account].get_paginator("describe_stacks").paginate(StackName=account))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, accounts))
    assert Counter((call.account, call.parameters["StackName"]) for call in scripted.calls) == {
        (account, account): 2 for account in accounts
    }


def test_one_pool_of_connections_serves_all_accounts(scripted: Scripted) -> None:
    scripted.script["DescribeStacks"] = [answers.stack("CREATE_COMPLETE")]
    clients = made(scripted)
    first, second = (clients.with_keys("cloudformation", account, keys(account)) for account in (PROD, DEV))
    assert first is not second
    assert first._endpoint is second._endpoint


def test_retries_that_one_account_uses_up_are_not_another_ones(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    scripted.script[PROD, "DescribeStacks"] = [fault("Throttling", "Rate exceeded")]
    scripted.script[DEV, "DescribeStacks"] = [
        fault("Throttling", "Rate exceeded"), fault("Throttling", "Rate exceeded"), answers.stack("CREATE_COMPLETE"),
    ]  # fmt: skip
    clients = made(scripted)
    prod, dev = (clients.with_keys("cloudformation", account, keys(account)) for account in (PROD, DEV))
    for _ in range(30):  # botocore allows a client about 100 repeats before it gives up at once
        with pytest.raises(prod.exceptions.ClientError):
            prod.describe_stacks(StackName="s")
    used_up = len(scripted.asked("DescribeStacks", PROD))
    assert used_up < 30 * 8
    with pytest.raises(prod.exceptions.ClientError):
        prod.describe_stacks(StackName="s")
    assert len(scripted.asked("DescribeStacks", PROD)) == used_up + 1
    assert dev.describe_stacks(StackName="s")["Stacks"]
    assert len(scripted.asked("DescribeStacks", DEV)) == 3


def test_calls_are_told_under_the_name_of_the_account(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    scripted.script["DescribeStacks"] = [fault("AccessDenied", "no", 403)]
    calls = Calls()
    clients = made(scripted, calls)
    with caplog.at_level(logging.INFO, "rolemodel_ci.calls"):
        for name in ("prod", "dev"):
            client = clients.with_keys("cloudformation", name, keys(PROD))
            with pytest.raises(client.exceptions.ClientError):
                client.describe_stacks(StackName="s")
    assert [line.split()[0] for line in caplog.messages] == ["account=prod", "account=dev"]
    assert [(tally.action, tally.calls, tally.errors) for tally in calls.tallies()] == [
        ("cloudformation:DescribeStacks", 2, 2)
    ]


def test_nothing_is_signed_without_a_borrower(scripted: Scripted) -> None:
    client = made(scripted).with_keys("sts", "x", keys(PROD))
    SharedClient(client)
    with pytest.raises(LookupError):
        client.get_caller_identity()
    assert scripted.calls == []


def test_only_what_is_counted_by_account_is_lent() -> None:
    assert [service for service, budget in BUDGETS.items() if budget.lent] == ["cloudformation"]
    assert all(budget.mode == "standard" for budget in BUDGETS.values() if budget.lent)  # an adaptive one slows all


def test_times_are_read_however_they_are_written(scripted: Scripted) -> None:
    client = made(scripted).with_keys("sts", "x", keys(PROD))
    for written in (
        "2030-01-02T03:04:05Z",
        "2030-01-02T03:04:05.000+00:00",
        "1893553445",
        "Wed, 02 Jan 2030 03:04:05 GMT",
    ):
        answer = answers.assumed(PROD)
        body = answer.body.decode()
        before, _, rest = body.partition("<Expiration>")
        scripted.script["AssumeRole"] = [
            answer._replace(
                body=f"{before}<Expiration>{written}</Expiration>{rest.partition('</Expiration>')[2]}".encode()
            )
        ]
        told = client.assume_role(RoleArn=f"arn:aws:iam::{PROD}:role/r", RoleSessionName="rs")
        assert told["Credentials"]["Expiration"] == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("service", ["cloudformation", "iam", "sts"])
@pytest.mark.parametrize(
    "region", ["eu-central-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1", "x", "a-b-c-9", "aws-global"]
)
def test_no_region_leads_anywhere_but_to_aws(region: str, service: str) -> None:
    """A pull request may name any region that the schema takes."""
    client = Clients(region, 1, None, Calls()).with_keys(service, "a", keys("a"))
    host = urlsplit(client.meta.endpoint_url).hostname
    assert host is not None
    assert host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".c2s.ic.gov", ".amazonaws.eu")), host
