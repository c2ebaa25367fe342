"""`apply`, `update`, `sync-users` and `delete`: plan, guard, ask, make the changes, report."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolemodel_ci.cli.abandoned_stacks import with_left_stacks
from rolemodel_ci.cli.audit import Audit, auditing
from rolemodel_ci.cli.environment import World, watching, world
from rolemodel_ci.cli.files import chosen, good_policy
from rolemodel_ci.cli.options import CommonOptions, account, allow, asked, jobs, report, sandbox, today, yes
from rolemodel_ci.cli.outdated_checkout import applied_policy, committed, is_as_applied, outdated
from rolemodel_ci.cli.output import say, tell
from rolemodel_ci.cli.run_lock import Memory, OutrunError
from rolemodel_ci.cli.taken_roles import with_taken_roles
from rolemodel_ci.errors import UsageError
from rolemodel_ci.model.applied_state import AppliedState, LockedError, StateError
from rolemodel_ci.model.desired import Guards, Policy
from rolemodel_ci.reconcile.apply import apply as make_true
from rolemodel_ci.reconcile.approval import Allowed, Approved, Guard, Refusal
from rolemodel_ci.reconcile.guards.approve import strictest
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import (
    DELETION,
    EVERYTHING,
    MEMBERSHIP,
    STRUCTURE,
    Operation,
    Planned,
    make_plan,
    replanned,
    reviewed_plan,
)
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.json import refusals_json, report_json
from rolemodel_ci.render.plan import plan_blocks, question
from rolemodel_ci.render.refusals import override_blocks, refusal_blocks, withheld_blocks

if TYPE_CHECKING:
    from rolemodel_ci.adapters.git.checkout_identity import WorkingCopy

_ROUNDS = 3
"""How often a run plans, where others are quicker."""


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What a command was asked to do, and how it is to talk."""

    job: Operation
    only: frozenset[str]
    allowed: Allowed
    format: str
    confirm: Callable[[Plan], None]


@click.command()
@asked(account, jobs, sandbox, yes, allow, report)
def apply(told: CommonOptions) -> int:
    """Make AWS what the repository says.

    Stacks, groups and membership. What takes access away is done first. Then come the stacks, all accounts at once, and
    what gives access: in each account after its own stack. Running again finishes what a run left.
    """
    return _run("apply", EVERYTHING, told)


@click.command()
@asked(account, jobs, yes, allow, report)
def update(told: CommonOptions) -> int:
    """Update stacks and groups only.

    Who is a member of a group that stays is left as it is.
    """
    return _run("update", STRUCTURE, told)


@click.command("sync-users")
@asked(account, jobs, yes, allow, report)
@click.argument("users", metavar="[MAP]", required=False)
def sync_users(told: CommonOptions, users: str | None) -> int:
    """Update membership only.

    Of the groups that MAP names, and of no others: their members become those that it lists. MAP defaults to the
    config's `users`.
    """
    return _run("sync-users", MEMBERSHIP, told, users)


@click.command()
@asked(account, jobs, yes, allow, report)
def delete(told: CommonOptions) -> int:
    """Delete every stack and group of this config.

    Groups of its `owner`, and the stacks in its accounts. Users stay, and so does everything that another owner or
    somebody else has made.
    """
    return _run("delete", DELETION, told)


def _run(command: str, job: Operation, told: CommonOptions, users: str | None = None) -> int:
    """The common part of the four commands."""
    # An embedded AWS is gone at the end of the run: nobody has to be asked about it.
    confirm = (
        (lambda _: None)
        if told.yes or told.sandbox
        else partial(ask, can_answer=told.format == "text" and sys.stdin.isatty())
    )
    with auditing(told.report, command) as audit:
        policy = good_policy(told.config, told.format, users)
        if job is MEMBERSHIP and policy.users is None:
            raise UsageError("there is no user map", f"Name one on the command line, or add `users:` to {told.config}.")
        allowed = {Guard(name): "--allow" for name in told.allow}
        order = ApplyOptions(job, chosen(policy, told.accounts), allowed, told.format, confirm)
        audit.note(policy=policy, sandbox=told.sandbox)
        with world(policy, told) as opened:
            audit.world = opened
            code = follow(order, policy, opened, audit)
        sys.stdout.flush()  # whoever does not read any more is told of in the record as well
        audit.note(code=code)
        return code


def follow(order: ApplyOptions, policy: Policy, opened: World, audit: Audit) -> int:
    """Plan, show, ask, apply, report; the exit code. Plans again where another run has applied meanwhile."""
    memory = local_memory(policy, opened, audit)
    for _ in range(_ROUNDS):
        seen = memory.read()
        planned = make_plan(order.job, policy, opened.readers(), today(), order.only, opened.jobs)
        planned = _with_left(order, policy, opened, memory, with_taken_roles(planned, opened))
        audit.note(plan=planned.plan)
        if order.format == "text":
            tell(plan_blocks(planned.plan))
        if planned.plan.is_empty or seen.holder is None or memory.store.is_free(seen):
            try:
                return _followed(order, policy, opened, memory, planned)
            except OutrunError as error:
                click.echo(f"{error.message}.", err=True)
        else:
            memory.wait(seen.holder)
        click.echo("Planning again: AWS may differ by now.", err=True)
    raise LockedError("other runs keep applying", "Nothing was changed. Wait until they have ended, then run again.")


