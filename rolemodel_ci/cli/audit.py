"""One record for each run, also of one that fails: `--report FILE`, and always in GitHub Actions."""

from __future__ import annotations

import contextlib
import os
import pwd
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

import click

from rolemodel_ci.adapters.aws.credential_sources import MASTER
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.signals import settle
from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.reconcile.apply import SoFar, not_begun
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.render.audit_record import Audited, audit_json, record_digest
from rolemodel_ci.render.json_document import as_text

_EXITS = {1: "the files have problems", 130: "the question was answered with no"}
"""Why a command ends itself, by exit code; the words for the person are on the terminal by then."""


class AuditWriteError(RolemodelError):
    """The run is over and its record could not be written."""

    exit_code: ClassVar[int] = 5


Keep = Callable[[str], None]
"""Puts the text of a record where it is to be, whole or not at all. Raises OSError."""


class Audit:
    """What a run tells of itself while it goes on; `record` grows by `note`.

    `world` is set once there is one: whose credentials it has and what was called with them is told at the end.
    """

    def __init__(self, command: str, who: Mapping[str, str] | None = None) -> None:
        self.record = Audited(command, {"user": _user()} if who is None else who, datetime.now(UTC))
        self.world: World | None = None
        self._keep: Keep = lambda text: None
        self._so_far: SoFar | None = None

    def note(self, **known: object) -> None:
        """Add what has become known: fields of `Audited`."""
        self.record = replace(self.record, **known)  # type: ignore[arg-type]  # names are those of the fields

    def note_who(self, **known: str) -> None:
        """Add what has become known of the run's cause."""
        self.note(who={**self.record.who, **known})

    def kept_by(self, keep: Keep) -> None:
        """Name who keeps the record, and have them keep what it is now. Raises OSError."""
        self._keep = keep
        self.keep()

    def keep(self) -> None:
        """Have the record kept as it is. Raises OSError."""
        self._look_at_world()
        self._keep(self.text())

    def text(self) -> str:
        """The record as JSON."""
        return as_text(audit_json(self.record))

    def digest(self) -> str:
        """The digest of the record as it is."""
        return record_digest(audit_json(self.record))

    def begin(self, reviewed: Approved) -> None:
        """Say what the run sets out to change, and have that kept, so that a run that is killed has said it."""
        self.go_by(lambda: not_begun(reviewed.plan))
        self.note(plan=reviewed.plan, overridden=reviewed.overridden, refusals=reviewed.withheld, under_way=True)
        with contextlib.suppress(OSError):  # a run that may change something was asked for; the end tells what is lost
            self.keep()

    def go_by(self, so_far: SoFar) -> None:
        """Have `so_far` tell what came of the changes, should the run end without a report."""
        self._so_far = so_far

    def note_end(self, error: BaseException) -> None:
        """Add how the run ends by an error, and how far it has come."""
        if self.record.report is None and self._so_far is not None:
            self.note(report=self._so_far())
        _note_end(self, error)

    def _look_at_world(self) -> None:
        """Add what the calls of the run have told so far."""
        if self.world is not None:
            self.note(calls=self.world.called())
            if arn := self.world.writing.known_arn(MASTER):
                self.note_who(arn=arn)


@contextlib.contextmanager
def auditing(file: str | None, command: str) -> Iterator[Audit]:
    """A record that is written to `file`, if one is named, however the run ends. Raises as `recording` does."""
    audit = Audit(command)
    if file is None:
        yield audit
        return
    path = _target(file)
    with recording(audit, str(path), partial(_write, path)):
        yield audit


@contextlib.contextmanager
def recording(audit: Audit, where: str, keep: Keep) -> Iterator[None]:
    """Keep the record of a run, however it ends; `where` says to people where that is.

    Raises UsageError, before anything is done, where it cannot be kept; AuditWriteError, where that turns out only
    after a run that has nothing else to complain of.
    """
    begun = False
    try:
        try:
            audit.kept_by(keep)
            begun = True
            yield
        finally:
            settle()
    except BaseException as error:
        settle()  # a signal may have come just before the line above
        if not begun and isinstance(error, OSError):
            raise _unkept(where, error) from error
        audit.note_end(error)
        raise
    finally:
        if begun or audit.record.code is not None:
            audit.note(ended=datetime.now(UTC))
            _keep_at_end(audit, where)


def _note_end(audit: Audit, error: BaseException) -> None:
    """Add how the run ends, as `guarded` turns it into an exit code. What is not known here ends no run by itself."""
    match error:
        case click.exceptions.Exit():
            audit.note(code=error.exit_code, error=_EXITS.get(error.exit_code))
        case click.ClickException():
            audit.note(code=2, error=error.format_message())
        case RolemodelError():
            audit.note(code=error.exit_code, error=f"{error.message}. {error.remedy}")
        case KeyboardInterrupt() | click.Abort():
            audit.note(code=130, error="interrupted")
        case SystemExit() | BrokenPipeError():
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
    raise UsageError(f"the report cannot be written to {file}: that is no file", "Name a file.")


def _write(path: Path, text: str) -> None:
    """The whole record or, if that fails, what was there before. Raises OSError."""
    new = path.with_name(f".{uuid.uuid4().hex}.json")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _unkept(where: str, error: OSError) -> UsageError:
    return UsageError(
        f"the report cannot be written to {where}: {error.strerror}",
        "Name a file in a directory that is there and may be written.",
    )


def _keep_at_end(audit: Audit, where: str) -> None:
    """What the run came to matters more than that its record is lost; but that is told, and is no success."""
    try:
        audit.keep()
    except OSError as error:
        click.echo(audit.text(), nl=False, err=True)  # the one place where it still can go
        lost = _unkept(where, error).message
        if audit.record.code == 0:
            raise AuditWriteError(
                f"the run is done, but {lost}", "Keep what was printed: no later run tells it."
            ) from error
        click.echo(f"Error: {lost}. Keep what was printed: no later run tells it.", err=True)


def _user() -> str:
    """By the process, not by the environment, which says whatever somebody has put there."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return str(os.getuid())
