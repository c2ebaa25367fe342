"""The front refuses what AWS refuses of tokens and requests, and ministack what the trust policies do not say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import jwt
import pytest
import requests
from botocore.exceptions import ClientError

from actions.assuming import COMPANY, DEV, NOT_AUTHORIZED, PROD, STRANGE, answer, arn, code
from actions.company import furnish_for_github, make_provider
from actions.front import StsFront
from actions.issuer import Issuer, new_key
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


# ---- what ministack lets pass


def test_signature_of_another_key_is_refused(front: StsFront, issuer: Issuer) -> None:
    for key_id in ("usual", "unknown"):
        forger = Issuer(key=new_key(), key_id=key_id)
        with pytest.raises(ClientError) as refusal:
            answer(front, forger.token())
        assert code(refusal) == ("InvalidIdentityToken", 400)


def test_token_that_anybody_could_make_is_refused(front: StsFront, issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": "usual"})
    shared = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "usual"})
    for token in (unsigned, shared, "no token at all"):
        with pytest.raises(ClientError) as refusal:
            answer(front, token)
        assert code(refusal) == ("InvalidIdentityToken", 400)


def test_expired_token_is_refused_by_its_own_code(front: StsFront, issuer: Issuer) -> None:
    issuer.minutes = -1
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token())
    assert code(refusal) == ("ExpiredTokenException", 400)


def test_token_is_good_until_it_expires(front: StsFront, issuer: Issuer) -> None:
    issuer.minutes = 2 / 60
    token = issuer.token()
    assert answer(front, token)["Credentials"]
    time.sleep(2.1)
    with pytest.raises(ClientError) as refusal:
        answer(front, token)
    assert code(refusal) == ("ExpiredTokenException", 400)


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "aud", "iss"])
def test_token_without_a_claim_is_refused(front: StsFront, issuer: Issuer, claim: str) -> None:
    issuer.more = {claim: None}
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token())
    assert code(refusal) == ("InvalidIdentityToken", 400)


def test_token_of_the_future_is_refused(front: StsFront, issuer: Issuer) -> None:
    issuer.early_s = 60
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token())
    assert code(refusal) == ("InvalidIdentityToken", 400)


@pytest.mark.parametrize("iss", ["https://elsewhere.example.com", "http://token.actions.githubusercontent.com"])
def test_issuer_that_the_account_does_not_know_is_refused(front: StsFront, issuer: Issuer, iss: str) -> None:
    issuer.iss = iss
    with pytest.raises(ClientError, match="No OpenIDConnect provider found in your account") as refusal:
        answer(front, issuer.token())
    assert code(refusal) == ("InvalidIdentityToken", 400)


def test_provider_counts_in_its_own_account_only(aws: EmbeddedAws, front: StsFront, issuer: Issuer) -> None:
    trust = aws.client("iam", PROD).get_role(RoleName=PLAN_ROLE)["Role"]["AssumeRolePolicyDocument"]
    strange = json.dumps(trust).replace(PROD, STRANGE)
    aws.client("iam", STRANGE).create_role(RoleName=PLAN_ROLE, AssumeRolePolicyDocument=strange)
    with pytest.raises(ClientError, match="No OpenIDConnect provider") as refusal:
        answer(front, issuer.token(), arn(STRANGE))
    assert code(refusal) == ("InvalidIdentityToken", 400)
    make_provider(aws, STRANGE, "sts.amazonaws.com")
    assert answer(front, issuer.token(), arn(STRANGE))["Credentials"]


def test_audience_that_the_provider_does_not_know_is_refused(front: StsFront, issuer: Issuer) -> None:
    with pytest.raises(ClientError, match="Incorrect token audience") as refusal:
        answer(front, issuer.token("https://github.com/acme"))
    assert code(refusal) == ("InvalidIdentityToken", 400)


@pytest.mark.parametrize("name", ["", "x", "a" * 65, "with space", "a/b", "ä-b", "run\n"])
def test_session_names_that_aws_does_not_take(front: StsFront, issuer: Issuer, name: str) -> None:
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token(), name=name)
    assert code(refusal) == ("ValidationError", 400)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "run=1,2.3@x+y-z_"])
def test_session_names_that_aws_takes(front: StsFront, issuer: Issuer, name: str) -> None:
    assert answer(front, issuer.token(), name=name)["AssumedRoleUser"]["Arn"].endswith(f"/{name}")


@pytest.mark.parametrize("seconds", [1, 899, 3601, 43200])
def test_sessions_are_no_shorter_than_aws_and_no_longer_than_the_role(
    front: StsFront, issuer: Issuer, seconds: int
) -> None:
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token(), DurationSeconds=seconds)
    assert code(refusal) == ("ValidationError", 400)


def test_role_by_another_path_or_name_is_refused(front: StsFront, issuer: Issuer) -> None:
    for role in (f"some/path/{PLAN_ROLE}", "rolemodel-ci-none", PLAN_ROLE.upper()):
        with pytest.raises(ClientError, match=NOT_AUTHORIZED) as refusal:
            answer(front, issuer.token(), arn(role=role))
        assert code(refusal) == ("AccessDenied", 403)


def test_what_is_no_role_is_refused(front: StsFront, issuer: Issuer) -> None:
    with pytest.raises(ClientError) as refusal:
        answer(front, issuer.token(), "arn:aws:iam::222222222222:user/alice")
    assert code(refusal) == ("ValidationError", 400)


def test_json_is_no_way_round(front: StsFront) -> None:
    headers = {
        "X-Amz-Target": "AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity",
        "Content-Type": "application/x-amz-json-1.1",
    }
    body = json.dumps({"RoleArn": arn(), "RoleSessionName": "run", "WebIdentityToken": "x"})
    assert requests.post(front.url, data=body, headers=headers, timeout=10).status_code == 400


# ---- what the trust policy says, which ministack decides


@pytest.mark.parametrize(
    "sub",
    [
        "repo:acme/other:pull_request",
        "repo:acme/access-of-anybody:pull_request",
        "repo:acme/access:pull_request:more",
        "repo:acme/*:pull_request",
        "repo:ACME/access:pull_request",
        "repo:acme@1001/access@2003:pull_request",
        "repo:acme@9/access@2002:pull_request",
        "repo:acme/access:ref:refs/heads/other",
        "repo:acme/access:ref:refs/tags/main",
        "repo:acme/access:environment:production",
        "*",
    ],
)
def test_other_subjects_are_refused(front: StsFront, issuer: Issuer, sub: str) -> None:
    issuer.sub = sub
    for role in (PLAN_ROLE, APPLY_ROLE):
        with pytest.raises(ClientError, match=NOT_AUTHORIZED) as refusal:
            answer(front, issuer.token(), arn(role=role))
        assert code(refusal) == ("AccessDenied", 403)


@pytest.mark.parametrize("ids", [False, True])
def test_pull_request_does_not_become_the_apply_role(front: StsFront, issuer: Issuer, ids: bool) -> None:
    issuer.sub = issuer.home.plan_subject(ids=ids)
    with pytest.raises(ClientError, match=NOT_AUTHORIZED):
        answer(front, issuer.token(), arn(role=APPLY_ROLE))


def test_audience_of_the_trust_is_compared_too(aws: EmbeddedAws, front: StsFront, issuer: Issuer) -> None:
    provider = f"arn:aws:iam::{DEV}:oidc-provider/token.actions.githubusercontent.com"
    iam = aws.client("iam", DEV)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    make_provider(aws, DEV, "sts.amazonaws.com", "another")
    assert answer(front, issuer.token(), arn(DEV))["Credentials"]
    with pytest.raises(ClientError, match=NOT_AUTHORIZED):
        answer(front, issuer.token("another"), arn(DEV))


def test_wildcard_in_a_trust_is_no_wildcard_for_string_equals(
    aws: EmbeddedAws, front: StsFront, issuer: Issuer
) -> None:
    trust = aws.client("iam", PROD).get_role(RoleName=PLAN_ROLE)["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] = "repo:acme/*"
    aws.client("iam", PROD).create_role(RoleName="wide", AssumeRolePolicyDocument=json.dumps(trust))
    with pytest.raises(ClientError, match=NOT_AUTHORIZED):
        answer(front, issuer.token(), arn(role="wide"))
