"""Where a storm begins: a rollout that was made, and what people have done to AWS since."""

from __future__ import annotations

from random import Random

from .conftest import EMPTY
from .drift import disturb
from .wishes import Wish, drawn
from .world import FaultWorld, State

_STARTS = 5
"""Rollouts to begin with; a storm may also begin with nothing."""


def wish_of(seed: int) -> Wish:
    """What the repository wants in the storm of that seed."""
    return drawn(f"wish {seed}")


def start_of(world: FaultWorld, seed: int) -> State:
    """Put the start of a storm in place; it is kept as `start`, and watched from then on who can get in."""
    number = seed % (_STARTS + 1)
    slot = f"start-{number}" if number else EMPTY
    if number and not world.aws.has(slot):
        world.aws.restore(EMPTY)
        assert world.calm(drawn(slot)).code == 0
        world.aws.save(slot)
    world.aws.restore(slot)
    random = Random(f"drift {seed}")
    disturb(world.aws, random, random.choice((0, 0, 1, 2, 3)))
    world.aws.save("start")
    world.aws.restore("start")
    return world.state()
