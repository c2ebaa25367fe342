"""Which role a run of GitHub Actions takes on in which account, and under which name."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rolemodel_ci.adapters.aws.credential_sources import (
    MASTER,
    AccountCredentials,
    AssumedRole,
    ChainedRole,
    WebIdentity,
    github_doors,
    partition,
    session_name,
)
from rolemodel_ci.model.desired import Account, GithubOidc, Policy, Template
from rolemodel_ci.model.problem import Place

from .surroundings import DEV, PROD
from .surroundings import MASTER as MASTER_ID

PLACE = Place("access/config.yml", 7, 5)
ACCOUNTS = (Account("prod", PLACE, account_id=PROD), Account("dev", PLACE, account_id=DEV))
POLICY = Policy("access/config.yml", MASTER_ID, ACCOUNTS, Template("roles.yml", "", {}, (), (), {}))
DIRECT = replace(POLICY, github_oidc=GithubOidc("plan", "apply"))
ONWARD = replace(POLICY, github_oidc=GithubOidc("plan", "apply", via="master"))


def token() -> str:
    """A token that nobody asks for here."""
    return "ey.secret.token"


def test_every_account_trusts_github() -> None:
    doors = github_doors(DIRECT, "plan", "run", token)
    assert doors == {
        MASTER: AccountCredentials(
            "the master account", MASTER_ID, WebIdentity(f"arn:aws:iam::{MASTER_ID}:role/plan", "run", token)
        ),
        "prod": replace(doors["prod"], source=WebIdentity(f"arn:aws:iam::{PROD}:role/plan", "run", token)),
        "dev": replace(doors["dev"], source=WebIdentity(f"arn:aws:iam::{DEV}:role/plan", "run", token)),
    }
    assert (doors["prod"].label, doors["prod"].account_id) == ("account `prod`", PROD)


def test_only_the_master_trusts_github() -> None:
    doors = github_doors(ONWARD, "apply", "run", token)
    assert doors[MASTER].source == WebIdentity(f"arn:aws:iam::{MASTER_ID}:role/apply", "run", token)
    assert doors["prod"].source == ChainedRole(f"arn:aws:iam::{PROD}:role/apply", "run")
    assert doors["dev"].source == ChainedRole(f"arn:aws:iam::{DEV}:role/apply", "run")


def test_master_that_is_also_assumable_is_entered_directly() -> None:
    """No role has to trust itself."""
    also = replace(ONWARD, accounts=(*ACCOUNTS, Account("main", PLACE, account_id=MASTER_ID)))
    doors = github_doors(also, "plan", "run", token)
    assert doors["main"].source == doors[MASTER].source
    assert isinstance(doors["main"].source, WebIdentity)


@pytest.mark.parametrize("policy", [DIRECT, ONWARD])
def test_account_without_an_id_has_no_door(policy: Policy) -> None:
    door = github_doors(replace(policy, accounts=(Account("new", PLACE),)), "plan", "run", token)["new"]
    assert (door.source, door.account_id) == (None, None)
    assert f"{door.label} {door.missing}" == "account `new` has no account id, which a run in GitHub Actions needs"
    assert door.remedy == "Add `account_id:` to it in access/config.yml (line 7)."


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-east-1", "aws"),
        ("eu-central-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-gov-east-1", "aws-us-gov"),
    ],
)
def test_partition_is_that_of_the_region(region: str, expected: str) -> None:
    assert partition(region) == expected
    doors = github_doors(replace(ONWARD, region=region), "plan", "run", token)
    for door in doors.values():
        assert isinstance(door.source, WebIdentity | ChainedRole)
        assert door.source.role_arn == f"arn:{expected}:iam::{door.account_id}:role/plan"


def test_printed_doors_show_no_secret() -> None:
    doors = github_doors(DIRECT, "plan", "run", token)
    key = AssumedRole("arn", "run", "AKIA", "secret")
    assert "token" not in repr(doors)
    assert "AKIA" not in repr(key)
    assert "secret" not in repr(key)


@pytest.mark.parametrize(
    ("repository", "run_id", "expected"),
    [
        ("acme/access", "4711", "acme.access@4711"),
        ("acme/access", "", "acme.access"),
        ("", "4711", "rolemodel-ci@4711"),
        ("", "", "rolemodel-ci"),
        ("a_b-c.d/e", "1", "a_b-c.d.e@1"),
        ("ünï/wörld", "1", ".n..w.rld@1"),
        ("a" * 100, "9" * 20, "a" * 43 + "@" + "9" * 20),
    ],
)
def test_session_name(repository: str, run_id: str, expected: str) -> None:
    assert session_name(repository, run_id) == expected


@pytest.mark.parametrize("length", [1, 39, 62, 63, 64, 65, 140])
@pytest.mark.parametrize("run_id", ["", "1", "12345678901", "9" * 20])
def test_session_name_is_one_that_sts_takes(length: int, run_id: str) -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: 2 to 64 of these characters."""
    name = session_name(("acme/" + "x" * length)[: max(length, 3)], run_id)
    assert re.fullmatch(r"[a-zA-Z0-9_+=,.@-]{2,64}", name)
    assert name.endswith(f"@{run_id}" if run_id else name)
