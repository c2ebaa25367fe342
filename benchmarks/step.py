"""One run of the tool in a process of its own: `python -m benchmarks.step`, told on standard input what to do.

It takes the way of `rolemodel-ci plan` and `rolemodel-ci apply --yes`: load, check, plan, guard, apply. Only the way
into the accounts is the embedded AWS's. It prints one JSON object: CPU, peak memory, what was planned; or where
the CPU went.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rolemodel_ci.adapters.aws.credential_sources import MASTER, AccountCredentials, AssumedRole
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.cli import exit_now
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.cli.options import today
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, carry_out, make_plan


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run. `cpu`: seconds, the start of Python included. `made` is None for a plan."""

    cpu: float
    peak_mib: int
    planned: int
    made: int | None


def main() -> None:
    """Do what standard input says."""
    told = json.load(sys.stdin)

    def work() -> tuple[int, int | None]:
        return _run(told["config"], told["furnished"], told["jobs"], told["apply"])

    if told.get("profile"):
        from benchmarks.profiles import by_part

        print(json.dumps(by_part(work)))
        return
    planned, made = work()
    print(json.dumps(asdict(Came(time.process_time(), _peak_mib(), planned, made))))
    exit_now(0)  # as the command line does


def _peak_mib() -> int:
    """Peak memory of this process. Where /proc tells it, that: what getrusage tells begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _run(config: str, furnished: dict[str, str], jobs: int, applies: bool) -> tuple[int, int | None]:
    policy, problems = read_files(Directory(config, Path.cwd(), (config,)), config)
    assert policy is not None, problems
    # More groups than AWS lets an account have are no problem here: the embedded AWS has a quota that fits.
    assert {problem.code for problem in problems} <= {"RM206"}, problems
    # Not the sandbox's own sessions: importing them would be counted, and no run at work imports the sandbox.
    role = furnished["apply_role_name" if applies else "plan_role_name"]
    ids = {MASTER: policy.master_account_id} | {account.name: account.account_id or "" for account in policy.accounts}
    doors = {name: _door(name, account, role, furnished) for name, account in ids.items()}
    sessions = Sessions(doors, policy.region, jobs, furnished["url"])
    world = World(sessions, sessions, policy, jobs)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=jobs)
    assert planned.plan.is_whole, planned.plan.unreadable[:3]
    if not applies:
        return len(planned.plan.changes), None
    from rolemodel_ci.adapters.terminal import PlainWatch  # as the command line does: a plan has no need of it

    came: Any = carry_out(EVERYTHING, planned, policy, world.tools(PlainWatch()))
    assert isinstance(came, Report), came
    assert came.is_complete, came.outcomes[:3]
    return len(planned.plan.changes), len(came.outcomes)


def _door(name: str, account_id: str, role: str, furnished: dict[str, str]) -> AccountCredentials:
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    source = AssumedRole(arn, "rolemodel-ci", furnished["access_key"], furnished["secret_key"])
    return AccountCredentials(name or "the master account", account_id, source)


if __name__ == "__main__":
    main()
