"""Each fault of the fake GitHub is the one that it is called, once, and leaves the state it says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from . import fake_faults as faults
from .calling_fake import COMMENTS, HEADERS, call, said
from .fake_github import REQUEST_LIMIT, ElsewhereServer, FakeGithub, Pull, Request
from .fake_messages import answer

ANY = r"/issues/7/comments"


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        fake.pull(Pull(7, "a" * 40))
        yield fake


def create(github: FakeGithub) -> requests.Response:
    """One comment, or what came in its place."""
    return call(github, "POST", COMMENTS, json={"body": "the plan"})


def read(github: FakeGithub) -> requests.Response:
    """The list of comments, or what came in its place."""
    return call(github, "GET", COMMENTS)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error_before_the_effect(github: FakeGithub, status: int) -> None:
    github.fail("POST", ANY, faults.server_error(status))
    spoilt = create(github)
    assert (spoilt.status_code, spoilt.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert spoilt.text.startswith("<html>")
    assert github.comments() == []
    assert create(github).status_code == 201


def test_gateway_gives_up_after_the_effect(github: FakeGithub) -> None:
    github.fail("POST", ANY, faults.server_error(504, effect=True))
    assert create(github).status_code == 504
    assert [one.body for one in github.comments()] == ["the plan"]


@pytest.mark.parametrize(("status", "after"), [(403, None), (403, 1), (429, None), (429, 60)])
def test_secondary_limit(github: FakeGithub, status: int, after: int | None) -> None:
    github.fail("POST", ANY, faults.secondary_limit(status, after))
    spoilt = create(github)
    assert (spoilt.status_code, "secondary rate limit" in said(spoilt)) == (status, True)
    assert spoilt.headers.get("Retry-After") == (after and str(after))
    assert spoilt.headers["X-RateLimit-Remaining"] != "0"
    assert github.comments() == []


def test_primary_limit(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.primary_limit(1_767_229_200))
    spoilt = read(github)
    assert (spoilt.status_code, spoilt.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert spoilt.headers["X-RateLimit-Reset"] == "1767229200"


@pytest.mark.parametrize("effect", [False, True])
def test_hang_up(github: FakeGithub, effect: bool) -> None:
    github.fail("POST", ANY, faults.hang_up(effect=effect))
    with pytest.raises(requests.ConnectionError):
        create(github)
    assert len(github.comments()) == effect
    assert len(github.requests) == 1


def test_garbled(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.garbled())
    spoilt = read(github)
    assert spoilt.headers["Content-Type"].startswith("application/json")
    with pytest.raises(ValueError, match=r".") as error:
        spoilt.json()
    assert isinstance(error.value, requests.JSONDecodeError | UnicodeDecodeError)


def test_truncated(github: FakeGithub) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.truncated())
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        read(github)
    assert len(read(github).json()) == 1


def test_other_shape(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.other_shape())
    github.fail("POST", ANY, faults.other_shape())
    assert read(github).json() == {"items": []}
    assert [one["body"] for one in create(github).json()] == ["the plan"]


def test_slow(github: FakeGithub) -> None:
    github.fail("POST", ANY, faults.slow(0.3))
    before = time.monotonic()
    assert create(github).status_code == 201
    assert time.monotonic() - before >= 0.3


def test_slow_ends_with_the_fake_and_for_who_does_not_wait(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.slow(1_000))
    before = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        call(github, "GET", COMMENTS, timeout=0.2)
    assert read(github).status_code == 200
    assert time.monotonic() - before < faults.SLOWEST


@pytest.mark.parametrize("status", [301, 307])
def test_moved_to_the_id_on_the_same_host(github: FakeGithub, status: int) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.moved(github.repository_id, status))
    spoilt = call(github, "GET", f"{COMMENTS}?per_page=100")
    there = f"{github.url}/repositories/{github.repository_id}/issues/7/comments?per_page=100"
    assert (spoilt.status_code, spoilt.headers["Location"]) == (status, there)
    assert len(requests.get(there, headers=HEADERS, timeout=10).json()) == 1
    assert github.violations == []


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirect_to_another_host(github: FakeGithub, status: int) -> None:
    with ElsewhereServer() as other:
        github.fail("GET", ANY, faults.elsewhere(other.url, status))
        spoilt = call(github, "GET", f"{COMMENTS}?page=2")
        assert (spoilt.status_code, spoilt.headers["Location"]) == (status, f"{other.url}{COMMENTS}?page=2")
        assert other.requests == []
        assert requests.get(spoilt.headers["Location"], headers={"X-Mine": "1"}, timeout=10).json() == []
        (came,) = other.requests
        assert (came.path, came.headers["x-mine"], came.token) == (COMMENTS, "1", None)


def test_next_page_on_another_host(github: FakeGithub) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.foreign_next("http://127.0.0.1:1"))
    spoilt = read(github)
    assert len(spoilt.json()) == 1
    assert spoilt.links["next"]["url"].startswith("http://127.0.0.1:1/")


def test_page_that_is_its_own_next_page(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.endless(), last_stays=True)
    url = github.url + COMMENTS + "?per_page=100"
    for _ in range(5):
        spoilt = requests.get(url, headers=HEADERS, timeout=10)
        assert spoilt.links["next"]["url"] == url
    assert len(github.requests) == 5


def test_client_that_goes_round_for_ever_is_hung_up_on(github: FakeGithub) -> None:
    github.requests.extend([Request("GET", COMMENTS, COMMENTS)] * REQUEST_LIMIT)
    with pytest.raises(requests.ConnectionError):
        read(github)
    assert github.violations == [f"more than {REQUEST_LIMIT} requests"]


def test_faults_come_one_after_the_other_where_they_match(github: FakeGithub) -> None:
    github.fail("POST", ANY, faults.server_error(), faults.FINE, faults.says(answer({"message": "mine"}, 418)))
    github.fail("POST", ANY, faults.secondary_limit())
    assert read(github).status_code == 200
    assert [create(github).status_code for _ in range(5)] == [502, 201, 418, 403, 201]
    assert len(github.comments()) == 2


def test_fault_hides_no_violation(github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.server_error())
    call(github, "GET", f"{COMMENTS}?per_page=500")
    assert len(github.violations) == 1


def test_nothing_listens_after_the_block() -> None:
    with FakeGithub() as github, ElsewhereServer() as other:
        urls = [github.url, other.url]
    for url in urls:
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=2)
