"""Look whether stacks of an earlier policy are still where they were, and have the plan say so. Only reads."""

from __future__ import annotations

from dataclasses import replace

from rolemodel_ci.cli.world import World
from rolemodel_ci.diff.left import LeftStack, left_stacks, told_left
from rolemodel_ci.fanout import Raised, each
from rolemodel_ci.live import LiveStack
from rolemodel_ci.model import Policy
from rolemodel_ci.run import Planned


def with_left_stacks(planned: Planned, world: World, *bases: Policy | None) -> Planned:
    """The plan with a note of every stack that is left behind since these policies."""
    left = left_stacks(bases, world.policy)
    if not left:
        return planned

    def is_there(one: LeftStack) -> bool | None:
        account = world.policy.account(one.now or "")
        return None if account is None else isinstance(world.stacks(one.stack, one.region).read(account), LiveStack)

    answers = each(is_there, left, world.jobs)
    found = {
        one: None if isinstance(answer, Raised) else answer.value for one, answer in zip(left, answers, strict=True)
    }
    notes = (*planned.plan.notes, *told_left(found))
    return replace(planned, plan=replace(planned.plan, notes=notes))
