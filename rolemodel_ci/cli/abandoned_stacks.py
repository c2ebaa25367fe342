"""Look whether stacks of an earlier policy are still where they were, and have the plan say so. Only reads."""

from __future__ import annotations

import time
from dataclasses import replace

from rolemodel_ci.cli.environment import World
from rolemodel_ci.model.applied_state import AppliedState, Left, StateAnswer
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.concurrency import Raised, each_within
from rolemodel_ci.reconcile.diff.abandoned_stacks import LeftStack, left_stacks, told_left
from rolemodel_ci.reconcile.observe import patience_for
from rolemodel_ci.reconcile.pipeline import Planned


def with_left_stacks(planned: Planned, world: World, answer: StateAnswer, *bases: Policy | None) -> Planned:
    """The plan with a note of every stack that is left behind since these policies, or that is remembered as such."""
    left = left_stacks(bases, world.policy, answer.left if isinstance(answer, AppliedState) else ())
    if not left:
        return replace(planned, left=())
    readers = {place: world.stacks(place[1], place[0]) for place in {(one.region, one.stack) for one in left}}

    def is_there(one: LeftStack) -> bool | None:
        account = world.policy.account(one.now or "")
        return None if account is None else readers[one.region, one.stack].exists(account)

    patience = patience_for(time.monotonic)
    answers = each_within(is_there, left, world.jobs, lambda one: patience(world.policy.account(one.now or "")))
    found = {one: None if isinstance(got, Raised) else got.value for one, got in zip(left, answers, strict=True)}
    notes = (*planned.plan.notes, *told_left(found))
    still: tuple[Left, ...] = tuple(sorted(one.place for one, answer_ in found.items() if answer_ is not False))
    return replace(planned, plan=replace(planned.plan, notes=notes), left=still)
