"""`apply`, `update`, `sync-users` and `delete`: plan, guard, ask, make the changes, report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import click

from rolemodel_ci.apply import apply as make_true
from rolemodel_ci.cli.audit import Audit, auditing
from rolemodel_ci.cli.options import Asked, account, allow, asked, jobs, report, sandbox, today, yes
from rolemodel_ci.cli.output import say, tell
from rolemodel_ci.cli.policy import chosen, good_policy
from rolemodel_ci.cli.world import World, watching, world
from rolemodel_ci.errors import UsageWrong
from rolemodel_ci.model import Policy
from rolemodel_ci.plan import DeleteStack, Phase, Plan, Report, phase_of
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.json import refusals_json, report_json
from rolemodel_ci.render.plans import override_blocks, plan_blocks, refusal_blocks
from rolemodel_ci.render.results import report_blocks
from rolemodel_ci.run import DELETION, EVERYTHING, MEMBERSHIP, STRUCTURE, Job, make_plan, reviewed_plan
from rolemodel_ci.verdict import Allowed, Guard


@dataclass(frozen=True, slots=True)
class Order:
    """What a command was asked to do, and how it is to talk."""

    job: Job
    only: frozenset[str]
    allowed: Allowed
    format: str
    confirm: Callable[[Plan], None]


@click.command()
@asked(account, jobs, sandbox, yes, allow, report)
def apply(told: Asked) -> int:
    """Make AWS what the repository says.

    Stacks, groups and membership. What takes access away is done first, then the stacks of all accounts at once, then
    what gives access. Running again finishes what a run left.
    """
    return _run("apply", EVERYTHING, told)


@click.command()
@asked(account, jobs, yes, allow, report)
def update(told: Asked) -> int:
    """Update stacks and groups only.

    Who is a member of a group that stays is left as it is.
    """
    return _run("update", STRUCTURE, told)


@click.command("sync-users")
@asked(account, jobs, yes, allow, report)
@click.argument("users", metavar="[MAP]", required=False)
def sync_users(told: Asked, users: str | None) -> int:
    """Update membership only.

    Of the groups that MAP names, and of no others: their members become those that it lists. MAP defaults to the
    config's `users`.
    """
    return _run("sync-users", MEMBERSHIP, told, users)


@click.command()
@asked(account, jobs, yes, allow, report)
def delete(told: Asked) -> int:
    """Delete every stack and every group.

    Users stay, and so does everything that is not rolemodel-ci's.
    """
    return _run("delete", DELETION, told)


def _run(command: str, job: Job, told: Asked, users: str | None = None) -> int:
    """The common part of the four commands."""
    confirm = (lambda _: None) if told.yes else partial(ask, can_answer=told.format == "text" and sys.stdin.isatty())
    with auditing(told.report, command) as audit:
        policy = good_policy(told.config, told.format, users)
        if job is MEMBERSHIP and policy.users is None:
            raise UsageWrong("there is no user map", f"Name one on the command line, or add `users:` to {told.config}.")
        allowed = {Guard(name): "--allow" for name in told.allow}
        order = Order(job, chosen(policy, told.accounts), allowed, told.format, confirm)
        audit.note(policy=policy, sandbox=told.sandbox)
        with world(policy, told) as opened:
            audit.world = opened
            code = follow(order, policy, opened, audit)
        audit.note(code=code)
        return code


def follow(order: Order, policy: Policy, opened: World, audit: Audit) -> int:
    """Plan, show, ask, apply, report; the exit code."""
    planned = make_plan(order.job, policy, opened.readers(), today(), order.only, opened.jobs)
    audit.note(plan=planned.plan)
    if order.format == "text":
        tell(plan_blocks(planned.plan))
    reviewed = reviewed_plan(order.job, planned, policy, order.allowed)
    if isinstance(reviewed, tuple):
        audit.note(refusals=reviewed)
        say(order.format, refusal_blocks(reviewed), refusals_json(planned.plan, reviewed))
        return 4
    if order.format == "text":
        tell(override_blocks(reviewed.overridden))
    order.confirm(planned.plan)
    audit.begin(reviewed)
    with watching() as watch:
        came = make_true(reviewed, policy, opened.tools(watch))
    audit.note(report=came)
    return _told(came, order.format)


def _told(report: Report, format_: str) -> int:
    """Print the report, then let a bug show."""
    if not report.plan.is_empty or format_ != "text":
        say(format_, report_blocks(report), report_json(report))
    for bug in report.bugs:
        raise bug
    if report.interrupted:
        return 130
    return 0 if report.is_complete else 5


def ask(plan: Plan, *, can_answer: bool) -> None:
    """Have a person confirm a plan that takes access away. Raises UsageWrong where nobody can answer."""
    taken = sum(phase_of(change) is Phase.REVOKE or isinstance(change, DeleteStack) for change in plan.changes)
    if not taken:
        return
    what = f"This takes access away or deletes something ({counted(taken, 'change')})."
    if not can_answer:
        raise UsageWrong(what, "Look at the plan, then run again with `--yes`.")
    if not click.confirm(f"{what} Go on?", err=True):
        click.echo("Stopped: nothing was changed.", err=True)
        raise click.exceptions.Exit(130)
