"""How long AWS is waited for: time-outs of every call, and word to whoever waits for the work of a thread."""

from __future__ import annotations

from typing import Any

from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from rolemodel_ci.reconcile import deadlines

CONNECT, READ = 5, 30
"""Seconds for a connection, and for each piece of an answer. A plan gives up earlier, as a whole: see `observe`."""

READ_ONE = 5
"""The same for a service of which one small value is read and written: other runs wait for its lock."""

_SILENT_ATTEMPTS = 2
"""How often a call is tried that is not answered at all; one that is throttled is tried more often."""


def bound(session: Any) -> None:
    """Bound the waits of every client that a session makes, also of those that botocore makes for itself."""
    session.set_default_client_config(Config(connect_timeout=CONNECT, read_timeout=READ))
    events = session.get_component("event_emitter")
    events.register_last("before-send", _asks)  # last: a client that slows itself down has waited by then
    events.register_first("response-received", _hears)
    events.register_first("needs-retry", _gives_up)


def _asks(event_name: str, **_: Any) -> None:
    deadlines.asks(event_name.partition(".")[2].replace(".", ":"))


def _hears(parsed_response: Any, **_: Any) -> None:
    deadlines.hears(answered=parsed_response is not None)


def _gives_up(attempts: int, caught_exception: Exception | None, **_: Any) -> None:
    """Raise what was caught where another attempt is not worth its time."""
    if caught_exception is None:
        return
    silent = isinstance(caught_exception, ReadTimeoutError | ConnectTimeoutError) and attempts >= _SILENT_ATTEMPTS
    if silent or deadlines.is_given_up():
        raise caught_exception
