"""Running commands with `--report`, and reading what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from rolemodel_ci.config.json_schema import published

from .running import Ran, run

VALID = Draft202012Validator(published("output-audit"), format_checker=Draft202012Validator.FORMAT_CHECKER)


def recorded(*arguments: str, file: str = "run.json") -> tuple[Ran, dict[str, Any]]:
    """Run a command with `--report`, and what the record says."""
    ran = run(*arguments, "--report", file)
    return ran, read(file)


def read(file: str = "run.json") -> dict[str, Any]:
    """A record, held to its schema."""
    record: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    assert [error.message for error in VALID.iter_errors(record)] == []
    return record
