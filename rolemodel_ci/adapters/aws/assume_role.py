"""Keys of roles that are taken on: each role once, and again before its keys run out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rolemodel_ci.adapters.aws.clients import Clients
from rolemodel_ci.adapters.aws.credential_sources import (
    MASTER,
    AccountCredentials,
    AssumedRole,
    ChainedRole,
    Profile,
    WebIdentity,
)
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.reconcile.deadlines import waiting

_MARGIN = 300.0
"""Seconds before their end at which keys are renewed: longer than any call with all its repeats."""

_TOKEN_PREFIX = 16
"""Characters by which a token is found in a message. They say how it is signed and are no secret."""


_SENDER = "sts"  # one client assumes the roles of all accounts


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys as the makers of clients take them, and when they end (seconds since 1970)."""

    parameters: Mapping[str, str] = field(repr=False)
    ends: float


class RoleCredentials:
    """The keys of every door that leads through a role. `hide` is told every secret before it is used."""

    def __init__(
        self,
        doors: Mapping[str, AccountCredentials],
        clients: Clients,
        hide: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._doors = doors
        self._clients = clients
        self._hide = hide or (lambda _: None)
        self._now = now
        self._keys: dict[str, Keys] = {}
        self._ways_in = {who: threading.Lock() for who in doors}
        self._lock = threading.Lock()
        self._senders: dict[Any, Any] = {}  # the clients that assume roles

    def keys(self, who: str) -> Keys:
        """The keys of the role behind a door. Raises CredentialsError."""
        with self._ways_in[who]:  # not one lock for all: other accounts need not wait for it
            held = self._keys.get(who)
            if held is None or held.ends - self._now() < _MARGIN:
                held = self._keys[who] = self._assume(who)
            return held

    def _assume(self, who: str) -> Keys:
        door = self._doors[who]
        match door.source:
            case AssumedRole() as source:
                return self._assumed(door, source, _parameters(source.access_key, source.secret_key))
            case ChainedRole() as source:
                return self._assumed(door, source, self.keys(MASTER).parameters)
            case WebIdentity() as source:
                return self._identified(door, source)
            case Profile() | None:
                raise AssertionError("such a door has no role")

    def _assumed(self, door: AccountCredentials, source: AssumedRole | ChainedRole, keys: Mapping[str, str]) -> Keys:
        with calling("sts:AssumeRole", door.label, CredentialsError):
            sender = self._sender(tuple(keys.items()), lambda: self._clients.with_keys("sts", _SENDER, keys))
            return self._taken(sender.assume_role(RoleArn=source.role_arn, RoleSessionName=source.session_name))

    def _identified(self, door: AccountCredentials, source: WebIdentity) -> Keys:
        with waiting("GitHub's token service"):
            token = source.token()
        action = "sts:AssumeRoleWithWebIdentity"
        try:
            with calling(action, door.label):
                sender = self._sender(None, lambda: self._clients.unsigned("sts", _SENDER))
                answer = sender.assume_role_with_web_identity(
                    RoleArn=source.role_arn, RoleSessionName=source.session_name, WebIdentityToken=token
                )
                return self._taken(answer)
        except AwsCallError as failed:
            # Without its cause: AWS may repeat in a refusal what it was sent.
            raise CredentialsError(
                _without(token, failed.message), _explained(failed, source.role_arn, token)
            ) from None

    def _taken(self, answer: Any) -> Keys:
        """The keys in an answer of STS. Raises LookupError where there are none."""
        made = answer["Credentials"]
        for secret in (made["SecretAccessKey"], made["SessionToken"]):
            self._hide(secret)
        keys = _parameters(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return Keys(keys, made["Expiration"].timestamp())

    def _sender(self, key: Any, make: Callable[[], Any]) -> Any:
        """The client that assumes roles with certain keys: one for all accounts."""
        with self._lock:
            if key not in self._senders:
                self._senders[key] = make()
            return self._senders[key]


def _parameters(access_key: str, secret_key: str, token: str | None = None) -> dict[str, str]:
    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return keys | {"aws_session_token": token} if token else keys


def _without(token: str, message: str) -> str:
    """The message as far as the token, which may be cut off in it."""
    before, found, _ = message.partition(token[:_TOKEN_PREFIX])
    return f"{before}…" if found else message


def _explained(failed: AwsCallError, role_arn: str, token: str) -> str:
    """What the token said and what the role would have to trust; the token itself is shown to nobody."""
    from rolemodel_ci.adapters.github.oidc import (
        claims,  # with GitHub's HTTP client, which no run on a person's machine needs
    )

    said = claims(token)
    issuer = str(said.get("iss", "?")).removeprefix("https://")
    says = f"The token says sub `{said.get('sub', '?')}` and aud `{said.get('aud', '?')}`."
    if failed.code == "InvalidIdentityToken":
        return (
            f"{says} The account has no OIDC provider for `{issuer}` with that audience: deploy the template of "
            "bootstrap/ in it; see docs/setup.md."
        )
    if failed.code in ("ExpiredToken", "ExpiredTokenException"):
        return (
            f"{says} It was over before AWS saw it: run the job again; if it comes back, look at the clock of the "
            "runner."
        )
    if failed.code in ("AccessDenied", "AccessDeniedException"):
        return (
            f"{says} If this run is to get in, the trust policy of {role_arn} has to allow "
            f"sts:AssumeRoleWithWebIdentity where `{issuer}:sub` is that sub and `{issuer}:aud` is that aud; see "
            "docs/setup.md. It may also be that there is no such role."
        )
    return failed.remedy
