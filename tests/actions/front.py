"""The front: an HTTP proxy before the embedded AWS that is as strict as AWS about assuming roles.

ministack reads a web identity token without checking it. The front checks signature, times, issuer and audience against
the OIDC provider of the very account, and the request against the role; the trust policy is then ministack's to decide.
Every other request passes through as it is.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape

from serving import Relaying, Serving

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .front_rules import (
    CHAINED,
    WEB_IDENTITY,
    Form,
    Headers,
    RefusedError,
    Reply,
    Upstream,
    check_request,
    check_role,
    check_token,
    provider_arn,
)
from .issuer import Issuer


@dataclass(frozen=True, slots=True)
class Assumption:
    """One attempt to assume a role. `refusal` is the code of the error; empty where it was granted."""

    action: str
    role_arn: str
    session_name: str
    refusal: str

    @property
    def role(self) -> str:
        """The name of the role."""
        return self.role_arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account of the role."""
        return (self.role_arn.split(":") + [""] * 5)[4]


class StsFront(Serving):
    """Listens on 127.0.0.1 for as long as the `with` block lasts; `url` is for AWS_ENDPOINT_URL.

    - `session_s`: sessions by web identity really end after so many seconds, whatever was asked for.
    - `told_s`: answers say that the session (chained ones too) ends in so many seconds, and it does not.

    Both are None at first: sessions last as long as was asked for.
    """

    def __init__(self, aws: EmbeddedAws, issuer: Issuer) -> None:
        self.session_s: int | None = None
        self.told_s: int | None = None
        self._aws, self._issuer = aws, issuer
        self._lock = threading.Lock()
        self._assumptions: list[Assumption] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.root

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return _handler(self)

    @property
    def assumptions(self) -> list[Assumption]:
        """Every attempt to assume a role, refused ones too, in the order they were answered."""
        with self._lock:
            return list(self._assumptions)

    def granted(self, *, role: str | None = None, session_name: str | None = None, account: str | None = None) -> int:
        """How many attempts were granted: of that role by its name, under that session name, in that account."""
        return sum(
            not found.refusal
            and role in (None, found.role)
            and session_name in (None, found.session_name)
            and account in (None, found.account)
            for found in self.assumptions
        )

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._assumptions.clear()

    def connect(self) -> Upstream:
        """A connection of one's own to the embedded AWS."""
        return Upstream(self._aws)

    def answer(self, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes) -> Reply:
        """The answer to a request."""
        form = _form(target, body)
        if any(name.lower() == "x-amz-target" and value.startswith("AWSSecurityToken") for name, value in headers):
            return _error(RefusedError(400, "InvalidAction", "STS speaks the query protocol only."))
        if form.get("Action") not in (WEB_IDENTITY, CHAINED):
            return upstream.send(method, target, headers, body)
        try:
            reply = self._assume(upstream, form, method, target, headers, body)
        except RefusedError as refused:
            reply = _error(refused)
        code = re.search(rb"<Code>(.*?)</Code>", reply.body)
        refusal = "" if reply.status == 200 else code[1].decode() if code else str(reply.status)
        tried = Assumption(form["Action"], form.get("RoleArn", ""), form.get("RoleSessionName", ""), refusal)
        with self._lock:
            self._assumptions.append(tried)
        return reply

    def _assume(self, upstream: Upstream, form: Form, method: str, target: str, headers: Headers, body: bytes) -> Reply:
        check_request(form, chained=any(name.lower() == "x-amz-security-token" for name, _ in headers))
        if form["Action"] == CHAINED:  # signed: it must reach AWS letter by letter
            check_role(upstream, form)
            reply = upstream.send(method, target, headers, body)
            return reply if reply.status != 200 else reply._replace(body=self._retold(reply.body))
        claims = check_token(upstream, form, self._issuer.jwks)
        check_role(upstream, form)
        asked = dict(form) if self.session_s is None else {**form, "DurationSeconds": str(self.session_s)}
        kind = [("Host", upstream.host), ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
        reply = upstream.send("POST", "/", kind, urlencode(asked).encode())
        if reply.status != 200:
            return reply
        told = {"SubjectFromWebIdentityToken": claims["sub"], "Audience": claims["aud"]}
        told["Provider"] = provider_arn(form["RoleArn"], claims["iss"])
        return reply._replace(body=self._retold(_with(reply.body, told)))

    def _retold(self, body: bytes) -> bytes:
        if self.told_s is None:
            return body
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.told_s))
        return _with(body, {"Expiration": end})


def _form(target: str, body: bytes) -> dict[str, str]:
    """The parameters of a query request; of a name that comes twice, the first, which is ministack's as well."""
    texts = (urlsplit(target).query, body.decode("utf-8", "replace"))
    return {name: values[0] for text in texts for name, values in parse_qs(text).items()}


def _with(body: bytes, told: Mapping[str, str]) -> bytes:
    """The XML with other texts in the elements of those names."""
    text = body.decode()
    for name, value in told.items():
        text = re.sub(rf"<{name}>.*?</{name}>", f"<{name}>{escape(value)}</{name}>".replace("\\", r"\\"), text)
    return text.encode()


def _error(refused: RefusedError) -> Reply:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Reply(refused.status, [("Content-Type", "text/xml")], body.encode())


def _handler(front: StsFront) -> type[BaseHTTPRequestHandler]:
    class Handler(Relaying):
        connect = front.connect

        def _pass(self) -> None:
            body = self.body()
            try:
                reply = front.answer(self.upstream, self.command, self.path, self.headers.items(), body)
            except (OSError, http.client.HTTPException):
                return self.send_error(502, "The embedded AWS does not answer.")
            return self.tell(reply.status, reply.headers, reply.body)

        do_DELETE = do_GET = do_POST = do_PUT = _pass

    return Handler
