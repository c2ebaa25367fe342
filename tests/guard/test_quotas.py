"""The quotas of the master account: at the end of a plan, and at every step on the way there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from builders import policy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import World, worlds

from rolemodel_ci.apply import apply
from rolemodel_ci.guard import review
from rolemodel_ci.live import Live, LiveMaster, Quotas
from rolemodel_ci.plan import (
    AddMember,
    Change,
    CreateGroup,
    DeleteGroup,
    DeletePolicy,
    Failed,
    Plan,
    PutPolicy,
    RemoveMember,
    Totals,
)
from rolemodel_ci.verdict import Approved, Guard

from .reviewing import GROUP, joining, master, refused, told


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (299, 300, []), (299, 301, [Guard.QUOTA]), (310, 300, []),
        # More than AWS allows already: it takes no new group before there is room, whatever goes.
        (310, 301, [Guard.QUOTA]), (310, 310, [Guard.QUOTA]), (310, 311, [Guard.QUOTA]),
    ],
)  # fmt: skip
def test_the_quota_of_groups(before: int, after: int, expected: list[Guard]) -> None:
    plan = Plan((CreateGroup("prod", "Admin", GROUP),), totals=Totals(0, 0, before, after))

    assert refused(plan) == expected


def test_whoever_has_too_many_groups_may_still_take_away() -> None:
    plan = Plan((DeleteGroup("prod", "Admin", GROUP),), totals=Totals(0, 0, 311, 310))

    assert refused(plan) == []
    assert refused(Plan((), totals=Totals(0, 0, 310, 310))) == []


def test_the_numbers_are_told() -> None:
    groups = {f"g{i}": "alice" for i in range(10)}
    plan = joining(CreateGroup("prod", "Admin", GROUP), PutPolicy("prod", "Admin", GROUP, "p", "a" * 5_120))
    found = told(replace(plan, totals=Totals(0, 0, 300, 301)), policy(), Live(master(groups), {}))

    assert [refusal.message for refusal in found] == [
        "the master account would have 301 groups; it may have 300",
        "`alice` would be in 11 groups, those outside /RoleModel/ included; AWS allows 10, and it cannot be raised",
        f"the policy of `{GROUP}` would have {5_120 + len(AROUND)} characters; AWS allows 5120",
    ]


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


AROUND = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":""}]}'
"""What stands around the ARN in the policy of a group, without white space, as IAM counts."""


@pytest.mark.parametrize(("length", "expected"), [(5_120, []), (5_121, [Guard.QUOTA])])
def test_the_size_of_a_policy(length: int, expected: list[Guard]) -> None:
    arn = "a" * (length - len(AROUND))

    assert refused(Plan((PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", arn),))) == expected
    assert refused(Plan((PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", None),))) == []


def test_an_arn_that_is_not_known_yet_counts_as_the_longest_there_is() -> None:
    plan = Plan((PutPolicy("prod", "Admin", GROUP, f"{GROUP}-Policy", None),))
    most = len(AROUND) + len("arn:aws-us-gov:iam::222222222222:role") + 512 + 64

    assert refused(plan, master(quotas=Quotas(group_policy_size=most))) == []
    assert refused(plan, master(quotas=Quotas(group_policy_size=most - 1))) == [Guard.QUOTA]


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


@settings(
    derandomize=True, deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(worlds(), QUOTAS)
def test_a_plan_is_refused_exactly_if_a_step_of_it_would_exceed_a_quota(world: World, quotas: Quotas) -> None:
    cloud = world.build()
    cloud.quotas = quotas
    planned = cloud.planned(world.wanted)
    found = review(planned.plan, world.wanted, planned.live, dict.fromkeys(Guard, "a test"))

    assert isinstance(found, Approved) == (not list(breaches(planned.plan, planned.live.master)))
    if isinstance(found, Approved):
        report = apply(found, world.wanted, cloud.tools())
        assert not [o for o in report.outcomes if isinstance(o, Failed) and "LimitExceeded" in o.reason]
