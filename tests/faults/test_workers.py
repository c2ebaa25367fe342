"""One worker and sixteen make the same plan, the same report and the same AWS, under the same faults."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from seeds import seeds

from rolemodel_ci.render.json import report_json

from .plans import Storm
from .storms import start_of, wish_of
from .world import FaultWorld

COUNT, BATCHES = 32, 4

_MADE_UP = re.compile(
    r"(RoleModel-\w+)-[A-Z0-9]{8,}|stack/RoleModel/[0-9a-f-]{36}|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-\w{12}"
)
"""Names that CloudFormation invents anew each time, and ids."""


@pytest.mark.seeded
@pytest.mark.parametrize("batch", range(BATCHES))
def test_workers_do_not_matter(
    world: FaultWorld, eager: None, batch: int, record_property: Callable[[str, object], None]
) -> None:
    faults: Counter[str] = Counter()
    for seed in seeds(COUNT)[batch::BATCHES]:
        start_of(world, seed)
        alone, many = (outcome(world, seed, jobs) for jobs in (1, 16))
        assert alone == many, f"seed {seed}"
        record_property("seeds with 1 and 16 workers", 1)
        faults += world.proxy.faults
    assert faults


def outcome(world: FaultWorld, seed: int, jobs: int) -> dict[str, Any]:
    """Everything that a run in the storm of that seed leaves, as a value."""
    world.aws.restore("start")
    world.proxy.begin(Storm(seed, steady=True))
    ran = world.run(wish_of(seed), jobs=jobs, keyed=True)
    report = ran.record.report
    left = {
        "code": ran.code,
        "out": ran.out,
        "report": report and report_json(report),
        "state": world.state().held,
        "faults": dict(sorted(world.proxy.faults.items())),
        "calls": sorted(asked.identity for asked in world.proxy.calls),
    }
    found: dict[str, Any] = json.loads(_MADE_UP.sub(r"\1", json.dumps(left, default=str)))
    return found


def test_a_seed_brings_the_same_faults_again(world: FaultWorld, eager: None) -> None:
    start_of(world, 3)
    first, second = (outcome(world, 3, 4) for _ in range(2))
    assert first == second
    assert first["faults"]
