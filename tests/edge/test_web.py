"""Requests over real HTTP: repeated where that is safe, bounded in time and size, and never to another server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator

import pytest
from actions import fake_faults as faults
from actions.fake_github import TOKEN, ElsewhereServer, FakeGithub, Pull
from actions.fake_messages import Reply, answer

from rolemodel_ci.adapters.github import http
from rolemodel_ci.adapters.github.http import Answer, Web

from .paused import NOW, Paused

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


# ---- attempts


def test_good_answer_needs_one_request(asks: Web, github: FakeGithub, paused: Paused) -> None:
    found = asks.ask("GET", LIST)
    assert found.is_good
    assert [comment["body"] for comment in found.document()] == ["hello"]
    assert (len(github.requests), paused.pauses) == (1, [])
    (request,) = github.requests
    assert request.token == TOKEN
    assert request.headers["user-agent"].startswith("rolemodel-ci/")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_in_trouble_is_asked_again(asks: Web, github: FakeGithub, paused: Paused, status: int) -> None:
    github.fail("GET", LIST, faults.server_error(status), faults.server_error(status))
    assert asks.ask("GET", LIST).is_good
    assert (len(github.requests), paused.pauses) == (3, [1.0, 2.0])


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.server_error(500), 500),
        (faults.hang_up(), 0),
        (faults.secondary_limit(), 403),
        (faults.secondary_limit(429), 429),
        (faults.secondary_limit(retry_after=0), 403),
        (faults.primary_limit(int(NOW) - 100), 403),
    ],
)
def test_attempts_are_bounded(asks: Web, github: FakeGithub, paused: Paused, fault: faults.Fault, status: int) -> None:
    github.fail("GET", LIST, fault, last_stays=True)
    assert asks.ask("GET", LIST).status == status
    assert (len(github.requests), len(paused.pauses)) == (5, 4)


@pytest.mark.parametrize("status", [403, 429])
def test_limit_is_waited_for_as_long_as_it_says(asks: Web, github: FakeGithub, paused: Paused, status: int) -> None:
    github.fail("GET", LIST, faults.secondary_limit(status, 17), faults.secondary_limit(status, 60))
    assert asks.ask("GET", LIST).is_good
    assert paused.pauses == [17.0, 60.0]


@pytest.mark.parametrize("status", [403, 429])
def test_limit_that_does_not_say_how_long(asks: Web, github: FakeGithub, paused: Paused, status: int) -> None:
    github.fail("GET", LIST, *[faults.secondary_limit(status)] * 3)
    assert asks.ask("GET", LIST).is_good
    assert paused.pauses == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("told", ["soon", "-5", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
def test_limit_with_a_wait_that_is_no_number(asks: Web, github: FakeGithub, paused: Paused, told: str) -> None:
    github.fail("GET", LIST, faults.says(answer({"message": "slow down"}, 429, {"Retry-After": told})))
    assert asks.ask("GET", LIST).is_good
    assert paused.pauses == [1.0]


@pytest.mark.parametrize("told", ["61", "3600", "9" * 400])
def test_limit_of_more_than_a_minute_is_not_waited_for(
    asks: Web, github: FakeGithub, paused: Paused, told: str
) -> None:
    github.fail("GET", LIST, faults.says(answer({"message": "slow down"}, 403, {"Retry-After": told})), last_stays=True)
    assert asks.ask("GET", LIST).status == 403
    assert (len(github.requests), paused.pauses) == (1, [])


def test_limit_of_the_hour_that_ends_soon(asks: Web, github: FakeGithub, paused: Paused) -> None:
    github.fail("GET", LIST, faults.primary_limit(int(NOW) + 20))
    assert asks.ask("GET", LIST).is_good
    assert paused.pauses == [21.0]


def test_limit_of_the_hour_that_has_long_to_go(asks: Web, github: FakeGithub, paused: Paused) -> None:
    github.fail("GET", LIST, faults.primary_limit(int(NOW) + 3600), last_stays=True)
    assert asks.ask("GET", LIST).status == 403
    assert (len(github.requests), paused.pauses) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_refusal_is_final(asks: Web, github: FakeGithub, paused: Paused, status: int) -> None:
    github.fail("GET", LIST, faults.says(answer({"message": "no"}, status)), last_stays=True)
    assert asks.ask("GET", LIST).status == status
    assert (len(github.requests), paused.pauses) == (1, [])


@pytest.mark.parametrize("fault", [faults.server_error(504), faults.hang_up(), faults.truncated()])
def test_what_may_be_done_only_once_is_not_repeated(asks: Web, github: FakeGithub, fault: faults.Fault) -> None:
    github.fail("POST", LIST, fault)
    assert not asks.ask("POST", LIST, {"body": "x"}, again=False).is_good
    assert len(github.requests) == 1


def test_what_may_be_done_only_once_is_repeated_where_nothing_was_done(asks: Web, github: FakeGithub) -> None:
    github.fail("POST", LIST, faults.secondary_limit(retry_after=1))
    assert asks.ask("POST", LIST, {"body": "x"}, again=False).status == 201
    assert [comment.body for comment in github.comments(7)] == ["hello", "x"]


@pytest.mark.parametrize("effect", [False, True])
def test_connection_that_is_lost(asks: Web, github: FakeGithub, effect: bool) -> None:
    github.fail("GET", LIST, faults.hang_up(effect=effect))
    assert asks.ask("GET", LIST).is_good
    assert len(github.requests) == 2


def test_answer_that_breaks_off_is_no_answer(asks: Web, github: FakeGithub) -> None:
    github.fail("GET", LIST, faults.truncated())
    assert len(asks.ask("GET", LIST).document()) == 1
    assert len(github.requests) == 2


def test_nobody_listens(paused: Paused) -> None:
    with ElsewhereServer() as gone:
        url = gone.url
    found = Web(url, HEADERS, paused.clock).ask("GET", "/")
    assert (found.status, found.reason) == (0, "it does not answer (ConnectionError)")
    assert paused.pauses == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("token", ["t€ken", "two\nlines", "tw\ro"])
def test_token_that_no_header_can_hold(github: FakeGithub, paused: Paused, token: str) -> None:
    found = Web(github.url, HEADERS | {"Authorization": f"Bearer {token}"}, paused.clock).ask("GET", LIST)
    assert (found.status, github.requests) == (0, [])
    assert token not in found.reason


# ---- documents


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": 1, "body": "\xff\xfe', b"[" * 200_000, b"9" * 5_000])
def test_what_is_no_json_is_no_document(body: bytes) -> None:
    assert Answer(200, {}, body).document() is None


def test_compressed_answer_is_read() -> None:
    said = json.dumps(["x" * 100_000]).encode()
    reply = Reply(200, gzip.compress(said), {"Content-Encoding": "gzip", "Content-Type": "application/json"})
    with ElsewhereServer(reply) as server:
        assert Web(server.url, {}).ask("GET", "/").document() == ["x" * 100_000]


def test_broken_compression_is_no_answer(paused: Paused) -> None:
    with ElsewhereServer(Reply(200, b"no gzip at all", {"Content-Encoding": "gzip"})) as server:
        assert Web(server.url, {}, paused.clock).ask("GET", "/").status == 0


def test_small_answer_that_unpacks_to_a_huge_one(monkeypatch: pytest.MonkeyPatch, paused: Paused) -> None:
    monkeypatch.setattr(http, "_SIZE", 100_000)
    reply = Reply(200, gzip.compress(b"0" * 10_000_000), {"Content-Encoding": "gzip"})
    with ElsewhereServer(reply) as server:
        found = Web(server.url, {}, paused.clock).ask("GET", "/", again=False)
    assert (found.status, found.reason) == (0, "its answer has no end")


def test_waiting_doubles(asks: Web, paused: Paused) -> None:
    wait: Callable[[int], None] = asks.wait
    for attempt in range(3):
        wait(attempt)
    assert paused.pauses == [1.0, 2.0, 4.0]
