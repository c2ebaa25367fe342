"""`rolemodel-ci list`: accounts, roles, role ARNs, groups, switch-role links."""

from __future__ import annotations

import click

from rolemodel_ci.cli.environment import watching, world
from rolemodel_ci.cli.files import chosen, good_policy
from rolemodel_ci.cli.options import CommonOptions, account, asked, jobs, sandbox, today
from rolemodel_ci.cli.output import say
from rolemodel_ci.reconcile.inventory import listing
from rolemodel_ci.reconcile.pipeline import EVERYTHING, carry_out, make_plan
from rolemodel_ci.render.json import listing_json
from rolemodel_ci.render.report import listing_blocks


@click.command("list")
@asked(account, jobs, sandbox)
def list_(told: CommonOptions) -> int:
    """List roles, ARNs, groups and links.

    Accounts, roles, role ARNs, groups, members and switch-role links, as they are in AWS. With --format json there is
    everything that a profile of the AWS command line needs. With --sandbox the files are applied to the embedded AWS
    first, so that there is something to list.
    """
    policy = good_policy(told.config, told.format)
    only = chosen(policy, told.accounts)
    with world(policy, told) as opened:
        if told.sandbox:
            planned = make_plan(EVERYTHING, policy, opened.readers(), today(), only, told.jobs)
            with watching() as watch:
                came = carry_out(EVERYTHING, planned, policy, opened.tools(watch))
            assert not isinstance(came, tuple)  # guards look at what is there; nothing is there yet
        live = make_plan(EVERYTHING, policy, opened.readers(), today(), only, told.jobs).live
    found = listing(policy, live, only)
    say(told.format, listing_blocks(found), listing_json(found))
    return 5 if found.unreadable else 0
