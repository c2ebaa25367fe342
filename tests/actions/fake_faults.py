"""What goes wrong between a client and GitHub, each as a value for `FakeGithub.fail`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from .fake_messages import Reply, Request, answer, refusal

SLOWEST = 15.0  # seconds; no test waits longer, whatever it asks for

HTML = b"<html><head><title>%d</title></head><body><h1>Unicorn!</h1> try again: ##[error]x ::error::x</body></html>"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    With `effect`, GitHub does what it was asked and `change` spoils the reply; without, nothing is done, and `change`
    is given an empty reply to fill. `change` knows the request (its path begins with `/repos/`) and the URL of the API.
    """

    change: Callable[[Reply, Request, str], Reply]
    effect: bool = False


FINE = Fault(lambda reply, _request, _url: reply, effect=True)  # nothing goes wrong: a place in a row of faults


def says(reply: Reply, *, effect: bool = False) -> Fault:
    """Any reply a test wants."""
    return Fault(lambda _reply, _request, _url: reply, effect)


def server_error(status: int = 502, *, effect: bool = False) -> Fault:
    """A page of HTML from a machine in front of GitHub; with `effect` after the write was done, as a 504 may be."""
    return says(Reply(status, HTML % status, {"Content-Type": "text/html; charset=utf-8"}), effect=effect)


def secondary_limit(status: int = 403, retry_after: int | None = None) -> Fault:
    """Too many writes at once. `retry_after` in seconds; GitHub does not always send it.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return says(refusal(status, message, headers=headers | {"X-RateLimit-Remaining": "870"}))


def primary_limit(reset: int, status: int = 403) -> Fault:
    """The requests of this hour are used up. `reset` is in seconds since 1970."""
    headers = {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Used": "1000",
        "X-RateLimit-Reset": str(reset),
        "X-RateLimit-Resource": "core",
    }
    return says(refusal(status, "API rate limit exceeded for installation.", headers=headers))


def hang_up(*, effect: bool = False) -> Fault:
    """The connection closes without a word: before anything was done, or with `effect` after it."""
    return says(Reply(hang_up=True), effect=effect)


def garbled() -> Fault:
    """The request was done, and the reply is no JSON though it says so."""
    return Fault(lambda reply, _request, _url: replace(reply, body=b'{"id": 1, "body": "\xff\xfe'), effect=True)


def truncated() -> Fault:
    """The request was done, and the connection breaks in the middle of the reply."""
    return Fault(lambda reply, _request, _url: replace(reply, cut=True), effect=True)


def other_shape() -> Fault:
    """The request was done, and the reply is a list where an object belongs, or an object where a list does."""

    def change(reply: Reply, _request: Request, _url: str) -> Reply:
        said = json.loads(reply.body)
        return replace(reply, body=json.dumps({"items": said} if isinstance(said, list) else [said]).encode())

    return Fault(change, effect=True)


def slow(seconds: float, *, effect: bool = True) -> Fault:
    """The reply comes late, at most `SLOWEST` seconds and at most until the fake ends."""
    return Fault(lambda reply, _request, _url: replace(reply, delay=min(seconds, SLOWEST)), effect=effect)


def moved(repository_id: int, status: int = 301) -> Fault:
    """The repository was renamed: the same host has it under its id."""

    def change(_reply: Reply, request: Request, url: str) -> Reply:
        rest = request.target.split("/repos/", 1)[-1].split("/", 2)[-1]
        return _redirect(status, f"{url}/repositories/{repository_id}/{rest}")

    return Fault(change)


def elsewhere(url: str, status: int = 302) -> Fault:
    """A redirect to the same path and query on another host."""
    return Fault(lambda _reply, request, _url: _redirect(status, url + request.target))


def foreign_next(url: str) -> Fault:
    """A page whose next page is on another host."""
    return Fault(
        lambda reply, request, _url: _linked(reply, f"{url}{request.path}?per_page=100&page=2"),
        effect=True,
    )


def endless() -> Fault:
    """A page that is its own next page."""
    return Fault(lambda reply, request, url: _linked(reply, f"{url}{request.path}{_query(request)}"), effect=True)


def _query(request: Request) -> str:
    _, mark, query = request.target.partition("?")
    return mark + query


def _linked(reply: Reply, following: str) -> Reply:
    return replace(reply, headers=reply.headers | {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'})


def _redirect(status: int, location: str) -> Reply:
    said = {"message": "Moved Permanently", "url": location, "documentation_url": "https://docs.github.com/rest"}
    return answer(said, status, {"Location": location})
