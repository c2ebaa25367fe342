"""Fixtures: a company that has been rolled out once, for all tests that leave its stacks and groups as they are.

Modules that use them say `pytest_plugins = ["actions.resting"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rolemodel_ci.adapters.github.api import Github
from rolemodel_ci.adapters.github.http import HttpClock
from rolemodel_ci.adapters.github.oidc import RunnerTokens
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .workshop import MEMBERS, Workshop


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An AWS of its own, in which the first push has been applied."""
    with EmbeddedAws() as aws:
        with Workshop(tmp_path_factory.mktemp("company"), aws) as shop:
            shop.rolled_out()
        yield aws


@pytest.fixture
def shop(company: EmbeddedAws, tmp_path: Path) -> Iterator[Workshop]:
    """A workshop in that company; groups have the members that they had, whatever the test before has done to them."""
    with Workshop(tmp_path, company, furnish=False) as opened:
        opened.put(MEMBERS)
        opened.remember()
        yield opened.forget()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the edge makes between attempts, in seconds; none of them takes time."""
    made: list[float] = []
    for maker in (Github.__init__, RunnerTokens.__init__):
        assert [type(default) for default in maker.__defaults__ or ()] == [HttpClock]
        monkeypatch.setattr(maker, "__defaults__", (HttpClock(sleep=made.append),))
    return made
