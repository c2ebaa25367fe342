"""Options that several commands share, and what they say."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import click

from rolemodel_ci.reconcile.approval import Guard

Option = Callable[[Callable[..., int]], Callable[..., int]]


JOBS = 16
"""How many accounts, or groups, are worked on at once unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """What a command was told on its command line; what it has no option for keeps the default."""

    config: str
    format: str
    verbose: bool
    accounts: tuple[str, ...] = ()
    jobs: int = JOBS
    sandbox: bool = False
    yes: bool = False
    allow: tuple[str, ...] = ()
    report: str | None = None


_NAMES = frozenset(field.name for field in fields(CommonOptions))


def asked(*options: Option) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command --config, --format, --verbose and `options`, gathered into its first argument, an `Asked`."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(command)
        def gathered(**values: Any) -> int:
            given = CommonOptions(**{name: values.pop(name) for name in list(values) if name in _NAMES})
            if given.verbose:
                tell_calls()
            return command(given, **values)

        wrapped: Callable[..., int] = gathered
        every: list[Option] = [*reversed(options), _verbose, _format, _config]
        for option in every:
            wrapped = option(wrapped)
        return wrapped

    return decorate


_config = click.option(
    "--config",
    default="access/config.yml",
    show_default=True,
    envvar="ROLEMODEL_CONFIG",
    show_envvar=True,
    metavar="FILE",
    help="The config of the access repository.",
)
_format = click.option(
    "--format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, markdown for GitHub.",
)
_verbose = click.option("--verbose", is_flag=True, help="Tell every AWS call on standard error.")

account = click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME",
    help="Only this account of the config. May be given several times.",
)
jobs = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=JOBS,
    show_default=True,
    help="How many accounts, or groups, are worked on at once.",
)
sandbox = click.option(
    "--sandbox",
    is_flag=True,
    help="Use an embedded AWS with the accounts and users that the files name; yours is not touched. "
    "Needs the extra `sandbox`.",
)
yes = click.option(
    "--yes", is_flag=True, help="Do not ask before AWS is changed. Needed where standard input is no terminal."
)
allow = click.option(
    "--allow",
    type=click.Choice([guard.value for guard in Guard]),
    multiple=True,
    help="Override this guard for this run; docs/semantics.md explains them. May be given several times.",
)


report = click.option(
    "--report",
    metavar="FILE",
    help="Write an audit record of the run to this file, as JSON; also of one that fails.",
)


def today() -> date:
    """The day it is in UTC: grants end by it."""
    return datetime.now(UTC).date()


def tell_calls() -> None:
    """Send what the edge logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    form = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime  # as in the record
    handler.setFormatter(form)
    logger = logging.getLogger("rolemodel_ci")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
