"""Accounts that swap their ids, or get another's: told as who gains and loses what."""

from __future__ import annotations

from edge.surroundings import DEV, PROD

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import Company, role
from .running import run

SWAPPED = (
    {"name": "prod", "account_id": DEV, "profile": "prod"},
    {"name": "dev", "account_id": PROD, "profile": "dev"},
)
ADMIN = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}


def test_two_accounts_that_swap_ids(company: Company) -> None:
    company.roles(AdminRole=role(**ADMIN), ReadRole=role())
    company.applied().config(accounts=SWAPPED)
    company.files.switching(company.key, APPLY_ROLE, master="111111111111", prod=DEV, dev=PROD)
    told = " ".join(run("plan").out.split())
    assert f"`prod` is another AWS account than before: its groups open roles of {PROD} (`dev` by now)" in told
    assert "`carol` (`RM.prod.AdminRole`), `alice` (`RM.prod.ReadRole`), `bob` (`RM.prod.ReadRole`)" in told
    assert "! `carol` becomes administrator of `prod` (`AdminRole` allows every action)." in told
    assert "! `alice`, `bob` and `carol` become administrator of `dev`" in told
    ran = run("apply")
    assert ran.code == 2
    assert "3 users become as good as administrator" in ran.err
    assert company.aws.writes() == {}


def test_nothing_is_told_of_accounts_that_stay(company: Company) -> None:
    company.applied()
    assert "another AWS account" not in run("plan").out
