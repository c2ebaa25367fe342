"""Options that several commands share, and what they say."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Common:
    """What every command is told."""

    config: str
    format: str
    verbose: bool


def common(command: Command) -> Command:
    """--config, --format and --verbose."""
    for option in (
        click.option("--verbose", is_flag=True, help="Tell every AWS call on standard error."),
        click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text",
                     show_default=True, help="text for people, json for programs, markdown for GitHub."),
        click.option("--config", default="access/config.yml", show_default=True, envvar="ROLEMODEL_CONFIG",
                     show_envvar=True, metavar="FILE", help="The config of the access repository."),
    ):
        command = option(command)
    return command


def on_aws(command: Command) -> Command:
    """--account and --jobs."""
    for option in (
        click.option("--jobs", type=click.IntRange(1, 64), default=16, show_default=True,
                     help="How many accounts, or groups, are worked on at once."),
        click.option("--account", "accounts", multiple=True, metavar="NAME",
                     help="Only this account of the config. May be given several times."),
    ):
        command = option(command)
    return command


sandbox = click.option(
    "--sandbox", is_flag=True,
    help="Work on an embedded AWS, furnished with the accounts and users that the files name. Needs the extra `sandbox`.",
)

yes = click.option("--yes", is_flag=True, help="Do not ask before access is taken away or something is deleted.")


def today() -> date:
    """The day it is in UTC: grants end by it."""
    return datetime.now(UTC).date()


def tell_calls() -> None:
    """Send what the edge logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("rolemodel_ci")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
