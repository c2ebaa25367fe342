"""A whole company on the embedded AWS: calls by action, seconds and memory of the runs that matter."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.delay import delayed, longer
from benchmarks.repository import Size, add_grant, write
from benchmarks.step import Came
from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import SandboxCredentials, seed
from rolemodel_ci.sandbox.sessions import furniture

FIRST, QUIET, GRANT = "first apply", "plan, nothing to do", "apply of one grant"
JOBS = 16
_DEADLINE = 1800  # seconds that one run may take


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tool: what came of it, and the calls that reached AWS, by action.

    `latency`: seconds that were to be added to every call, and `lag` those by which one takes longer. `served`: seconds
    of CPU that the embedded AWS took for the calls. `seconds`: on the clock, from the start of the process to its end.
    """

    name: str
    jobs: int
    latency: float
    came: Came
    calls: Mapping[str, int]
    served: float
    seconds: float
    lag: float = 0.0

    def least(self, size: Size) -> float:
        """Seconds that the calls alone take with as many workers: see docs/benchmarks.md, "The floor"."""
        calls = sum(self.calls.values())
        each = self.served / calls
        row = chain(self.name, size) + calls / self.jobs if self.jobs > 1 else calls
        return max(row * (self.lag + each), self.served)


@contextlib.contextmanager
def company(size: Size, latency: float) -> Iterator[Bench]:
    """Files of that size, and an AWS that has the accounts and the users, and nothing else."""
    with (
        tempfile.TemporaryDirectory(prefix="rolemodel-ci-bench-") as directory,
        EmbeddedAws(groups_quota=max(300, size.groups)) as aws,
        delayed(aws.url, latency) if latency else contextlib.nullcontext(aws.url) as url,
    ):
        config = write(Path(directory), size)
        policy, _ = read_files(Directory(config, Path.cwd(), (config,)), config)
        assert policy is not None
        furnished = replace(seed(aws, furniture(policy)), url=url)
        yield Bench(aws, config, furnished, latency, longer(url, aws.url) if latency else 0.0)


@dataclass(frozen=True, slots=True)
class Rollout:
    """The runs of one company, and where the CPU of the plan with nothing to do went (see profiles.py)."""

    size: Size
    runs: tuple[Run, ...]
    parts: Mapping[str, float]


def rollout(size: Size, latency: float) -> Rollout:
    """First apply, a plan with nothing to do, an apply of one grant; then once more, with `latency` on every call.

    What has nothing to do is done without latency by one worker too, and under the profiler.
    """
    with company(size, 0.0) as bench:
        near = [bench.run(FIRST, applies=True), bench.run(QUIET), bench.run(QUIET, jobs=1)]
        parts: dict[str, float] = json.loads(step("profile", bench.told(jobs=1) | {"profile": True}))
        near.append(_one_grant(bench, size))
    if not latency:
        return Rollout(size, tuple(near), parts)
    with company(size, latency) as bench:
        far = [bench.run(FIRST, applies=True), bench.run(QUIET), _one_grant(bench, size)]
    return Rollout(size, (*near, *far), parts)


def _one_grant(bench: Bench, size: Size) -> Run:
    add_grant(Path(bench.config).parent, size)
    return bench.run(GRANT, applies=True)


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs the tool on an embedded AWS."""

    aws: EmbeddedAws
    config: str
    furnished: SandboxCredentials
    latency: float
    lag: float

    def run(self, name: str, *, jobs: int = JOBS, applies: bool = False) -> Run:
        """Run the tool once in a process of its own."""
        self.aws.mark()
        before = cpu_seconds(self.aws.pid)
        started = time.perf_counter()
        came = Came(**json.loads(step(name, self.told(jobs=jobs, applies=applies))))
        seconds = time.perf_counter() - started
        served = cpu_seconds(self.aws.pid) - before
        return Run(name, jobs, self.latency, came, self.aws.calls(), served, seconds, self.lag)

    def told(self, *, jobs: int, applies: bool = False) -> dict[str, object]:
        """What a run is told."""
        return {"config": self.config, "furnished": asdict(self.furnished), "jobs": jobs, "apply": applies}


def step(name: str, told: Mapping[str, object]) -> str:
    """What a run of `benchmarks.step` prints. Raises RuntimeError with what it said where it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.step"],
        input=json.dumps(told),
        text=True,
        capture_output=True,
        timeout=_DEADLINE,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-4000:]}")
    return done.stdout


def cpu_seconds(pid: int) -> float:
    """CPU that a process has taken so far, as proc_pid_stat(5) tells it (utime, stime); 0 where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def chain(name: str, size: Size) -> int:
    """Calls of which each has to wait for the one before, in the longest such row of a run."""
    if name == FIRST:
        # Look (AssumeRole and pages of users, quotas); of a stack: three calls to make it, three to read it; of a
        # group: it, its policy, its members.
        return 2 + _pages(size.users + 1) + 6 + 2 + -(-size.grants // size.groups)
    look = max(4, 2 + _pages(size.users + 1 + size.groups))
    return look + (name == GRANT)


def _pages(items: int, page: int = 1000) -> int:
    return -(-items // page)


def floor(size: Size) -> Mapping[str, int]:
    """The fewest calls that a look at everything can take: nothing is remembered from one run to the next.

    Each account: one for credentials, and three for its stack (status and parameters, template, names of the roles).
    The master: one for credentials, one for the quotas, and the pages of its users and groups (and the user of CI).
    """
    return {
        "cloudformation:DescribeStacks": size.accounts,
        "cloudformation:GetTemplate": size.accounts,
        "cloudformation:ListStackResources": size.accounts,
        "iam:GetAccountAuthorizationDetails": _pages(size.users + 1 + size.groups),
        "iam:GetAccountSummary": 1,
        "sts:AssumeRole": size.accounts + 1,
    }
