"""An HTTP proxy on 127.0.0.1 before the embedded AWS that makes calls fail as a plan says.

A call is known by its account, its action, what it is about, and how often that was asked before. So a plan that goes
by these befalls the same calls whatever the number of threads, and a seed is enough to see a fault again.
"""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler

from actions.front_rules import Upstream
from serving import Relaying, Serving

from rolemodel_ci.sandbox import aws_request
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .kinds import NOTHING, Asked, Reply
from .plans import CALM, Plan
from .server import PAGE_HEADER

_KEYS = re.compile(rb"<AccessKeyId>(.*?)</AccessKeyId>")
_CHANGES = ("CreateGroup", "RemoveUserFromGroup", "DeleteGroupPolicy", "CreateStack", "UpdateStack")


class FaultProxy(Serving):
    """Listens for as long as the `with` block lasts; `url` is for AWS_ENDPOINT_URL.

    `plan` says which calls fail, and may be changed between runs, with `begin`. `writing` is called around every call
    that writes and is to reach AWS, with it and `before` or `after`; if it answers True, the connection is broken.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        self.plan: Plan = CALM
        self.writing: Callable[[Asked, str], bool] | None = None
        self.faults: Counter[str] = Counter()
        self._aws = aws
        self._lock = threading.Lock()
        self._accounts: dict[str, str] = {}  # by access key
        self._book = _Book()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.root

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return _handler(self)

    def begin(self, plan: Plan = CALM) -> None:
        """Let a run begin under a plan: calls are counted from 1, and `calls` and `faults` are empty."""
        with self._lock:
            self.plan, self.writing = plan, None
            self.faults, self._book = Counter(), _Book()

    @property
    def calls(self) -> list[Asked]:
        """The calls since `begin`, in the order they came."""
        with self._lock:
            return list(self._book.calls)

    def writes(self) -> list[Asked]:
        """Those of them that would write."""
        return [asked for asked in self.calls if asked.writes]

    def connect(self) -> Upstream:
        """A connection of one's own to the embedded AWS."""
        return Upstream(self._aws)

    def answer(self, upstream: Upstream, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What the caller gets."""
        call = aws_request.read({name.lower(): value for name, value in headers.items()}, path.partition("?")[2], body)
        if call is None:
            status, kept, content = upstream.send(method, path, headers.items(), body)
            return Reply(status, tuple(kept), content)
        with self._lock:
            plan, book, writing = self.plan, self._book, self.writing
            asked = book.enter(self._account(headers), call, headers.get("X-Amz-Date", ""))
            fault = plan.of(asked)
            if fault:
                self.faults[fault.name] += 1
        if fault and not fault.reaches:
            return fault.turn(asked, NOTHING)
        if writing and asked.writes and writing(asked, "before"):
            return NOTHING._replace(cut=-1)
        page = [(PAGE_HEADER.decode(), str(plan.page))]
        status, kept, content = upstream.send(method, path, [*headers.items(), *page], body)
        reply = Reply(status, tuple(kept), content)
        with self._lock:
            self._learn(asked, reply)
            if status < 300:
                book.note(asked)
        if writing and asked.writes and writing(asked, "after"):
            return reply._replace(cut=-1)
        return fault.turn(asked, reply) if fault else reply

    def _account(self, headers: Mapping[str, str]) -> str:
        key = headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        return self._accounts.get(key, key if key.isdigit() else "ci")

    def _learn(self, asked: Asked, reply: Reply) -> None:
        """Whose the keys are that STS hands out."""
        if asked.action == "AssumeRole" and (found := _KEYS.search(reply.body)):
            self._accounts[found[1].decode()] = asked.parameters["RoleArn"].split(":")[4]


class _Book:
    """Counts calls, by what they are about."""

    def __init__(self) -> None:
        self.calls: list[Asked] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._after: dict[tuple[str, str], str] = {}
        self._ages: Counter[tuple[str, str, str]] = Counter()

    def enter(self, account: str, call: aws_request.Call, signed_at: str) -> Asked:
        """The call as what it is in its run."""
        said = call.parameters
        parts = [said[name] for name in ("GroupName", "StackName", "RoleArn", "Name") if name in said]
        about = parts[0] if parts else ""
        target = "/".join([about, *(said[name] for name in ("UserName", "PolicyName", "Marker") if name in said)])
        self._counts[account, call.name, target] += 1
        after = self._after.get((account, about), "")
        if after:
            self._ages[account, about, call.name] += 1
        asked = Asked(
            account=account,
            name=call.name,
            target=target,
            ordinal=self._counts[account, call.name, target],
            age=self._ages[account, about, call.name],
            after=after,
            signed_at=signed_at,
            parameters=said,
        )
        self.calls.append(asked)
        return asked

    def note(self, asked: Asked) -> None:
        """A change took effect: from now on the calls on what it was about are counted anew."""
        about = asked.target.partition("/")[0]
        if asked.action in _CHANGES:
            self._after[asked.account, about] = asked.action
            for key in [key for key in self._ages if key[:2] == (asked.account, about)]:
                del self._ages[key]


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(Relaying):
        connect = proxy.connect

        def do_POST(self) -> None:
            body, headers = self.body(), dict(self.headers.items())
            try:
                reply = proxy.answer(self.upstream, self.command, self.path, headers, body)
                time.sleep(reply.late)
                self._send(reply)
            except (OSError, http.client.HTTPException):  # whoever asked was killed, or the embedded AWS is gone
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            if reply.cut is not None:
                self.close_connection = True
                if reply.cut < 0:  # not closed but reset: nothing is left to say
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
            self.tell(reply.status, reply.headers, reply.body, reply.cut)

    return Handler
