"""Containers as GitHub's runner starts them, with Docker or podman."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = "/opt/rolemodel-ci/bin/python"
"""The interpreter of the image."""

RUNNER = (1001, 1001) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
"""User and group of the runner: 1001 on GitHub's own machines; who is not root here can only be himself."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that can be run: the engine's command, and the name."""

    engine: str
    name: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no image to run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """How a container ended."""

    code: int
    out: str
    err: str
    seconds: float


class RunnerSide:
    """The directories that GitHub's runner mounts, below `top` of the host, and the environment that names them.

    Write what the container is to find, then `hand_over` the lot to the runner's user.
    """

    NAMES = ("workspace", "home", "workflow", "file_commands", "runner_temp")  # runner 2.336.0, ContainerActionHandler

    def __init__(self, top: Path) -> None:
        self.top = top
        for name in self.NAMES:
            (top / name).mkdir(parents=True)
        self.workspace, self.home, self.workflow, self.file_commands, self.runner_temp = (
            top / name for name in self.NAMES
        )

    @property
    def mounts(self) -> dict[str, Path]:
        """Where each is in the container."""
        return {f"/github/{name}": self.top / name for name in self.NAMES}

    @property
    def env(self) -> dict[str, str]:
        """What the runner always says about them."""
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "HOME": "/github/home",
            "GITHUB_WORKSPACE": "/github/workspace",
            "RUNNER_TEMP": "/github/runner_temp",
        }

    def command_file(self, variable: str) -> tuple[dict[str, str], Path]:
        """An empty file command, as GITHUB_OUTPUT: the variable that names it in the container, and the file here."""
        file = self.file_commands / f"{variable.lower()}_{uuid.uuid4()}"
        file.touch()
        return {variable: f"/github/file_commands/{file.name}"}, file

    def hand_over(self, owner: tuple[int, int] = RUNNER) -> None:
        """Give all that is there to the runner's user."""
        for path in (self.top, *self.top.rglob("*")):
            os.chown(path, *owner, follow_symlinks=False)


def run(
    image: Image,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    mounts: Mapping[str, Path] | None = None,
    network: Literal["host", "none"] = "none",
    user: str | None = None,
    workdir: str | None = "/github/workspace",
    entrypoint: str | None = None,
    timeout: float = 60,
) -> Ran:
    """Run a container to its end; after `timeout` seconds it is removed and TimeoutExpired raised.

    As the runner does, this names no user and says the working directory; the host's network is for servers that listen
    on 127.0.0.1.
    """
    name = f"rolemodel-ci-test-{uuid.uuid4().hex[:12]}"
    command = [image.engine, "run", "--rm", "--name", name, "--network", network]
    command += [] if workdir is None else ["--workdir", workdir]
    command += [] if user is None else ["--user", user]
    command += [] if entrypoint is None else ["--entrypoint", entrypoint]
    command += [f"--env={key}={value}" for key, value in (env or {}).items()]
    command += [f"--volume={here}:{there}" for there, here in (mounts or {}).items()]
    began = time.monotonic()
    try:
        ended = subprocess.run(
            [*command, image.name, *arguments], env=_engine_environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _engine(image.engine, "rm", "--force", name)
        raise
    return Ran(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)


def run_python(image: Image, code: str, *arguments: str, mounts: Mapping[str, Path] | None = None) -> Ran:
    """Run Python code in the image instead of what it is for, as root."""
    return run(image, "-I", "-B", "-c", code, *arguments, entrypoint=PYTHON, mounts=mounts)


def find_image(tag: str = "test") -> Image | Missing:
    """The image of that tag, made from the sources that lie here; or why it cannot be used."""
    engine = _find_engine()
    if isinstance(engine, Missing):
        return engine
    image = Image(engine, f"rolemodel-ci:{tag}")
    remedy = "make image" if tag == "test" else f"make image EXTRA={tag}"
    if _engine(engine, "image", "inspect", image.name).returncode != 0:
        return Missing(f"there is no image {image.name}: {remedy}")
    if _sources_in(image) != _sources_here():
        return Missing(f"the image {image.name} was made from other sources than these: {remedy}")
    return image


def _find_engine() -> str | Missing:
    if shutil.which("docker") and _engine("docker", "info").returncode == 0:
        return "docker"
    if not shutil.which("podman"):
        return Missing("there is neither a Docker engine nor podman to run a container")
    if os.geteuid() != 0:
        return Missing("podman without root gives containers other users than GitHub's runner does")
    return "podman"


def _engine(engine: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [engine, *arguments], env=_engine_environment(), capture_output=True, text=True, timeout=60, check=False
    )


def _engine_environment() -> dict[str, str]:
    """Podman's settings for machines without systemd and bridges; Docker knows nothing of them."""
    return {"CONTAINERS_CONF": str(ROOT / ".ci" / "containers.conf"), **os.environ}


_DIGESTS = """
import hashlib, json, pathlib, rolemodel_ci
top = pathlib.Path(rolemodel_ci.__file__).parent
files = [(file.relative_to(top).as_posix(), file.read_bytes()) for file in top.rglob("*.py")]
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in files}))
"""


def _sources_in(image: Image) -> dict[str, str]:
    ran = run_python(image, _DIGESTS)
    if ran.code != 0:
        raise RuntimeError(f"{image.name} does not run: {ran.err}")
    digests: dict[str, str] = json.loads(ran.out)
    return digests


def _sources_here() -> dict[str, str]:
    top = ROOT / "rolemodel_ci"
    files = ((file.relative_to(top).as_posix(), file.read_bytes()) for file in top.rglob("*.py"))
    return {name: hashlib.sha256(content).hexdigest() for name, content in files}
