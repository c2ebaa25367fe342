"""The ASGI layer in front of the emulator: counts every AWS call, and can refuse those that write.

It sits at the HTTP layer on purpose: what it counts is what went over the wire, retries and all, whoever sent it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from xml.sax.saxutils import escape

from rolemodel_ci.sandbox.aws_request import CURRENT, Call, read, writes

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

PREFIX = "/_sandbox/"


class CallCounter:
    """Wraps the emulator's ASGI application. One event loop runs it, so plain counters are safe."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._calls: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._frozen = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"].startswith(PREFIX):
            await self._control(scope["path"].removeprefix(PREFIX), send)
        else:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        call = read(headers, scope.get("query_string", b"").decode("latin-1"), body)
        CURRENT.set(call)
        if call is None:
            await self._app(scope, _replay(body, receive), send)
        elif self._frozen and writes(call.name):
            self._count(call, 403)
            await _answer(send, 403, "text/xml", _denied(call))
        else:
            await self._app(scope, _replay(body, receive), self._counting(call, send))

    def _counting(self, call: Call, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(call, int(message["status"]))
            await send(message)

        return counted

    def _count(self, call: Call, status: int) -> None:
        self._calls[call.name] += 1
        if status >= 400:
            self._refused[call.name] += 1

    async def _control(self, command: str, send: Send) -> None:
        """`calls` tells, `mark` begins anew, `freeze` and `thaw` forbid and allow writing."""
        known = command in ("calls", "mark", "freeze", "thaw")
        counts = {"calls": dict(self._calls), "refused": dict(self._refused)}
        if command == "mark":
            self._calls.clear()
            self._refused.clear()
        elif command in ("freeze", "thaw"):
            self._frozen = command == "freeze"
        await _answer(send, 200 if known else 404, "application/json", json.dumps(counts).encode())


async def _lifespan(receive: Receive, send: Send) -> None:
    """Start and stop without the emulator's own start-up.

    ministack's would run init scripts it finds on the machine, start schedulers and remove the containers of any
    other ministack from the Docker daemon. Nothing here needs that.
    """
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending = [body]

    async def again() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return again


def _denied(call: Call) -> bytes:
    reason = escape(f"The sandbox is frozen: {call.name} would write.")
    return (
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
        f"<Message>{reason}</Message></Error><RequestId>frozen</RequestId></ErrorResponse>"
    ).encode()


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
