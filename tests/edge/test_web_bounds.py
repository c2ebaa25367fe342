"""Answers are bounded in time and size, and no other server gets a token."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from actions import fake_faults as faults
from actions.fake_github import TOKEN, ElsewhereServer, FakeGithub, Pull
from actions.fake_messages import Reply, answer

from rolemodel_ci.adapters.github import http
from rolemodel_ci.adapters.github.http import Answer, Web

from .paused import Paused

LIST = "/repos/acme/access/issues/7/comments"
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
}


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as listening:
        listening.pull(Pull(7, "a" * 40))
        listening.comment(7, "hello")
        yield listening
    assert listening.violations == []


@pytest.fixture
def paused() -> Paused:
    return Paused()


@pytest.fixture
def asks(github: FakeGithub, paused: Paused) -> Web:
    return Web(github.url, HEADERS, paused.clock)


# ---- time and size


class Raw:
    """A server that says what it is told to on a bare socket, piece by piece, and goes on until nobody listens."""

    def __init__(self, head: bytes, piece: bytes, pause: float, status: bytes = b"200 OK") -> None:
        self._say = b"HTTP/1.1 %b\r\n%b\r\n\r\n" % (status, head), piece, pause
        self._over = threading.Event()

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(5)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        head, piece, pause = self._say
        try:
            connection, _ = self._socket.accept()
            with connection:
                connection.settimeout(5)
                connection.recv(65_536)
                connection.sendall(head)
                for _ in range(10_000):
                    if self._over.wait(pause):
                        return
                    connection.sendall(piece)
        except OSError:
            return


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"Content-Length: 1000000", b"x"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n"), (b"Connection: close", b"x")],
)
def test_answer_that_drips_is_given_up(
    monkeypatch: pytest.MonkeyPatch, paused: Paused, head: bytes, piece: bytes
) -> None:
    """However little there is between two bytes: what counts is the answer as a whole."""
    monkeypatch.setattr(http, "_LONGEST", 0.3)
    with Raw(head, piece, 0.05) as url:
        found = Web(url, {}, paused.clock).ask("GET", "/", again=False)
    assert found == Answer(0, {}, b"", "its answer has no end")


def test_what_comes_with_a_redirect_may_not_drip_either(monkeypatch: pytest.MonkeyPatch, paused: Paused) -> None:
    monkeypatch.setattr(http, "_LONGEST", 0.3)
    with Raw(b"Location: /there\r\nContent-Length: 1000", b"x", 0.05, b"302 Found") as url:
        found = Web(url, {}, paused.clock).ask("GET", "/", again=False)
    assert found == Answer(0, {}, b"", "its answer has no end")


@pytest.mark.parametrize(
    ("head", "piece"), [(b"Transfer-Encoding: chunked", b"400\r\n" + b"x" * 1024 + b"\r\n"), (b"X: y", b"x" * 1024)]
)
def test_answer_that_floods_is_given_up(
    monkeypatch: pytest.MonkeyPatch, paused: Paused, head: bytes, piece: bytes
) -> None:
    monkeypatch.setattr(http, "_SIZE", 1_000_000)
    with Raw(head, piece, 0) as url:
        found = Web(url, {}, paused.clock).ask("GET", "/", again=False)
    assert found == Answer(0, {}, b"", "its answer has no end")


def test_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch, github: FakeGithub, paused: Paused) -> None:
    monkeypatch.setattr(http, "_TIMEOUT", (1.0, 0.2))
    github.fail("GET", LIST, faults.slow(3))
    assert Web(github.url, HEADERS, paused.clock).ask("GET", LIST).is_good
    assert paused.pauses == [1.0]


def test_slow_answer_is_waited_for(asks: Web, github: FakeGithub, paused: Paused) -> None:
    github.fail("GET", LIST, faults.slow(0.3))
    assert asks.ask("GET", LIST).is_good
    assert paused.pauses == []


def test_threads_do_not_share_a_connection(asks: Web, github: FakeGithub) -> None:
    found: list[Answer] = []
    threads = [threading.Thread(target=lambda: found.append(asks.ask("GET", LIST))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [one.status for one in found] == [200] * 8
    assert len(github.requests) == 8


# ---- where it goes


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_renamed_repository_is_read_where_it_is(asks: Web, github: FakeGithub, status: int) -> None:
    github.fail("GET", LIST, faults.moved(github.repository_id, status))
    assert len(asks.ask("GET", f"{LIST}?per_page=100").document()) == 1
    assert [request.token for request in github.requests] == [TOKEN, TOKEN]
    assert github.requests[1].target == f"/repositories/{github.repository_id}/issues/7/comments?per_page=100"


@pytest.mark.parametrize(("status", "made"), [(301, 0), (302, 0), (303, 0), (307, 1), (308, 1)])
def test_change_follows_only_a_redirect_that_keeps_it_one(
    asks: Web, github: FakeGithub, status: int, made: int
) -> None:
    github.fail("POST", LIST, faults.moved(github.repository_id, status))
    found = asks.ask("POST", LIST, {"body": "mine"}, again=False)
    assert [comment.body for comment in github.comments(7)[1:]] == ["mine"] * made
    assert [request.method for request in github.requests] == ["POST"] * (1 + made)
    assert found.reason == ("" if made else "it has what is to be changed at another address")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_other_server_gets_nothing(asks: Web, github: FakeGithub, method: str, status: int) -> None:
    path = LIST if method != "PATCH" else f"/repos/acme/access/issues/comments/{github.comments(7)[0].id}"
    with ElsewhereServer() as other:
        github.fail(method, path, faults.elsewhere(other.url, status))
        found = asks.ask(method, path, None if method == "GET" else {"body": "x"})
        assert other.requests == []
    assert (found.status, found.is_good) == (status, False)
    assert found.reason == "it sends us to another server, and no token goes there"
    assert len(github.requests) == 1


@pytest.mark.parametrize(
    "location", ["http://[", "//[::1", "https://127.0.0.1/", "file:///etc/passwd", "//evil.example/"]
)
def test_redirect_that_leads_nowhere_we_go(asks: Web, github: FakeGithub, location: str) -> None:
    github.fail("GET", LIST, faults.says(answer({}, 302, {"Location": location})))
    assert asks.ask("GET", LIST).reason == "it sends us to another server, and no token goes there"


def test_other_names_of_another_server(asks: Web, github: FakeGithub) -> None:
    """What looks like this server to a careless reader is another one."""
    host = github.url.removeprefix("http://")
    for address in (f"http://{host}@evil.example/", f"http://{host}.evil.example/", f"https://{host}/", "http://[",
                    f"http://{host}\\@evil.example/", f"http://me@{host}/", "/", ""):  # fmt: skip
        assert not asks.is_here(address)
    assert asks.is_here(f"{github.url}/anything?at=all")


def test_redirects_in_a_circle_end(asks: Web, github: FakeGithub) -> None:
    here = faults.Fault(lambda _reply, request, url: answer({}, 302, {"Location": url + request.target}))
    github.fail("GET", LIST, here, last_stays=True)
    assert asks.ask("GET", LIST).reason == "it sends us from one address to the next"
    assert len(github.requests) == 4


def test_redirect_without_a_target_is_an_answer(asks: Web, github: FakeGithub) -> None:
    github.fail("GET", LIST, faults.says(Reply(304)))
    assert asks.ask("GET", LIST).status == 304


# ---- what the machine has set


def test_password_of_netrc_does_not_take_the_tokens_place(
    asks: Web, github: FakeGithub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login mallory password hers\ndefault login x password y\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert asks.ask("GET", LIST).is_good
    assert github.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_netrc_is_left_alone_with_https_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, the environment counts, for a proxy; the header is what is sent all the same."""
    (tmp_path / ".netrc").write_text("default login mallory password hers\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    session: Any = Web("https://api.github.com", HEADERS)._session()
    import requests

    prepared = session.prepare_request(requests.Request("GET", "https://api.github.com/", headers=HEADERS))
    assert session.trust_env
    assert prepared.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_proxy_sees_no_token(asks: Web, github: FakeGithub, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with ElsewhereServer() as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert asks.ask("GET", LIST).is_good
        assert proxy.requests == []
