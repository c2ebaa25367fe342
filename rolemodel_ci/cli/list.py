"""`rolemodel-ci list`: accounts, roles, role ARNs, groups, switch-role links."""

from __future__ import annotations

import click

from rolemodel_ci.cli.options import common, on_aws, sandbox, tell_calls, today
from rolemodel_ci.cli.output import say
from rolemodel_ci.cli.policy import chosen, good_policy
from rolemodel_ci.cli.world import watching, world
from rolemodel_ci.listing import listing
from rolemodel_ci.render.json import listing_json
from rolemodel_ci.render.results import listing_blocks
from rolemodel_ci.run import EVERYTHING, carry_out, make_plan


@click.command("list")
@common
@on_aws
@sandbox
def list_(config: str, format_: str, verbose: bool, jobs: int, accounts: tuple[str, ...], sandbox: bool) -> int:
    """List accounts, roles, role ARNs, groups and switch-role links, as they are in AWS.

    With --format json there is everything that a profile of the AWS command line needs. With --sandbox the files are
    applied to the embedded AWS first, so that there is something to list.
    """
    if verbose:
        tell_calls()
    policy = good_policy(config, format_)
    only = chosen(policy, accounts)
    with world(policy, jobs, sandbox) as opened:
        if sandbox:
            planned = make_plan(EVERYTHING, policy, opened.readers(), today(), only, jobs)
            with watching() as watch:
                carry_out(EVERYTHING, planned, policy, opened.tools(watch))
        live = make_plan(EVERYTHING, policy, opened.readers(), today(), only, jobs).live
    found = listing(policy, live, only)
    say(format_, listing_blocks(found), listing_json(found))
    return 5 if found.unreadable else 0
