"""What the front holds requests for a role to, where ministack does not.

The code of a refusal is what tells one from another; the messages follow AWS where AWS documents them.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

import jwt
from jwt.types import Options

from rolemodel_ci.sandbox.embedded import EmbeddedAws

WEB_IDENTITY, CHAINED = "AssumeRoleWithWebIdentity", "AssumeRole"
SECONDS = 60
"""How long either side may keep the front waiting."""

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_SHORTEST_S, _CHAINED_LONGEST_S = 900, 3600  # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})

Headers = Iterable[tuple[str, str]]
Form = Mapping[str, str]


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class RefusedError(Exception):
    """AWS would answer with this error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Upstream:
    """A connection to the embedded AWS, for one thread."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self.host = urlsplit(aws.url).netloc
        self._connection = http.client.HTTPConnection(self.host, timeout=SECONDS)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def send(self, method: str, target: str, headers: Headers, body: bytes = b"") -> Reply:
        """Send a request as it is: signatures cover the headers, so none is added but the length."""
        self._connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self._connection.putheader(name, value)
        self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        with self._connection.getresponse() as answer:
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
            return Reply(answer.status, kept, answer.read())

    def look(self, account: str, operation: str, **parameters: str) -> ElementTree.Element | None:
        """What IAM answers the root of that account; None where there is no such thing.

        By a presigned URL: the embedded AWS counts calls by their Authorization header, and this is none of the test's.
        Without that header ministack tells the service by the host. It does not check the signature of a root.
        """
        url = self._aws.client("iam", account).generate_presigned_url(operation, Params=parameters, HttpMethod="GET")
        asked = urlsplit(url)
        reply = self.send("GET", f"{asked.path or '/'}?{asked.query}", [("Host", "iam.amazonaws.com")])
        if reply.status == 404:
            return None
        assert reply.status == 200, reply
        return ElementTree.fromstring(reply.body)


def check_request(form: Form, *, chained: bool) -> None:
    """What AWS refuses whoever asks."""
    name, duration = form.get("RoleSessionName", ""), form.get("DurationSeconds", str(_SHORTEST_S))
    if not _SESSION_NAME.fullmatch(name):
        raise _invalid("roleSessionName", name, r"[\w+=,.@-]*, 2 to 64 characters")
    if not _ROLE_ARN.fullmatch(form.get("RoleArn", "")):
        raise RefusedError(400, "ValidationError", f"{form.get('RoleArn', '')} is invalid")
    if not duration.isdecimal() or int(duration) < _SHORTEST_S:
        raise _invalid("durationSeconds", duration, f"at least {_SHORTEST_S}")
    if chained and form["Action"] == CHAINED and int(duration) > _CHAINED_LONGEST_S:
        reason = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise RefusedError(400, "ValidationError", reason)


def check_role(upstream: Upstream, form: Form) -> None:
    """The role is there under exactly that ARN, and gives sessions of that length."""
    found = _ROLE_ARN.fullmatch(form["RoleArn"])
    assert found is not None
    role = upstream.look(found[1], "get_role", RoleName=found[2])
    if role is None or role.findtext(".//{*}Role/{*}Arn") != form["RoleArn"]:
        raise RefusedError(403, "AccessDenied", f"Not authorized to perform sts:{form['Action']}")
    if int(form.get("DurationSeconds", _SHORTEST_S)) > int(role.findtext(".//{*}MaxSessionDuration") or "3600"):
        reason = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise RefusedError(400, "ValidationError", reason)


def check_token(upstream: Upstream, form: Form, jwks: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of the token, if the account's provider vouches for it."""
    token = form.get("WebIdentityToken", "")
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False})["iss"])
        key_id = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, KeyError):
        raise _token("The ID Token provided is not a valid JWT.") from None
    arn = provider_arn(form["RoleArn"], issuer)
    provider = upstream.look(arn.split(":")[4], "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
    if provider is None or not issuer.startswith("https://"):
        raise _token(f"No OpenIDConnect provider found in your account for {issuer}")
    audiences = [member.text or "" for member in provider.iterfind(".//{*}ClientIDList/{*}member")]
    key = next((key for key in jwt.PyJWKSet.from_dict(dict(jwks)).keys if key.key_id == key_id), None)
    if key is None:
        raise _token("Couldn't retrieve verification key from your identity provider.")
    try:
        required: Options = {"require": ["aud", "exp", "iat", "sub"]}
        return jwt.decode(token, key, algorithms=["RS256"], audience=audiences, issuer=issuer, options=required)
    except jwt.ExpiredSignatureError:
        raise RefusedError(400, "ExpiredTokenException", "Token expired") from None
    except jwt.InvalidAudienceError:
        raise _token("Incorrect token audience") from None
    except jwt.InvalidTokenError as error:
        raise _token(str(error)) from None


def provider_arn(role_arn: str, issuer: str) -> str:
    """The ARN under which the account of the role knows that issuer."""
    return f"arn:aws:iam::{role_arn.split(':')[4]}:oidc-provider/{issuer.removeprefix('https://').rstrip('/')}"


def _token(message: str) -> RefusedError:
    return RefusedError(400, "InvalidIdentityToken", message)


def _invalid(parameter: str, value: str, rule: str) -> RefusedError:
    reason = f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {rule}"
    return RefusedError(400, "ValidationError", reason)
