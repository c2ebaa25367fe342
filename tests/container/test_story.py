"""The whole story of an access request in the container, with the mounts, environment and user of GitHub's runner."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from actions import story
from actions.workshop import Workshop

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .image import RUNNER, Image, run


class InContainer:
    """Runs `ci` as the runner does.

    `began` is when each run did (monotonic), `seconds` how long it took, `owners` are those of what the runs have left.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self.began: list[float] = []
        self.seconds: list[float] = []
        self.owners: set[int] = set()

    def __call__(self, workspace: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """The exit code and the log of one run; paths are those that the runner's mounts have in the container."""
        home = workspace.parent
        mounts = {f"/github/{name}": home / name for name in ("workspace", "home", "file_commands", "runner_temp")}
        mounts["/github/workflow"] = home
        for directory in mounts.values():
            directory.mkdir(exist_ok=True)
        for path in (home, *home.rglob("*")):
            os.chown(path, *RUNNER, follow_symlinks=False)
        inside = {str(here): there for there, here in mounts.items()}
        seen = {name: _translated(value, inside) for name, value in environment.items()}
        self.began.append(time.monotonic())
        ran = run(self._image, "ci", env={"HOME": "/github/home", **seen}, mounts=mounts, network="host", timeout=120)
        self.seconds.append(ran.seconds)
        self.owners |= {path.stat().st_uid for path in workspace.glob("rolemodel-ci-plan.json")}
        return ran.code, ran.out + ran.err


def _translated(value: str, inside: Mapping[str, str]) -> str:
    """A path of the host as the container sees it; the longest mount counts."""
    for here in sorted(inside, key=len, reverse=True):
        if value == here or value.startswith(here + "/"):
            return inside[here] + value.removeprefix(here)
    return value


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """The AWS that the container reaches over the host's network."""
    with EmbeddedAws() as running:
        yield running


def test_an_access_request_from_the_pull_request_to_the_nightly_run(
    tmp_path: Path, aws: EmbeddedAws, image: Image
) -> None:
    runs = InContainer(image)
    with Workshop(tmp_path, aws, runs=runs) as shop:
        story.tell(shop)
        assert runs.owners == {RUNNER[0]}
        assert len(runs.seconds) == 6
        asked = [request.path for request in shop.github.requests]
        assert any(re.search(r"/git/trees/", path) for path in asked)  # the checkout could fetch nothing more
