"""A company behind the fault proxy: its start, its runs in this process, and what AWS holds after them."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.iam_groups import AwsGroupWriter
from rolemodel_ci.adapters.aws.parameter import Timing
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.adapters.processes import is_over, process
from rolemodel_ci.cli import run_command
from rolemodel_ci.cli.apply import ApplyOptions, follow
from rolemodel_ci.cli.audit import Audit
from rolemodel_ci.cli.environment import SystemClock, World, local_world
from rolemodel_ci.cli.files import good_policy
from rolemodel_ci.model.applied_state import Holder
from rolemodel_ci.model.desired import GROUP_PATH, Policy
from rolemodel_ci.reconcile.apply import Tools
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.pipeline import EVERYTHING
from rolemodel_ci.reconcile.ports import Watch
from rolemodel_ci.render.audit_record import Audited
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, SandboxCredentials
from rolemodel_ci.sandbox.sessions import doors

from .embedded import KeepingAws
from .proxy import FaultProxy
from .reach import Reach, opened, reach
from .wishes import ACCOUNTS, MASTER, Access, Wish

_ARN = re.compile(r"arn:aws:iam::(\d+):role/(?:RoleModel-(\w+)-.*|Named(\w+))")


class QuickClock(SystemClock):
    """The machine's clock, on which waiting takes a thousandth of the time."""

    def sleep(self, seconds: float) -> None:
        """Hardly wait."""
        super().sleep(seconds / 1000)


@dataclass(frozen=True)
class QuickWorld(World):
    """A world in which nothing is waited for long, and a run of this process that has ended holds no lock."""

    def store(self, run: str, over: Callable[[Holder], bool] = is_over) -> ParameterStore:
        """As always, but quick."""

        def is_gone(holder: Holder) -> bool:
            return over(holder) or not holder.token or holder.process == process()

        return replace(super().store(run, is_gone), timing=Timing(sleep=lambda _: None))

    def tools(self, watch: Watch, may_write: Callable[[], None] = lambda: None) -> Tools:
        """As always, but quick."""
        made = super().tools(watch, may_write)
        object.__setattr__(made, "groups", AwsGroupWriter(self.writing, sleep=lambda _: None))
        object.__setattr__(made.rollout, "clock", QuickClock())
        return made


@dataclass(frozen=True)
class Ended:
    """How a run in this process ended: its exit code, what it noted, and what it said."""

    code: int
    record: Audited
    out: str
    err: str


@dataclass
class FaultWorld:
    """The embedded AWS, the proxy before it, and the way in. `directory` is for the files of repositories."""

    aws: KeepingAws
    proxy: FaultProxy
    furnished: SandboxCredentials
    directory: Path
    _kept: Sessions | None = None

    def run(self, wish: Wish, *, jobs: int = 4, keyed: bool = True) -> Ended:
        """`apply --yes`, in this process, without waiting, and with every guard overridden. `keyed`: by keys that the
        tool renews itself, as in GitHub Actions, and not by profiles.
        """
        policy = self.policy(wish)
        sessions = self._sessions(policy, jobs) if keyed else local_world(policy, jobs).writing
        return self._applied(policy, sessions, jobs)

    def calm(self, wish: Wish) -> Ended:
        """The same without faults, by keys that are kept from run to run: quicker."""
        self.proxy.begin()
        policy = self.policy(wish)
        self._kept = self._kept or self._sessions(policy, 4)
        return self._applied(policy, self._kept, 4)

    def _applied(self, policy: Policy, sessions: Sessions, jobs: int) -> Ended:
        audit, out, err = Audit("apply"), io.StringIO(), io.StringIO()
        order = ApplyOptions(EVERYTHING, frozenset(), dict.fromkeys(Guard, "a test"), "text", lambda _: None)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(lambda: follow(order, policy, QuickWorld(sessions, sessions, policy, jobs), audit))
        return Ended(code, audit.record, out.getvalue(), err.getvalue())

    def policy(self, wish: Wish) -> Policy:
        """What the files of a wish say."""
        digest = f"{abs(hash(json.dumps([wish.roles, wish.users, wish.absent]))):x}"
        return _loaded(wish.write(self.directory / digest))

    def _sessions(self, policy: Policy, jobs: int) -> Sessions:
        return Sessions(doors(policy, self.furnished, APPLY_ROLE, ACCOUNTS), policy.region, jobs)

    def state(self) -> State:
        """What AWS holds now."""
        return State(self.aws.state(MASTER))

    def ever(self) -> set[Access]:
        """Who could get in where at any time since the state was put back."""
        return accesses(self.aws.ever())


@lru_cache(maxsize=64)
def _loaded(config: Path) -> Policy:
    return good_policy(str(config))


def accesses(found: Reach) -> set[Access]:
    """The same, with roles by their logical id."""
    told = set()
    for user, arn, content in found:
        parts = _ARN.fullmatch(arn)
        assert parts, arn
        attached = " ".join(str(policy).rpartition("/")[2] for policy in json.loads(content)[1])
        told.add((user, parts[1], parts[2] or parts[3], attached))
    return told


@dataclass(frozen=True)
class State:
    """What AWS holds, and how that differs from a wish."""

    held: Mapping[str, Any]

    @property
    def groups(self) -> dict[str, Any]:
        """The groups under our path."""
        return {name: group for name, group in self.held["groups"].items() if group["path"] == GROUP_PATH}

    @property
    def stacks(self) -> dict[str, Any]:
        """The stacks by the id of their account."""
        return {stack["account"]: stack for stack in self.held["stacks"]}

    @property
    def accesses(self) -> set[Access]:
        """Who can get in where."""
        return accesses(reach(self.held["groups"], self.held["roles"]))

    def arn(self, account: str, name: str) -> str | None:
        """The ARN of a role that an account's stack has made."""
        stack = self.stacks.get(account)
        physical = stack["roles"].get(name) if stack else None
        arn = f"arn:aws:iam::{account}:role/{physical}"
        return arn if arn in self.held["roles"] else None

    def right_group(self, name: str, wish: Wish) -> bool:
        """Whether a group is as a wish has it, or is not there and is not to be."""
        group, members = self.groups.get(name), wish.groups.get(name)
        if group is None or members is None:
            return group is None and members is None
        _, account, role_name = name.split(".")
        arn = self.arn(ACCOUNTS[account], role_name)
        right = set(group["users"]) == members and list(group["policies"]) == [f"{name}-Policy"]
        return right and opened(group) == {arn} and not group["attached"]

    def right_stack(self, account: str, wish: Wish) -> bool:
        """Whether the stack of an account is as a wish has it, or is not there and is not to be."""
        stack = self.stacks.get(ACCOUNTS[account])
        if account not in wish.users:
            return stack is None
        if stack is None or stack["status"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return False
        return set(stack["roles"]) == set(wish.roles) and all(
            self._right_role(ACCOUNTS[account], name, *said) for name, said in wish.roles.items()
        )

    def _right_role(self, account: str, name: str, what: str, called: str) -> bool:
        arn = self.arn(account, name) or ""
        content = self.held["roles"].get(arn)
        return bool(content) and what in content and (not called or arn.endswith(f"/{called}"))

    def wrong(self, wish: Wish) -> tuple[list[str], list[str]]:
        """The groups and the accounts that are not as a wish has them. An account that is not in the config keeps its
        stack: nobody can reach it.
        """
        groups = [name for name in sorted({*self.groups, *wish.groups}) if not self.right_group(name, wish)]
        accounts: Iterable[str] = (*wish.users, *wish.absent)
        return groups, [account for account in accounts if not self.right_stack(account, wish)]
