"""What must hold for every policy, every state of AWS, and every way a run can fail."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from builders import TODAY
from fakes import ALL_GUARDS, FakeCloud, Killed, refuse
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from worlds import ACCOUNTS, USERS, World, worlds

from rolemodel_ci.model.live import LiveState, Unreadable
from rolemodel_ci.reconcile.changes import (
    CreateStack,
    DeleteGroup,
    Phase,
    PutPolicy,
    RenameGroup,
    SettleStack,
    StackChange,
    phase_of,
)
from rolemodel_ci.reconcile.diff.plan import plan_all
from rolemodel_ci.reconcile.diff.regained import with_regained
from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
from rolemodel_ci.reconcile.pipeline import EVERYTHING, carry_out
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.json import plan_json
from rolemodel_ci.render.json_document import as_text

COMMON = settings(max_examples=120)

Value = TypeVar("Value")

JOBS = st.sampled_from((1, 8))


class Luck:
    """Decides by a number, whatever the order of the calls, which of them fail: a share of all, or of one kind."""

    def __init__(self, number: int) -> None:
        self._seed, rest = divmod(number, 24)
        rest, self._share = divmod(rest, 3)
        self._kind = ("", "", "RemoveUser", "Policy", "GroupPolicy", "Stack", "Remove", "Delete")[rest]

    def __call__(self, write: str) -> Exception | None:
        """What goes wrong with this call, if anything."""
        draw = zlib.crc32(f"{self._seed} {write}".encode())
        if self._kind not in write or draw % 6 > self._share + bool(self._kind):
            return None
        return ValueError(write) if draw // 6 % 7 == 0 else refuse("AccessDenied", write)


LUCK = st.integers(0, 24 * 1000 - 1).map(Luck)


def run(world: World, cloud: FakeCloud, jobs: int = 1) -> Report | None:
    """Plan and apply; None where a quota is in the way, which no flag overrides and which changes nothing."""
    planned = cloud.planned(world.wanted, jobs=jobs)
    came = carry_out(EVERYTHING, planned, world.wanted, cloud.tools(jobs), ALL_GUARDS)
    if isinstance(came, tuple):
        assert cloud.writes == []
        return None
    return came


def made_all(report: Report | None) -> bool:
    """Whether a run made every change. All that may fail by itself is a role whose name another one has."""
    assume(report is not None)
    assert report is not None
    failed = [outcome for outcome in report.outcomes if isinstance(outcome, Failed)]
    assert all("already exists" in outcome.reason for outcome in failed), failed
    return all(isinstance(outcome, Done) for outcome in report.outcomes)


def unasked(world: World, cloud: FakeCloud) -> set[tuple[str, str, str]]:
    """Access that somebody had at any time and that neither the state before nor the policy gives."""
    return set().union(*cloud.accesses) - cloud.accesses[0] - world.gives(world.build())


def foreign(cloud: FakeCloud) -> Any:
    """Everything that is not ours."""
    return copy.deepcopy([group for group in cloud.groups.values() if group.path != "/RoleModel/"]), set(cloud.users)


@COMMON
@given(worlds())
def test_a_plan_that_was_applied_leaves_nothing_to_plan_and_to_write(world: World) -> None:
    cloud = world.build()
    assume(made_all(run(world, cloud)))

    assert cloud.plan(world.wanted).changes == ()
    writes = list(cloud.writes)
    again = cloud.run(world.wanted)
    assert again.outcomes == ()
    assert cloud.writes == writes


@COMMON
@given(worlds())
def test_a_run_gives_what_the_policy_says(world: World) -> None:
    assume(world.wanted.users is not None)
    cloud = world.build()
    report = run(world, cloud)
    assume(report is not None and report.is_complete)

    assert cloud.access() == world.gives(cloud)


@COMMON
@given(worlds(), JOBS)
def test_nothing_outside_our_path_is_changed(world: World, jobs: int) -> None:
    cloud = world.build()
    before = foreign(cloud)
    run(world, cloud, jobs)

    assert foreign(cloud) == before


@COMMON
@given(worlds(), LUCK, JOBS)
def test_what_is_taken_goes_before_everything_else_and_the_stack_of_an_account_before_its_grants(
    world: World, luck: Luck, jobs: int
) -> None:
    cloud = world.build()
    cloud.luck = luck
    report = run(world, cloud, jobs)
    # A group that goes on under another name goes once the other one has its members: nobody is without access. What
    # a role is called, which its group's policy opens, is known only when its stack is at rest.
    made = [outcome.change for outcome in report.outcomes] if report else []
    renamed = {change.old for change in made if isinstance(change, RenameGroup)}
    settled = {change.account for change in made if isinstance(change, SettleStack)}
    late = {change.group for change in made if isinstance(change, PutPolicy) and change.account in settled}
    history = [e for e in cloud.history if e.where not in renamed | (late if e.action == "PutGroupPolicy" else set())]
    kinds = [effect.kind == "revoke" for effect in history]

    assert kinds == sorted(kinds, reverse=True)
    for account in world.wanted.accounts:
        prefix = world.wanted.group_name(account.name, "")
        own = [e.kind for e in history if e.where == account.name or e.where.startswith(prefix)]
        assert own == sorted(own, key=("revoke", "build", "grant").index)


@settings(COMMON, max_examples=600)
@given(worlds(), LUCK, JOBS)
def test_nobody_has_access_for_a_moment_that_neither_state_nor_policy_gives(
    world: World, luck: Luck, jobs: int
) -> None:
    cloud = world.build()
    cloud.luck = luck
    run(world, cloud, jobs)

    assert unasked(world, cloud) == set()


@COMMON
@given(worlds(), LUCK, JOBS)
def test_every_change_has_one_outcome_and_what_was_not_made_is_told(world: World, luck: Luck, jobs: int) -> None:
    cloud = world.build()
    cloud.luck = luck
    report = run(world, cloud, jobs)
    assume(report is not None)
    assert report is not None

    assert [outcome.change for outcome in report.outcomes] == list(report.plan.changes)
    assert all(isinstance(outcome, Done | Failed | Skipped) for outcome in report.outcomes)
    assert all(isinstance(bug, ValueError) for bug in report.bugs)
    if report.is_complete:
        assert cloud.plan(world.wanted).is_empty


@COMMON
@given(worlds(), st.sampled_from(ACCOUNTS), JOBS)
def test_an_account_that_fails_does_not_stop_the_others(world: World, account: str, jobs: int) -> None:
    cloud = world.build()
    cloud.luck = lambda write: refuse("Throttling", write) if write.endswith(f"Stack {account}") else None
    report = run(world, cloud, jobs)
    assume(report is not None)
    assert report is not None

    stacks = {o.change.account for o in report.outcomes if isinstance(o, Failed) and isinstance(o.change, StackChange)}
    for outcome in report.outcomes:
        if outcome.change.account not in stacks:
            assert isinstance(outcome, Done)
        if phase_of(outcome.change) is Phase.REVOKE:
            assert isinstance(outcome, Done)


@settings(COMMON, max_examples=250)
@given(worlds(), LUCK)
def test_running_again_converges_from_every_failure(world: World, luck: Luck) -> None:
    cloud = world.build()
    cloud.luck = luck
    assume(run(world, cloud) is not None)

    assert left_after_one_more_run(world, cloud).changes == ()
    assert unasked(world, cloud) == set()


def left_after_one_more_run(world: World, cloud: FakeCloud) -> Plan:
    """The plan after a run in which nothing is made to fail."""
    cloud.luck, cloud.kill_after = lambda write: None, math.inf
    cloud.writes.clear()
    assume(made_all(run(world, cloud)))
    return cloud.plan(world.wanted)


@settings(COMMON, max_examples=250)
@given(worlds(), st.integers(0, 30))
def test_a_run_that_dies_gives_nobody_more_and_the_next_one_converges(world: World, writes: int) -> None:
    cloud = world.build()
    cloud.kill_after = writes
    try:
        report = run(world, cloud)
    except Killed:
        report = None
    else:
        assume(report is not None)
    assert unasked(world, cloud) == set()
    assert left_after_one_more_run(world, cloud).changes == ()
    assert unasked(world, cloud) == set()


@COMMON
@given(worlds())
def test_a_plan_is_the_same_whatever_the_threads_and_the_order_of_what_was_read(world: World) -> None:
    cloud = world.build()
    one, eight = cloud.planned(world.wanted, jobs=1), cloud.planned(world.wanted, jobs=8)
    live = _turned(one.live)
    turned = with_regained(plan_all(world.wanted, live, TODAY), world.wanted, live)

    assert one.plan == eight.plan == turned
    assert as_text(plan_json(one.plan)) == as_text(plan_json(eight.plan)) == as_text(plan_json(turned))


def _turned(live: LiveState) -> LiveState:
    """The same state, every mapping in reverse order."""

    def backwards(mapping: Mapping[str, Value]) -> dict[str, Value]:
        return dict(reversed(list(mapping.items())))

    groups = {
        name: replace(
            group,
            policies=backwards(group.policies),
            attached=group.attached[::-1],
            members=frozenset(sorted(group.members, reverse=True)),
        )
        for name, group in backwards(live.master.groups).items()
    }
    return LiveState(replace(live.master, groups=groups), backwards(live.stacks))


@COMMON
@given(worlds())
def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(world: World) -> None:
    cloud = world.build()
    plan = cloud.plan(world.wanted)
    unreadable = {account.account for account in plan.unreadable}
    kept = {
        world.wanted.group_name(account.name, role.name)
        for account in world.wanted.present
        if account.name in unreadable
        for role in world.wanted.template.roles
    }

    assert unreadable == world.unreadable & {account.name for account in world.wanted.accounts}
    for change in plan.changes:
        assert not (isinstance(change, StackChange) and change.account in unreadable)
        assert not (isinstance(change, DeleteGroup) and change.group in kept)
        assert phase_of(change) is Phase.REVOKE or change.account not in unreadable
    assert not any(isinstance(change, CreateStack) and change.account in unreadable for change in plan.changes)
    assert all(
        isinstance(stack, Unreadable)
        for name, stack in cloud.planned(world.wanted).live.stacks.items()
        if name in unreadable
    )


@COMMON
@given(worlds())
def test_a_plan_never_names_a_user_who_does_not_exist(world: World) -> None:
    plan = world.build().plan(world.wanted)

    assert {getattr(change, "user", "alice") for change in plan.changes} <= set(USERS)
