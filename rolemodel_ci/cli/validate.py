"""`rolemodel-ci validate`: files only, no credentials, no network."""

from __future__ import annotations

import click

from rolemodel_ci.checks.base_comparison import compare
from rolemodel_ci.cli.files import base_policy, read_working_files
from rolemodel_ci.cli.options import CommonOptions, asked
from rolemodel_ci.cli.output import say
from rolemodel_ci.model.problem import are_usable
from rolemodel_ci.render.problems import problem_blocks, problems_json


@click.command()
@asked()
@click.option("--base", metavar="REVISION", help="Find also what the change since this commit could not do in AWS.")
def validate(told: CommonOptions, base: str | None) -> int:
    """Check the files.

    Needs no credentials and no network. Every problem of every file is told in one run, with its place, a code, and
    what to do. Exits with 1 if there are any.
    """
    policy, problems = read_working_files(told.config)
    if policy is not None and base is not None and are_usable(problems):
        problems = tuple(sorted({*problems, *compare(base_policy(base, told.config), policy)}))
    say(told.format, problem_blocks(problems, policy), problems_json(problems))
    return 0 if are_usable(problems) else 1
