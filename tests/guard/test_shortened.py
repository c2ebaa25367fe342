"""Grants that a change has end earlier are taken by that change: on the day itself nobody is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import TODAY, policy
from fakes import FakeCloud

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import Approved, Guard, Refusal
from rolemodel_ci.reconcile.attribution import SOON, attribute, shortened
from rolemodel_ci.reconcile.guards.approve import review

PEOPLE = [f"u{i}" for i in range(12)]
ROLES = {"Admin": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, "Reader": {}}


def until(count: int, day: date | None, admins: str = "u0, u1") -> Policy:
    """Readers of whom the first so many have a last day."""
    listed = [f"{{user: {user}, expires: {day}}}" if day and n < count else user for n, user in enumerate(PEOPLE)]
    return policy(f"prod: {{Admin: [{admins}], Reader: [{', '.join(listed)}]}}", roles=ROLES)


def refusals(base: Policy, head: Policy) -> tuple[Refusal, ...]:
    """What the guards say to the change, with AWS as the base says."""
    cloud = FakeCloud(" ".join(PEOPLE))
    cloud.run(base)
    planned = cloud.planned(head)
    found = review(attribute(planned.plan, base, head, TODAY), head, planned.live)
    return () if isinstance(found, Approved) else found


TOMORROW = TODAY + timedelta(days=1)


def test_many_that_end_soon_are_a_mass_revocation() -> None:
    (one,) = refusals(until(0, None), until(10, TOMORROW))
    assert one.guard is Guard.MASS_REVOCATION
    assert f"10 of 14 memberships would end earlier than they were to, all by {TOMORROW}" in one.message
    assert refusals(until(0, None), until(3, TOMORROW)) == ()


def test_they_count_together_with_what_goes_now() -> None:
    base = until(0, None)
    listed = [*(f"{{user: {user}, expires: {TOMORROW}}}" for user in PEOPLE[:4]), *PEOPLE[4:9]]
    head = policy(f"prod: {{Admin: [u0, u1], Reader: [{', '.join(listed)}]}}", roles=ROLES)
    (one,) = refusals(base, head)
    assert f"7 of 14 memberships would be revoked, 4 of them by an earlier last day (by {TOMORROW})" in one.message


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (None, TODAY + SOON, True),
        (None, TODAY + SOON + timedelta(days=1), False),
        (None, TODAY, True),
        (TOMORROW + timedelta(days=1), TOMORROW, True),
        (TOMORROW, TOMORROW, False),
        (TOMORROW, TOMORROW + timedelta(days=1), False),
        (TODAY - timedelta(days=1), TODAY - timedelta(days=2), False),
        (None, TODAY - timedelta(days=1), False),  # that one goes now
    ],
)
def test_which_count(before: date | None, after: date | None, counts: bool) -> None:
    found = shortened(until(1, before), until(1, after), TODAY)
    assert bool(found) is counts
    assert shortened(None, until(1, after), TODAY) == ()


@pytest.mark.parametrize(
    ("admins", "refused"),
    [
        (f"{{user: u0, expires: {TOMORROW}}}, {{user: u1, expires: {TOMORROW}}}", True),
        (f"{{user: u0, expires: {TOMORROW}}}, u1", False),
        (f"{{user: u0, expires: {TODAY + timedelta(days=400)}}}, {{user: u1, expires: {TOMORROW}}}", False),
        (f"{{user: u0, expires: {TOMORROW}}}", True),
    ],
)
def test_the_last_administrator_cannot_be_cut_short(admins: str, refused: bool) -> None:
    found = refusals(until(0, None), until(0, None, admins))
    assert (Guard.LAST_ADMINISTRATOR in {one.guard for one in found}) is refused


@pytest.mark.parametrize("how", ["id", "was", "prefix", "role"])
def test_a_cut_under_another_name_counts(how: str) -> None:
    listed = ", ".join(f"{{user: {user}, expires: {TOMORROW}}}" for user in PEOPLE)
    name, reader = "prod", "Viewer" if how == "role" else "Reader"
    config = {"prefix": "group_prefix: Iam.", "role": "roles: {Viewer: {was: Reader}}"}.get(how, "")
    users = f"{name}: {{Admin: [u0, u1], {reader}: [{listed}]}}"
    head = policy(users, roles={"Admin": ROLES["Admin"], reader: {}}, config=config)
    if how in ("id", "was"):
        accounts = (replace(head.accounts[0], name="production", was="prod" if how == "was" else None),)
        assert head.users is not None
        grants = tuple(grant._replace(account="production") for grant in head.users.grants)
        users_map = replace(head.users, grants=grants)
        head = replace(head, accounts=(*accounts, *head.accounts[1:]), users=users_map)
    assert len(shortened(until(0, None), head, TODAY)) == len(PEOPLE)
    if how in ("prefix", "role"):
        assert Guard.MASS_REVOCATION in {one.guard for one in refusals(until(0, None), head)}
