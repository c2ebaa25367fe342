"""One client that works for many accounts: each call is signed with the keys of the account it is made for.

A client of its own for each account costs 5 ms of CPU and a new connection, which with AWS is a TCP and a TLS
handshake: as long as two or three calls. What botocore keeps in a client beside its keys is the quota of its retries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

from botocore.credentials import Credentials
from botocore.retries import standard

ACCOUNT = "rolemodel_ci_account"
"""The key under which botocore's context of a call carries the name of the account."""


@dataclass(frozen=True, slots=True)
class _Borrower:
    """For whom a call is made: the account's name, its keys, and its retries by the event that asks for them."""

    account: str
    keys: Credentials
    retries: Mapping[str, Callable[..., Any]]


_BORROWER: ContextVar[_Borrower] = ContextVar("rolemodel_ci_borrower")


class SharedClient:
    """Lends `client`, which has to have botocore's standard retries, to accounts. Nobody else may use it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._retries: dict[str, Mapping[str, Callable[..., Any]]] = {}
        self._lock = threading.Lock()
        events, service = client.meta.events, client.meta.service_model.service_id.hyphenize()
        events.register_first("before-call", _sign_for_borrower)
        events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
        for kind in ("needs-retry", "after-call"):
            events.register(f"{kind}.{service}", partial(_ask_borrower, kind))

    def lend(self, account: str, keys: Mapping[str, str]) -> Any:
        """A client for one account: it makes its calls with these keys (as clients take them), whatever the thread."""
        secret = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token"))
        borrower, client = _Borrower(account, secret, self._retries_of(account)), self._client

        def call(operation: str, parameters: Any) -> Any:
            token = _BORROWER.set(borrower)
            try:
                return client._make_api_call(operation, parameters)
            finally:
                _BORROWER.reset(token)

        lent = object.__new__(type(client))
        lent.__dict__.update(client.__dict__, _make_api_call=call)  # every method and paginator calls this one
        return lent

    def _retries_of(self, account: str) -> Mapping[str, Callable[..., Any]]:
        """The account's own retries, as botocore makes them: a quota that one account uses up is not another's."""
        with self._lock:
            if account not in self._retries:
                made: dict[str, Callable[..., Any]] = {}
                events = SimpleNamespace(register=lambda event, handler, **_: made.update({_kind(event): handler}))
                meta = SimpleNamespace(service_model=self._client.meta.service_model, events=events)
                stand_in: Any = SimpleNamespace(meta=meta)  # takes down what botocore would have registered
                attempts = self._client.meta.config.retries.get("total_max_attempts")
                standard.register_retry_handler(stand_in, attempts)
                self._retries[account] = made
            return self._retries[account]


def _ask_borrower(kind: str, **told: Any) -> Any:
    """What the account's own retries say to an event."""
    return _BORROWER.get().retries[kind](**told)


def _kind(event: str) -> str:
    return event.partition(".")[0]


def _sign_for_borrower(context: Any, **_: Any) -> None:
    """Name the borrower's keys to the signer. Without a borrower this raises: nothing is signed with another's keys."""
    borrower = _BORROWER.get()
    context.setdefault("signing", {})["request_credentials"] = borrower.keys
    context[ACCOUNT] = borrower.account
