"""`rolemodel-ci plan`: read AWS and show what apply would do; never writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from rolemodel_ci.cli.abandoned_stacks import with_left_stacks
from rolemodel_ci.cli.environment import world
from rolemodel_ci.cli.files import base_policy, chosen, compared, good_policy
from rolemodel_ci.cli.options import CommonOptions, account, asked, jobs, sandbox, today
from rolemodel_ci.cli.outdated_checkout import applied_policy, is_as_applied, outdated
from rolemodel_ci.cli.output import say
from rolemodel_ci.cli.taken_roles import with_taken_roles
from rolemodel_ci.model.applied_state import AppliedState, Identity, recognised
from rolemodel_ci.reconcile.pipeline import EVERYTHING, make_plan, reviewed_plan
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.applied_state import memory_text
from rolemodel_ci.render.json import plan_json
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.refusals import foreseen_blocks


@click.command()
@asked(account, jobs, sandbox)
@click.option("--base", metavar="REVISION", help="Tell apart what the commits since this one ask for, and drift.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 6 if there are changes.")
def plan(told: CommonOptions, base: str | None, detailed_exitcode: bool) -> int:
    """Show what apply would do.

    Reads AWS and never writes. With --base, changes that the commits since then ask for are told apart from drift:
    what differs in AWS for any other reason and would be put right as well. What CloudFormation could not do after
    that commit is a problem of the files.
    """
    policy = good_policy(told.config, told.format)
    only = chosen(policy, told.accounts)
    before = base_policy(base, told.config) if base else None
    compared(before, policy, told.format)
    with world(policy, told) as opened:
        seen = opened.remembers().read_state()
        identity = Identity()
        if isinstance(seen.answer, AppliedState):
            from rolemodel_ci.adapters.git.checkout_identity import working_copy

            identity = working_copy(policy, Path.cwd()).identity
            seen = recognised(seen, identity)
        planned = make_plan(EVERYTHING, policy, opened.readers(), today(), only, told.jobs)
        was = None if is_as_applied(seen.answer, policy) else applied_policy(seen.answer, identity, policy)
        planned = with_left_stacks(with_taken_roles(planned, opened), opened, seen.answer, before, was)
    if base:
        from rolemodel_ci.reconcile.attribution import attribute

        planned = replace(planned, plan=attribute(planned.plan, before, policy, today()))
    reviewed = reviewed_plan(EVERYTHING, planned, policy)
    old = () if planned.plan.is_empty else outdated(seen.answer, identity)
    refusals = (*old, *(reviewed if isinstance(reviewed, tuple) else ()))
    document = plan_json(planned.plan, seen)
    say(told.format, (*plan_blocks(planned.plan), *foreseen_blocks(refusals)), document)
    if told.format == "text":
        click.echo(memory_text(seen), err=True)
    return plan_exit_code(planned.plan, detailed_exitcode)


def plan_exit_code(made: Plan, detailed: bool) -> int:
    """5 where something could not be read or made, 6 for changes if they are asked about, else 0."""
    if not made.is_whole:
        return 5
    return 6 if detailed and not made.is_empty else 0