def _followed(order: ApplyOptions, policy: Policy, opened: World, memory: Memory, planned: Planned) -> int:
    """Guard, ask, apply, report. Raises OutrunError, before anything is done, where another run was quicker."""
    audit = memory.audit
    reviewed = _reviewed(order, policy, memory, planned)
    if isinstance(reviewed, tuple):
        reviewed = _apart(order, policy, memory, planned, reviewed)
    if isinstance(reviewed, tuple):
        audit.note(refusals=reviewed)
        say(order.format, refusal_blocks(reviewed), refusals_json(planned.plan, reviewed))
        return 4
    if order.format == "text":
        tell(override_blocks(reviewed.overridden))
        tell((*withheld_blocks(reviewed.withheld), *plan_blocks(reviewed.plan)) if reviewed.withheld else ())
    order.confirm(reviewed.plan)
    whole = order.job is EVERYTHING and not order.only and not reviewed.withheld
    if reviewed.plan.is_empty:
        report = _made(reviewed, policy, opened, audit, lambda: None)
        if report.is_complete:
            memory.remember(whole=whole)
        return _told(report, order.format)
    came: Report | None = None
    try:
        with memory.locking(whole=whole) as lock:
            came = _made(reviewed, policy, opened, audit, lock.check)
            lock.close(complete=came.is_complete, everything_gone=order.job is DELETION)
    except (StateError, LockedError):
        if came is not None:
            _told(came, order.format, reviewed.withheld)
        raise
    return _told(came, order.format, reviewed.withheld)


def _apart(
    order: ApplyOptions, policy: Policy, memory: Memory, planned: Planned, refusals: tuple[Refusal, ...]
) -> Approved | tuple[Refusal, ...]:
    """What may be applied without the accounts that the guards refuse to touch, or every reason why nothing may."""
    from rolemodel_ci.reconcile.guards.one_account import partly

    smaller = replanned(order.job, planned, policy, refusals, today(), order.only)
    return refusals if smaller is None else partly(_reviewed(order, policy, memory, smaller), refusals)


def _reviewed(order: ApplyOptions, policy: Policy, memory: Memory, planned: Planned) -> Approved | tuple[Refusal, ...]:
    """The plan, if it may be applied, or every reason why not."""
    if planned.plan.is_empty:
        return reviewed_plan(order.job, planned, policy, order.allowed)
    identity = memory.attempt(whole=False).identity
    old = () if Guard.UNKNOWN_STATE in order.allowed else outdated(memory.recognised().answer, identity)
    reviewed = reviewed_plan(order.job, planned, _judged(policy, memory), order.allowed)
    return (*old, *(reviewed if isinstance(reviewed, tuple) else ())) or reviewed


def _made(reviewed: Approved, policy: Policy, opened: World, audit: Audit, may_write: Callable[[], None]) -> Report:
    """Make the changes, and have the record say so before and after."""
    audit.begin(reviewed)
    with watching() as watch:
        came = make_true(reviewed, policy, opened.tools(watch, may_write), audit.go_by)
    audit.note(report=came)
    return came


def _judged(policy: Policy, memory: Memory) -> Policy:
    """The policy as guards judge it: what was approved and applied last counts as well, and what is committed here.

    Where that is not known, no limit counts that is wider than the defaults. Without Git there is nothing to compare
    with.
    """
    seen = memory.recognised()
    if not memory.attempt(whole=False).identity.config:
        return policy
    answer = seen.answer
    commits = {answer.approved_commit, answer.applied_commit} if isinstance(answer, AppliedState) else {None}
    states = [committed(commit, policy) for commit in sorted(c for c in commits if c)]
    if None not in (*commits, *states):
        return strictest(policy, *states)
    return strictest(policy, committed("HEAD", policy), *states, replace(policy, guards=Guards()))


def _with_left(order: ApplyOptions, policy: Policy, opened: World, memory: Memory, planned: Planned) -> Planned:
    """The plan with a note of stacks that were left behind. Where nothing has changed since, Git is not asked."""
    assert memory.seen is not None
    answer = memory.seen.answer
    if (
        order.job not in (EVERYTHING, STRUCTURE)
        or not isinstance(answer, AppliedState)
        or is_as_applied(answer, policy)
    ):
        return planned
    answer, identity = memory.recognised().answer, memory.attempt(whole=False).identity
    planned = with_left_stacks(planned, opened, answer, applied_policy(answer, identity, policy))
    memory.left = planned.left
    return planned


def local_memory(policy: Policy, opened: World, audit: Audit) -> Memory:
    """What a run on a person's machine remembers: it goes on without, where it must."""
    store = opened.store(f"{audit.record.who.get('user', '?')}@{platform.node()}")
    return Memory(
        store,
        opened.remembers(),
        lambda: _working_copy(policy),
        policy,
        audit,
        lambda line: click.echo(line, err=True),
        required=False,
    )


def _working_copy(policy: Policy) -> WorkingCopy:
    from rolemodel_ci.adapters.git.checkout_identity import working_copy

    return working_copy(policy, Path.cwd())


def _told(report: Report, format_: str, withheld: tuple[Refusal, ...] = ()) -> int:
    """Print the report, then let a bug show."""
    if not report.plan.is_empty or format_ != "text":
        from rolemodel_ci.render.report import report_blocks

        said = (*report_blocks(report), *withheld_blocks(withheld))
        say(format_, said, report_json(report, withheld))
    for bug in report.bugs:
        raise bug
    if report.interrupted:
        return 130
    return 4 if withheld else 0 if report.is_complete else 5


def ask(plan: Plan, *, can_answer: bool) -> None:
    """Have a person confirm a plan that changes anything. Raises UsageError where nobody can answer."""
    if plan.is_empty:
        return
    what = question(plan)
    if not can_answer:
        raise UsageError(what, "Look at the plan, then run again with `--yes`.")
    if not click.confirm(f"{what} Go on?", err=True):
        click.echo("Stopped: nothing was changed.", err=True)
        raise click.exceptions.Exit(130)
