"""What there is: roles with their ARNs, groups, members, and the page that switches into each."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from builders import Roles, policy
from fakes import FakeCloud, FakeStack

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import DEAD
from rolemodel_ci.reconcile.inventory import listing, switch_link

MFA = {
    "AssumeRolePolicyDocument": {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": "*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }
        ]
    }
}
ROLES: Roles = {"Admin": {"MaxSessionDuration": "7200", "RoleName": "boss", "Path": "/team/", **MFA}, "Reader": {}}
WANTED = policy("prod: {Admin: [bob, alice]}", roles=ROLES, config="master_account_profile: main")


def made(wanted: Policy = WANTED) -> FakeCloud:
    """A cloud to which the policy was applied."""
    cloud = FakeCloud("alice bob")
    assert cloud.run(wanted).is_complete
    return cloud


def test_every_role_of_every_account_in_the_order_of_the_files() -> None:
    found = listing(WANTED, made().planned(WANTED).live)

    assert [(e.account, e.role) for e in found.entries] == [
        ("prod", "Admin"),
        ("prod", "Reader"),
        ("dev", "Admin"),
        ("dev", "Reader"),
    ]
    assert (found.missing, found.unreadable, found.source_profile, found.region) == ((), (), "main", "us-east-1")


def test_everything_about_a_role() -> None:
    entry, plain = listing(WANTED, made().planned(WANTED).live).entries[:2]

    assert (entry.account_id, entry.name, entry.arn) == (
        "222222222222",
        "boss",
        "arn:aws:iam::222222222222:role/team/boss",
    )
    assert (entry.group, entry.members) == ("RM.prod.Admin", ("alice", "bob"))
    assert (entry.mfa, entry.session_seconds) == (True, 7200)
    assert (plain.mfa, plain.session_seconds, plain.members) == (False, 3600, ())
    assert plain.name.startswith("RoleModel-Reader-")


def test_a_duration_that_only_aws_knows_is_the_default() -> None:
    wanted = policy("prod: {}", roles={"Admin": {"MaxSessionDuration": {"Fn::ImportValue": "x"}}}, accounts=["prod"])

    assert listing(wanted, made(wanted).planned(wanted).live).entries[0].session_seconds == 3600


def test_a_role_without_its_group() -> None:
    cloud = made()
    cloud.groups.clear()

    assert {e.members for e in listing(WANTED, cloud.planned(WANTED).live).entries} == {()}


def test_accounts_without_a_stack_and_unreadable_ones() -> None:
    cloud = FakeCloud()
    cloud.fail("DescribeStacks", "dev")
    found = listing(WANTED, cloud.planned(WANTED).live)

    assert found.entries == ()
    assert found.missing == ("prod",)
    assert [account.account for account in found.unreadable] == ["dev"]


@pytest.mark.parametrize("status", sorted(DEAD))
def test_a_dead_stack_is_none(status: str) -> None:
    cloud = made()
    cloud.accounts["prod"].stack = FakeStack(status)

    assert listing(WANTED, cloud.planned(WANTED).live).missing == ("prod",)


def test_an_absent_account_lacks_nothing_but_is_listed_while_it_has_roles() -> None:
    wanted = policy("{}", roles=ROLES, accounts=["prod absent", "dev"])

    assert [e.account for e in listing(wanted, made().planned(wanted).live).entries] == ["prod"] * 2 + ["dev"] * 2
    assert listing(wanted, FakeCloud().planned(wanted).live).missing == ("dev",)


def test_only_some_accounts() -> None:
    cloud = made()
    cloud.accounts["prod"].stack = None
    found = listing(WANTED, cloud.planned(WANTED, only="dev").live, frozenset({"dev"}))

    assert {e.account for e in found.entries} == {"dev"}
    assert found.missing == ()


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
    ],
)
def test_the_page_that_switches(partition: str, host: str) -> None:
    link = urlsplit(switch_link(f"arn:{partition}:iam::222222222222:role/team/a+b", "Admin @ prod & more " + "x" * 99))
    query = parse_qs(link.query)

    assert (link.scheme, link.netloc, link.path) == ("https", host, "/switchrole")
    assert query["account"] == ["222222222222"]
    assert query["roleName"] == ["team/a+b"]
    assert query["displayName"] == [("Admin @ prod & more " + "x" * 99)[:64]]
