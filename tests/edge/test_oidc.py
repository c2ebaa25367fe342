"""Tokens of the runner: a fresh one for each use, hidden before anything sees it."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Iterator

import jwt
import pytest
from actions.fake_github import ElsewhereServer
from actions.fake_messages import Reply
from actions.issuer import Fault, Issuer

from rolemodel_ci.adapters.github.oidc import RunnerTokens, claims
from rolemodel_ci.adapters.github.runner import Oidc
from rolemodel_ci.errors import CredentialsError

from .paused import Paused

AUDIENCE = "sts.amazonaws.com"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as listening:
        yield listening


@pytest.fixture
def paused() -> Paused:
    return Paused()


@pytest.fixture
def hidden() -> list[str]:
    return []


def tokens(issuer: Issuer, hidden: list[str], paused: Paused, audience: str = AUDIENCE) -> RunnerTokens:
    """The runner's tokens."""
    return RunnerTokens(Oidc(issuer.request_url, issuer.request_token), audience, hidden.append, paused.clock)


def refused(runner: RunnerTokens, *secrets: str) -> CredentialsError:
    """Why there is no token, said without any secret."""
    with pytest.raises(CredentialsError) as error:
        runner.fresh()
    told = "".join(traceback.format_exception(error.value)) + error.value.remedy + repr(error.value)
    assert not [secret for secret in secrets if secret in told]
    assert "id-token: write" in error.value.remedy
    return error.value


def test_fresh_token_for_each_use(issuer: Issuer, hidden: list[str], paused: Paused) -> None:
    runner = tokens(issuer, hidden, paused)
    made = [runner.fresh() for _ in range(3)]
    assert hidden == made
    assert len({told["jti"] for told in issuer.issued}) == 3
    assert [jwt.decode(one, options={"verify_signature": False})["aud"] for one in made] == [AUDIENCE] * 3
    assert paused.pauses == []


@pytest.mark.parametrize("audience", [AUDIENCE, "sts.amazonaws.com.cn", "a b&c=d#e?f/ü", "https://aws.acme.example/x"])
def test_audience_is_asked_for_as_it_is(issuer: Issuer, hidden: list[str], paused: Paused, audience: str) -> None:
    """The query that the runner's address has already is kept: without it the issuer answers 404."""
    tokens(issuer, hidden, paused, audience).fresh()
    assert issuer.audiences == [audience]


@pytest.mark.parametrize("query", ["", "?a=b&c=d"])
def test_address_with_and_without_a_query(query: str) -> None:
    with ElsewhereServer(Reply(200, b'{"value": "ey.J.x"}')) as server:
        runner = RunnerTokens(Oidc(f"{server.url}/token{query}", "key"), AUDIENCE, lambda _: None)
        assert runner.fresh() == "ey.J.x"
        (request,) = server.requests
    assert request.target == f"/token{query}{'&' if query else '?'}audience={AUDIENCE}"
    assert request.headers["authorization"] == "bearer key"


def test_runner_in_trouble_is_asked_again(issuer: Issuer, hidden: list[str], paused: Paused) -> None:
    issuer.fail(Fault.BROKEN, Fault.BROKEN)
    assert tokens(issuer, hidden, paused).fresh() == hidden[0]
    assert (len(issuer.audiences), paused.pauses) == (3, [1.0, 2.0])


def test_runner_that_stays_in_trouble(issuer: Issuer, hidden: list[str], paused: Paused) -> None:
    issuer.fail(*[Fault.BROKEN] * 9)
    error = refused(tokens(issuer, hidden, paused), issuer.request_token)
    assert error.message == "the runner gives no OIDC token: it answered 500"
    assert len(issuer.audiences) == 5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.REFUSED, "it answered 401"),
        (Fault.GARBLED, "it answered 200, and no token"),
        (Fault.EMPTY, "it answered 200, and no token"),
    ],
)
def test_runner_that_gives_none(issuer: Issuer, hidden: list[str], paused: Paused, fault: Fault, said: str) -> None:
    issuer.fail(fault)
    error = refused(tokens(issuer, hidden, paused), issuer.request_token)
    assert error.message == f"the runner gives no OIDC token: {said}"
    assert (hidden, issuer.issued, paused.pauses) == ([], [], [])


@pytest.mark.parametrize(
    "body", [b'{"value": ""}', b'{"value": null}', b'{"value": 7}', b'["ey"]', b"null", b'"ey.J.x"']
)
def test_value_that_is_no_token(body: bytes) -> None:
    with ElsewhereServer(Reply(200, body)) as server:
        error = refused(RunnerTokens(Oidc(f"{server.url}/t?x=y", "key"), AUDIENCE, lambda _: None))
    assert error.message.endswith("it answered 200, and no token")


def test_wrong_key(issuer: Issuer, hidden: list[str], paused: Paused) -> None:
    runner = RunnerTokens(Oidc(issuer.request_url, "other-key"), AUDIENCE, hidden.append, paused.clock)
    assert refused(runner, "other-key").message.endswith("it answered 401")


def test_slow_runner_is_waited_for(issuer: Issuer, hidden: list[str], paused: Paused) -> None:
    issuer.slow_s = 0.2
    issuer.fail(Fault.SLOW)
    assert tokens(issuer, hidden, paused).fresh() == hidden[0]
    assert len(issuer.audiences) == 1


def test_key_goes_to_no_other_server(hidden: list[str], paused: Paused) -> None:
    with ElsewhereServer() as other, ElsewhereServer(Reply(302, b"", {"Location": f"{other.url}/token"})) as server:
        runner = RunnerTokens(Oidc(f"{server.url}/t", "the-key"), AUDIENCE, hidden.append, paused.clock)
        assert "another server" in refused(runner, "the-key").message
        assert other.requests == []


def test_printed_runner_shows_no_key(issuer: Issuer) -> None:
    oidc = Oidc(issuer.request_url, issuer.request_token)
    assert issuer.request_token not in repr(oidc) + repr(RunnerTokens(oidc, AUDIENCE, lambda _: None))


# ---- what a token says


def test_claims(issuer: Issuer) -> None:
    assert claims(issuer.token()) == issuer.issued[0]


def _with_payload(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.sig"


@pytest.mark.parametrize("length", range(4))
def test_claims_of_any_length(length: int) -> None:
    said = {"sub": "x" * length}
    assert claims(_with_payload(json.dumps(said).encode())) == said


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b", "a.b.c", "a.ü.c", "..", "a.====.c", _with_payload(b"[1]"), _with_payload(b'"x"'),
     _with_payload(b"\xff\xfe\x00"), _with_payload(b"[" * 100_000), _with_payload(b"{")],
)  # fmt: skip
def test_what_is_no_token_says_nothing(token: str) -> None:
    assert claims(token) == {}
