"""Storms: any start, any wish, and calls that fail in every way there is.

However a run ends, it says so honestly, nobody gets what neither the start nor the wish gives, and a calm run finishes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from seeds import seeds

from rolemodel_ci.render.json import report_json

from .honesty import check_honesty
from .plans import Storm
from .storms import start_of, wish_of
from .world import Ended, FaultWorld

COUNT, BATCHES = 200, 8


@pytest.mark.seeded
@pytest.mark.parametrize("batch", range(BATCHES))
def test_storms(world: FaultWorld, quick: None, batch: int, record_property: Callable[[str, object], None]) -> None:
    faults: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    mine = seeds(COUNT)[batch::BATCHES]
    for seed in mine:
        ran = weather(world, seed)
        faults += world.proxy.faults
        codes[ran.code] += 1
        settle(world, seed)
    record_property("seeds of storms", len(mine))
    record_property("faults in storms", faults.total())
    record_property("runs in storms that ended done", codes[0])
    assert faults.total() > len(mine)


def weather(world: FaultWorld, seed: int) -> Ended:
    """One run in a storm, and what must hold of it."""
    wish, before = wish_of(seed), start_of(world, seed)
    world.proxy.begin(Storm(seed))
    ran = world.run(wish, jobs=seed % 5 * 3 + 1, keyed=bool(seed % 4))
    after = world.state()
    told = f"seed {seed}: exit {ran.code}\n{ran.err[-3000:]}\n{wish}"
    assert ran.code in (0, 3, 4, 5), told
    assert world.ever() <= before.accesses | wish.accesses, (told, world.ever() - before.accesses - wish.accesses)
    if ran.record.report is None:
        assert after == before, told
    else:
        check_honesty(report_json(ran.record.report), after, wish, told)
        assert (ran.code == 0) == (after.wrong(wish) == ([], []) and ran.record.report.is_complete), told
    return ran


def settle(world: FaultWorld, seed: int) -> None:
    """A calm run finishes the job, and one more has nothing to do."""
    wish = wish_of(seed)
    ran = world.calm(wish)
    assert ran.code == 0, (seed, ran)
    after = world.state()
    assert after.wrong(wish) == ([], []), (seed, after)
    # An account that is not in the config keeps its stack, but no group opens it.
    assert after.accesses == wish.accesses, seed
    assert world.calm(wish).code == 0
    assert world.proxy.writes() == [], seed
