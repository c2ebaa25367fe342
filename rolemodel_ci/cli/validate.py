"""`rolemodel-ci validate`: files only, no credentials, no network."""

from __future__ import annotations

import click

from rolemodel_ci.cli.options import Asked, asked
from rolemodel_ci.cli.output import say
from rolemodel_ci.cli.policy import read_working_files
from rolemodel_ci.model import are_usable
from rolemodel_ci.render.problems import problem_blocks, problems_json


@click.command()
@asked()
def validate(told: Asked) -> int:
    """Check the files.

    Needs no credentials and no network. Every problem of every file is told in one run, with its place, a code, and
    what to do. Exits with 1 if there are any.
    """
    policy, problems = read_working_files(told.config)
    say(told.format, problem_blocks(problems, policy), problems_json(problems))
    return 0 if are_usable(problems) else 1
