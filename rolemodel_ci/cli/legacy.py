"""`rolemodel CONFIG update|list|delete|sync_users MAP`: the command line of rolemodel 0.1.0 (2015), word for word.

What it does is what the commands of `rolemodel-ci` do. On a terminal it asks as they do. Off one it asks nothing, as
the tool of 2015 asked nothing, but where a stack would lose more than roles it wants `--yes` or ROLEMODEL_YES.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from rolemodel_ci.cli import exit_now, run_command
from rolemodel_ci.cli.options import JOBS, tell_calls, today
from rolemodel_ci.cli.signals import listen

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.pipeline import Operation
    from rolemodel_ci.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands before the command."""

    config: str
    yes: bool


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("config", envvar="ROLEMODEL_CONFIG")
@click.option("--debug/--no-debug", default=False, help="Turn on debugging output")
@click.option("--yes", is_flag=True, envvar="ROLEMODEL_YES", show_envvar=True, help="Ask nothing.")
@click.pass_context
def cli(ctx: click.Context, config: str, debug: bool, yes: bool) -> None:
    """The commands of rolemodel 0.1.0. New work is better served by `rolemodel-ci`."""
    ctx.obj = _Given(config, yes)
    if debug:
        tell_calls()


@cli.command()
@click.pass_obj
def update(given: _Given) -> int:
    """Create or update the roles in every account, and the groups."""
    from rolemodel_ci.reconcile.pipeline import STRUCTURE

    return _follow(given, "Updating ...", STRUCTURE)


@cli.command()
@click.pass_obj
def delete(given: _Given) -> int:
    """Delete the roles of every account, and the groups."""
    from rolemodel_ci.reconcile.pipeline import DELETION

    return _follow(given, "Deleting ...", DELETION)


@cli.command("sync_users")
@click.argument("user-file")
@click.pass_obj
def sync_users(given: _Given, user_file: str) -> int:
    """Make the members of the groups that USER_FILE names those that it lists."""
    from rolemodel_ci.reconcile.pipeline import MEMBERSHIP

    return _follow(given, "Syncing Users", MEMBERSHIP, user_file)


@cli.command("list")
@click.pass_obj
def list_(given: _Given) -> int:
    """List the roles of every account."""
    from rolemodel_ci.cli.environment import local_world
    from rolemodel_ci.cli.files import good_policy
    from rolemodel_ci.reconcile.inventory import listing
    from rolemodel_ci.reconcile.pipeline import EVERYTHING, make_plan

    policy = good_policy(given.config)
    opened = local_world(policy, JOBS)
    found = listing(policy, make_plan(EVERYTHING, policy, opened.readers(), today(), jobs=JOBS).live)
    for account in dict.fromkeys(entry.account for entry in found.entries):
        click.echo(f"Account: {account}")
        for entry in found.entries:
            if entry.account == account:
                click.echo(f"{entry.name} ({entry.arn})")
    for name in found.missing:
        click.echo(f"Account {name} has no stack {policy.stack_name} in {policy.region}.", err=True)
    for unreadable in found.unreadable:
        click.echo(f"Account {unreadable.account} cannot be read: {unreadable.reason}. {unreadable.remedy}", err=True)
    return 5 if found.unreadable else 0


def _confirm(plan: Plan) -> None:
    """Ask whoever is there. Where nobody is, only what the tool of 2015 never did needs a word."""
    from rolemodel_ci.cli.apply import ask
    from rolemodel_ci.errors import UsageError
    from rolemodel_ci.render.plan import loses_resources, question

    if sys.stdin.isatty():
        ask(plan, can_answer=True)
    elif loses_resources(plan):
        raise UsageError(question(plan), "Look at the plan, then run again with `--yes`, or with ROLEMODEL_YES=1.")


def _follow(given: _Given, word: str, job: Operation, users: str | None = None) -> int:
    """Do a job on the accounts that the profiles lead to, in the words of 2015."""
    from rolemodel_ci.cli.apply import ApplyOptions, follow
    from rolemodel_ci.cli.audit import Audit
    from rolemodel_ci.cli.environment import local_world
    from rolemodel_ci.cli.files import good_policy
    from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED

    policy = good_policy(given.config, users=users)
    click.echo(word)
    order = ApplyOptions(job, frozenset(), NOTHING_ALLOWED, "text", (lambda _: None) if given.yes else _confirm)
    code = follow(order, policy, local_world(policy, JOBS), Audit(word))
    if code == 0:
        click.echo("...done")
    return code


def main() -> NoReturn:
    """Entry point of `rolemodel`."""
    listen()
    exit_now(run_command(lambda: cli.main(standalone_mode=False)))
