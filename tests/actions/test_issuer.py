"""The issuer is what a runner and a checker of tokens find at GitHub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests

from actions.issuer import ISSUER, Fault, Issuer, Repository, new_key

AUDIENCE = "sts.amazonaws.com"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as listening:
        yield listening


def ask(issuer: Issuer, audience: str | None = AUDIENCE, token: str | None = None, scheme: str = "bearer") -> Any:
    """Ask for a token as a job does: the audience goes behind the query that is there."""
    url = issuer.request_url + (f"&audience={audience}" if audience else "")
    bearer = issuer.request_token if token is None else token
    return requests.get(
        url,
        headers={"Authorization": f"{scheme} {bearer}".strip()},
        timeout=10,
    )


def claims(issuer: Issuer, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """The claims of a token, checked by the documents that the issuer publishes."""
    configuration = requests.get(f"{issuer.url}/.well-known/openid-configuration", timeout=10).json()
    keys = jwt.PyJWKSet.from_dict(requests.get(configuration["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    found: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=configuration["issuer"]
    )
    return found


def test_endpoint_has_a_query_of_its_own(issuer: Issuer) -> None:
    assert issuer.request_url.startswith("http://127.0.0.1:")
    assert issuer.request_url.endswith("?api-version=2.0")
    assert issuer.environment["ACTIONS_ID_TOKEN_REQUEST_URL"] == issuer.request_url
    without = issuer.request_url.partition("?")[0]
    answer = requests.get(without, headers={"Authorization": f"bearer {issuer.request_token}"}, timeout=10)
    assert answer.status_code == 404


def test_token_is_signed_and_says_who_runs(issuer: Issuer) -> None:
    answer = ask(issuer).json()
    found = claims(issuer, answer["value"])
    assert answer["count"] == len(answer["value"])
    assert found["iss"] == ISSUER
    assert (found["sub"], found["aud"]) == ("repo:acme/access:pull_request", AUDIENCE)
    assert (found["repository"], found["ref"]) == ("acme/access", "refs/heads/main")
    assert found["exp"] - found["iat"] == 300
    assert issuer.issued == [found]


def test_claims_can_be_set(issuer: Issuer) -> None:
    issuer.sub, issuer.repository, issuer.ref = issuer.home.apply_subject(ids=True), "acme/other", "refs/heads/next"
    issuer.iss, issuer.minutes, issuer.more = "https://elsewhere.example.com", 1, {"actor": "carol", "nbf": None}
    found = claims(issuer, ask(issuer).json()["value"])
    assert found["sub"] == "repo:acme@1001/access@2002:ref:refs/heads/main"
    assert (found["repository"], found["ref"], found["actor"]) == ("acme/other", "refs/heads/next", "carol")
    assert (found["iss"], found["exp"] - found["iat"]) == ("https://elsewhere.example.com", 60)
    assert "nbf" not in found


def test_audience_is_the_one_asked_for_unless_set(issuer: Issuer) -> None:
    asked, usual = (ask(issuer, audience).json()["value"] for audience in ("mine", None))
    issuer.audience = "theirs"
    stubborn = ask(issuer, "mine").json()["value"]
    assert claims(issuer, asked, "mine")["aud"] == "mine"
    assert claims(issuer, usual, "https://github.com/acme")["aud"] == "https://github.com/acme"
    assert claims(issuer, stubborn, "theirs")["aud"] == "theirs"
    assert issuer.audiences == ["mine", None, "mine"]


def test_each_token_is_another(issuer: Issuer) -> None:
    found = [claims(issuer, ask(issuer).json()["value"])["jti"] for _ in range(3)]
    assert len(set(found)) == 3
    assert issuer.audiences == [AUDIENCE] * 3


@pytest.mark.parametrize(("token", "scheme"), [("wrong", "bearer"), (None, "Basic"), ("", "bearer")])
def test_wrong_bearer_gets_nothing(issuer: Issuer, token: str | None, scheme: str) -> None:
    assert ask(issuer, token=token, scheme=scheme).status_code == 401
    assert (issuer.audiences, issuer.issued) == ([], [])


def test_expired_and_early_tokens(issuer: Issuer) -> None:
    issuer.minutes = -1
    with pytest.raises(jwt.ExpiredSignatureError):
        claims(issuer, ask(issuer).json()["value"])
    issuer.minutes, issuer.early_s = 5, 60
    with pytest.raises(jwt.ImmatureSignatureError):
        claims(issuer, ask(issuer).json()["value"])


def test_faults_come_once_each_and_are_counted(issuer: Issuer) -> None:
    issuer.fail(Fault.BROKEN, Fault.REFUSED, Fault.GARBLED, Fault.EMPTY)
    answers = [ask(issuer) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [500, 401, 200, 200, 200]
    with pytest.raises(requests.JSONDecodeError):
        answers[2].json()
    assert "value" not in answers[3].json()
    assert claims(issuer, answers[4].json()["value"])["sub"]
    assert (len(issuer.audiences), len(issuer.issued)) == (5, 1)


def test_slow_answer_is_late_and_right(issuer: Issuer) -> None:
    issuer.slow_s = 0.2
    issuer.fail(Fault.SLOW)
    begin = time.monotonic()
    assert claims(issuer, ask(issuer).json()["value"])["sub"]
    assert time.monotonic() - begin >= 0.2


def test_forger_with_the_same_key_id_is_found_out(issuer: Issuer) -> None:
    forger = Issuer(key=new_key())
    with pytest.raises(jwt.InvalidSignatureError):
        claims(issuer, forger.token())


@pytest.mark.parametrize(
    ("repository", "plan", "apply"),
    [
        (Repository(), "repo:acme/access:pull_request", "repo:acme/access:ref:refs/heads/main"),
        (Repository(environment="aws"), "repo:acme/access:pull_request", "repo:acme/access:environment:aws"),
        (Repository("o", "r", branch="b/c"), "repo:o/r:pull_request", "repo:o/r:ref:refs/heads/b/c"),
    ],
)
def test_subjects_of_a_repository(repository: Repository, plan: str, apply: str) -> None:
    assert (repository.plan_subject(), repository.apply_subject()) == (plan, apply)
