"""`validate` of big user maps, against what libyaml needs to parse the same file."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.repository import Size, write
from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.cli.files import read_files


@dataclass(frozen=True, slots=True)
class Validation:
    """Medians in seconds. `bare`: libyaml's parse of the user map alone; `whole`: loading and checking all files."""

    form: str
    grants: int
    mebibytes: float
    bare: float
    whole: float

    @property
    def ratio(self) -> float:
        """How many times as long as the bare parse."""
        return self.whole / self.bare


def validation(size: Size, times: int) -> Validation:
    """Measure both in turn, `times` times."""
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-bench-") as directory:
        config = write(Path(directory), size)
        text = Path(directory, "users.yml").read_text(encoding="utf-8")
        _validate(config, size.grants)  # once to import and to fill caches that every run shares
        bare, whole = [], []
        for _ in range(times):
            bare.append(_seconds(lambda: _parse(text)))
            whole.append(_seconds(lambda: _validate(config, size.grants)))
    form = "user, expires, reason" if size.long_form else "user"
    return Validation(form, size.grants, len(text) / 2**20, statistics.median(bare), statistics.median(whole))


def _parse(text: str) -> None:
    """All events of libyaml's parser, and nothing done with them."""
    for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
        pass


def _validate(config: str, grants: int) -> None:
    """What `rolemodel-ci validate` does but for printing."""
    policy, problems = read_files(Directory(config, Path.cwd(), (config,)), config)
    assert policy is not None, problems
    assert policy.users is not None
    assert len(policy.users.grants) == grants
    assert not problems, problems[:3]


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
