"""HTTP to one server, with a token: bounded in time and size, never to another host, repeated where that is safe."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from rolemodel_ci import __version__

_TIMEOUT = (10.0, 30.0)  # seconds to connect; seconds between two pieces of an answer
_LONGEST = 60.0  # seconds that one answer may take in all
_SIZE = 64 * 1024 * 1024  # bytes of an answer: GitHub's largest, a recursive tree, is limited to 7 MB
_PIECE = 64 * 1024

_ATTEMPTS = 5
_LONGEST_PAUSE = 60.0
"""Seconds: a server that asks for more is given up, and told of; GitHub's secondary limits ask for up to a minute:
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; `status` 0 where that could not be read. `reason` says why an answer is of no use."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300

    def document(self) -> Any:
        """The body as JSON; None where it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # no JSON, or brackets without end
            return None


@dataclass(frozen=True, slots=True)
class HttpClock:
    """Time, for pauses between attempts."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Web:
    """Requests to one server. `headers` go with each of them, and to no other server."""

    def __init__(self, base: str, headers: Mapping[str, str], clock: HttpClock = HttpClock()) -> None:
        self._base = base
        self._origin = urlsplit(base)[:2]
        self._headers = {"User-Agent": f"rolemodel-ci/{__version__}", **headers}
        self._clock = clock
        self._own = threading.local()  # a session of requests is not made for threads

    def ask(self, method: str, path: str, body: Any = None, *, again: bool = True, **headers: str) -> Answer:
        """One request, repeated while the server is in trouble. `path` may be a whole address on the same server.

        `again` False: repeated only where the server says that it has done nothing, for what it may do only once.
        """
        address = self._base + path if path.startswith("/") else path
        for attempt in range(_ATTEMPTS):
            answer = self._follow(method, address, body, headers)
            pause = self._pause(answer, attempt, again=again)
            if pause is None or pause > _LONGEST_PAUSE or attempt == _ATTEMPTS - 1:
                break
            self._clock.sleep(pause)
        return answer

    def wait(self, attempt: int) -> None:
        """Let 1, 2, 4, … seconds pass."""
        self._clock.sleep(float(2**attempt))

    def is_here(self, address: str) -> bool:
        """Whether an address is one of this server's."""
        try:
            return urlsplit(address)[:2] == self._origin
        except ValueError:  # no address at all
            return False

    def _follow(self, method: str, address: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Follow redirects on the same server: GitHub sends one where a repository was renamed."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._once(method, address, body, headers)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return answer
            following = _joined(address, target)
            if not self.is_here(following):
                return Answer(answer.status, {}, b"", "it sends us to another server, and no token goes there")
            if method != "GET" and answer.status not in (307, 308):  # such a redirect would make a GET of it
                return Answer(answer.status, {}, b"", "it has what is to be changed at another address")
            address = following
        return Answer(answer.status, {}, b"", "it sends us from one address to the next")

    def _once(self, method: str, address: str, body: Any, headers: Mapping[str, str]) -> Answer:
        ends = time.monotonic() + _LONGEST
        try:
            with self._session().request(
                method, address, json=body, headers={**self._headers, **headers}, timeout=_TIMEOUT,
                allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                content = bytearray()
                while piece := response.raw.read1(_PIECE, decode_content=True):  # what is there, not a whole _PIECE
                    content += piece
                    if len(content) > _SIZE or time.monotonic() > ends:
                        return Answer(0, {}, b"", "its answer has no end")
                told = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, told, bytes(content))
        except (requests.RequestException, HTTPError, UnicodeError) as error:  # the last: a token that is no ASCII
            return Answer(0, {}, b"", f"it does not answer ({type(error).__name__})")

    def _session(self) -> requests.Session:
        """The session of this thread."""
        if not hasattr(self._own, "session"):
            self._own.session = _Session()
            self._own.session.auth = _as_given  # without one, requests would look for a password in ~/.netrc
            self._own.session.trust_env = self._origin[0] == "https"  # plain HTTP is this machine's: no proxy sees it
        session: requests.Session = self._own.session
        return session

    def _pause(self, answer: Answer, attempt: int, *, again: bool) -> float | None:
        """Seconds until the next attempt; None where there is to be none."""
        limited = is_limited(answer)
        if not limited and not (again and (answer.status >= 500 or answer.status == 0)):
            return None
        wait = answer.headers.get("retry-after", "")
        if limited and wait.isdecimal():
            return float(wait)
        reset = answer.headers.get("x-ratelimit-reset", "")
        if limited and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(float(reset) - self._clock.now(), 0.0) + 1.0
        return float(2**attempt)


class _Session(requests.Session):
    """A session that does not look at redirects: it would read what comes with one, and parse where it leads."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """There is none."""


def is_limited(answer: Answer) -> bool:
    """Whether the server did nothing because it was asked too often; GitHub says so with 403 as well as with 429."""
    if answer.status == 429:
        return True
    told = answer.headers
    return answer.status == 403 and (
        "retry-after" in told or told.get("x-ratelimit-remaining") == "0" or b"rate limit" in answer.body.lower()
    )


def _joined(address: str, target: str) -> str:
    """Where a redirect leads; empty where it is garbled."""
    try:
        return urljoin(address, target)
    except ValueError:
        return ""


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
