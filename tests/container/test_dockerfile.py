"""The Dockerfile without building it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .image import PYTHON, ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instruction(word: str) -> str:
    """What stands behind the last instruction of that name."""
    return [line.removeprefix(f"{word} ") for line in DOCKERFILE.splitlines() if line.startswith(f"{word} ")][-1]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    ran = subprocess.run(
        [hadolint, "--no-color", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_interpreter_is_isolated_from_the_workspace_and_the_environment() -> None:
    python, *options = json.loads(instruction("ENTRYPOINT"))
    assert python == PYTHON
    assert "-I" in options
    assert options[-2:] == ["-m", "rolemodel_ci.docker_entrypoint"]


def test_what_is_installed_is_checked_by_its_hash() -> None:
    installs = [line for line in DOCKERFILE.splitlines() if "pip" in line and " install " in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in installs)


def test_nothing_gets_into_a_build_but_what_is_named() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    named = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert named == {"LICENSE", "README.md", "pyproject.toml", "requirements/*.lock", "rolemodel_ci"}
