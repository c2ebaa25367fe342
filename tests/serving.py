"""An HTTP server on a free port of 127.0.0.1 for as long as a `with` block lasts, and one that passes requests on."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

IDLE_SECONDS = 20
"""After so long without a request, a connection is closed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever was talking has gone away, or has been killed."""


class Serving(ABC):
    """Listens inside the `with` block; `root` is the server's URL there. Whoever inherits says how it answers."""

    root: str = ""

    @abstractmethod
    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection; its threads end by themselves."""

    def __enter__(self) -> Self:
        """Listen."""
        self._server = _Server(("127.0.0.1", 0), self.handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Closing(Protocol):
    def close(self) -> None: ...


class Relaying(BaseHTTPRequestHandler):
    """Answers with a connection of its own to somebody behind: `connect` makes it."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True  # head and body are two writes; without this each answer takes 40 ms
    connect: ClassVar[Callable[[], _Closing]]

    def setup(self) -> None:
        """Connect to whoever is behind."""
        super().setup()
        self.upstream: Any = type(self).connect()

    def finish(self) -> None:
        """Hang up there as well."""
        self.upstream.close()
        super().finish()

    def body(self) -> bytes:
        """What the request brings along."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def tell(self, status: int, headers: Iterable[tuple[str, str]], body: bytes, cut: int | None = None) -> None:
        """Answer; with `cut`, with no more than so many bytes of the body that is announced."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
