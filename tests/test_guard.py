"""What a guard refuses, exactly from which number on, and what lets the plan pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from builders import MASTER_ID, policy

from rolemodel_ci.guard import review, review_deletion
from rolemodel_ci.live import Identity, Live, LiveGroup, LiveMaster, Quotas
from rolemodel_ci.plan import (
    AddMember,
    Approved,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    Guard,
    Plan,
    PutPolicy,
    Refusal,
    RemoveMember,
    Totals,
)

WANTED = policy()
GROUP = "RM.prod.Admin"


def master(
    groups: dict[str, str] | None = None, *, path: str = "/RoleModel/", quotas: Quotas | None = None
) -> LiveMaster:
    """A master account with groups and their members."""
    live = {name: LiveGroup(name, path, frozenset(users.split()), {}) for name, users in (groups or {}).items()}
    return LiveMaster(Identity(MASTER_ID, "arn:aws:iam::1:user/ci"), frozenset(), live, quotas or Quotas())


def revocations(number: int, before: int, *, ended: date | None = None) -> Plan:
    """A plan that takes that many of the memberships away."""
    changes = tuple(RemoveMember("prod", "Admin", GROUP, f"u{i:03}", ended) for i in range(number))
    return Plan(changes, totals=Totals(before, before - number, 4, 4))


def refused(plan: Plan, live: LiveMaster | None = None, *allowed: Guard, config: str = "") -> list[Guard]:
    """The guards that refuse a plan."""
    found = review(plan, policy(config=config), Live(live or master(), {}), frozenset(allowed))
    return [] if isinstance(found, Approved) else [refusal.guard for refusal in found]


@pytest.mark.parametrize(
    ("number", "before", "config", "expected"),
    [
        (5, 6, "", []),
        (6, 24, "", []),
        (6, 23, "", [Guard.MASS_REVOCATION]),
        (25, 100, "", []),
        (26, 100, "", [Guard.MASS_REVOCATION]),
        (6, 1000, "guards: {revoke_percent: 0}", [Guard.MASS_REVOCATION]),
        (99, 100, "guards: {revoke_percent: 100}", []),
        (1, 3, "guards: {revoke_floor: 0}", [Guard.MASS_REVOCATION]),
        (30, 40, "guards: {revoke_floor: 30}", []),
        (0, 0, "", []),
    ],
)
def test_a_share_of_all_memberships(number: int, before: int, config: str, expected: list[Guard]) -> None:
    assert refused(revocations(number, before), config=config) == expected


def test_the_numbers_are_told_and_the_share_is_rounded_up() -> None:
    found = review(revocations(26, 103), WANTED, Live(master(), {}))

    assert isinstance(found, tuple)
    assert found[0].message == (
        "26 of 103 memberships would be revoked (26 %); one run may revoke 25 % (or 5, whichever is more)"
    )
    assert "--allow mass-revocation" in found[0].remedy
    assert "revoke_percent" in found[0].remedy


def test_grants_that_ran_out_do_not_count_as_revoked() -> None:
    assert refused(revocations(90, 100, ended=date(2026, 11, 22))) == []
    assert refused(revocations(2, 2, ended=date(2026, 11, 22))) == []


def test_a_map_that_empties_everything() -> None:
    assert refused(revocations(2, 2)) == [Guard.EMPTY_MAP]
    assert refused(revocations(9, 9)) == [Guard.MASS_REVOCATION, Guard.EMPTY_MAP]
    assert refused(revocations(1, 2)) == []
    assert refused(Plan((), totals=Totals(0, 0, 0, 0))) == []


def test_without_a_map_there_is_none_that_empties() -> None:
    assert isinstance(review(revocations(2, 2), policy(None), Live(master(), {})), Approved)


def test_groups_that_only_lack_the_prefix() -> None:
    plan = Plan((DeleteGroup(None, None, "prod.Admin"), DeleteGroup(None, None, "old.Admin")))
    found = review(plan, WANTED, Live(master(), {}))

    assert isinstance(found, tuple)
    assert [refusal.guard for refusal in found] == [Guard.RENAMED_GROUPS]
    assert "`prod.Admin`" in found[0].message
    assert 'group_prefix: ""' in found[0].remedy
    assert refused(plan, config='group_prefix: ""') == []
    assert refused(Plan((DeleteGroup(None, None, "old.Admin"),))) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(299, 300, []), (299, 301, [Guard.QUOTA]), (310, 310, []), (310, 305, []), (310, 311, [Guard.QUOTA])],
)
def test_the_quota_of_groups(before: int, after: int, expected: list[Guard]) -> None:
    plan = Plan((CreateGroup("prod", "Admin", GROUP),), totals=Totals(0, 0, before, after))

    assert refused(plan) == expected


def joining(*changes: Change) -> Plan:
    """A plan in which alice becomes a member of our group."""
    return Plan((*changes, AddMember("prod", "Admin", GROUP, "alice")), totals=Totals(1, 2, 1, 1))


@pytest.mark.parametrize(("has", "expected"), [(9, []), (10, [Guard.QUOTA])])
def test_ten_groups_per_user_those_elsewhere_included(has: int, expected: list[Guard]) -> None:
    groups = {f"g{i}": "alice" for i in range(has)}

    assert refused(joining(), master(groups)) == expected
    assert refused(joining(), master(groups, path="/")) == expected


def test_groups_that_a_user_leaves_make_room() -> None:
    groups = {f"g{i}": "alice" for i in range(10)}

    assert refused(joining(RemoveMember("prod", "Admin", "g0", "alice")), master(groups)) == []
    assert refused(joining(RemoveMember("prod", "Admin", "g0", "bob")), master(groups)) == [Guard.QUOTA]


def test_who_is_over_the_quota_and_gains_nothing_is_not_told() -> None:
    assert refused(joining(), master({f"g{i}": "bob" for i in range(12)})) == []


def test_the_quota_is_read_live() -> None:
    assert refused(joining(), master({"g": "alice"}, quotas=Quotas(groups_per_user=1))) == [Guard.QUOTA]


def opening(name: str, *, path: str = "/RoleModel/") -> LiveMaster:
    """A master account with one group that opens something."""
    group = LiveGroup(name, path, frozenset(), {f"{name}-Policy": {"Version": "2012-10-17"}})
    return LiveMaster(Identity(MASTER_ID, "arn:aws:iam::1:user/ci"), frozenset(), {name: group})


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (opening("RM.prod.Admin"), [Guard.MOVED_STACKS]),
        (opening("prod.Admin"), [Guard.MOVED_STACKS]),  # as the 2015 tool named it
        (opening("RM.old.Admin"), []),
        (opening("RM.prod.Admin", path="/"), []),
        (master({"RM.prod.Admin": ""}), []),
    ],
)
def test_stacks_that_seem_to_be_elsewhere(live: LiveMaster, expected: list[Guard]) -> None:
    made = [CreateStack(account.name, None, "RoleModel", ()) for account in WANTED.present]
    plan = Plan(tuple(made))

    assert refused(plan, live) == expected
    assert refused(plan, live, Guard.MOVED_STACKS) == []
    assert refused(Plan(plan.changes[1:]), live) == []  # an account has its stack
    assert refused(Plan((replace(made[0], replaces="ROLLBACK_COMPLETE"), *made[1:])), live) == []


@pytest.mark.parametrize(("length", "expected"), [(5_030, []), (5_031, [Guard.QUOTA])])
def test_the_size_of_a_policy(length: int, expected: list[Guard]) -> None:
    assert refused(Plan((PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", "a" * length),))) == expected
    assert refused(Plan((PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", None),))) == []


def test_a_guard_can_be_overridden_for_one_run_but_not_a_quota() -> None:
    plan = revocations(9, 9)

    assert refused(plan, None, Guard.MASS_REVOCATION) == [Guard.EMPTY_MAP]
    both = frozenset({Guard.MASS_REVOCATION, Guard.EMPTY_MAP})
    assert review(plan, WANTED, Live(master(), {}), both) == Approved(plan, (Guard.EMPTY_MAP, Guard.MASS_REVOCATION))
    assert refused(joining(), master({f"g{i}": "alice" for i in range(10)}), *Guard) == [Guard.QUOTA]


def test_every_reason_is_told_at_once_and_says_what_to_do() -> None:
    plan = Plan(
        (*revocations(9, 9).changes, DeleteGroup(None, None, "prod.Admin"), *joining().changes),
        totals=Totals(9, 0, 300, 301),
    )
    found = review(plan, WANTED, Live(master({f"g{i}": "alice" for i in range(10)}), {}))

    assert isinstance(found, tuple)
    assert {refusal.guard for refusal in found} == set(Guard) - {Guard.MOVED_STACKS}
    assert all(isinstance(refusal, Refusal) and refusal.message and refusal.remedy for refusal in found)


def test_deletion_is_not_guarded() -> None:
    plan = revocations(9, 9)

    assert review_deletion(plan) == Approved(plan)
