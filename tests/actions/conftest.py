"""One embedded AWS for all stories; each workshop empties it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rolemodel_ci.sandbox.embedded import EmbeddedAws


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """The AWS."""
    with EmbeddedAws() as running:
        yield running
