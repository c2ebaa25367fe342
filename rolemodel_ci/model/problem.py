"""What is wrong with a file: where, how severe, and the fix. Values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Place(NamedTuple):
    """Where in the repository something stands. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Severity(StrEnum):
    """An error stops the run; a warning is told and changes nothing."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something a person has to mend in the files: where, which check, what is wrong, what to do."""

    place: Place
    code: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


def are_usable(problems: Iterable[Problem]) -> bool:
    """Whether files with these problems can be used: warnings change nothing."""
    return not any(problem.severity is Severity.ERROR for problem in problems)
