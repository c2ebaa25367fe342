"""Roles taken on with the runner's tokens, in an AWS that checks them: each once, renewed in time, nothing let slip."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from actions.assuming import STRANGE
from actions.company import Via, furnish_for_github
from actions.issuer import Fault

from rolemodel_ci.adapters.aws.assume_role import RoleCredentials
from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.clients import Clients
from rolemodel_ci.adapters.aws.credential_sources import AccountCredentials
from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.desired import Account
from rolemodel_ci.model.live import Identity
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import PLAN_ROLE, SandboxSpec

from .entering import NAMES, PLACE, RUN, Company, entering
from .surroundings import DEV, PROD
from .surroundings import MASTER as MASTER_ID


@pytest.fixture(scope="module")
def furnished() -> Iterator[Mapping[Via, EmbeddedAws]]:
    furniture = SandboxSpec(MASTER_ID, (PROD, DEV, MASTER_ID), ("alice",))
    with EmbeddedAws() as direct, EmbeddedAws() as onward:
        furnish_for_github(direct, furniture)
        furnish_for_github(onward, furniture, via="master")
        yield {"direct": direct, "master": onward}


@pytest.fixture
def direct(furnished: Mapping[Via, EmbeddedAws]) -> Iterator[Company]:
    yield from entering(furnished, "direct")


@pytest.fixture
def onward(furnished: Mapping[Via, EmbeddedAws]) -> Iterator[Company]:
    yield from entering(furnished, "master")


@pytest.fixture(params=["direct", "master"])
def company(request: pytest.FixtureRequest, furnished: Mapping[Via, EmbeddedAws]) -> Iterator[Company]:
    yield from entering(furnished, request.param)


def keys_of(client: Any) -> Any:
    """The keys that a client signs with."""
    return client._request_signer._credentials.get_frozen_credentials()


# ---- ways in


def test_roles_of_all_accounts(company: Company) -> None:
    sessions = company.sessions()
    for who, account_id in NAMES.items():
        assert sessions.identity(who) == Identity(account_id, f"arn:aws:iam::{account_id}:role/{PLAN_ROLE}")
        told = sessions.client(who, "sts").get_caller_identity()
        assert told["Arn"] == f"arn:aws:sts::{account_id}:assumed-role/{PLAN_ROLE}/{RUN}"
    assert company.front.granted(session_name=RUN) == len(NAMES)


def test_fresh_token_for_every_assumption(direct: Company) -> None:
    sessions = direct.sessions()
    for who in NAMES:
        sessions.client(who, "iam")
        sessions.client(who, "cloudformation")
    assert len(direct.issuer.issued) == len({told["jti"] for told in direct.issuer.issued}) == len(NAMES)
    assert direct.issuer.audiences == ["sts.amazonaws.com"] * len(NAMES)


def test_only_the_master_is_entered_with_a_token(onward: Company) -> None:
    sessions = onward.sessions()
    for who in NAMES:
        sessions.identity(who)
    told = [(found.action, found.account) for found in onward.front.assumptions]
    assert told == [
        ("AssumeRoleWithWebIdentity", MASTER_ID),
        ("AssumeRole", PROD),
        ("AssumeRole", DEV),
        ("AssumeRoleWithWebIdentity", MASTER_ID),  # the master as an account, whose role does not trust itself
    ]


def test_every_secret_is_hidden_before_it_is_used(company: Company) -> None:
    """The front holds what comes in against what has been hidden by then."""
    sessions = company.sessions()
    for who in NAMES:
        keys = keys_of(sessions.client(who, "sts"))
        assert {keys.secret_key, keys.token} <= set(company.hidden)
        assert sessions.client(who, "sts").get_caller_identity()
    tokens = [secret for secret in company.hidden if secret.count(".") == 2]
    assert len(tokens) == len(company.issuer.issued)
    assert company.front.early == []


def test_nothing_that_is_printed_shows_a_secret(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    doors = company.doors()
    sessions = company.sessions(doors)
    clients = Clients("us-east-1", 4, company.front.url, Calls())
    keyring = RoleCredentials(doors, clients, company.hidden.append)
    with caplog.at_level("DEBUG", logger="rolemodel_ci"):
        printed = "".join(
            repr(thing) for thing in (doors, sessions, keyring, keyring.keys("prod"), keyring.keys("dev"))
        )
        sessions.identity("prod")
    assert "sts:AssumeRole" in caplog.text
    for secret in (*company.hidden, company.issuer.request_token):
        assert secret not in printed + caplog.text


def test_sixteen_at_once_assume_each_role_once(company: Company) -> None:
    sessions = company.sessions()
    together = threading.Barrier(16, timeout=20)

    def one(number: int) -> str:
        if number < 16:
            together.wait()
        who = list(NAMES)[number % len(NAMES)]
        return str(sessions.client(who, "sts").get_caller_identity()["Account"])

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(48)))
    assert found == [*NAMES.values()] * 12
    assert len(company.front.assumptions) == len(NAMES)


def test_environment_of_somebody_else_does_not_matter(direct: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "missing", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "y",
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert direct.sessions().client("prod", "sts").get_caller_identity()["Account"] == PROD


# ---- keys that end


def test_keys_near_their_end_are_renewed(company: Company) -> None:
    """A minute before its end a session is too short for a call with all its repeats."""
    company.front.told_s = 299
    sessions = company.sessions()
    first = sessions.client("prod", "sts")
    second = sessions.client("prod", "sts")
    company.front.told_s = None
    third = sessions.client("prod", "sts")
    assert len({keys_of(client).access_key for client in (first, second, third)}) == 3
    assert sessions.client("prod", "sts") is third
    for client in (first, second, third):
        assert client.get_caller_identity()["Account"] == PROD
    entered = [told["jti"] for told in company.issuer.issued]
    assert len(entered) == len(set(entered)) == 3


def test_keys_with_time_left_are_kept(company: Company) -> None:
    company.front.told_s = 400
    sessions = company.sessions()
    assert sessions.client("prod", "sts") is sessions.client("prod", "sts")
    assert keys_of(sessions.client("prod", "iam")) == keys_of(sessions.client("prod", "sts"))
    assert len(company.issuer.issued) == 1


def test_clock_decides_when(onward: Company) -> None:
    now = [time.time()]
    clients = Clients("us-east-1", 4, onward.front.url, Calls())
    keyring = RoleCredentials(onward.doors(), clients, onward.hidden.append, now=lambda: now[0])
    first = keyring.keys("prod")
    assert 3500 < first.ends - now[0] < 3610  # the end comes in whole seconds
    now[0] = first.ends - 301
    assert keyring.keys("prod") == first
    now[0] = first.ends - 299
    second = keyring.keys("prod")
    assert second.parameters != first.parameters
    assert [found.account for found in onward.front.assumptions] == [MASTER_ID, PROD, MASTER_ID, PROD]


# ---- refusals


def refused(company: Company, who: str, doors: Mapping[str, AccountCredentials]) -> CredentialsError:
    """Why there is no way in, said without any part of a token."""
    with pytest.raises(CredentialsError) as error:
        company.sessions(doors).client(who, "sts")
    shown = "".join(traceback.format_exception(error.value)) + error.value.remedy + repr(error.value)
    tokens = [secret for secret in company.hidden if secret.count(".") == 2]
    assert tokens
    assert not [part for token in tokens for part in token.split(".") if part in shown]
    assert company.issuer.request_token not in shown
    assert f"account `{who}`" in error.value.message or "the master account" in error.value.message
    return error.value


def test_subject_that_is_not_trusted(direct: Company) -> None:
    direct.issuer.sub = "repo:mallory/access:pull_request"
    error = refused(direct, "prod", direct.doors())
    assert "AccessDenied" in error.message
    assert "sub `repo:mallory/access:pull_request` and aud `sts.amazonaws.com`" in error.remedy
    assert f"the trust policy of arn:aws:iam::{PROD}:role/{PLAN_ROLE}" in error.remedy
    assert "`token.actions.githubusercontent.com:sub`" in error.remedy
    assert "docs/setup.md" in error.remedy


def test_role_that_is_not_there(direct: Company) -> None:
    error = refused(direct, "prod", direct.doors(role="rolemodel-ci-other"))
    assert "AccessDenied" in error.message
    assert "may also be that there is no such role" in error.remedy
    assert "sub `repo:acme/access:pull_request`" in error.remedy


def test_audience_that_the_account_does_not_know(direct: Company) -> None:
    error = refused(direct, "prod", direct.doors(audience="https://other.example"))
    assert "InvalidIdentityToken" in error.message
    assert "sub `repo:acme/access:pull_request` and aud `https://other.example`" in error.remedy
    assert "no OIDC provider for `token.actions.githubusercontent.com` with that audience" in error.remedy


def test_account_without_a_provider(direct: Company) -> None:
    direct.policy = replace(direct.policy, accounts=(Account("strange", PLACE, account_id=STRANGE),))
    error = refused(direct, "strange", direct.doors())
    assert "InvalidIdentityToken" in error.message
    assert "aud `sts.amazonaws.com`" in error.remedy
    assert "bootstrap/" in error.remedy


def test_token_that_is_over(direct: Company) -> None:
    direct.issuer.minutes = -1
    error = refused(direct, "prod", direct.doors())
    assert "ExpiredTokenException" in error.message
    assert "sub `repo:acme/access:pull_request` and aud `sts.amazonaws.com`" in error.remedy
    assert "over before AWS saw it" in error.remedy


def test_master_that_lets_nobody_in(onward: Company) -> None:
    """Then no account can be entered, and each says why."""
    onward.issuer.sub = "repo:mallory/access:pull_request"
    error = refused(onward, "prod", onward.doors())
    assert error.message.startswith("the master account: AWS refused sts:AssumeRoleWithWebIdentity: AccessDenied")


def test_account_that_does_not_trust_the_master(onward: Company) -> None:
    onward.policy = replace(onward.policy, accounts=(Account("strange", PLACE, account_id=STRANGE),))
    error = refused(onward, "strange", onward.doors())
    assert error.message.startswith("account `strange`: AWS refused sts:AssumeRole: AccessDenied")
    assert "sts:AssumeRole" in error.remedy


def test_runner_that_gives_no_token(direct: Company) -> None:
    direct.issuer.fail(Fault.REFUSED)
    with pytest.raises(CredentialsError, match="the runner gives no OIDC token"):
        direct.sessions().client("prod", "sts")
    assert direct.front.assumptions == []


def test_refusal_is_not_remembered(direct: Company) -> None:
    sessions = direct.sessions()
    direct.issuer.fail(Fault.REFUSED)
    with pytest.raises(CredentialsError):
        sessions.client("prod", "sts")
    assert sessions.client("prod", "sts").get_caller_identity()["Account"] == PROD


def test_account_without_an_id(direct: Company) -> None:
    direct.policy = replace(direct.policy, accounts=(Account("new", PLACE),))
    with pytest.raises(CredentialsError, match="account `new` has no account id"):
        direct.sessions().client("new", "sts")
    assert direct.issuer.issued == []
