"""Make a plan true: revoke, build, grant. In this order, so that a run that dies half way has given nobody more.

Everything that goes has gone, or has failed, before anything is built or given. After that each account goes on by
itself: its grants wait for its own stack, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from rolemodel_ci.errors import AwsCallError, RolemodelError
from rolemodel_ci.model.applied_state import LockedError
from rolemodel_ci.model.live import LiveStack
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    GroupChange,
    Phase,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    StackChange,
    UpdateStack,
    phase_of,
)
from rolemodel_ci.reconcile.concurrency import Raised, cascade, each
from rolemodel_ci.reconcile.diff.groups import group_policy
from rolemodel_ci.reconcile.diff.stacks import live_arns
from rolemodel_ci.reconcile.group_renames import rename
from rolemodel_ci.reconcile.outcome import Done, Failed, Outcome, Report, Skipped

if TYPE_CHECKING:
    from rolemodel_ci.model.desired import Policy
    from rolemodel_ci.reconcile.approval import Approved
    from rolemodel_ci.reconcile.plan import Plan
    from rolemodel_ci.reconcile.ports import GroupWriter, StackReader, Watch
    from rolemodel_ci.reconcile.stack_operations import StackOperations

_Group = tuple[GroupChange, ...]
"""The changes of one group, in their order."""

_Work = StackChange | _Group

_NOT_STARTED = "the run was interrupted"


@dataclass(frozen=True, slots=True)
class Tools:
    """What applying needs of the world. `jobs`: how many accounts or groups are worked on at once.

    `may_write` is asked before each change; it raises LockedError once another run may be applying.
    """

    groups: GroupWriter
    stacks: StackReader
    rollout: StackOperations
    watch: Watch
    jobs: int
    may_write: Callable[[], None] = lambda: None


SoFar = Callable[[], Report]
"""What came of a plan by now, as the report of a run that is interrupted here."""


def not_begun(plan: Plan) -> Report:
    """The report of a run that was interrupted before its first change."""
    return Report(plan, tuple(Skipped(change, _NOT_STARTED) for change in plan.changes), interrupted=True)


def apply(approved: Approved, policy: Policy, tools: Tools, begin: Callable[[SoFar], None] = lambda _: None) -> Report:
    """Make every change of the plan. Never raises for what AWS does: each change ends as done, failed or skipped.
    `begin` is handed what tells at any time how far the run has come, for when there is no report.
    """
    run, changes, interrupted = _Run(policy, tools), approved.plan.changes, False
    try:
        begin(lambda: run.report(approved.plan, interrupted=True))
        run.revoke(_grouped(changes, Phase.REVOKE))
        run.build_and_grant([c for c in changes if isinstance(c, StackChange)], _grouped(changes, Phase.GRANT))
    except KeyboardInterrupt:
        interrupted = True
    return run.report(approved.plan, interrupted=interrupted)


class _Run:
    """One run of `apply`: what came of the changes so far. One thread at a time works on a group or an account."""

    def __init__(self, policy: Policy, tools: Tools) -> None:
        self.policy = policy
        self.tools = tools
        self.outcomes: dict[Change, Outcome] = {}
        self.bugs: list[Exception] = []
        self._unmade: dict[str, list[Failed | Skipped]] = {}  # by group
        self._left: list[Failed | Skipped] = []  # of what was to go
        self._crowded: list[AddMember] = []  # whose user was in as many groups as there may be
        self._failed_accounts: dict[str, str] = {}
        self._arns: dict[str, Mapping[str, str]] = {}

    def report(self, plan: Plan, *, interrupted: bool) -> Report:
        """What came of every change of the plan by now."""
        outcomes = (self.outcomes.get(change) or Skipped(change, _NOT_STARTED) for change in plan.changes)
        return Report(plan, tuple(outcomes), interrupted, tuple(self.bugs))

    def revoke(self, groups: Sequence[_Group]) -> None:
        """Make the memberships, policies and groups go that are to go, each group by itself."""
        if groups:
            self.tools.watch.step("revoke")
            answers = each(self._group, groups, self.tools.jobs, self.tools.rollout.clock.stop)
            self.bugs += [answer.error for answer in answers if isinstance(answer, Raised)]

    def build_and_grant(self, stacks: Sequence[StackChange], groups: Sequence[_Group]) -> None:
        """Change stacks, all accounts at once, and groups: those of an account whose stack changes after it."""
        steps = [name for name, work in (("build", stacks), ("grant", groups)) if work]
        if not steps:
            return
        self.tools.watch.step(" and ".join(steps))
        self._left = [unmade for _, group in sorted(self._unmade.items()) for unmade in group]
        after: dict[str | None, list[_Work]] = {stack.account: [] for stack in stacks}
        free: list[_Work] = []
        for group in groups:
            after.get(group[0].account, free).append(group)

        def work(item: _Work) -> Sequence[_Work]:
            if isinstance(item, tuple):
                self._group(item)
                return ()
            self._stack(item)
            return after[item.account]

        self.bugs += cascade(work, (free, stacks), self.tools.jobs, self.tools.rollout.clock.stop)
        for change in tuple(self._crowded):  # a rename that was under way may have ended
            self._group((change,))

    def _group(self, changes: Sequence[GroupChange]) -> None:
        """Make the changes of one group, one after the other."""
        for change in changes:
            because = self._failed_accounts.get(change.account or "") or self._obstacle(change)
            outcome = self._try(change, because, partial(self._group_change, change))
            if not isinstance(outcome, Done):
                self._unmade.setdefault(change.group, []).append(outcome)

    def _obstacle(self, change: GroupChange) -> str | None:
        """Why a change must not be made, after what came of the earlier ones of its group."""
        names = (change.group, change.old) if isinstance(change, RenameGroup) else (change.group,)
        for unmade in (one for name in names for one in self._unmade.get(name, ())):
            if _depends(change, unmade.change):
                return f"group `{change.group}` is not ready: {_why(unmade)}"
        return None

    def _stack(self, change: StackChange) -> None:
        """Make the change of one stack, and learn the ARNs of its roles."""
        outcome = self._try(change, self._way_in(change), partial(self._stack_change, change))
        if not isinstance(outcome, Done):
            what = "failed" if isinstance(outcome, Failed) else "was skipped"
            self._failed_accounts[change.account or ""] = f"the stack of `{change.account}` {what}"

    def _way_in(self, change: StackChange) -> str | None:
        """Why a stack must wait: a role comes to be or may do more, and who should have lost it may still have it."""
        changing, anew = _roles_with_more_rights(change), _makes_roles(change)
        if not anew and not changing:
            return None
        for unmade in self._left:
            match unmade.change:
                case RemoveMember(account=account, role=role, group=name) if account == change.account and (
                    anew or role in changing
                ):
                    return f"group `{name}` is not emptied: {_why(unmade)}"
                case DetachPolicy(group=name) | DeletePolicy(group=name) | PutPolicy(group=name):
                    return f"group `{name}` still opens something else: {_why(unmade)}"
        return None

    def _try(self, change: Change, because: str | None, make: Callable[[], None]) -> Outcome:
        """Make a change, if nothing speaks against it, and note what came of it."""
        because = because or self._lost_lock()
        # Stands if the run is interrupted before there is more to say, at whatever instruction.
        self.outcomes[change] = Failed(change, "interrupted under way: it may have been made", "Run again.")
        outcome: Outcome = Done(change)
        try:
            if because:
                outcome = Skipped(change, because)
            else:
                make()
        except RolemodelError as error:
            outcome = Failed(change, error.message, error.remedy)
            if isinstance(change, AddMember) and isinstance(error, AwsCallError) and error.code == "LimitExceeded":
                self._crowded.append(change)
        except Exception as error:
            self.bugs.append(error)
            outcome = Failed(change, f"{type(error).__name__}: {error}", "This is a bug of rolemodel-ci; report it.")
        self.outcomes[change] = outcome
        return outcome

    def _lost_lock(self) -> str | None:
        """Why nothing more may be changed, if another run may be applying by now."""
        try:
            self.tools.may_write()
        except LockedError as error:
            return error.message
        return None

    def _stack_change(self, change: StackChange) -> None:
        account = self.policy.account(change.account or "")
        assert account is not None  # the plan was made of these accounts
        if isinstance(change, DeleteStack):
            self.tools.rollout.remove(account, planned=change.stack_id or None)
            return
        first = isinstance(change, CreateStack) and change.replaces is None
        self.tools.rollout.bring(self.policy, account, planned="" if first else change.stack_id or None)
        stack = self.tools.stacks.read(account)
        self._arns[account.name] = live_arns(self.policy, account, stack) if isinstance(stack, LiveStack) else {}

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
                groups.create_group(change.group, self.policy.group_path)
            case RenameGroup():
                rename(groups, change, self.policy.group_path, self._arn(change))
            case PutPolicy():
                groups.put_policy(change.group, change.policy, group_policy(self._arn(change)))
            case AddMember():
                groups.add_member(change.group, change.user)
            case _:
                assert_never(change)

    def _arn(self, change: PutPolicy | RenameGroup) -> str:
        """The ARN of the role: of a stack that was built in this run, what it says; else what the plan knows."""
        built = self._arns.get(change.account or "")
        arn = change.arn if built is None else built.get(change.role or "")
        if arn is None:
            raise RolemodelError(
                f"the stack of `{change.account}` has no role `{change.role}`", "Look at its resources."
            )
        return arn


def _grouped(changes: Iterable[Change], phase: Phase) -> list[_Group]:
    """The changes of groups in a phase, those of each group together, in their order."""
    of_groups = (change for change in changes if isinstance(change, GroupChange) and phase_of(change) is phase)
    return [tuple(group) for _, group in groupby(of_groups, key=lambda change: change.group)]


def _depends(change: GroupChange, on: Change) -> bool:
    """Whether a change of a group must not be made after an earlier one that was not.

    A group goes only when it is empty. It is not opened to somebody who should have been taken out of it, and nobody
    joins one that is not made or may open the wrong role. What takes access away waits for nothing.
    """
    match change:
        case DeleteGroup() | RenameGroup():
            return True
        case PutPolicy():
            return change.phase is Phase.GRANT
        case AddMember():
            return isinstance(on, CreateGroup | RenameGroup | PutPolicy | DeletePolicy | DetachPolicy)
        case _:
            return False


def _roles_with_more_rights(change: StackChange) -> set[str]:
    """The roles that come to be, or that may do more or be assumed by others than before; unknown counts as more."""
    if isinstance(change, DeleteStack):
        return set()
    return {
        difference.name
        for difference in change.differences
        if difference.is_role and (difference.what == "added" or difference.direction.may_widen)
    }


def _makes_roles(change: StackChange) -> bool:
    """Whether roles may come to be that are not there now, or not under the same ARN."""
    if not isinstance(change, UpdateStack):
        return not isinstance(change, DeleteStack)
    return any(
        difference.is_role and (difference.what == "added" or difference.is_replaced)
        for difference in change.differences
    )


def _why(outcome: Failed | Skipped) -> str:
    return outcome.reason if isinstance(outcome, Failed) else outcome.because
