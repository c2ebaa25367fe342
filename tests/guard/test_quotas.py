"""The quotas of the master account: what does not fit is blocked, whoever it is, and everything else is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import policy
from fakes import ALL_GUARDS, FakeCloud, FakeGroup
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import World, worlds

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveMaster, Quotas
from rolemodel_ci.reconcile.apply import apply
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    DeleteGroup,
    DeletePolicy,
    DetachPolicy,
    Phase,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    order,
)
from rolemodel_ci.reconcile.diff.groups import policy_name
from rolemodel_ci.reconcile.diff.quota_fit import fitting
from rolemodel_ci.reconcile.guards.approve import review
from rolemodel_ci.reconcile.outcome import Failed
from rolemodel_ci.reconcile.plan import Blocked, Plan

from .reviewing import GROUP, master


def fit(
    *changes: Change, groups: dict[str, str] | None = None, path: str = "/RoleModel/", quotas: Quotas | None = None
) -> tuple[list[Change], list[Blocked]]:
    """What of these changes fits, and what is blocked."""
    return fitting(sorted(changes, key=order), master(groups, path=path, quotas=quotas), "/RoleModel/")


JOINS = AddMember("prod", "Admin", GROUP, "alice")
MAKES = CreateGroup("prod", "Admin", GROUP)
OPENS = PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", "arn:aws:iam::222222222222:role/Admin")


# ---- groups of a user


@pytest.mark.parametrize("path", ["/RoleModel/", "/"])
def test_ten_groups_per_user_those_elsewhere_included(path: str) -> None:
    nine, ten = ({f"g{i}": "alice" for i in range(has)} for has in (9, 10))

    assert fit(JOINS, groups=nine, path=path) == ([JOINS], [])
    kept, (block,) = fit(JOINS, groups=ten, path=path)
    assert kept == []
    assert (block.group, block.user) == (GROUP, "alice")
    assert block.reason == (
        "`alice` would be in 11 groups, those outside /RoleModel/ included; AWS allows 10, and it cannot be raised"
    )
    assert block.remedy == "Take a role away from the user, or a membership outside of this repository; then run again."


def test_groups_that_a_user_leaves_make_room() -> None:
    groups = {f"g{i}": "alice bob" for i in range(10)}

    assert fit(JOINS, RemoveMember("prod", "Admin", "g0", "alice"), groups=groups)[1] == []
    assert len(fit(JOINS, RemoveMember("prod", "Admin", "g0", "bob"), groups=groups)[1]) == 1


def test_the_first_grants_in_the_order_of_the_plan_fit() -> None:
    joins = [AddMember("prod", "Admin", name, "alice") for name in ("c", "a", "d", "b")]
    kept, blocked = fit(*joins, groups={f"g{i}": "alice" for i in range(8)})

    assert [change.group for change in kept if isinstance(change, AddMember)] == ["a", "b"]
    assert [block.group for block in blocked] == ["c", "d"]
    assert "11 groups" in blocked[0].reason


def test_who_is_over_the_quota_may_still_be_taken_out_and_stops_nobody_else() -> None:
    leaves, bob = RemoveMember("prod", "Admin", "g0", "alice"), AddMember("prod", "Admin", GROUP, "bob")
    kept, blocked = fit(leaves, JOINS, bob, groups={f"g{i}": "alice" for i in range(12)})

    assert (kept, [block.user for block in blocked]) == ([leaves, bob], ["alice"])


def test_the_quota_is_read_live() -> None:
    assert len(fit(JOINS, groups={"g": "alice"}, quotas=Quotas(groups_per_user=1))[1]) == 1


# ---- groups of the account


@pytest.mark.parametrize(
    ("there", "going", "fits"), [(2, 0, True), (3, 0, False), (3, 1, True), (5, 1, False), (5, 3, True)]
)
def test_the_quota_of_groups(there: int, going: int, fits: bool) -> None:
    groups = {f"g{i}": "" for i in range(there)}
    gone = [DeleteGroup(None, None, f"g{i}") for i in range(going)]
    kept, blocked = fit(MAKES, OPENS, JOINS, *gone, groups=groups, quotas=Quotas(groups=3))

    assert kept == [*gone, *((MAKES, OPENS, JOINS) if fits else ())]
    assert [(block.group, block.user) for block in blocked] == ([] if fits else [(GROUP, None), (GROUP, "alice")])
    assert {block.reason for block in blocked} == (
        set() if fits else {f"the master account would have {there - going + 1} groups; it may have 3"}
    )


def test_the_stack_of_a_group_that_cannot_be_made_is_made_and_the_next_run_goes_on() -> None:
    cloud = FakeCloud("alice bob")
    cloud.quotas = Quotas(groups=1)
    wanted = policy("prod: {Admin: [alice], Reader: [bob]}", accounts=["prod"])
    report = cloud.run(wanted)

    assert cloud.access() == {("alice", "prod", "Admin")}
    assert [(b.group, b.user) for b in report.plan.blocked] == [("RM.prod.Reader", None), ("RM.prod.Reader", "bob")]
    assert not report.is_complete
    assert cloud.plan(wanted).changes == ()
    cloud.quotas = Quotas()
    assert cloud.run(wanted).is_complete


RENAMES = RenameGroup("prod", "Admin", GROUP, "old", "arn:aws:iam::222222222222:role/Admin", ("alice",), ())


def test_a_rename_needs_room_for_a_moment_and_its_people_stay_where_they_are_without() -> None:
    bob = AddMember("prod", "Admin", GROUP, "bob")
    there = {"old": "alice", "other": ""}
    kept, blocked = fit(RENAMES, bob, groups=there, quotas=Quotas(groups=2))

    assert kept == []
    assert [(block.group, block.user) for block in blocked] == [(GROUP, None), (GROUP, "bob")]
    assert "`old` keeps its name, its members and what it opens" in blocked[0].reason
    assert fit(RENAMES, bob, groups=there, quotas=Quotas(groups=3)) == ([RENAMES, bob], [])
    assert fit(RENAMES, groups={**there, GROUP: ""}, quotas=Quotas(groups=3)) == ([RENAMES], [])
    assert fit(RENAMES, groups=there, quotas=Quotas(group_policy_size=9))[0] == []


def test_of_many_renames_the_next_run_makes_those_that_have_no_room() -> None:
    cloud = FakeCloud("alice bob")
    before = policy("prod: {Admin: [alice], Reader: [bob]}", config="group_prefix: X.", accounts=["prod"])
    cloud.run(before)
    cloud.quotas = Quotas(groups=3)
    wanted = policy("prod: {Admin: [alice], Reader: [bob]}", accounts=["prod"])
    for complete in (False, True):
        assert cloud.run(wanted).is_complete is complete
        assert cloud.access() == {("alice", "prod", "Admin"), ("bob", "prod", "Reader")}


# ---- size of a policy

AROUND = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":""}]}'
"""What stands around the ARN in the policy of a group, without white space, as IAM counts."""


@pytest.mark.parametrize(("length", "fits"), [(5_120, True), (5_121, False)])
def test_the_size_of_a_policy(length: int, fits: bool) -> None:
    opens = PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", "a" * (length - len(AROUND)))
    kept, blocked = fit(MAKES, opens, JOINS)

    assert kept == ([MAKES, opens, JOINS] if fits else [])
    assert [(block.group, block.user) for block in blocked] == ([] if fits else [(GROUP, None), (GROUP, "alice")])
    assert all(f"would have {length} characters; AWS allows 5120" in block.reason for block in blocked)


def test_an_arn_that_is_not_known_yet_counts_as_the_longest_there_is() -> None:
    opens = PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", None)
    most = len(AROUND) + len("arn:aws-us-gov:iam::222222222222:role") + 512 + 64

    assert fit(opens, quotas=Quotas(group_policy_size=most))[1] == []
    assert [b.user for b in fit(opens, quotas=Quotas(group_policy_size=most - 1))[1]] == [None]


def test_a_policy_that_was_to_narrow_and_does_not_fit_goes() -> None:
    narrows = PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", "arn", Phase.REVOKE)
    kept, blocked = fit(narrows, groups={GROUP: ""}, quotas=Quotas(group_policy_size=9))

    assert kept == [DeletePolicy("prod", "Admin", GROUP, f"{GROUP}-Policy")]
    assert [block.group for block in blocked] == [GROUP]


# ---- and on the way there

QUOTAS = st.builds(
    Quotas,
    groups=st.integers(0, 12),
    groups_per_user=st.integers(1, 6),
    group_policy_size=st.sampled_from((130, 140, 150, 160, 700, 720, 5_120)),
)


def breaches(plan: Plan, live: LiveMaster) -> Iterator[Change]:
    """The changes of a plan, in the order of apply, that AWS would refuse for a quota."""
    groups = {name: set(group.members) for name, group in live.groups.items()}
    sizes = {name: {key: size(value) for key, value in group.policies.items()} for name, group in live.groups.items()}
    for change in plan.changes:
        match change:
            case RemoveMember():
                groups[change.group].remove(change.user)
            case DeletePolicy():
                del sizes[change.group][change.policy]
            case DeleteGroup():
                del groups[change.group], sizes[change.group]
            case CreateGroup():
                groups[change.group], sizes[change.group] = set(), {}
                if len(groups) > live.quotas.groups:
                    yield change
            case RenameGroup():
                groups[change.group] = groups.get(change.group, set()) | set(change.members)
                sizes.setdefault(change.group, {})[policy_name(change.group)] = len(AROUND) + len(change.arn or LONGEST)
                if (
                    len(groups) > live.quotas.groups
                    or sum(sizes[change.group].values()) > live.quotas.group_policy_size
                ):
                    yield change
                del groups[change.old], sizes[change.old]
            case PutPolicy():
                sizes[change.group][change.policy] = len(AROUND) + len(change.arn or LONGEST)
                if sum(sizes[change.group].values()) > live.quotas.group_policy_size:
                    yield change
            case AddMember():
                groups[change.group].add(change.user)
                if sum(change.user in members for members in groups.values()) > live.quotas.groups_per_user:
                    yield change


LONGEST = "a" * (37 + 512 + 64)


def size(document: Any) -> int:
    """Characters of a policy as IAM counts them."""
    return len(json.dumps(document, separators=(",", ":")))


COMMON = settings(max_examples=250)


@COMMON
@given(worlds(), QUOTAS)
def test_no_step_of_a_plan_exceeds_a_quota_and_what_is_taken_away_goes_all_the_same(
    world: World, quotas: Quotas
) -> None:
    cloud = world.build()
    free = cloud.plan(world.wanted)
    cloud.quotas = quotas
    planned = cloud.planned(world.wanted)
    plan = planned.plan

    assert list(breaches(plan, planned.live.master)) == []
    assert {c for c in free.changes if isinstance(c, REMOVALS)} <= set(plan.changes)
    assert len(plan.blocked) >= len(free.blocked)
    found = review(plan, world.wanted, planned.live, ALL_GUARDS)
    assert isinstance(found, Approved)
    report = apply(found, world.wanted, cloud.tools())
    assert not [o for o in report.outcomes if isinstance(o, Failed) and "LimitExceeded" in o.reason]


REMOVALS = RemoveMember | DetachPolicy | DeletePolicy | DeleteGroup


@COMMON
@given(worlds(), QUOTAS)
def test_nothing_is_blocked_for_a_quota_that_would_have_fitted(world: World, quotas: Quotas) -> None:
    cloud = world.build()
    unlimited = {(b.group, b.user) for b in cloud.plan(world.wanted).blocked}
    cloud.quotas = quotas
    planned = cloud.planned(world.wanted)
    full = {b.group for b in planned.plan.blocked if b.user is None}
    for block in planned.plan.blocked:
        if block.user and block.group not in full and (block.group, block.user) not in unlimited:
            more = AddMember(None, None, block.group, block.user)
            changes = tuple(sorted((*planned.plan.changes, more), key=order))
            assert list(breaches(Plan(changes), planned.live.master)) != []


def test_which_grants_fit_is_the_same_for_every_number_of_threads_and_stays_so() -> None:
    cloud = FakeCloud("alice")
    cloud.groups |= {name: FakeGroup(name, "/", {"alice"}) for name in ("x", "y")}
    cloud.quotas = Quotas(groups_per_user=4)
    roles: dict[str, dict[str, object]] = {name: {} for name in "ABCDE"}

    def wanted(names: str) -> Policy:
        return policy(json.dumps({"prod": {name: ["alice"] for name in names}}), roles=roles, accounts=["prod"])

    plans = [cloud.plan(wanted("BCDE"), jobs=jobs) for jobs in (1, 8, 16)]
    assert plans[0] == plans[1] == plans[2]
    cloud.run(wanted("BCDE"))
    assert cloud.access() == {("alice", "prod", "B"), ("alice", "prod", "C")}
    cloud.run(wanted("ABCDE"))  # A comes before B and C, and they stay
    assert cloud.access() == {("alice", "prod", "B"), ("alice", "prod", "C")}
