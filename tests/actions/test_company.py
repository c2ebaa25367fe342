"""Companies that let GitHub in: through every account, through the master, by an environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from actions.company import furnish_for_github
from actions.front import StsFront
from actions.issuer import Issuer, Repository
from rolemodel_ci.sandbox.embedded import EmbeddedAws, Key
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, PLAN_ROLE, SandboxSpec

from .assuming import DEV, MASTER, PROD, answer, arn, client, code, key_of

COMPANY = SandboxSpec(MASTER, (PROD, DEV), ("alice",))


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def aws(server: EmbeddedAws) -> EmbeddedAws:
    server.empty()
    return server


def go_on(front: StsFront, key: Key, role_arn: str, name: str = "run", **more: Any) -> dict[str, Any]:
    """What AssumeRole answers a session of the master account."""
    sts = client(front, "sts", key)
    found: dict[str, Any] = sts.assume_role(RoleArn=role_arn, RoleSessionName=name, **more)
    return found


def session(front: StsFront, issuer: Issuer, role: str) -> Key:
    """A session of that role of the master account, of a push to the branch."""
    issuer.sub = issuer.home.apply_subject()
    return key_of(answer(front, issuer.token(), arn(MASTER, role)))


@pytest.mark.parametrize("role", [PLAN_ROLE, APPLY_ROLE])
def test_via_master_leads_to_the_role_of_the_same_name(aws: EmbeddedAws, role: str) -> None:
    furnish_for_github(aws, COMPANY, via="master")
    other = APPLY_ROLE if role == PLAN_ROLE else PLAN_ROLE
    with Issuer() as issuer, StsFront(aws, issuer) as front:
        key = session(front, issuer, role)
        told = go_on(front, key, arn(PROD, role))
        assert client(front, "sts", key_of(told)).get_caller_identity()["Account"] == PROD
        with pytest.raises(ClientError) as refusal:
            go_on(front, key, arn(PROD, other))
        assert code(refusal) == ("AccessDenied", 403)
        assert front.granted(role=role, account=PROD, session_name="run") == 1
        assert front.granted(account=PROD) == 1


def test_via_master_accounts_do_not_know_github(aws: EmbeddedAws) -> None:
    furnish_for_github(aws, COMPANY, via="master")
    with Issuer() as issuer, StsFront(aws, issuer) as front, pytest.raises(ClientError) as refusal:
        answer(front, issuer.token(), arn(PROD))
    assert "No OpenIDConnect provider" in str(refusal.value)
    assert code(refusal) == ("InvalidIdentityToken", 400)


def test_direct_accounts_do_not_know_the_master(aws: EmbeddedAws) -> None:
    furnish_for_github(aws, COMPANY)
    with Issuer() as issuer, StsFront(aws, issuer) as front, pytest.raises(ClientError) as refusal:
        go_on(front, session(front, issuer, PLAN_ROLE), arn(PROD))
    assert code(refusal) == ("AccessDenied", 403)


def test_chained_sessions_last_an_hour_at_most_and_end_as_told(aws: EmbeddedAws) -> None:
    furnish_for_github(aws, COMPANY, via="master")
    with Issuer() as issuer, StsFront(aws, issuer) as front:
        key = session(front, issuer, PLAN_ROLE)
        for wrong in ({"DurationSeconds": 3601}, {"name": "x"}):
            with pytest.raises(ClientError) as refusal:
                go_on(front, key, arn(PROD), **wrong)
            assert code(refusal) == ("ValidationError", 400)
        usual = go_on(front, key, arn(PROD))["Credentials"]["Expiration"]
        front.told_s = 60
        soon = go_on(front, key, arn(PROD))["Credentials"]["Expiration"]
    assert 3500 < (usual - soon).total_seconds() <= 3600


def test_environment_opens_the_apply_role_and_the_branch_does_not(aws: EmbeddedAws) -> None:
    home = Repository(environment="production")
    furnish_for_github(aws, COMPANY, home)
    with Issuer(home) as issuer, StsFront(aws, issuer) as front:
        for ids in (False, True):
            issuer.sub = home.apply_subject(ids=ids)
            assert answer(front, issuer.token(), arn(role=APPLY_ROLE))["Credentials"]
            issuer.sub = home.subject("ref:refs/heads/main", ids=ids)
            with pytest.raises(ClientError) as refusal:
                answer(front, issuer.token(), arn(role=APPLY_ROLE))
            assert code(refusal) == ("AccessDenied", 403)


@pytest.mark.parametrize("via", ["direct", "master"])
def test_master_may_be_assumable_and_have_the_provider(aws: EmbeddedAws, via: Any) -> None:
    both = SandboxSpec(MASTER, (MASTER, PROD), ("alice",))
    furnish_for_github(aws, both, via=via, existing_provider=True)
    names = aws.client("iam", MASTER).list_role_policies(RoleName=PLAN_ROLE)["PolicyNames"]
    assert {"plan-master", "plan-account"} <= set(names)
    assert aws.client("iam", MASTER).list_users()["Users"][0]["UserName"] == "alice"
    with Issuer() as issuer, StsFront(aws, issuer) as front:
        assert answer(front, issuer.token(), arn(MASTER))["Credentials"]
