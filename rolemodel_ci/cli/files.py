"""Load and check the files a command works on."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.checks import check
from rolemodel_ci.checks.base_comparison import compare
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.output import say
from rolemodel_ci.config.loader import Files, load
from rolemodel_ci.errors import UsageError
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem, are_usable
from rolemodel_ci.suggestions import did_you_mean


def read_files(files: Files, config: str, users: str | None = None) -> tuple[Policy | None, tuple[Problem, ...]]:
    """The policy, if there is one, and every problem of every file, sorted."""
    with _undisturbed():
        loaded = load(files, config, users)
        problems = list(loaded.problems)
        if loaded.policy is not None:
            problems += check(loaded.policy, today())
    return loaded.policy, tuple(sorted(set(problems)))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Without searching for cycles: a big map is a million values and no cycle, and the search doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_working_files(config: str, users: str | None = None) -> tuple[Policy | None, tuple[Problem, ...]]:
    """As `read_files`, of the files as they are now; those named on the command line may lie anywhere."""
    typed = (config, users) if users else (config,)
    return read_files(Directory(config, Path.cwd(), typed), config, users)


def good_policy(config: str, format_: str = "text", users: str | None = None) -> Policy:
    """The policy of the files. Tells the problems and exits with 1 if they have any; warnings do not stop a run."""
    policy, problems = read_working_files(config, users)
    if policy is None or not are_usable(problems):
        _refuse(problems, format_)
    return policy


def _refuse(problems: tuple[Problem, ...], format_: str) -> NoReturn:
    """Tell the problems, and exit with 1."""
    from rolemodel_ci.render.problems import problem_blocks, problems_json

    say(format_, problem_blocks(problems, None), problems_json(problems))
    raise click.exceptions.Exit(1)


def chosen(policy: Policy, accounts: tuple[str, ...]) -> frozenset[str]:
    """The names given with `--account`. Raises UsageError for one that the config does not have."""
    known = [account.name for account in policy.accounts]
    for name in accounts:
        if name not in known:
            raise UsageError(
                f"account `{name}` is not in {policy.config_file}",
                did_you_mean(name, known) or f"Known are {', '.join(known)}.",
            )
    return frozenset(accounts)


def base_policy(revision: str, config: str) -> Policy | None:
    """The policy of an earlier commit; None where it had none that could be used: then everything is requested."""
    from rolemodel_ci.adapters.git.repository import commit_files

    policy, problems = read_files(commit_files(revision, Path.cwd()), config)
    return None if not are_usable(problems) else policy


def compared(base: Policy | None, policy: Policy, format_: str) -> None:
    """Tell what the change since the base asks for and CloudFormation cannot do, and exit with 1 if there is any."""
    problems = compare(base, policy)
    if problems:
        _refuse(problems, format_)
