"""One embedded AWS for all tests here, emptied and furnished for each; and nobody's AWS settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from edge import answers
from edge.scripted import Scripted
from edge.surroundings import DEV, MASTER, PROD, AwsFiles, quiet

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .company import Company, role


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quiet(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


@pytest.fixture
def aws(server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    server.empty()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    yield server
    server.thaw()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsFiles:
    return AwsFiles(monkeypatch, tmp_path)


@pytest.fixture
def company(aws: EmbeddedAws, tmp_path: Path, files: AwsFiles) -> Company:
    return Company.found(aws, tmp_path, files)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with Scripted() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def slow(scripted: Scripted, files: AwsFiles, tmp_path: Path) -> Company:
    """A company whose stack in prod is being made for ever."""
    files.keys(master=MASTER, prod=PROD, dev=DEV)
    company = Company(None, tmp_path, files, ("", ""))  # type: ignore[arg-type]
    company.config()
    company.roles(AdminRole=role())
    company.users({"prod": {"AdminRole": ["alice"]}})
    scripted.script |= {
        "GetAccountAuthorizationDetails": [answers.details({"alice": []}, {})],
        "GetAccountSummary": [answers.summary()],
        "DescribeStacks": [answers.no_stack(), answers.no_stack(), answers.stack("CREATE_IN_PROGRESS")],
    }
    company.config(accounts=({"name": "prod", "account_id": PROD, "profile": "prod"},))
    return company
