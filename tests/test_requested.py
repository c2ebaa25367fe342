"""What a change in Git asks for, what ran out, and what differs for any other reason."""

from __future__ import annotations

import pytest
from builders import TODAY, policy
from fakes import FakeCloud, FakeGroup

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.changes import Origin, RemoveMember

MAP = "prod: {Admin: [alice], Reader: [bob]}"
BASE = policy(MAP)


def made(base: Policy | None = None) -> FakeCloud:
    """A cloud to which the base was applied."""
    cloud = FakeCloud("alice bob carol")
    assert cloud.run(base or BASE).is_complete
    return cloud


def origins(cloud: FakeCloud, base: Policy | None, head: Policy) -> dict[str, str]:
    """The origin of each change, by the change in short."""
    plan = attribute(cloud.plan(head), base, head, TODAY)
    assert all(change.origin is not None for change in plan.changes)
    return {
        " ".join(
            [type(change).__name__, getattr(change, "group", change.account) or "", getattr(change, "user", "")]
        ).strip(): str(change.origin)
        for change in plan.changes
    }


def test_who_comes_and_goes_by_the_change() -> None:
    head = policy("prod: {Admin: [carol], Reader: [bob]}")

    assert origins(made(), BASE, head) == {
        "RemoveMember RM.prod.Admin alice": "requested",
        "AddMember RM.prod.Admin carol": "requested",
    }


def test_who_comes_and_goes_although_nothing_was_asked_for() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members = {"carol"}

    assert origins(cloud, BASE, BASE) == {
        "RemoveMember RM.prod.Admin carol": "drift",
        "AddMember RM.prod.Admin alice": "drift",
    }


def test_drift_beside_a_request() -> None:
    cloud = made()
    cloud.groups["RM.prod.Reader"].members.add("carol")
    head = policy("prod: {Admin: [alice, carol], Reader: [bob]}")

    assert origins(cloud, BASE, head) == {
        "AddMember RM.prod.Admin carol": "requested",
        "RemoveMember RM.prod.Reader carol": "drift",
    }


def test_a_grant_whose_last_day_is_over_ended() -> None:
    head = policy("prod: {Admin: [{user: alice, expires: 2026-11-22}], Reader: [bob]}")

    assert origins(made(), head, head) == {"RemoveMember RM.prod.Admin alice": "expired"}
    assert origins(made(), None, head) == {"RemoveMember RM.prod.Admin alice": "expired"}


@pytest.mark.parametrize(
    "before", ["alice", "{user: alice, expires: 2026-11-23}", "{user: alice, expires: 2027-01-01}"]
)
def test_a_grant_that_the_change_itself_dates_back_is_revoked(before: str) -> None:
    base = policy(f"prod: {{Admin: [{before}], Reader: [bob]}}")
    head = policy("prod: {Admin: [{user: alice, expires: 2026-11-22}], Reader: [bob]}")
    plan = attribute(made(base).plan(head), base, head, TODAY)

    assert [(change.ended, change.origin) for change in plan.changes if isinstance(change, RemoveMember)] == [
        (None, Origin.REQUESTED)
    ]


def test_a_grant_that_is_given_again_is_requested() -> None:
    base = policy("prod: {Admin: [{user: alice, expires: 2026-11-22}], Reader: [bob]}")

    assert origins(made(base), base, BASE) == {"AddMember RM.prod.Admin alice": "requested"}


def test_a_new_role_asks_for_stack_group_and_policy() -> None:
    base = policy(MAP, accounts=["prod"])
    head = policy(MAP, roles={"Admin": {}, "Reader": {}, "Ops": {}}, accounts=["prod"])

    assert origins(made(base), base, head) == {
        "UpdateStack prod": "requested",
        "CreateGroup RM.prod.Ops": "requested",
        "PutPolicy RM.prod.Ops": "requested",
    }


def test_a_role_that_is_replaced_asks_for_its_policy() -> None:
    base = policy(MAP, accounts=["prod"])
    head = policy(MAP, roles={"Admin": {"Path": "/x/"}, "Reader": {}}, accounts=["prod"])

    assert origins(made(base), base, head) == {"UpdateStack prod": "requested", "PutPolicy RM.prod.Admin": "requested"}


def test_an_account_that_goes_takes_everything_with_it() -> None:
    head = policy("{}", accounts=["prod absent", "dev"])
    cloud = made()
    cloud.groups["RM.prod.Admin"].members.add("carol")
    told = origins(cloud, BASE, head)

    assert set(told.values()) == {"requested"}
    assert "RemoveMember RM.prod.Admin carol" in told
    assert "DeleteStack prod" in told
    assert "RemoveMember RM.prod.Admin alice" in told


def test_an_account_that_is_taken_out_takes_its_groups_with_it() -> None:
    told = origins(made(), BASE, policy("dev: {}", accounts=["dev"]))

    assert set(told.values()) == {"requested"}
    assert "DeleteGroup RM.prod.Admin" in told


def test_stacks_groups_and_policies_that_differ_by_themselves() -> None:
    cloud = made()
    cloud.accounts["prod"].stack = None
    del cloud.groups["RM.dev.Admin"]
    cloud.groups["RM.dev.Reader"].attached.append("arn:aws:iam::aws:policy/X")
    cloud.groups["Odd"] = FakeGroup("Odd", members={"carol"})
    told = origins(cloud, BASE, BASE)

    assert set(told.values()) == {"drift"}
    assert {
        "CreateStack prod",
        "CreateGroup RM.dev.Admin",
        "DetachPolicy RM.dev.Reader",
        "DeleteGroup Odd",
    } <= told.keys()


def test_the_first_commit_asks_for_everything() -> None:
    told = origins(FakeCloud("alice bob"), None, BASE)

    assert set(told.values()) == {"requested"}
    assert len(told) == 12


def test_without_a_map_nobody_was_a_member_by_the_map() -> None:
    cloud = made()
    base = policy(None)

    assert origins(cloud, base, policy("prod: {Admin: [alice, carol]}")) == {
        "AddMember RM.prod.Admin carol": "requested",
        "RemoveMember RM.prod.Reader bob": "drift",
    }


@pytest.mark.parametrize("config", ["stack_name: Other", "region: eu-west-1", "group_prefix: X."])
def test_the_config_can_ask_for_it(config: str) -> None:
    head = policy(MAP, config=config)
    told = origins(FakeCloud("alice bob"), BASE, head)

    assert told["CreateStack prod"] == ("drift" if "prefix" in config else "requested")
    assert {origin for change, origin in told.items() if change.startswith("CreateGroup")} == {
        "requested" if "prefix" in config else "drift"
    }
