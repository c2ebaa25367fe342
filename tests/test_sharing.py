"""What of a run each merge asked for."""

from __future__ import annotations

import itertools

from builders import TODAY, policy
from fakes import FakeCloud

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.pending_commits import Segment, Since
from rolemodel_ci.reconcile.attribution import attribute_since
from rolemodel_ci.reconcile.changes import AddMember, RemoveMember
from rolemodel_ci.reconcile.merge_attribution import Share, share
from rolemodel_ci.reconcile.outcome import Done, Report


def shares(live: Policy, *states: Policy, users: str = "alice bob carol dave") -> list[Share]:
    """The shares of merges `c1`, `c2`…, where AWS is what `live` says and everything is made."""
    cloud = FakeCloud(users)
    cloud.run(live)
    pairs = itertools.pairwise(states)
    since = Since(states[-1], states[0], None, tuple(Segment(f"c{n}", a, b) for n, (a, b) in enumerate(pairs, 1)))
    found = attribute_since(cloud.plan(states[-1]), since, TODAY)
    report = Report(found.plan, tuple(Done(change) for change in found.plan.changes))
    last = len(since.segments)
    return [share(found, since, frozenset({f"c{n}"}), TODAY, report, newest=n == last) for n in range(1, last + 1)]


def admins(users: str, more: str = "") -> Policy:
    """Who is administrator of prod."""
    return policy(f"prod: {{Admin: [{users}]{more}}}")


def who(one: Share) -> set[tuple[type, str]]:
    """What a share says of people."""
    return {(type(c), c.user) for c in one.plan.changes if isinstance(c, AddMember | RemoveMember)}


def test_each_has_its_own_and_the_newest_what_nobody_asked_for() -> None:
    start = admins("alice, bob")
    meddled = admins("alice, bob, carol")
    one, two = shares(meddled, start, admins("alice"), admins("alice, dave"))
    assert who(one) == {(RemoveMember, "bob")}
    assert who(two) == {(AddMember, "dave"), (RemoveMember, "carol")}
    assert one.report is not None
    assert {outcome.change for outcome in one.report.outcomes} == set(one.plan.changes)
    assert not one.is_empty


def test_what_an_earlier_run_has_made_is_told_from_what_is_left() -> None:
    start = admins("alice, bob")
    half = admins("alice")  # bob was taken away before the run was killed
    (one,) = shares(half, start, admins("alice, dave"))
    assert who(one) == {(AddMember, "dave")}
    assert [(asked.touch, asked.user) for asked in one.earlier] == [("loses", "bob")]
    assert one.undone == ()


def test_what_a_later_merge_takes_back_is_neither() -> None:
    start = admins("alice")
    one, two = shares(start, start, admins("alice, bob"), admins("alice"))
    assert [asked.user for asked in one.undone] == ["bob"]
    assert (one.earlier, who(one)) == ((), set())
    assert [asked.user for asked in two.earlier] == ["bob"]


def test_what_cannot_be_made_is_not_said_to_be_there() -> None:
    start = admins("alice")
    (one,) = shares(start, start, admins("alice, nobody"))
    assert (one.earlier, one.undone, who(one)) == ((), (), set())


def test_a_merge_of_nothing_has_nothing_to_tell() -> None:
    start = admins("alice")
    meddled = admins("alice, bob")
    (one,) = shares(start, start, start)
    assert one.is_empty
    (one,) = shares(meddled, start, start)
    assert not one.is_empty
