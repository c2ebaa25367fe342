"""One embedded AWS for all tests here, emptied for each; and nobody's AWS settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .scripted import Scripted
from .surroundings import AwsFiles, quiet


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quiet(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def aws(server: EmbeddedAws) -> Iterator[EmbeddedAws]:
    server.empty()
    server.mark()
    yield server
    server.thaw()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsFiles:
    return AwsFiles(monkeypatch, tmp_path)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server
