"""The master account in the place of one of the others: its developers would decide about everybody."""

from __future__ import annotations

from typing import Any

import pytest
from edge.surroundings import DEV, MASTER, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import Company
from .running import run


def accounts(**dev: Any) -> tuple[dict[str, Any], ...]:
    return ({"name": "prod", "account_id": PROD, "profile": "prod"}, {"name": "dev", **dev})


DEVS = ({"profile": "master"}, {"account_id": MASTER}, {"account_id": MASTER, "profile": "dev"})


@pytest.mark.parametrize("dev", DEVS)
def test_master_that_shows_is_refused_before_aws_is_asked(company: Company, dev: dict[str, str]) -> None:
    company.config(accounts=accounts(**dev))
    for command in ("validate", "apply", "delete"):
        ran = run(command, *(["--yes"] if command != "validate" else []))
        assert ran.code == 1
        assert "RM214" in ran.out
        assert "account `dev` has the" in ran.out
    assert company.aws.calls() == {}


@pytest.mark.parametrize("command", ["apply", "update"])
def test_profile_that_leads_to_the_master_makes_nothing_there(company: Company, command: str) -> None:
    company.files.keys(master=MASTER, prod=PROD, dev=MASTER)
    company.config(accounts=accounts(profile="dev"))
    ran = run(command, "--yes")
    assert ran.code == 5
    assert f"its credentials lead to account {MASTER}, which is the master account" in ran.out
    assert "master_is_assumable: true" in ran.out
    assert {name for name in company.members() if ".dev." in name} == set()
    assert company.stacks(MASTER).list_stacks()["StackSummaries"] == []
    planned = run("plan", "--format", "json").json
    assert [account["account"] for account in planned["unreadable"]] == ["dev"]


def test_it_may_be_meant(company: Company) -> None:
    company.files.keys(master=MASTER, prod=PROD, dev=MASTER)
    company.config(accounts=accounts(profile="dev"), master_is_assumable=True)
    assert run("apply", "--yes").code == 0
    assert "RM.dev.AdminRole" in company.members()
    company.config(accounts=accounts(account_id=MASTER, profile="master"), master_is_assumable=True)
    company.assert_nothing_left()


def test_profile_of_another_account_than_the_config_says(company: Company) -> None:
    company.files.switching(company.key, APPLY_ROLE, master=MASTER, prod=PROD, dev=PROD)
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert f"belong to account {PROD}; the config says {DEV}" in ran.out
    assert {name for name in company.members() if ".dev." in name} == set()
