"""An HTTP server that says what a test tells it to: for what the embedded AWS cannot do.

It speaks AWS's query protocol, and JSON where a call names its target.
An account is known by the access key, which the tests make its id. What an action is
answered comes from the script; what is not in the script is answered with a plain success.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from serving import IDLE_SECONDS, Serving


class Answer(NamedTuple):
    """A status and a body as they go over the wire. `status` 0 hangs up instead; `drip`: seconds before each byte."""

    status: int
    body: bytes
    drip: float = 0.0


class Call(NamedTuple):
    """What was asked: by whom, and with which parameters."""

    account: str
    action: str
    parameters: dict[str, str]


def fault(code: str, message: str = "", status: int = 400) -> Answer:
    """An error of AWS."""
    text = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(status, f"<ErrorResponse>{text}<RequestId>scripted</RequestId></ErrorResponse>".encode())


def json_fault(code: str, message: str = "", status: int = 400) -> Answer:
    """An error of a service that speaks JSON."""
    return Answer(status, json.dumps({"__type": code, "message": message}).encode())


def result(action: str, inner: str = "") -> Answer:
    """A success; `inner` is what stands in the result element."""
    body = (
        f"<{action}Result>{inner}</{action}Result><ResponseMetadata><RequestId>scripted</RequestId></ResponseMetadata>"
    )
    return Answer(200, f"<{action}Response>{body}</{action}Response>".encode())


HANG_UP = Answer(0, b"")

Say = Answer | Callable[[Call], Answer]


@dataclass
class Scripted(Serving):
    """The server, for as long as the `with` block lasts.

    `script` has lists of answers by action, or by account and action. They are given one after the other; the last
    one stays.
    """

    script: dict[str | tuple[str, str], list[Say]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make what no test sets."""
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.root

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return _handler(self)

    def asked(self, action: str, account: str | None = None) -> list[Call]:
        """The calls of an action, in the order they came."""
        with self._lock:
            return [call for call in self.calls if call.action == action and account in (None, call.account)]

    def answer(self, call: Call) -> Answer:
        """The next answer for a call."""
        with self._lock:
            self.calls.append(call)
            says = self.script.get((call.account, call.action)) or self.script.get(call.action) or [plain]
            say = says.pop(0) if len(says) > 1 else says[0]
        return say if isinstance(say, Answer) else say(call)


def plain(call: Call) -> Answer:
    """A success; for GetCallerIdentity the account of the key. Parameter Store takes all and forgets it."""
    if call.action == "GetParameter":
        return json_fault("ParameterNotFound")
    if call.action == "PutParameter":
        version = json.loads(call.parameters["Value"])["after"] + 1
        return Answer(200, json.dumps({"Version": version, "Tier": "Standard"}).encode())
    if call.action == "GetCallerIdentity":
        arn = f"arn:aws:iam::{call.account}:user/scripted"
        return result(call.action, f"<Account>{call.account}</Account><Arn>{arn}</Arn><UserId>AIDA</UserId>")
    return result(call.action)


def _handler(script: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS
        disable_nagle_algorithm = True  # head and body are two writes; without this each answer takes 40 ms

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            parameters = {name: values[0] for name, values in parse_qs(body).items()}
            if target:
                parameters = {"Action": target, **json.loads(body)}
            signed = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
            answer = script.answer(Call(signed[1] if signed else "", parameters.pop("Action", ""), parameters))
            if not answer.status:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if target else "text/xml")
            self.send_header("x-amzn-RequestId", "scripted")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            for byte in answer.body if answer.drip else ():
                time.sleep(answer.drip)
                self.wfile.write(bytes([byte]))
            if not answer.drip:
                self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
