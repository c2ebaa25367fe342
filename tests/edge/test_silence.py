"""Endpoints that accept and never answer, or byte by byte: a plan ends all the same, and says what was waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import cast

import pytest

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.clients import BUDGETS, Budget
from rolemodel_ci.adapters.aws.iam_groups import AwsMasterReader
from rolemodel_ci.adapters.aws.stacks import AwsStackReader
from rolemodel_ci.cli.environment import Impatient
from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.applied_state import UnreadableState
from rolemodel_ci.model.desired import Account
from rolemodel_ci.model.live import Absent, LiveState, Unreadable
from rolemodel_ci.model.problem import Place
from rolemodel_ci.reconcile.observe import ACCOUNT, ANSWER, MASTER_ANSWER, observe, patience_for

from . import answers
from .opening import open_sessions
from .scripted import Answer, Call, Scripted, fault
from .surroundings import DEV, MASTER, PROD, AwsFiles

SCALE = 0.05
SOON = 5.0  # seconds: less than any time-out of a socket

ACCOUNTS = tuple(Account(name, Place("config.yml"), profile=name) for name in ("prod", "dev"))


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """While it is not set, who hangs goes on hanging."""
    over = threading.Event()
    yield over
    over.set()


@pytest.fixture
def silent(scripted: Scripted, hang: threading.Event) -> Scripted:
    """An AWS with nothing in it, to whose script a test adds who does not answer."""
    scripted.script |= {
        "GetAccountAuthorizationDetails": [answers.details({"alice": []}, {})],
        "GetAccountSummary": [answers.summary(GroupsQuota=300)],
        "DescribeStacks": [answers.no_stack()],
    }
    return scripted


def hanging(hang: threading.Event) -> object:
    def answer(call: Call) -> Answer:
        hang.wait(20)
        return answers.no_stack()

    return answer


def read(files: AwsFiles, jobs: int = 4) -> tuple[LiveState, float]:
    """What a plan reads of the accounts, and how long it took."""
    sessions = open_sessions(files, jobs)
    began = time.monotonic()
    live = observe(
        AwsMasterReader(sessions),
        AwsStackReader(sessions, "RoleModel"),
        ACCOUNTS,
        jobs,
        patience_for(time.monotonic, SCALE),
    )
    return live, time.monotonic() - began


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("action", ["DescribeStacks", "GetCallerIdentity"])
def test_an_account_that_does_not_answer_delays_only_itself(
    silent: Scripted, files: AwsFiles, hang: threading.Event, action: str, jobs: int
) -> None:
    silent.script[PROD, action] = [hanging(hang)]  # type: ignore[list-item]
    live, seconds = read(files, jobs)

    service = "sts" if action == "GetCallerIdentity" else "cloudformation"
    assert live.stacks["prod"] == Unreadable(
        "prod",
        f"no answer to {service}:{action} within {ANSWER * SCALE:g} s",
        "Look at the network, at proxies and at AWS_ENDPOINT_URL, then run again.",
    )
    assert isinstance(live.stacks["dev"], Absent)
    assert seconds < SOON


def test_an_answer_that_comes_byte_by_byte_is_none(silent: Scripted, files: AwsFiles) -> None:
    silent.script[DEV, "DescribeStacks"] = [answers.no_stack()._replace(drip=0.1)]
    live, seconds = read(files)

    dev = live.stacks["dev"]
    assert isinstance(dev, Unreadable)
    assert dev.reason.startswith("no answer to cloudformation:DescribeStacks within")
    assert isinstance(live.stacks["prod"], Absent)
    assert seconds < SOON


def test_answers_that_are_all_late_are_not_added_up_for_ever(silent: Scripted, files: AwsFiles) -> None:
    def late(call: Call) -> Answer:
        time.sleep(ANSWER * SCALE * 0.8)
        return answers.stack("CREATE_COMPLETE") if call.action == "DescribeStacks" else answers.template("{}")

    for action in ("DescribeStacks", "GetTemplate", "ListStackResources"):
        silent.script[PROD, action] = [late]
    live, seconds = read(files)

    prod = live.stacks["prod"]
    assert isinstance(prod, Unreadable)
    assert prod.reason.startswith(f"its answers take more than {ACCOUNT * SCALE:g} s in all; cloudformation:")
    assert seconds < SOON


@pytest.mark.parametrize("action", ["GetAccountAuthorizationDetails", "GetCallerIdentity"])
def test_a_master_account_that_does_not_answer_ends_the_run(
    silent: Scripted, files: AwsFiles, hang: threading.Event, action: str
) -> None:
    silent.script[MASTER, action] = [hanging(hang)]  # type: ignore[list-item]
    began = time.monotonic()
    with pytest.raises(CredentialsError, match=f":{action} within {MASTER_ANSWER * SCALE:g} s"):
        read(files)
    assert time.monotonic() - began < SOON


def test_nobody_answers_at_all(silent: Scripted, files: AwsFiles, hang: threading.Event) -> None:
    for action in ("GetCallerIdentity", "GetAccountAuthorizationDetails", "DescribeStacks"):
        silent.script[action] = [hanging(hang)]  # type: ignore[list-item]
    began = time.monotonic()
    with pytest.raises(CredentialsError):
        read(files)
    assert time.monotonic() - began < SOON


def test_who_is_throttled_answers(silent: Scripted, files: AwsFiles) -> None:
    busy = fault("Throttling", "Rate exceeded")
    silent.script[PROD, "DescribeStacks"] = [busy, busy, answers.no_stack()]
    live, _ = read(files)

    assert isinstance(live.stacks["prod"], Absent)


def test_a_second_silence_is_the_last(
    silent: Scripted, files: AwsFiles, hang: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody gives it up, as in `apply`, a call ends after two attempts without an answer."""
    monkeypatch.setitem(cast(dict[str, Budget], BUDGETS), "cloudformation", Budget(lent=True, read=0.2))
    silent.script[PROD, "DescribeStacks"] = [hanging(hang)]  # type: ignore[list-item]
    began = time.monotonic()
    with pytest.raises(Exception, match="Read timeout"):
        AwsStackReader(open_sessions(files), "RoleModel").read(ACCOUNTS[0])
    assert time.monotonic() - began < SOON
    assert len(silent.asked("DescribeStacks", PROD)) == 2


@pytest.mark.parametrize("action", ["GetParameter", "GetCallerIdentity"])
def test_what_was_last_applied_is_not_waited_for_either(
    silent: Scripted, files: AwsFiles, hang: threading.Event, action: str
) -> None:
    silent.script[MASTER, action] = [hanging(hang)]  # type: ignore[list-item]
    store = ParameterStore(open_sessions(files), "/rolemodel-ci/default/state")
    began = time.monotonic()
    answer = Impatient(store, patience_for(time.monotonic, SCALE)(None)).read_state().answer
    assert isinstance(answer, UnreadableState)
    assert f":{action} within {MASTER_ANSWER * SCALE:g} s" in answer.reason
    assert time.monotonic() - began < SOON


def test_one_small_value_is_waited_for_ten_seconds_at_most() -> None:
    assert {name for name, budget in BUDGETS.items() if budget.read <= 5} == {"ssm", "ssm-once"}
