"""One embedded AWS and one proxy for all tests here; clients that give up soon and do not wait between attempts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.retries.adaptive
import botocore.retries.standard
import botocore.retryhandler
import pytest
from botocore.config import Config
from edge.surroundings import AwsFiles, quiet

from rolemodel_ci.adapters.aws import clients
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, SandboxCredentials, SandboxSpec, seed

from .embedded import KeepingAws
from .plans import CALM, READ_TIMEOUT
from .proxy import FaultProxy
from .wishes import ACCOUNTS, MASTER, PEOPLE
from .world import FaultWorld

EMPTY = "empty"
"""The state in which nothing has been rolled out yet."""


@pytest.fixture(scope="session")
def _behind() -> Iterator[tuple[KeepingAws, FaultProxy, SandboxCredentials]]:
    with KeepingAws() as aws, FaultProxy(aws) as proxy:
        furnished = seed(aws, SandboxSpec(MASTER, tuple(ACCOUNTS.values()), PEOPLE))
        aws.save(EMPTY)
        yield aws, proxy, furnished


@pytest.fixture
def world(
    _behind: tuple[KeepingAws, FaultProxy, SandboxCredentials], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> FaultWorld:
    aws, proxy, furnished = _behind
    quiet(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    key = (furnished.access_key, furnished.secret_key)
    AwsFiles(monkeypatch, tmp_path).switching(key, APPLY_ROLE, master=MASTER, **ACCOUNTS)
    aws.restore(EMPTY)
    proxy.begin()
    return FaultWorld(aws, proxy, furnished, tmp_path / "repositories")


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once.

    The tool's own waiting is made short by QuickWorld; what is patched here is botocore's, which has no setting.
    """
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0)
    # Adaptive clients: after a call that was throttled, every call would wait for its turn.
    monkeypatch.setattr(botocore.retries.adaptive.ClientRateLimiter, "on_sending_request", lambda *_, **__: None)
    monkeypatch.setattr(botocore.retryhandler, "delay_exponential", lambda **_: 0)


@pytest.fixture
def quick(world: FaultWorld, eager: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in a run with faults an answer is waited for no longer than READ_TIMEOUT."""

    def config(**settings: Any) -> Config:
        hurried = "read_timeout" in settings and world.proxy.plan is not CALM
        return Config(**(settings | {"read_timeout": READ_TIMEOUT} if hurried else settings))

    monkeypatch.setattr(clients, "Config", config)
