"""GitHub's side of OIDC: the runner's token endpoint, and the documents by which others check a token.

The tokens say that they are from `https://token.actions.githubusercontent.com`, as the trust of the real templates
wants it. Nobody fetches anything from there: whoever checks a token is handed `jwks`.
"""

from __future__ import annotations

import functools
import hmac
import json
import threading
import time
import uuid
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from serving import IDLE_SECONDS, Serving

ISSUER = "https://token.actions.githubusercontent.com"
"""What GitHub's tokens have as `iss`."""

_SLOWEST_S = 5.0  # a slow answer holds up a test, and is over by itself
_SECONDS_OF_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Repository:
    """An access repository on GitHub, with the numbers that the API shows as `.owner.id` and `.id`."""

    owner: str = "acme"
    name: str = "access"
    owner_id: str = "1001"
    repository_id: str = "2002"
    branch: str = "main"
    environment: str = ""

    @property
    def full_name(self) -> str:
        """`OWNER/NAME`."""
        return f"{self.owner}/{self.name}"

    def subject(self, context: str, *, ids: bool = False) -> str:
        """A `sub`, with or without the numbers; `context`: `pull_request`, `ref:refs/heads/B` or `environment:NAME`."""
        with_ids = f"{self.owner}@{self.owner_id}/{self.name}@{self.repository_id}"
        return f"repo:{with_ids if ids else self.full_name}:{context}"

    def plan_subject(self, *, ids: bool = False) -> str:
        """The `sub` of a run for a pull request."""
        return self.subject("pull_request", ids=ids)

    def apply_subject(self, *, ids: bool = False) -> str:
        """The `sub` of a run that applies: of the environment if there is one, else of the branch."""
        context = f"environment:{self.environment}" if self.environment else f"ref:refs/heads/{self.branch}"
        return self.subject(context, ids=ids)


class Fault(Enum):
    """What can be wrong with one answer of the token endpoint."""

    BROKEN = "status 500"
    REFUSED = "status 401"
    GARBLED = "a body that is no JSON"
    EMPTY = "JSON without `value`"
    SLOW = "the right answer, `slow_s` late"


class Answer(NamedTuple):
    """A status and a JSON body as they go over the wire."""

    status: int
    body: bytes


class Issuer(Serving):
    """Both HTTP servers in one, on 127.0.0.1, for as long as the `with` block lasts.

    A job is given `request_url` and `request_token` as ACTIONS_ID_TOKEN_REQUEST_URL and …_TOKEN. Everything public may
    be changed at any time and counts from the next token on:

    - `sub`: the subject; `repository`, `ref`, `iss`: the claims of those names.
    - `audience`: what stands as `aud` in place of what is asked for; None for what is asked for.
    - `minutes`: how long a token is valid; below 0 it has expired before it is out. `early_s`: how far ahead `nbf` is.
    - `more`: further claims, over all others; None takes a claim away.
    """

    def __init__(
        self,
        repository: Repository | None = None,
        *,
        key: rsa.RSAPrivateKey | None = None,
        key_id: str = "usual",
    ) -> None:
        self.home = repository or Repository()
        self.sub = self.home.plan_subject()
        self.repository, self.ref, self.iss = self.home.full_name, f"refs/heads/{self.home.branch}", ISSUER
        self.audience: str | None = None
        self.minutes, self.early_s, self.slow_s = 5.0, 0.0, 0.5
        self.more: dict[str, Any] = {}
        self.request_token = f"eyJ.{uuid.uuid4().hex}.{uuid.uuid4().hex}"
        self._key, self._key_id = key or usual_key(), key_id
        self._lock = threading.Lock()
        self._audiences: list[str | None] = []
        self._issued: list[dict[str, Any]] = []
        self._faults: list[Fault] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.root

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a connection."""
        return _handler(self)

    @property
    def request_url(self) -> str:
        """The runner's endpoint. As on GitHub it has a query already; `&audience=…` goes behind it."""
        return f"{self.url}/idtoken/1f2e/3d4c?api-version=2.0"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables by which a job with `id-token: write` finds the endpoint."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": self.request_url,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.request_token,
        }

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set."""
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}

    @property
    def audiences(self) -> list[str | None]:
        """For each request with the right bearer token, faulty answers too, which audience it asked for."""
        with self._lock:
            return list(self._audiences)

    @property
    def issued(self) -> list[dict[str, Any]]:
        """The claims of the tokens that went out."""
        with self._lock:
            return list(self._issued)

    def fail(self, *faults: Fault) -> None:
        """The next requests are answered so, one after the other."""
        with self._lock:
            self._faults.extend(faults)

    def token(self, audience: str | None = "sts.amazonaws.com") -> str:
        """A token with the claims of now, without HTTP. None stands for GitHub's own default of an audience."""
        now = time.time()
        claims = {
            "jti": str(uuid.uuid4()),
            "iss": self.iss,
            "sub": self.sub,
            "aud": self.audience or audience or f"https://github.com/{self.home.owner}",
            "repository": self.repository,
            "repository_id": self.home.repository_id,
            "repository_owner": self.home.owner,
            "repository_owner_id": self.home.owner_id,
            "ref": self.ref,
            "iat": int(now),
            "nbf": int(now + self.early_s),
            "exp": int(now + self.minutes * _SECONDS_OF_A_MINUTE),
            **self.more,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        with self._lock:
            self._issued.append(kept)
        return jwt.encode(kept, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def answer(self, target: str, authorization: str) -> Answer:
        """What a GET of `target`, path and query, is answered."""
        asked = urlsplit(target)
        if asked.path == "/.well-known/openid-configuration":
            return _json({"issuer": self.iss, "jwks_uri": f"{self.url}/.well-known/jwks", **_CONFIGURATION})
        if asked.path == "/.well-known/jwks":
            return _json(self.jwks)
        query = parse_qs(asked.query)
        if not asked.path.startswith("/idtoken/") or query.get("api-version") != ["2.0"]:
            return _json({"message": "not found"}, 404)
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), self.request_token.encode()):
            return _json({"message": "unauthorized"}, 401)
        return self._tokens(query.get("audience", [None])[0])

    def _tokens(self, audience: str | None) -> Answer:
        with self._lock:
            self._audiences.append(audience)
            fault = self._faults.pop(0) if self._faults else None
        match fault:
            case Fault.BROKEN:
                return _json({"message": "internal error"}, 500)
            case Fault.REFUSED:
                return _json({"message": "unauthorized"}, 401)
            case Fault.GARBLED:
                return Answer(200, b'{"count": 1, "value"')
            case Fault.EMPTY:
                return _json({"count": 0})
            case Fault.SLOW:
                time.sleep(min(self.slow_s, _SLOWEST_S))
        token = self.token(audience)
        return _json({"count": len(token), "value": token})


_CONFIGURATION = {
    "subject_types_supported": ["public"],
    "response_types_supported": ["id_token"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "scopes_supported": ["openid"],
}


def new_key() -> rsa.RSAPrivateKey:
    """A key that nobody knows yet: for an issuer that is not who it says."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def usual_key() -> rsa.RSAPrivateKey:
    """The key of every issuer that is given none: making one takes a tenth of a second."""
    return new_key()


def _json(content: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE_SECONDS
        disable_nagle_algorithm = True  # head and body are two writes; without this each answer takes 40 ms

        def do_GET(self) -> None:
            answer = issuer.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
