"""What earlier steps of a job have put into the environment: it leads no call to AWS or GitHub elsewhere."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.adapters.github.environment import put_away, steering

from .workshop import USERS, Workshop, access

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
ELSEWHERE = (
    "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL_SSM",
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip
FILES = (
    "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "AWS_CONFIG_FILE", "AWS_DATA_PATH",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "SSLKEYLOGFILE",
)  # fmt: skip


class Trap:
    """Somebody who listens; `heard` counts who has called."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.heard = 0
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            while True:
                caller, _ = self._socket.accept()
                self.heard += 1
                caller.close()
        except OSError:  # closed
            pass

    def close(self) -> None:
        """Go away."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def trap() -> Iterator[Trap]:
    """One that nobody is to call."""
    made = Trap()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["review", "rollout"])
def test_nothing_goes_elsewhere(shop: Workshop, trap: Trap, kind: str) -> None:
    merge = shop.hosted.request(access(WANTED))
    job = shop.opened if kind == "review" else shop.merged
    spoilt: dict[str, str | None] = {**dict.fromkeys(ELSEWHERE, trap.url), **dict.fromkeys(FILES, "/nowhere")}
    spoilt |= {"AWS_PROFILE": "nobody", "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    done = shop.run(job(merge, environment=spoilt))
    assert done.code == 0, done.log
    assert done.outputs["result"] == ("planned" if kind == "review" else "applied")
    assert trap.heard == 0
    assert done.annotations("notice") == []


def test_a_run_that_gets_nowhere_says_what_it_did_not_heed(shop: Workshop) -> None:
    away = {"AWS_ENDPOINT_URL": "https://sts.evil.example", "AWS_CA_BUNDLE": "/our.pem", "AWS_PROFILE": "x"}
    done = shop.run(shop.pushed(*shop.hosted.push(access(WANTED)), oidc=False, environment=away))
    assert done.code == 3, done.log
    told = next(line for line in done.shown.splitlines() if "would lead calls" in line)
    assert told.startswith("AWS_CA_BUNDLE, AWS_ENDPOINT_URL")
    assert "network: environment" in told
    assert "AWS_PROFILE" not in told


def test_where_the_workflow_says_so_the_environment_counts(
    shop: Workshop, trap: Trap, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = shop.hosted.request(access(WANTED))
    spoilt: dict[str, str | None] = {"AWS_ENDPOINT_URL_IAM": trap.url, "AWS_MAX_ATTEMPTS": "1"}
    done = shop.run(shop.opened(merge, inputs={"network": "environment"}, environment=spoilt))
    assert done.code == 3, done.log
    assert trap.heard > 0
    assert "would lead calls" not in done.shown


def test_an_endpoint_without_tls_is_refused_all_the_same(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    away = {"AWS_ENDPOINT_URL_STS": "http://sts.evil.example"}
    done = shop.run(shop.opened(merge, inputs={"network": "environment"}, environment=away))
    assert (done.code, "AWS_ENDPOINT_URL_STS is not the address of an HTTPS server" in done.said("error")) == (2, True)


@given(st.dictionaries(st.sampled_from([*ELSEWHERE, *FILES, "AWS_MAX_ATTEMPTS", "GIT_DIR", "PATH", "HOME"]), st.text()))
def test_the_environment_is_put_back(environment: dict[str, str]) -> None:
    before = dict(environment)
    with put_away(environment):
        assert steering(environment) == ()
        assert set(environment) <= {"AWS_MAX_ATTEMPTS", "PATH", "HOME"}, environment
    assert environment == before


def test_an_address_that_is_none_is_not_here() -> None:
    assert steering({"AWS_ENDPOINT_URL": "http://[::1", "NO_PROXY": ""}) == ("AWS_ENDPOINT_URL",)
