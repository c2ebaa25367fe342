"""One run of the tool in a process of its own: `python -m benchmarks.step`, told on standard input what to do.

It takes the way of `rolemodel-ci plan` and `rolemodel-ci apply --yes`: load, check, plan, guard, apply. Only the way
into the accounts is the embedded AWS's. It prints one JSON object: seconds, peak memory, what was planned.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.policy import read_files
from rolemodel_ci.cli.world import World
from rolemodel_ci.edge.files import Directory
from rolemodel_ci.edge.terminal import PlainWatch
from rolemodel_ci.plan import Report
from rolemodel_ci.run import EVERYTHING, carry_out, make_plan
from rolemodel_ci.sandbox.furnish import Furnished
from rolemodel_ci.sandbox.world import role_sessions


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run. `made` is None where it only planned."""

    seconds: float
    peak_mib: int
    planned: int
    made: int | None


def main() -> None:
    """Do what standard input says."""
    started = time.perf_counter()
    told = json.load(sys.stdin)
    planned, made = _run(told["config"], Furnished(**told["furnished"]), told["jobs"], told["apply"])
    print(json.dumps(asdict(Came(time.perf_counter() - started, _peak_mib(), planned, made))))


def _peak_mib() -> int:
    """Peak memory of this process. Where /proc tells it, that: what getrusage tells begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _run(config: str, furnished: Furnished, jobs: int, applies: bool) -> tuple[int, int | None]:
    policy, problems = read_files(Directory(config, Path.cwd(), (config,)), config)
    assert policy is not None, problems
    assert not problems, problems
    reading, writing = role_sessions(policy, furnished, jobs)
    sessions = writing if applies else reading
    world = World(sessions, sessions, policy, jobs)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=jobs)
    if not applies:
        return len(planned.plan.changes), None
    came: Any = carry_out(EVERYTHING, planned, policy, world.tools(PlainWatch()))
    assert isinstance(came, Report), came
    assert came.is_complete, came.outcomes[:3]
    return len(planned.plan.changes), len(came.outcomes)


if __name__ == "__main__":
    main()
