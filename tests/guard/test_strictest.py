"""What a change takes out or loosens is not gone for that very change."""

from __future__ import annotations

import pytest
from builders import policy
from fakes import FakeCloud

from rolemodel_ci.reconcile.approval import Approved, Guard
from rolemodel_ci.reconcile.guards.approve import review, strictest

PEOPLE = [f"u{i}" for i in range(12)]
EVERYBODY = f"prod: {{Admin: [{', '.join(PEOPLE)}]}}"


def refusing(before: str, after: str, users: str) -> set[Guard]:
    """The guards that refuse to change from everybody to these users, with one config before and another after it."""
    cloud = FakeCloud(" ".join([*PEOPLE, "eve"]))
    base, head = policy(EVERYBODY, config=before), policy(users, config=after)
    cloud.run(base)
    planned = cloud.planned(head)
    found = review(planned.plan, strictest(head, base), planned.live)
    return set() if isinstance(found, Approved) else {refusal.guard for refusal in found}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "guards: {revoke_percent: 100}", {Guard.MASS_REVOCATION}),
        ("", "guards: {revoke_floor: 100}", {Guard.MASS_REVOCATION}),
        ("guards: {revoke_percent: 100, revoke_most: 3}", "guards: {revoke_percent: 100}", {Guard.MASS_REVOCATION}),
        ("guards: {revoke_percent: 100}", "guards: {revoke_percent: 100, revoke_most: 3}", {Guard.MASS_REVOCATION}),
        ("guards: {revoke_percent: 100}", "guards: {revoke_percent: 5}", {Guard.MASS_REVOCATION}),
        ("guards: {revoke_percent: 100}", "guards: {revoke_percent: 100}", set()),
    ],
)
def test_the_narrower_limit_counts(before: str, after: str, expected: set[Guard]) -> None:
    assert refusing(before, after, "prod: {Admin: [u0, u1, eve]}") == expected


PROTECTED = "guards: {revoke_percent: 100}\nprotected: [{user: u5}]"


def test_what_was_protected_before_is_protected() -> None:
    open_ = "guards: {revoke_percent: 100}"
    assert refusing(PROTECTED, open_, "prod: {Admin: [u0]}") == {Guard.PROTECTED}
    assert refusing(open_, PROTECTED.replace("u5", "u0"), "prod: {Admin: [u1]}") == {Guard.PROTECTED}
    assert refusing(open_, open_, "prod: {Admin: [u0]}") == set()


def test_without_a_base_the_head_decides() -> None:
    head = policy(EVERYBODY, config=PROTECTED)
    assert strictest(head, None) is head
    assert strictest(head, head) == head
