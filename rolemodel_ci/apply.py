"""Make a plan true: revoke, build, grant. In this order, so that a run that dies half way has given nobody more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from rolemodel_ci.diff.groups import group_policy
from rolemodel_ci.diff.stacks import live_arns
from rolemodel_ci.errors import CannotGoOn
from rolemodel_ci.fanout import Interrupted, Raised, Returned, each
from rolemodel_ci.live import LiveStack
from rolemodel_ci.model import Account, Policy
from rolemodel_ci.plan import (
    AddMember,
    Approved,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    Done,
    Failed,
    GroupChange,
    Outcome,
    Phase,
    PutPolicy,
    RemoveMember,
    Report,
    SettleStack,
    Skipped,
    StackChange,
    UpdateStack,
    order,
    phase_of,
)
from rolemodel_ci.ports import GroupWriter, StackReader, Watch
from rolemodel_ci.rollout import Rollout

Item = TypeVar("Item")

_NOT_STARTED = "the run was interrupted"


@dataclass(frozen=True, slots=True)
class Tools:
    """What applying needs of the world. `jobs`: how many accounts or groups are worked on at once."""

    groups: GroupWriter
    stacks: StackReader
    rollout: Rollout
    watch: Watch
    jobs: int


@dataclass(frozen=True, slots=True)
class _Built:
    """What building an account came to: its outcomes, and the ARNs of its roles if all went well."""

    outcomes: tuple[Outcome, ...]
    arns: Mapping[str, str]
    bug: Exception | None = None


def apply(approved: Approved, policy: Policy, tools: Tools) -> Report:
    """Make every change of the plan. Never raises for what AWS does: each change ends as done, failed or skipped."""
    run = _Run(policy, tools)
    changes = approved.plan.changes
    try:
        for phase, work in ((Phase.REVOKE, run.revoke), (Phase.BUILD, run.build), (Phase.GRANT, run.grant)):
            todo = [change for change in changes if phase_of(change) is phase]
            if todo:
                work(todo)
    except Interrupted:
        run.interrupted = True
    left = [Skipped(change, _NOT_STARTED) for change in changes if change not in run.finished]
    outcomes = sorted([*run.outcomes, *left], key=lambda outcome: order(outcome.change))
    return Report(approved.plan, tuple(outcomes), run.interrupted, tuple(run.bugs))


class _Run:
    """One run of `apply`: what is done so far."""

    def __init__(self, policy: Policy, tools: Tools) -> None:
        self.policy = policy
        self.tools = tools
        self.outcomes: list[Outcome] = []
        self.finished: set[Change] = set()
        self.bugs: list[Exception] = []
        self.interrupted = False
        self._failed_accounts: dict[str, str] = {}
        self._failed_groups: dict[str, str] = {}
        self._arns: dict[str, Mapping[str, str]] = {}

    def revoke(self, changes: list[Change]) -> None:
        """Memberships, policies and groups that go, each group by itself."""
        self.tools.watch.step("revoke")
        self._spread(lambda group: _Built(_in_order(group, self._group_change), {}), _by_group(changes))

    def build(self, changes: list[Change]) -> None:
        """Stacks, all accounts at once."""
        self.tools.watch.step("build")
        accounts = {account.name: account for account in self.policy.accounts}
        work = [(accounts[change.account or ""], change) for change in changes if isinstance(change, StackChange)]
        answers = self._spread(self._stack, work)
        for (account, _), built in zip(work, answers, strict=True):
            if built is not None and isinstance(built.outcomes[0], Done):
                self._arns[account.name] = built.arns
            else:
                self._failed_accounts[account.name] = f"the stack of `{account.name}` failed"

    def grant(self, changes: list[Change]) -> None:
        """Groups, policies and memberships that come, each group by itself; not where the stack failed."""
        self.tools.watch.step("grant")
        self._spread(self._grant, _by_group(changes))

    def _spread(self, work: Callable[[Item], _Built], items: list[Item]) -> list[_Built | None]:
        """Do the work for all items at once and note the outcomes."""
        try:
            answers = each(work, items, self.tools.jobs)
        except Interrupted as interrupted:
            self._note(interrupted.answers)
            raise
        return self._note(answers)

    def _note(self, answers: Iterable[object]) -> list[_Built | None]:
        built: list[_Built | None] = []
        for answer in answers:
            if isinstance(answer, Raised):
                self.bugs.append(answer.error)
            value = answer.value if isinstance(answer, Returned) else None
            built.append(value)
            if value is not None:
                self.outcomes += value.outcomes
                self.finished.update(outcome.change for outcome in value.outcomes)
                for outcome in value.outcomes:
                    if isinstance(outcome, Failed) and isinstance(outcome.change, DetachPolicy | DeletePolicy | PutPolicy):
                        self._failed_groups[outcome.change.group] = f"`{outcome.change.group}` still opens something else"
                self.bugs += [value.bug] if value.bug else []
        return built

    def _stack(self, work: tuple[Account, StackChange]) -> _Built:
        account, change = work
        outcome = _tried(change, lambda: self._stack_change(account, change))
        if not isinstance(outcome, Done) or isinstance(change, DeleteStack):
            return _Built((outcome,), {})
        try:
            stack = self.tools.stacks.read(account)
        except CannotGoOn as error:
            return _Built((Failed(change, error.message, error.remedy),), {})
        arns = live_arns(self.policy, account, stack) if isinstance(stack, LiveStack) else {}
        return _Built((outcome,), arns)

    def _stack_change(self, account: Account, change: StackChange) -> None:
        match change:
            case DeleteStack():
                self.tools.rollout.remove(account)
            case CreateStack() | UpdateStack() | SettleStack():
                self.tools.rollout.bring(self.policy, account)

    def _grant(self, changes: list[GroupChange]) -> _Built:
        account = changes[0].account or ""
        because = self._failed_accounts.get(account) or self._failed_groups.get(changes[0].group)
        if because:
            return _Built(tuple(Skipped(change, because) for change in changes), {})
        return _Built(_in_order(changes, self._group_change), {})

    def _group_change(self, change: GroupChange) -> None:
        groups = self.tools.groups
        match change:
            case RemoveMember():
                groups.remove_member(change.group, change.user)
            case DetachPolicy():
                groups.detach_policy(change.group, change.arn)
            case DeletePolicy():
                groups.delete_policy(change.group, change.policy)
            case DeleteGroup():
                groups.delete_group(change.group)
            case CreateGroup():
                groups.create_group(change.group)
            case PutPolicy():
                groups.put_policy(change.group, change.policy, group_policy(self._arn(change)))
            case AddMember():
                groups.add_member(change.group, change.user)

    def _arn(self, change: PutPolicy) -> str:
        """The ARN of the role: what the built stack says comes before what the plan expected."""
        arn = self._arns.get(change.account or "", {}).get(change.role or "", change.arn)
        if arn is None:
            raise CannotGoOn(f"the stack of `{change.account}` has no role `{change.role}`", "Look at its resources.")
        return arn


def _by_group(changes: list[Change]) -> list[list[GroupChange]]:
    """The changes of each group together, in their order."""
    of_groups = [change for change in changes if isinstance(change, GroupChange)]
    return [list(group) for _, group in groupby(of_groups, key=lambda change: change.group)]


def _in_order(changes: list[GroupChange], make: Callable[[GroupChange], None]) -> tuple[Outcome, ...]:
    """Make the changes of one group one after the other; what depends on one that failed is skipped."""
    outcomes: list[Outcome] = []
    failed: Failed | None = None
    for change in changes:
        if failed and _depends(change, failed.change):
            outcomes.append(Skipped(change, f"group `{change.group}` is not ready: {failed.reason}"))
            continue
        outcome = _tried(change, lambda change=change: make(change))  # type: ignore[misc]
        if isinstance(outcome, Failed):
            failed = failed or outcome
        outcomes.append(outcome)
    return tuple(outcomes)


def _depends(change: GroupChange, on: Change) -> bool:
    """A group goes only when it is empty; nobody joins one that is not made or may open the wrong role."""
    if isinstance(change, DeleteGroup):
        return True
    return isinstance(on, CreateGroup | PutPolicy) and isinstance(change, PutPolicy | AddMember)


def _tried(change: Change, make: Callable[[], None]) -> Outcome:
    try:
        make()
    except CannotGoOn as error:
        return Failed(change, error.message, error.remedy)
    return Done(change)
