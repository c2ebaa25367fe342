"""A GitHub of one repository on 127.0.0.1, for as long as a `with` block lasts: it remembers, is strict, and fails on
demand.

    with FakeGithub() as github:
        github.pull(Pull(7, "a" * 40))
        github.fail("POST", r"/issues/7/comments", server_error(504, effect=True))
        ...  # GITHUB_API_URL is github.url, the token is TOKEN
        assert github.violations == []
"""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass, field, replace

from .fake_faults import Fault
from .fake_hosted import BOT, TOKEN, Bearer, Comment, Event, Hosted, Pull, Review, Run
from .fake_listening import ElsewhereServer, Listening
from .fake_messages import Reply, Request, refusal
from .fake_routes import PAGE_LIMIT, Asked, Operation, operation
from .fake_schema import github as github_schema

__all__ = [
    "BOT",
    "TOKEN",
    "Bearer",
    "Comment",
    "ElsewhereServer",
    "Event",
    "FakeGithub",
    "Pull",
    "Request",
    "Review",
    "Run",
]

VERSION = "2022-11-28"
REQUEST_LIMIT = 2_000  # a client that goes round for ever is hung up on
ACCEPTED = ("application/vnd.github", "application/json")
HOURLY = 1_000  # requests; https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api


@dataclass
class _Row:
    """Faults in a row for the requests that a pattern matches."""

    method: str
    pattern: re.Pattern[str]
    faults: deque[Fault]
    last_stays: bool


@dataclass
class Exchange:
    """A request with its reply, and the operation that GitHub's OpenAPI has for it."""

    request: Request
    reply: Reply
    operation: Operation
    parts: tuple[str, ...]


@dataclass
class FakeGithub(Hosted, Listening):
    """The server. `requests` has everything that arrived, in order, also what was refused; `violations` what no client
    of GitHub should send, whatever it was told; `exchanges` what reached an operation, without faults."""

    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make what no test sets."""
        super().__post_init__()
        self._rows: list[_Row] = []
        self._lock = threading.RLock()

    @property
    def url(self) -> str:
        """What GITHUB_API_URL would be."""
        return self.root + self.prefix

    @property
    def web(self) -> str:
        """What GITHUB_SERVER_URL would be."""
        return self.root if self.prefix else "https://github.com"

    def fail(self, method: str, pattern: str, *faults: Fault, last_stays: bool = False) -> None:
        """Let requests fail, one after the other, and then no more, or with `last_stays` like the last one for ever.

        `pattern` is searched in the path, which begins with `/repos/OWNER/REPO` however it was asked for. The first
        row that matches and is not used up counts.
        """
        self._rows.append(_Row(method, re.compile(pattern), deque(faults), last_stays))

    def asked(self, method: str, pattern: str = "") -> list[Request]:
        """The requests with a method and a path in which the pattern is found."""
        with self._lock:
            return [one for one in self.requests if one.method == method and re.search(pattern, one.path)]

    def reply(self, request: Request) -> Reply:
        """What a request is told."""
        with self._lock:
            under = not self.prefix or request.path.startswith(f"{self.prefix}/")
            request = replace(request, path=request.path.removeprefix(self.prefix))
            self.requests.append(request)
            if len(self.requests) > REQUEST_LIMIT:
                self.violations.append(f"more than {REQUEST_LIMIT} requests")
                return Reply(hang_up=True)
            if not under:
                self.violations.append(f"{request.method} {request.target}: not under {self.prefix}")
                return Reply(404, b"<html>Not Found</html>", {"Content-Type": "text/html"})
            return self._spoilt(self._by_name(request))

    def _by_name(self, request: Request) -> Request:
        """The same request, with the names of the repository where it was asked for by its id."""
        by_id = f"/repositories/{self.repository_id}/"
        if not request.path.startswith(by_id):
            return request
        return replace(request, path=f"/repos/{self.full_name}/{request.path.removeprefix(by_id)}")

    def _spoilt(self, request: Request) -> Reply:
        """The reply with the fault that is due, if one is."""
        fault = self._due(request)
        if fault is None:
            return self._answered(request)
        reply = self._answered(request) if fault.effect else Reply()
        if not fault.effect:
            self._look(request)
        return fault.change(reply, request, self.url)

    def _due(self, request: Request) -> Fault | None:
        for row in self._rows:
            if row.faults and row.method == request.method and row.pattern.search(request.path):
                stays = row.last_stays and len(row.faults) == 1
                return row.faults[0] if stays else row.faults.popleft()
        return None

    def _answered(self, request: Request) -> Reply:
        """The reply of a GitHub with which nothing is wrong."""
        found = self._look(request)
        refused = self._at_the_door(request)
        bearer = self.tokens.get(request.token or "")
        if refused or bearer is None:
            return refused or refusal(401, "Bad credentials")
        if found is None or bearer.rights == "none":
            return self._limits(refusal(404, "Not Found"))
        operation, parts = found
        if operation.method != "GET" and bearer.rights != "write":
            reply = refusal(403, "Resource not accessible by integration")
        else:
            reply = operation.do(Asked(self, request, bearer, parts, self.url, self.web))
        reply = self._limits(reply)
        self.exchanges.append(Exchange(request, reply, operation, parts))
        return reply

    def _look(self, request: Request) -> tuple[Operation, tuple[str, ...]] | None:
        """The operation asked for, if it is one of this repository; notes what no client should send."""
        named = re.match(r"/repos/([^/]+/[^/]+)(/.*)", request.path)
        found = operation(request.method, named[2]) if named else None
        wrong = None
        if found is None:
            wrong = "not an operation in use: see data.OPERATIONS and fake_routes"
        elif request.query.get("per_page", "").isdecimal() and int(request.query["per_page"]) > PAGE_LIMIT:
            wrong = f"per_page is at most {PAGE_LIMIT}"
        elif schema := github_schema():
            wrong = schema.request(request, *found)
        if wrong:
            self.violations.append(f"{request.method} {request.path}: {wrong}")
        return found if named and named[1].lower() == self.full_name.lower() else None

    def _at_the_door(self, request: Request) -> Reply | None:
        """What GitHub refuses before it looks at the path."""
        headers = request.headers
        wrong: Reply | None = None
        if not headers.get("user-agent", "").strip():
            text = b"Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            wrong = Reply(403, text, {"Content-Type": "text/plain; charset=utf-8"})
        elif headers.get("x-github-api-version") != VERSION:
            wrong = refusal(400, f"X-GitHub-Api-Version must be {VERSION}")
        elif "accept" not in headers:
            wrong = refusal(400, "Accept is missing")
        elif not headers["accept"].startswith(ACCEPTED):
            wrong = refusal(415, f"Unsupported 'Accept' header: {headers['accept']}. Must accept 'application/json'.")
        if wrong:
            self.violations.append(f"{request.method} {request.path}: {wrong.body.decode()}")
        return wrong

    def _limits(self, reply: Reply) -> Reply:
        """The reply with what GitHub says of the rate limit and itself in each."""
        used = len(self.requests)
        return replace(
            reply,
            headers={
                "X-GitHub-Request-Id": f"0000:{used:04X}",
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-GitHub-Api-Version-Selected": VERSION,
                "X-RateLimit-Limit": str(HOURLY),
                "X-RateLimit-Remaining": str(max(0, HOURLY - used)),
                "X-RateLimit-Used": str(used),
                "X-RateLimit-Reset": "1767229200",
                "X-RateLimit-Resource": "core",
                **reply.headers,
            },
        )
