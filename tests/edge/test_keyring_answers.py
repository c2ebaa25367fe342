"""Answers of STS that AWS itself does not give, or that repeat what they were sent."""

from __future__ import annotations

import re
import traceback

import pytest

from rolemodel_ci.adapters.aws.credential_sources import AccountCredentials, AssumedRole, Source, WebIdentity
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.errors import CredentialsError

from .scripted import Answer, Scripted, fault, result
from .surroundings import MASTER as MASTER_ID
from .surroundings import PROD

KEY = "<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
TOKEN = f"eyJhbGciOiJSUzI1NiJ9.{'p' * 900}.{'s' * 342}"


def scripted_refusal(scripted: Scripted, action: str, answer: Answer) -> CredentialsError:
    """What becomes of an answer to that action."""
    scripted.script[action] = [answer]
    role_arn = f"arn:aws:iam::{PROD}:role/plan"
    source: Source = WebIdentity(role_arn, "run", lambda: TOKEN)
    if action == "AssumeRole":
        source = AssumedRole(role_arn, "run", MASTER_ID, "the-secret-key")
    sessions = Sessions({"prod": AccountCredentials("account `prod`", PROD, source)}, "us-east-1", 4, scripted.url)
    with pytest.raises(CredentialsError) as error:
        sessions.client("prod", "iam")
    assert error.value.remedy
    return error.value


@pytest.mark.parametrize("before", ["", "x" * 300, "x" * 590, "x" * 650])
def test_refusal_that_repeats_the_token(scripted: Scripted, before: str) -> None:
    """Cut off or whole: what AWS says is shown up to where the token begins."""
    told = fault("ValidationError", f"{before} Value '{TOKEN}' at 'webIdentityToken' is wrong: {TOKEN}")
    error = scripted_refusal(scripted, "AssumeRoleWithWebIdentity", told)
    shown = "".join(traceback.format_exception(error)) + error.remedy
    assert not re.search(r"p{8}|s{8}", shown)
    assert "ValidationError" in error.message


@pytest.mark.parametrize("action", ["AssumeRoleWithWebIdentity", "AssumeRole"])
@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<Credentials/>",
        f"<Credentials>{KEY}</Credentials>",
        f"<Credentials>{KEY}<SessionToken>T</SessionToken></Credentials>",
    ],
)
def test_answer_without_keys(scripted: Scripted, action: str, inner: str) -> None:
    error = scripted_refusal(scripted, action, result(action, inner))
    assert error.message == f"account `prod`: sts:{action}: the answer is not one of AWS (KeyError)"
    assert "proxy" in error.remedy
