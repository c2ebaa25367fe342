"""The front leads those in who may come in, lets sessions end, counts, and passes everything else on."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from actions.assuming import COMPANY, DEV, MASTER, PROD, answer, arn, client, code, key_of
from actions.company import furnish_for_github
from actions.front import StsFront
from actions.issuer import Issuer
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, PLAN_ROLE


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        furnish_for_github(embedded, COMPANY)
        yield embedded


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as listening:
        yield listening


@pytest.fixture
def front(aws: EmbeddedAws, issuer: Issuer) -> Iterator[StsFront]:
    with StsFront(aws, issuer) as listening:
        yield listening


# ---- what is granted


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("account", [MASTER, PROD, DEV])
def test_pull_request_becomes_the_plan_role(front: StsFront, issuer: Issuer, account: str, ids: bool) -> None:
    issuer.sub = issuer.home.plan_subject(ids=ids)
    told = answer(front, issuer.token(), arn(account))
    identity = client(front, "sts", key_of(told)).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/{PLAN_ROLE}/run"
    assert told["SubjectFromWebIdentityToken"] == issuer.sub
    assert told["Audience"] == "sts.amazonaws.com"
    assert told["Provider"] == f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("role", [PLAN_ROLE, APPLY_ROLE])
def test_branch_becomes_either_role(front: StsFront, issuer: Issuer, role: str, ids: bool) -> None:
    issuer.sub = issuer.home.apply_subject(ids=ids)
    assert answer(front, issuer.token(), arn(role=role))["AssumedRoleUser"]["Arn"].endswith(f"/{role}/run")


def test_session_may_do_what_the_role_may_and_no_more(front: StsFront, issuer: Issuer) -> None:
    iam = client(front, "iam", key_of(answer(front, issuer.token(), arn(MASTER))))
    details = iam.get_account_authorization_details(Filter=["User"])
    assert [user["UserName"] for user in details["UserDetailList"]] == ["alice", "bob"]
    with pytest.raises(ClientError) as refusal:
        iam.create_group(GroupName="g", Path="/RoleModel/")
    assert code(refusal) == ("AccessDenied", 403)


# ---- sessions


def test_sessions_end_when_the_test_says_so(front: StsFront, issuer: Issuer) -> None:
    front.session_s = 1
    told = answer(front, issuer.token())
    assert _left(told) <= 1
    time.sleep(1.2)
    with pytest.raises(ClientError) as refusal:
        client(front, "cloudformation", key_of(told)).describe_stacks(StackName="RoleModel")
    assert code(refusal)[0] in ("ExpiredToken", "ExpiredTokenException")


def test_end_of_a_session_can_be_told_otherwise(front: StsFront, issuer: Issuer) -> None:
    front.told_s = 60
    told = answer(front, issuer.token(), DurationSeconds=900)
    assert 55 < _left(told) <= 60
    assert client(front, "sts", key_of(told)).get_caller_identity()["Account"] == PROD


def test_usual_session_lasts_an_hour(front: StsFront, issuer: Issuer) -> None:
    assert 3590 < _left(answer(front, issuer.token())) <= 3600


def _left(told: dict[str, Any]) -> float:
    end: datetime.datetime = told["Credentials"]["Expiration"]
    return (end - datetime.datetime.now(datetime.UTC)).total_seconds()


def test_assumptions_are_counted(front: StsFront, issuer: Issuer) -> None:
    issuer.sub = issuer.home.apply_subject()
    answer(front, issuer.token(), name="first")
    answer(front, issuer.token(), name="second")
    answer(front, issuer.token(), arn(DEV, APPLY_ROLE), name="second")
    with pytest.raises(ClientError):
        answer(front, "no token", name="second")
    assert [found.refusal for found in front.assumptions] == ["", "", "", "InvalidIdentityToken"]
    assert (front.granted(), front.granted(role=PLAN_ROLE), front.granted(session_name="second")) == (3, 2, 2)
    assert front.granted(account=DEV, role=APPLY_ROLE, session_name="second") == 1
    front.forget()
    assert front.granted() == 0


# ---- the rest of AWS


def test_other_calls_pass_and_are_counted_as_they_came(aws: EmbeddedAws, front: StsFront, issuer: Issuer) -> None:
    told = answer(front, issuer.token())
    aws.mark()
    answer(front, issuer.token())
    key = key_of(told)
    with pytest.raises(ClientError) as refusal:
        client(front, "cloudformation", key).describe_stacks(StackName="RoleModel")
    assert "does not exist" in str(refusal.value)
    client(front, "sts", key).get_caller_identity()
    assert aws.calls() == {"cloudformation:DescribeStacks": 1, "sts:GetCallerIdentity": 1}


def test_wrong_signature_is_still_refused(front: StsFront, issuer: Issuer) -> None:
    key = key_of(answer(front, issuer.token()))._replace(secret_key="wrong")
    with pytest.raises(ClientError) as refusal:
        client(front, "sts", key).get_caller_identity()
    assert code(refusal) == ("SignatureDoesNotMatch", 403)


def test_sixteen_at_once(front: StsFront, issuer: Issuer) -> None:
    sts = client(front, "sts")
    asked = [
        {"RoleArn": arn(account), "RoleSessionName": f"run-{number}", "WebIdentityToken": issuer.token()}
        for number in range(16)
        for account in (PROD, MASTER)
    ]
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(lambda one: sts.assume_role_with_web_identity(**one), asked))
    assert [one["AssumedRoleUser"]["Arn"].split(":")[4] for one in told] == [PROD, MASTER] * 16
    assert front.granted(role=PLAN_ROLE) == 32


def test_embedded_aws_that_is_gone_is_a_bad_gateway(issuer: Issuer) -> None:
    with EmbeddedAws() as gone, StsFront(gone, issuer) as front:
        gone.__exit__(None, None, None)
        assert requests.get(f"{front.url}/_sandbox/calls", timeout=10).status_code == 502
