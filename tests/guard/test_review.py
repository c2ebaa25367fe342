"""All guards together: every reason at once, and which of them an approved plan needed to be overridden."""

from __future__ import annotations

import itertools
import json

import pytest
from builders import policy, template
from fakes import FakeCloud

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveState
from rolemodel_ci.reconcile.approval import Approved, Guard
from rolemodel_ci.reconcile.changes import AddMember, DeleteGroup
from rolemodel_ci.reconcile.guards.approve import review, review_deletion
from rolemodel_ci.reconcile.pipeline import Planned
from rolemodel_ci.reconcile.plan import Plan, Totals

from .reviewing import GROUP, master, refused, revocations, told

WANTED = policy()


def test_a_guard_can_be_overridden_for_one_run() -> None:
    assert refused(revocations(9, 9), None, Guard.MASS_REVOCATION) == [Guard.EMPTY_MAP]


def wild() -> tuple[Policy, Planned]:
    """A plan that several guards refuse, on a config that protects something and names the tool's own roles."""
    admin = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}
    config = "protected: [{user: alice}]\ngithub_oidc: {plan_role: p, apply_role: own}"
    everyone = [f"u{i}" for i in range(8)]
    cloud = FakeCloud(" ".join(["alice", *everyone]))
    before = template({"Admin": admin, "Own": {"RoleName": "own"}})
    cloud.run(policy(json.dumps({"prod": {"Admin": ["alice", *everyone]}}), roles=before, config=config))
    wanted = policy("{}", roles=template({"Admin": admin}), config=config)
    return wanted, cloud.planned(wanted)


NEEDED = {
    Guard.MASS_REVOCATION, Guard.EMPTY_MAP, Guard.PROTECTED, Guard.LAST_ADMINISTRATOR, Guard.OWN_LOCKOUT,
}  # fmt: skip


def test_every_reason_is_told_at_once_and_what_would_let_it_pass() -> None:
    wanted, planned = wild()
    found = told(planned.plan, wanted, planned.live)

    assert {refusal.guard for refusal in found} == NEEDED
    assert all(f"`--allow {refusal.guard}`" in refusal.remedy for refusal in found)
    assert all(any(char.isdecimal() for char in refusal.message) for refusal in found)


def test_renamed_groups_are_told_with_the_others() -> None:
    plan = Plan(
        (*revocations(9, 9).changes, DeleteGroup(None, None, "prod.Admin"), AddMember("prod", "Admin", GROUP, "alice")),
        totals=Totals(9, 0, 300, 300),
    )
    found = told(plan, WANTED, LiveState(master({f"g{i}": "alice" for i in range(10)}), {}))

    assert {refusal.guard for refusal in found} == {Guard.MASS_REVOCATION, Guard.EMPTY_MAP, Guard.RENAMED_GROUPS}


@pytest.mark.parametrize(
    "spare", [frozenset(), frozenset({Guard.MOVED_STACKS, Guard.RENAMED_GROUPS}), frozenset(Guard)]
)
def test_an_approved_plan_tells_exactly_what_was_set_aside_and_by_what(spare: frozenset[Guard]) -> None:
    wanted, planned = wild()

    allowed = {guard: f"by {guard}" for guard in NEEDED | spare}
    approved = review(planned.plan, wanted, planned.live, allowed)

    assert isinstance(approved, Approved)
    assert tuple(one.refusal for one in approved.overridden) == told(planned.plan, wanted, planned.live)
    assert all(one.by == f"by {one.refusal.guard}" for one in approved.overridden)
    assert review(Plan(()), wanted, planned.live, allowed) == Approved(Plan(()), ())


def test_one_override_too_few_is_a_refusal() -> None:
    wanted, planned = wild()

    for allowed in itertools.combinations(NEEDED, len(NEEDED) - 1):
        (found,) = told(planned.plan, wanted, planned.live, *allowed)
        assert {found.guard} == NEEDED - set(allowed)


def test_deletion_is_not_guarded() -> None:
    plan = revocations(9, 9)

    assert review_deletion(plan, policy(), LiveState(master(), {})) == Approved(plan)
