"""`--report FILE`: one record for each run, also of one that fails."""

from __future__ import annotations

import contextlib
import getpass
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from rolemodel_ci.cli.world import World
from rolemodel_ci.edge.doors import MASTER
from rolemodel_ci.errors import CannotGoOn, UsageWrong
from rolemodel_ci.render.audit import Audited, Called, audit_json
from rolemodel_ci.render.json import as_text


class Audit:
    """What a run tells of itself while it goes on; `record` grows by `note`."""

    def __init__(self, command: str) -> None:
        now = datetime.now(UTC)
        self.record = Audited(command, {"user": _user()}, now, now, 70)

    def note(self, **known: object) -> None:
        """Add what has become known: fields of `Audited`."""
        self.record = replace(self.record, **known)  # type: ignore[arg-type]  # names are those of the fields

    def note_world(self, world: World) -> None:
        """Add whose credentials they were, and every call that was made with them."""
        arn = world.writing.known_arn(MASTER)
        tallies = world.writing.calls.tallies()
        if world.reading is not world.writing:
            tallies += world.reading.calls.tallies()
        who = {**self.record.who, **({"arn": arn} if arn else {})}
        calls = tuple(Called(t.action, t.calls, t.retries, t.errors, t.seconds) for t in tallies)
        self.note(who=who, calls=calls)


@contextlib.contextmanager
def auditing(file: str | None, command: str) -> Iterator[Audit]:
    """A record that is written to `file`, if one is named, however the run ends.

    Raises UsageWrong, before anything is done, where the file cannot be written.
    """
    audit = Audit(command)
    path = Path(file) if file else None
    if path is not None:
        _write(path, audit.record)
    try:
        yield audit
    except click.exceptions.Exit as ended:
        audit.note(code=ended.exit_code)
        raise
    except CannotGoOn as error:
        audit.note(code=error.exit_code, error=f"{error.message}. {error.remedy}")
        raise
    except KeyboardInterrupt:
        audit.note(code=130, error="interrupted")
        raise
    except Exception as error:
        audit.note(code=70, error=f"{type(error).__name__}: {error}")
        raise
    finally:
        audit.note(ended=datetime.now(UTC))
        if path is not None:
            _write(path, audit.record)


def _write(path: Path, record: Audited) -> None:
    """The whole record or, if that fails, what was there before."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(as_text(audit_json(record)))
        Path(name).replace(path)
    except OSError as error:
        raise UsageWrong(
            f"the report cannot be written to {path}: {error.strerror}", "Name a file in a directory that is there."
        ) from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return str(os.getuid())
