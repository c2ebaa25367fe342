"""What goes over the wire between a client and the fake GitHub: requests, replies, and GitHub's errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Request:
    """What came in, as it came in: also what was refused.

    `target` is path and query of the request line; `path` has no query and, unless the request missed it, no prefix
    like `/api/v3`. Names of `headers` are in lower case.
    """

    method: str
    target: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
        """A request out of its parts."""
        split = urlsplit(target)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        return cls(method, target, split.path, query, {name.lower(): value for name, value in headers.items()}, body)

    @property
    def token(self) -> str | None:
        """The bearer token, if there is one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" and token else None

    @property
    def said(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes out. `delay` is in seconds; `cut` sends half of the body; `hang_up` sends nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    cut: bool = False
    hang_up: bool = False


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A reply in JSON."""
    said = {"Content-Type": "application/json; charset=utf-8"} | (headers or {})
    return Reply(status, json.dumps(value).encode(), said)


def refusal(status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    """An error as GitHub says it."""
    said = {"message": message} | more | {"documentation_url": DOCUMENTATION, "status": str(status)}
    return answer(said, status, headers)


def invalid(field_: str, message: str) -> Reply:
    """A 422 for the body of a comment, with GitHub's list of errors."""
    error = {"resource": "IssueComment", "code": "unprocessable", "field": field_, "message": message}
    return refusal(422, "Validation Failed", errors=[error])
