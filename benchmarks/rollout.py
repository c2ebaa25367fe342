"""A whole company on the embedded AWS: calls by action, seconds and memory of the runs that matter."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.delay import delayed
from benchmarks.repository import Size, add_grant, write
from benchmarks.step import Came
from rolemodel_ci.cli.policy import read_files
from rolemodel_ci.edge.files import Directory
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.furnish import Furnished, furnish
from rolemodel_ci.sandbox.world import furniture

JOBS = 16
_DEADLINE = 900  # seconds that one run may take


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tool: what came of it, and the calls that reached AWS, by action."""

    name: str
    jobs: int
    latency: float
    came: Came
    calls: Mapping[str, int]


def rollout(size: Size, latency: float = 0.0) -> list[Run]:
    """First apply, a plan with nothing to do (with one worker and with 16), and an apply of one grant.

    `latency` in seconds: if there is any, the plan is made again with as much added to every call.
    """
    with (
        tempfile.TemporaryDirectory(prefix="rolemodel-ci-bench-") as directory,
        EmbeddedAws(groups_quota=max(300, size.groups)) as aws,
    ):
        config = write(Path(directory), size)
        policy, _ = read_files(Directory(config, Path.cwd(), (config,)), config)
        assert policy is not None
        furnished = furnish(aws, furniture(policy))
        bench = _Bench(aws, config)
        runs = [
            bench.run("first apply", furnished, applies=True),
            bench.run("plan, nothing to do", furnished),
            bench.run("plan, nothing to do", furnished, jobs=1),
        ]
        if latency:
            with delayed(aws.url, latency) as url:
                far = replace(furnished, url=url)
                runs += [bench.run("plan, nothing to do", far, jobs=jobs, latency=latency) for jobs in (JOBS, 1)]
        add_grant(Path(directory), size)
        return [*runs, bench.run("apply of one grant", furnished, applies=True)]


class _Bench:
    def __init__(self, aws: EmbeddedAws, config: str) -> None:
        self._aws = aws
        self._config = config

    def run(
        self, name: str, furnished: Furnished, *, jobs: int = JOBS, latency: float = 0.0, applies: bool = False
    ) -> Run:
        """Run the tool once in a process of its own."""
        self._aws.mark()
        told = {"config": self._config, "furnished": asdict(furnished), "jobs": jobs, "apply": applies}
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
        return Run(name, jobs, latency, Came(**json.loads(done.stdout)), self._aws.calls())


def floor(size: Size, page: int = 1000) -> Mapping[str, int]:
    """The fewest calls that a look at everything can take: nothing is remembered from one run to the next.

    Each account: one for credentials, and three for its stack (status and parameters, template, names of the roles).
    The master: one for credentials, one for the quotas, and the pages of its users and groups (and the user of CI).
    """
    return {
        "cloudformation:DescribeStacks": size.accounts,
        "cloudformation:GetTemplate": size.accounts,
        "cloudformation:ListStackResources": size.accounts,
        "iam:GetAccountAuthorizationDetails": -(-(size.users + 1 + size.groups) // page),
        "iam:GetAccountSummary": 1,
        "sts:AssumeRole": size.accounts + 1,
    }
