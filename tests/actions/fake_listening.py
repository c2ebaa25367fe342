"""Servers on 127.0.0.1 that end with their `with` block; and one that only notes who comes by."""

from __future__ import annotations

import threading
from abc import abstractmethod
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

from serving import IDLE_SECONDS, Serving

from .fake_messages import Reply, Request

BODY_LIMIT = 8 * 1024 * 1024  # bytes; nothing rolemodel-ci sends comes near


class Listening(Serving):
    """An HTTP server on a free port for as long as the `with` block lasts; `root` is its URL."""

    @abstractmethod
    def reply(self, request: Request) -> Reply:
        """What a request is told. Called by many threads at once."""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return _handler(self)

    def __enter__(self) -> Self:
        """Listen."""
        self._ended = threading.Event()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let slow answers go, and stop listening."""
        self._ended.set()
        super().__exit__(kind, error, trace)

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the `with` block."""
        self._ended.wait(seconds)


@dataclass
class ElsewhereServer(Listening):
    """Another host: notes every request with its headers, and answers each with `said`, by default an empty list."""

    said: Reply = field(default_factory=lambda: Reply(200, b"[]", {"Content-Type": "application/json"}))
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens; another port is another origin."""
        return self.root

    def reply(self, request: Request) -> Reply:
        """Note it."""
        self.requests.append(request)
        return self.said


def _handler(server: Listening) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS
        disable_nagle_algorithm = True  # head and body are two writes; without this each answer takes 40 ms

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_LIMIT or "Transfer-Encoding" in self.headers:
                self.close_connection = True
                self.send_error(413)
                return
            body = self.rfile.read(length)
            reply = server.reply(Request.of(self.command, self.path, dict(self.headers.items()), body))
            if reply.delay:
                server.wait(reply.delay)
            self._send(reply)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def _send(self, reply: Reply) -> None:
            self.close_connection = self.close_connection or reply.hang_up or reply.cut
            if reply.hang_up:
                return
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            except OSError:  # the client did not wait for a slow answer
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
