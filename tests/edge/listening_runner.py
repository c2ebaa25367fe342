"""GitHub's runner, as far as it reads what a step prints and writes into its files.

What it does is in ActionCommand.cs and FileCommandManager.cs of https://github.com/actions/runner
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command as the runner understands it."""

    name: str
    properties: dict[str, str]
    message: str


def heard(log: str, *, strictly: bool = False) -> list[Command]:
    """The commands in a log. `strictly`: whatever begins like one counts, known or not."""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        command = _new_form(line) or _old_form(line)
        if command is not None:
            found.append(command)
        elif strictly and (line.lstrip().startswith("::") or "##[" in line):
            found.append(Command("?", {}, line))
    return found


KNOWN = frozenset({
    "error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "set-env",
    "set-output", "save-state", "add-path", "stop-commands", "echo",
})  # fmt: skip
"""The commands that a runner has, and has had."""


def _new_form(line: str) -> Command | None:
    """`::name key=value,…::message` at the beginning of a line, blanks aside."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, properties = line[2:end].partition(" ")
    if name.lower() not in KNOWN:
        return None
    pairs = (pair.split("=", 1) for pair in properties.strip().split(",") if pair)
    read = {pair[0]: _unescaped(pair[1], ":,") for pair in pairs if len(pair) == 2 and all(pair)}
    return Command(name, read, _unescaped(line[end + 2 :]))


def _old_form(line: str) -> Command | None:
    """`##[name key=value;…]message` anywhere in a line."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, _properties = line[start + 3 : end].partition(" ")
    return Command(name, {}, line[end + 1 :]) if name.lower() in KNOWN else None


def _unescaped(text: str, more: str = "") -> str:
    for char in "\r\n" + more + "%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


def outputs(text: str) -> dict[str, str]:
    """The outputs in a file command. Raises ValueError where the runner would fail the step."""
    found: dict[str, str] = {}
    lines: Iterator[str] = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        if not 0 <= line.find("<<") < (line.find("=") if "=" in line else len(line)):
            name, equals, value = line.partition("=")
            if not equals:
                raise ValueError(line)
            found[name] = value
            continue
        name, _, delimiter = line.partition("<<")
        value_lines: list[str] = []
        for part in lines:
            if part == delimiter:
                break
            value_lines.append(part)
        else:
            raise ValueError(f"{delimiter} not found")
        found[name] = "\n".join(value_lines)
    return found
