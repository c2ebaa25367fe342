"""The linters and runners of workflows that the development dependencies bring."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SECONDS = 60


class Said(NamedTuple):
    """How a linter ended, and everything that it printed."""

    code: int
    text: str


def tool(name: str) -> Path:
    """Where a tool is installed. Without it a test is skipped, but fails where all tests are to run, as in CI."""
    found = Path(sys.executable).parent / name
    if not found.exists():
        reason = f"{name} is not installed; `make lint` installs what the tests need"
        if os.environ.get("ROLEMODEL_CI_ALL_TESTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def lint(name: str, *arguments: str | Path, directory: Path) -> Said:
    """Run a linter in a directory, without what the environment says about GitHub."""
    surroundings = {
        key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GH_", "ZIZMOR_"))
    }
    ran = subprocess.run(
        [tool(name), *arguments], cwd=directory, env=surroundings, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    return Said(ran.returncode, ran.stdout + ran.stderr)
