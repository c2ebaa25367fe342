"""Where a run in GitHub Actions leaves what it has to say: the log, annotations, the job summary, outputs, the plan.

The runner reads commands out of everything that is printed: `::name::` at the beginning of a line, `##[name]` anywhere
in one (ActionCommand in actions/runner). Text that comes from a repository is made unable to be one.
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.render.text import visible

PLAN_FILE = "rolemodel-ci-plan.json"
RECORD_FILE = "rolemodel-ci-record.json"
"""Where the plan is left for later steps, in the workspace."""

_ANNOTATIONS = 10
"""Annotations of one kind that a step may make:
https://docs.github.com/en/rest/checks/runs and the runner's own limit for workflow commands."""

_OF_PROBLEMS = _ANNOTATIONS - 1  # one is left for why the run failed

_ANNOTATION_SIZE = 4_096
"""Characters of one annotation (same source)."""

_UNSEEN = "\u200b"


def neutral(line: str) -> str:
    """A line of the log that the runner cannot take for a command."""
    line = line.replace("##[", f"#{_UNSEEN}#[")
    return re.sub(r"^(\W*?):(?=:)", rf"\1:{_UNSEEN}", line)


class NeutralStream(io.TextIOBase):
    """A text stream whose every line goes through `neutral`. What is not a whole line yet waits until it is one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting = ""

    def write(self, text: str) -> int:
        """Pass on the lines that are whole."""
        *lines, self._waiting = (self._waiting + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            self._stream.write(neutral(line) + "\n")
        return len(text)

    def flush(self) -> None:
        """Pass on what waits as a line of its own: later text could turn half a line into a command."""
        if self._waiting:
            self.write("\n")
        self._stream.flush()

    def writable(self) -> bool:
        """It is."""
        return True


class Commands:
    """Commands to the runner, which only this class writes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def mask(self, secret: str) -> None:
        """Have the runner hide a secret wherever it is printed from now on."""
        for line in secret.splitlines():
            if line.strip():
                self._stream.write(f"::add-mask::{_escaped(line)}\n")
                self._stream.flush()

    def notice(self, title: str, message: str) -> None:
        """An annotation about the run as a whole."""
        self._write("notice", _properties({"title": title}), message)

    def warning(self, title: str, message: str) -> None:
        """An annotation about the run as a whole that somebody should look at."""
        self._write("warning", _properties({"title": title}), message)

    def error(self, title: str, message: str) -> None:
        """An annotation about why the run failed."""
        self._write("error", _properties({"title": title}), message)

    def problems(self, problems: Iterable[Problem]) -> None:
        """Annotations on the lines at fault; beyond what a step may make, one that says how many there are."""
        told = tuple(problems)
        for severity in Severity:
            chosen = [problem for problem in told if problem.severity is severity]
            shown = chosen if len(chosen) <= _OF_PROBLEMS else chosen[: _OF_PROBLEMS - 1]
            for problem in shown:
                self._write(str(severity), _place(problem.place, problem.code), f"{problem.message}. {problem.remedy}")
            if len(shown) < len(chosen):
                more = f"{len(chosen) - len(shown)} more of this kind: the job summary has them all"
                self._write(str(severity), _properties({"title": "And more"}), more)

    def _write(self, command: str, properties: str, message: str) -> None:
        text = visible(message)
        text = text if len(text) <= _ANNOTATION_SIZE else text[: _ANNOTATION_SIZE - 1] + "…"
        self._stream.write(f"::{command}{properties}::{_escaped(text)}\n")
        self._stream.flush()


def _place(place: Place, title: str) -> str:
    line = {"line": str(place.line), "col": str(place.column)} if place.line else {}
    return _properties({"file": place.file, **line, "title": title})


def _properties(values: Mapping[str, str]) -> str:
    told = ",".join(f"{key}={_escaped(visible(value), ':,')}" for key, value in values.items())
    return f" {told}" if told else ""


def _escaped(text: str, more: str = "") -> str:
    """Text as the runner reads it back; `more` are characters that would end a property."""
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def append_outputs(file: Path, outputs: Mapping[str, str]) -> None:
    """Hand values to later steps. The delimiter is made up, so that no value can end it. Raises OSError."""
    lines = []
    for name, value in outputs.items():
        delimiter = f"rolemodel-ci-{uuid.uuid4()}"
        lines += [f"{name}<<{delimiter}", visible(value), delimiter]
    with file.open("a", encoding="utf-8") as opened:
        opened.write("\n".join(lines) + "\n")


def append_summary(file: Path, markdown: str) -> None:
    """Add to the job summary. Raises OSError."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write(markdown)


def write_workspace_file(path: Path, document: str) -> None:
    """Write a file of ours into the workspace, whole or not at all; what a checkout has put there is not followed or
    kept. Raises OSError.
    """
    new = path.with_name(f".{uuid.uuid4().hex}.json")
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(document)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
