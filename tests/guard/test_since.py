"""Several merges judged at once: by the narrowest state, with labels that count for their own merge alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from builders import TODAY, policy
from fakes import FakeCloud
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.pending_commits import Segment, Since, Unproven
from rolemodel_ci.reconcile.approval import Approved, Guard, Refusal
from rolemodel_ci.reconcile.attribution import attribute_since
from rolemodel_ci.reconcile.changes import Origin
from rolemodel_ci.reconcile.guards.approve import review_since

PEOPLE = [f"u{i}" for i in range(12)]
ROLES = {
    "Admin": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
    "Reader": {},
}
OPEN = "guards: {revoke_percent: 100}"


def of(admins: str = "u0, u1", readers: str = ", ".join(PEOPLE), config: str = OPEN) -> Policy:
    """A state: who is administrator, who reads."""
    return policy(f"prod: {{Admin: [{admins}], Reader: [{readers}]}}", roles=ROLES, config=config)


def since(*states: Policy, unproven: Unproven | None = None) -> Since:
    """From the first state to the last, a commit each: `c1`, `c2`…"""
    pairs = itertools.pairwise(states)
    return Since(states[-1], states[0], unproven, tuple(Segment(f"c{n}", a, b) for n, (a, b) in enumerate(pairs, 1)))


def judged(
    states: tuple[Policy, ...], labels: Mapping[str, Guard] | None = None, **more: Unproven
) -> Approved | tuple[Refusal, ...]:
    """What the guards say to the way along the states, of which the first is what AWS has."""
    cloud = FakeCloud(" ".join(PEOPLE))
    cloud.run(states[0])
    way = since(*states, **more)
    planned = cloud.planned(states[-1])
    found = attribute_since(planned.plan, way, TODAY)
    given = {commit: {guard: f"the label of {commit}"} for commit, guard in (labels or {}).items()}
    return review_since(found, way, planned.live, given)


def refusing(*states: Policy, labels: Mapping[str, Guard] | None = None, **more: Unproven) -> set[Guard]:
    """The guards that refuse."""
    found = judged(states, labels, **more)
    return set() if isinstance(found, Approved) else {refusal.guard for refusal in found}


LIMITED = "guards: {revoke_percent: 100, revoke_most: 3}"
FEWER, LESS = ", ".join(PEOPLE[:8]), ", ".join(PEOPLE[:7])


def test_a_limit_that_is_loosened_on_the_way_still_counts() -> None:
    start = of(config=LIMITED)
    assert refusing(start, of(), of(readers=FEWER)) == {Guard.MASS_REVOCATION}
    assert refusing(start, of(readers=FEWER, config=OPEN), of(readers=FEWER)) == {Guard.MASS_REVOCATION}
    assert refusing(of(), of(config=LIMITED), of(), of(readers=FEWER)) == {Guard.MASS_REVOCATION}
    assert refusing(of(), of(readers=FEWER)) == set()


def test_what_is_protected_anywhere_on_the_way_is_protected() -> None:
    kept = "guards: {revoke_percent: 100}\nprotected: [{user: u11, role: Reader}]"
    assert refusing(of(config=kept), of(), of(readers=FEWER)) == {Guard.PROTECTED}
    assert refusing(of(), of(config=kept), of(readers=FEWER)) == {Guard.PROTECTED}


MASS = Guard.MASS_REVOCATION


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, {MASS}),
        ({"c1": MASS}, set()),  # what is left is one, which passes
        ({"c2": MASS}, {MASS}),  # what is left are four
        ({"c1": MASS, "c2": MASS}, set()),
        ({"c1": Guard.PROTECTED}, {MASS}),
        ({"c9": MASS}, {MASS}),
    ],
)
def test_a_label_counts_for_what_its_own_commit_asks_for(labels: dict[str, Guard], expected: set[Guard]) -> None:
    assert refusing(of(config=LIMITED), of(readers=FEWER, config=LIMITED), of(readers=LESS, config=LIMITED),
                    labels=labels) == expected  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("", True), ("c1", True), ("c2", True), ("c1 c2", False)],
)
def test_two_that_take_the_last_administrators_together_both_need_the_label(labels: str, expected: bool) -> None:
    given = dict.fromkeys(labels.split(), Guard.LAST_ADMINISTRATOR)
    found = refusing(of(), of(admins="u1"), of(admins=""), labels=given)
    assert (Guard.LAST_ADMINISTRATOR in found) is expected


def test_guards_of_the_whole_want_every_label() -> None:
    states = (of(), of(admins="", readers="u1"), of(admins="", readers=""))
    every = dict.fromkeys(("c1", "c2"), Guard.EMPTY_MAP)
    assert Guard.EMPTY_MAP in refusing(*states, labels={"c2": Guard.EMPTY_MAP})
    assert Guard.EMPTY_MAP not in refusing(*states, labels=every)


def test_what_overrides_is_named() -> None:
    found = judged((of(config=LIMITED), of(readers=FEWER, config=LIMITED)), {"c1": MASS})
    assert isinstance(found, Approved)
    assert [(one.refusal.guard, one.by) for one in found.overridden] == [(MASS, "the label of c1")]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.sets(st.integers(1, 5)))
def test_labels_of_some_never_let_pass_what_the_others_may_not(sizes: list[int], labelled: set[int]) -> None:
    states, left = [of(config=LIMITED)], list(PEOPLE)
    for size in sizes:
        left = left[: max(len(left) - size, 1)]
        states.append(of(readers=", ".join(left), config=LIMITED))
    asked = [len(a.users.grants) - len(b.users.grants) for a, b in itertools.pairwise(states)
             if a.users and b.users]  # fmt: skip
    unlabelled = sum(count for number, count in enumerate(asked, 1) if number not in labelled)
    found = refusing(*states, labels={f"c{number}": MASS for number in labelled})
    assert (MASS in found) is (unlabelled > 3 or (sum(asked) > 3 and not labelled & set(range(1, len(asked) + 1))))


# ---- where the past is not known


def test_only_what_the_push_itself_asks_for_is_taken() -> None:
    unknown = Unproven.REWRITTEN
    assert refusing(of(), of(readers=FEWER), unproven=unknown) == set()
    cloud = FakeCloud(" ".join(PEOPLE))
    cloud.run(of())
    head = of(readers=FEWER)
    way = since(head, head, unproven=unknown)
    planned = cloud.planned(head)
    found = review_since(attribute_since(planned.plan, way, TODAY), way, planned.live, {})
    assert isinstance(found, tuple)
    assert [refusal.guard for refusal in found] == [Guard.UNKNOWN_STATE]
    assert "`u10`, `u11`" in found[0].message
    labelled = review_since(
        attribute_since(planned.plan, way, TODAY), way, planned.live, {"c1": {Guard.UNKNOWN_STATE: "a label"}}
    )
    assert isinstance(labelled, Approved)


@pytest.mark.parametrize("unknown", list(Unproven))
def test_nobody_is_given_back_what_may_have_been_revoked_since(unknown: Unproven) -> None:
    """The files of this push still hold it, and the push does not ask for it."""
    cloud = FakeCloud(" ".join(PEOPLE))
    cloud.run(of(readers=FEWER))
    head = of()
    way = since(head, head, unproven=unknown)
    planned = cloud.planned(head)
    found = review_since(attribute_since(planned.plan, way, TODAY), way, planned.live, {})
    if unknown in (Unproven.GONE, Unproven.REWRITTEN, Unproven.UNKNOWN, Unproven.NEWER):
        assert isinstance(found, tuple)
        assert [refusal.guard for refusal in found] == [Guard.UNKNOWN_STATE]
        assert "`u10`, `u11`" in found[0].message
        assert ("may give back what was revoked since" in found[0].message) is (unknown is not Unproven.NEWER)
    else:
        assert isinstance(found, Approved)


def test_a_first_rollout_needs_no_override() -> None:
    head = of()
    planned = FakeCloud(" ".join(PEOPLE)).planned(head)
    way = Since(head, None, Unproven.NEVER, (Segment("c1", None, head),))
    found = review_since(attribute_since(planned.plan, way, TODAY), way, planned.live, {})
    assert isinstance(found, Approved)


def test_a_stack_that_is_there_is_left_alone() -> None:
    other = policy("prod: {Admin: [u0, u1]}", roles={**ROLES, "Third": {}}, config=OPEN)
    base = policy("prod: {Admin: [u0, u1]}", roles=ROLES, config=OPEN)
    assert refusing(base, other, unproven=Unproven.GONE) == {Guard.UNKNOWN_STATE}
    assert refusing(base, other) == set()


def test_after_a_newer_state_nothing_passes() -> None:
    assert refusing(of(), of(admins="u0, u1, u2"), unproven=Unproven.NEWER) == {Guard.UNKNOWN_STATE}


def test_a_grant_has_ended_only_where_the_applied_state_says_so() -> None:
    ended = "{user: u11, expires: 2026-01-01}"
    cloud = FakeCloud(" ".join(PEOPLE))
    cloud.run(of())
    readers = f"{', '.join(PEOPLE[:11])}, {ended}"
    for base, origin in ((of(), Origin.REQUESTED), (of(readers=readers), Origin.EXPIRED)):
        head = of(readers=readers)
        planned = cloud.planned(head)
        (change,) = attribute_since(planned.plan, since(base, head), TODAY).plan.changes
        assert change.origin is origin


def test_a_label_lets_no_cut_of_other_merges_through() -> None:
    """A grant that one merge takes and another gives back with an early end was cut by the former."""
    ending = ", ".join(f"{{user: {user}, expires: {TODAY}}}" for user in PEOPLE[4:])
    start, gone = of(config=LIMITED), of(readers=", ".join(PEOPLE[:4]), config=LIMITED)
    back = of(readers=f"{', '.join(PEOPLE[:4])}, {ending}", config=LIMITED)
    other = of(admins="u0", readers=f"{', '.join(PEOPLE[:4])}, {ending}", config=LIMITED)
    states, guard = (start, gone, back, other), Guard.MASS_REVOCATION
    assert refusing(*states, labels={"c3": guard}) == {guard}
    assert refusing(*states, labels={"c1": guard, "c3": guard}) == set()
