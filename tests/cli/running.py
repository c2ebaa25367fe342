"""Running commands: in this process, where coverage sees them, and as a person would."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import click

from rolemodel_ci.cli import cli, run_command
from rolemodel_ci.cli.legacy import cli as legacy

SCRIPTS = Path(sys.executable).parent


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


def run(*arguments: str, command: click.Command = cli, program: str = "rolemodel-ci") -> Ran:
    """Run a command in this process, off a terminal."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(lambda: command.main(list(arguments), prog_name=program, standalone_mode=False))
    finally:
        sys.stdin = before
        logging.getLogger("rolemodel_ci").handlers.clear()  # of --verbose: it would keep `err` open
    return Ran(code, out.getvalue(), err.getvalue())


def run_legacy(*arguments: str) -> Ran:
    """Run the command of 2015 in this process."""
    return run(*arguments, command=legacy, program="rolemodel")


def process(*arguments: str, program: str = "rolemodel-ci", timeout: float = 60) -> Ran:
    """Run an installed console script."""
    done = subprocess.run(
        [str(SCRIPTS / program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def at_terminal(
    *arguments: str, answer: str = "", until: str = "[y/N]", timeout: float = 60, program: str = "rolemodel-ci"
) -> Ran:
    """Run the console script on a pseudo-terminal; type `answer` once it shows `until`."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="160", LINES="50")
        os.execv(SCRIPTS / program, [program, *arguments])
    shown, end = b"", time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if answer and until.encode() in shown:
                os.write(terminal, answer.encode())
                answer = ""
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(terminal)
    return Ran(code, shown.decode(), "")
