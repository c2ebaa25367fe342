"""`--report FILE`: one record for each run, also of one that fails."""

from __future__ import annotations

import contextlib
import getpass
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import click

from rolemodel_ci.cli.world import World
from rolemodel_ci.edge.doors import MASTER
from rolemodel_ci.errors import CannotGoOn, UsageWrong
from rolemodel_ci.render.audit import Audited, audit_json
from rolemodel_ci.render.json import as_text

_EXITS = {1: "the files have problems", 130: "the question was answered with no"}
"""Why a command ends itself, by exit code; the words for the person are on the terminal by then."""


class RecordLost(CannotGoOn):
    """The run is over and its record could not be written."""

    exit_code: ClassVar[int] = 5


class Audit:
    """What a run tells of itself while it goes on; `record` grows by `note`."""

    def __init__(self, command: str) -> None:
        self.record = Audited(command, {"user": _user()}, datetime.now(UTC))

    def note(self, **known: object) -> None:
        """Add what has become known: fields of `Audited`."""
        self.record = replace(self.record, **known)  # type: ignore[arg-type]  # names are those of the fields

    def note_world(self, world: World) -> None:
        """Add whose credentials they were, and every call that was made with them."""
        arn = world.writing.known_arn(MASTER)
        self.note(who={**self.record.who, **({"arn": arn} if arn else {})}, calls=world.called())


@contextlib.contextmanager
def auditing(file: str | None, command: str) -> Iterator[Audit]:
    """A record that is written to `file`, if one is named, however the run ends.

    Raises UsageWrong, before anything is done, where the file cannot be written; RecordLost, where that turns out only
    after a run that has nothing else to complain of.
    """
    audit = Audit(command)
    path = _target(file) if file else None
    if path is not None:
        _write(path, audit.record)
    try:
        yield audit
    except BaseException as error:
        _note_end(audit, error)
        raise
    finally:
        audit.note(ended=datetime.now(UTC))
        if path is not None:
            _write_at_end(path, audit.record)


def _note_end(audit: Audit, error: BaseException) -> None:
    """Add how the run ends, as `guarded` turns it into an exit code. What is not known here ends no run by itself."""
    match error:
        case click.exceptions.Exit():
            audit.note(code=error.exit_code, error=_EXITS.get(error.exit_code))
        case click.ClickException():
            audit.note(code=2, error=error.format_message())
        case CannotGoOn():
            audit.note(code=error.exit_code, error=f"{error.message}. {error.remedy}")
        case KeyboardInterrupt() | click.Abort():
            audit.note(code=130, error="interrupted")
        case SystemExit():
            audit.note(code=141, error="whoever read the output went away")
        case Exception():
            audit.note(code=70, error=f"{type(error).__name__}: {error}")


def _target(file: str) -> Path:
    """The file that is meant, behind links. What is no file (`/dev/stdout`) is not replaced by one."""
    try:
        path = Path(file).resolve()
        if not path.exists() or path.is_file():
            return path
    except (OSError, RuntimeError):  # a circle of links, which Python 3.13 tells otherwise than 3.11
        pass
    raise UsageWrong(f"the report cannot be written to {file}: that is no file", "Name a file.")


def _write(path: Path, record: Audited) -> None:
    """The whole record or, if that fails, what was there before. Raises UsageWrong."""
    new = path.with_name(f".{uuid.uuid4().hex}.json")
    try:
        try:
            new.write_text(as_text(audit_json(record)), encoding="utf-8")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise UsageWrong(
            f"the report cannot be written to {path}: {error.strerror}",
            "Name a file in a directory that is there and may be written.",
        ) from error


def _write_at_end(path: Path, record: Audited) -> None:
    """What the run came to matters more than that its record is lost; but that is told, and is no success."""
    try:
        _write(path, record)
    except UsageWrong as lost:
        if record.code == 0:
            raise RecordLost(f"the run is done, but {lost.message}", "Mend it, then run again.") from lost
        click.echo(f"Error: {lost.message}", err=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return str(os.getuid())
