"""How much one run may take away: a share, a number, and never everything."""

from __future__ import annotations

from datetime import date

import pytest
from builders import policy

from rolemodel_ci.model.live import LiveState
from rolemodel_ci.reconcile.approval import Approved, Guard
from rolemodel_ci.reconcile.guards.approve import review
from rolemodel_ci.reconcile.plan import Plan, Totals

from .reviewing import master, refused, revocations, told


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
    found = told(revocations(26, 103), policy(), LiveState(master(), {}))

    assert found[0].message == (
        "26 of 103 memberships would be revoked (26 %); one run may revoke 25 % (or 5, whichever is more)"
    )
    assert "--allow mass-revocation" in found[0].remedy
    assert "`guards: revoke_percent:` in config.yml" in found[0].remedy


@pytest.mark.parametrize(
    ("number", "before", "config", "expected"),
    [
        (10, 1000, "guards: {revoke_most: 10}", []),
        (11, 1000, "guards: {revoke_most: 10}", [Guard.MASS_REVOCATION]),
        (1, 1000, "guards: {revoke_most: 0}", [Guard.MASS_REVOCATION]),
        (0, 1000, "guards: {revoke_most: 0}", []),
        (5, 1000, "guards: {revoke_most: 4, revoke_floor: 5}", [Guard.MASS_REVOCATION]),  # no floor below it
        (400, 1000, "guards: {revoke_most: 400, revoke_percent: 100}", []),
        (401, 1000, "guards: {revoke_most: 400, revoke_percent: 100}", [Guard.MASS_REVOCATION]),
        (26, 100, "guards: {revoke_most: 25}", [Guard.MASS_REVOCATION] * 2),
    ],
)
def test_a_number_that_no_run_goes_beyond(number: int, before: int, config: str, expected: list[Guard]) -> None:
    assert refused(revocations(number, before), config=config) == expected
    assert refused(revocations(number, before), None, Guard.MASS_REVOCATION, config=config) == []


def test_the_number_is_told_with_its_setting() -> None:
    (found,) = told(revocations(11, 1000), policy(config="guards: {revoke_most: 10}"), LiveState(master(), {}))

    assert found.message == "11 memberships would be revoked; one run may revoke 10"
    assert "--allow mass-revocation" in found.remedy
    assert "`guards: revoke_most:` in config.yml" in found.remedy


def test_grants_that_ran_out_do_not_count_as_revoked() -> None:
    assert refused(revocations(90, 100, ended=date(2026, 11, 22))) == []
    assert refused(revocations(2, 2, ended=date(2026, 11, 22))) == []


def test_a_map_that_empties_everything() -> None:
    assert refused(revocations(2, 2)) == [Guard.EMPTY_MAP]
    assert refused(revocations(9, 9)) == [Guard.MASS_REVOCATION, Guard.EMPTY_MAP]
    assert refused(revocations(1, 2)) == []
    assert refused(Plan((), totals=Totals(0, 0, 0, 0))) == []


def test_without_a_map_there_is_none_that_empties() -> None:
    assert isinstance(review(revocations(2, 2), policy(None), LiveState(master(), {})), Approved)
