"""A job of a workflow, what it leaves, and how GitHub's runner reads that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .fake_github import TOKEN


@dataclass(frozen=True)
class Job:
    """How a job of a workflow came to be: what happened, and what it may.

    `at` is the commit that the workflow checks out, if not `sha`; `depth` 0 is the whole history. `run` is the number
    of the run, and `attempt` how often it was started.
    """

    event: str
    payload: Mapping[str, Any]
    sha: str
    ref: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    token: str = TOKEN
    oidc: bool = True
    depth: int = 1
    credentials: bool = True
    environment: Mapping[str, str | None] = field(default_factory=dict)
    at: str = ""
    run: int = 4711
    attempt: int = 1


@dataclass(frozen=True)
class Command:
    """A command to the runner: `error`, `add-mask`…; `legacy` ones were written as `##[name]`."""

    name: str
    properties: Mapping[str, str]
    message: str
    legacy: bool = False

    @property
    def where(self) -> str:
        """The line of a file that it annotates; empty where there is none."""
        return f"{self.properties['file']}:{self.properties.get('line', '')}" if "file" in self.properties else ""


@dataclass(frozen=True)
class Done:
    """How a job ended: exit code, everything in the log, the summary, the outputs."""

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]
    workspace: Path

    @property
    def commands(self) -> list[str]:
        """The lines of the log that the runner takes for commands, those that mask a secret left out."""
        found = [line for line in self.log.splitlines() if line.lstrip().startswith("::") or "##[" in line]
        return [line for line in found if not line.startswith("::add-mask::")]

    def annotations(self, name: str) -> list[Command]:
        """The annotations of one kind: error, warning, notice."""
        return [command for command in commands(self.log) if command.name == name]

    def said(self, name: str) -> str:
        """The texts of the annotations of one kind, a line each."""
        return "\n".join(command.message for command in self.annotations(name))

    @property
    def shown(self) -> str:
        """The log without what is no text for people: lines that are commands."""
        return "\n".join(line for line in self.log.splitlines() if not [*commands(line)])

    @property
    def record(self) -> Any:
        """The record of the run."""
        return json.loads((self.workspace / "rolemodel-ci-record.json").read_text(encoding="utf-8"))

    @property
    def plan(self) -> Any:
        """The document of the output `plan-json`."""
        return json.loads((self.workspace / self.outputs["plan-json"]).read_text(encoding="utf-8"))


def commands(log: str) -> list[Command]:
    """The commands of a log, read as actions/runner's ActionCommand reads them, known to it or not."""
    return [found for line in re.split(r"\r\n|\r|\n", log) for found in _command(line)]


def _command(line: str) -> Iterator[Command]:
    head, opened, rest = line.lstrip().partition("::")
    told, closed, message = rest.partition("::")
    if not head and opened and closed:
        name, _, properties = told.partition(" ")
        pairs = (pair.partition("=") for pair in properties.split(",") if "=" in pair)
        yield Command(name, {key.strip(): _unescaped(value) for key, _, value in pairs}, _unescaped(message))
        return
    _, opened, rest = line.partition("##[")
    told, closed, message = rest.partition("]")
    if opened and closed:
        yield Command(told.partition(" ")[0], {}, message, legacy=True)


def _unescaped(text: str) -> str:
    for escaped, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, char)
    return text


def outputs(text: str) -> dict[str, str]:
    """The outputs as the runner reads them."""
    found = {}
    lines = iter(text.splitlines())
    for line in lines:
        match = re.fullmatch(r"([\w-]+)<<(.+)", line)
        assert match, line
        value = []
        for part in lines:
            if part == match[2]:
                break
            value.append(part)
        found[match[1]] = "\n".join(value)
    return found
