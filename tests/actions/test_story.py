"""The whole story over HTTP, in this process; tests/container tells it in the container."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import story
from .company import Via
from .workshop import Workshop


@pytest.mark.parametrize("via", ["direct", "master"])
def test_an_access_request_from_the_pull_request_to_the_nightly_run(tmp_path: Path, aws: EmbeddedAws, via: Via) -> None:
    with Workshop(tmp_path, aws, via=via) as shop:
        story.tell(shop)
        assert shop.front.granted(role="rolemodel-ci-plan")
        assert {assumed.session_name for assumed in shop.front.assumptions} == {"acme.access@4711"}
