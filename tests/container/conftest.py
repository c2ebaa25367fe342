"""The image under test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .image import Image, Missing, RunnerSide, find_image


def needed(tag: str) -> Image:
    """The image of that tag. Without it a test is skipped, but fails where all tests are to run, as they are in CI."""
    found = find_image(tag)
    if isinstance(found, Missing):
        if os.environ.get("ROLEMODEL_CI_ALL_TESTS") == "1":
            pytest.fail(found.reason)
        pytest.skip(found.reason)
    return found


@pytest.fixture(scope="session")
def image() -> Image:
    """The image as it is released."""
    return needed("test")


@pytest.fixture(scope="session")
def sandbox_image() -> Image:
    """The image with the embedded AWS."""
    return needed("sandbox")


@pytest.fixture
def runner(tmp_path: Path) -> RunnerSide:
    """What the runner mounts, empty."""
    return RunnerSide(tmp_path / "github")
