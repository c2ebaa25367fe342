"""`apply`, `update`, `sync-users` and `delete`: plan, guard, ask, make the changes, report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import click

from rolemodel_ci.cli.options import common, on_aws, sandbox, tell_calls, today, yes
from rolemodel_ci.cli.output import say, tell
from rolemodel_ci.cli.policy import chosen, good_policy
from rolemodel_ci.cli.world import World, watching, world
from rolemodel_ci.errors import UsageWrong
from rolemodel_ci.model import Policy
from rolemodel_ci.plan import DeleteStack, Guard, Phase, Plan, Refusal, Report, phase_of
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.json import refusals_json, report_json
from rolemodel_ci.render.plans import plan_blocks, refusal_blocks
from rolemodel_ci.render.results import report_blocks
from rolemodel_ci.run import DELETION, EVERYTHING, MEMBERSHIP, STRUCTURE, Job, carry_out, make_plan

allow = click.option(
    "--allow", type=click.Choice([guard.value for guard in Guard if guard is not Guard.QUOTA]), multiple=True,
    help="Override this guard for this run. May be given several times.",
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a command was asked to do, and how it is to talk."""

    job: Job
    only: frozenset[str]
    allowed: frozenset[Guard]
    format: str
    confirm: Callable[[Plan], None]


@click.command()
@common
@on_aws
@sandbox
@yes
@allow
def apply(config: str, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], sandbox: bool, yes: bool,
          allow: tuple[str, ...]) -> int:
    """Make AWS what the repository says: stacks, groups and membership.

    What takes access away is done first, then the stacks of all accounts at once, then what gives access. Running
    again finishes what a run left.
    """
    return _run(EVERYTHING, good_policy(config, format_), format_, verbose, jobs, accounts, yes, allow, sandbox)


@click.command()
@common
@on_aws
@yes
@allow
def update(config: str, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], yes: bool,
           allow: tuple[str, ...]) -> int:
    """Make stacks and groups what the repository says; leave membership alone."""
    return _run(STRUCTURE, good_policy(config, format_), format_, verbose, jobs, accounts, yes, allow)


@click.command("sync-users")
@common
@on_aws
@yes
@allow
@click.argument("users", metavar="[MAP]", required=False)
def sync_users(config: str, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], yes: bool,
               allow: tuple[str, ...], users: str | None) -> int:
    """Make membership what MAP says, of the groups that it names and of no others.

    MAP defaults to the config's `users`.
    """
    policy = good_policy(config, format_, users)
    if policy.users is None:
        raise UsageWrong("there is no user map", f"Name one on the command line, or add `users:` to {config}.")
    return _run(MEMBERSHIP, policy, format_, verbose, jobs, accounts, yes, allow)


@click.command()
@common
@on_aws
@yes
def delete(config: str, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], yes: bool) -> int:
    """Delete every stack and every group. Users stay, and so does everything that is not rolemodel-ci's."""
    return _run(DELETION, good_policy(config, format_), format_, verbose, jobs, accounts, yes, ())


def _run(
    job: Job, policy: Policy, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], yes: bool,
    allow: tuple[str, ...], sandbox: bool = False,
) -> int:
    """The common part of the four commands."""
    if verbose:
        tell_calls()
    order = Order(job, chosen(policy, accounts), frozenset(map(Guard, allow)), format_, (lambda _: None) if yes else ask)
    with world(policy, jobs, sandbox) as opened:
        return follow(order, policy, opened)


def follow(order: Order, policy: Policy, opened: World) -> int:
    """Plan, show, ask, apply, report; the exit code."""
    planned = make_plan(order.job, policy, opened.readers(), today(), order.only, opened.jobs)
    if order.format == "text":
        tell(plan_blocks(planned.plan))
    refused = order.job.review(planned.plan, policy, planned.live.master, order.allowed)
    if not isinstance(refused, tuple):
        order.confirm(planned.plan)
    with watching() as watch:
        came = carry_out(order.job, planned, policy, opened.tools(watch), order.allowed)
    if isinstance(came, tuple):
        say(order.format, refusal_blocks(came), refusals_json(planned.plan, came))
        return 4
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


def ask(plan: Plan) -> None:
    """Have a person confirm a plan that takes access away. Raises UsageWrong where there is nobody to ask."""
    taken = sum(phase_of(change) is Phase.REVOKE or isinstance(change, DeleteStack) for change in plan.changes)
    if not taken:
        return
    what = f"This takes access away or deletes something ({counted(taken, 'change')})."
    if not sys.stdin.isatty():
        raise UsageWrong(what, "Look at the plan, then run again with `--yes`.")
    click.confirm(f"{what} Go on?", abort=True, err=True)
