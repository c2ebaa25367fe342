"""The command line for people: one module for each command, and what several commands share.

Not here: the steps of a run (`reconcile`), what GitHub Actions runs (`github_action`), how things look (`render`).
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import click

from rolemodel_ci import __version__
from rolemodel_ci.cli.signals import listen
from rolemodel_ci.errors import RolemodelError

ISSUES = "https://github.com/rolemodel-ci/rolemodel-ci/issues"

# Every command lives in a module of its own, which is imported when it is used: `--version` needs no AWS library.
COMMANDS = {
    "validate": "rolemodel_ci.cli.validate",
    "plan": "rolemodel_ci.cli.plan",
    "apply": "rolemodel_ci.cli.apply",
    "update": "rolemodel_ci.cli.apply",
    "sync-users": "rolemodel_ci.cli.apply",
    "list": "rolemodel_ci.cli.list",
    "delete": "rolemodel_ci.cli.apply",
    "demo": "rolemodel_ci.cli.demo",
    "ci": "rolemodel_ci.github_action.command",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the contract."""
        return [*COMMANDS]  # `list` is the module of that command here, once it is imported

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: click.Command = getattr(module, {"list": "list_"}.get(cmd_name, cmd_name.replace("-", "_")))
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rolemodel-ci")
def cli() -> None:
    """Who may switch into which role of which AWS account, decided in a Git repository.

    \b
    Exit codes:
      0  done, or nothing to do
      1  the files have problems
      2  usage
      3  credentials, or the master account cannot be read
      4  a guard refused the plan, or another repository applies here
      5  some changes failed or were skipped, an account cannot be read, or another run is applying; run again
      6  plan --detailed-exitcode: there are changes; ci: drift was found and left
      70 a bug
      130 interrupted; what was done stays done
      141 whoever read the output went away
    """


def main() -> NoReturn:
    """Entry point of `rolemodel-ci`."""
    listen()
    exit_now(run_command(lambda: cli.main(prog_name="rolemodel-ci", standalone_mode=False)))


def exit_now(code: int) -> NoReturn:
    """End the process at once. All is written and closed by now; Python would take apart what is in memory, which takes
    longer than a start, and would wait for calls that are no longer waited for.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads any more
        code = code or 141
    os._exit(code)


def run_command(command: Callable[[], Any]) -> int:
    """Run a command and turn however it ends into an exit code, with what there is to say on standard error."""
    try:
        code = command()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted: `rolemodel-ci plan` shows what is left to do.", err=True)
        return 130
    except RolemodelError as error:
        click.echo(f"Error: {_seen(error.message)}", err=True)
        click.echo(f"  {_seen(error.remedy)}", err=True)
        return error.exit_code
    except SystemExit:  # click's way to end when the reader of our output has gone away, as `head` does
        return 141
    except Exception:
        click.echo(_seen(traceback.format_exc()), err=True)
        click.echo(f"\nThis is a bug in rolemodel-ci {__version__}.", err=True)
        click.echo(f"Please report it with the lines above: {ISSUES}", err=True)
        return 70


def _seen(text: str) -> str:
    """Text in which nothing moves the cursor or turns the order of characters around; lines stay lines."""
    from rolemodel_ci.render.text import CONTROL, spelled

    return CONTROL.sub(spelled, text)
