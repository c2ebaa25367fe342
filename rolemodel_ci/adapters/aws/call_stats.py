"""Every call of AWS that a run makes: one line each for `--verbose`, and sums at the end."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from rolemodel_ci.adapters.aws.shared_client import ACCOUNT

if TYPE_CHECKING:
    from rolemodel_ci.render.audit_record import Called

_LOG = logging.getLogger("rolemodel_ci.calls")

_BEGAN = "rolemodel_ci_began"  # the key under which botocore's context of a call carries when it began


class Calls:
    """Counts the calls of all clients that it watches, whatever thread they are made in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, list[float]] = {}

    def watch(self, client: Any, account: str) -> None:
        """Have the calls of a client counted and told; `account` is the account's name in the lines, unless the call
        carries one of its own.
        """
        events = client.meta.events
        events.register("before-call", _begin)
        events.register("after-call", lambda **told: self._ended(account, **told))
        events.register("after-call-error", lambda **told: self._broken(account, **told))

    def tallies(self) -> tuple[Called, ...]:
        """The sums by action, sorted."""
        from rolemodel_ci.render.audit_record import Called

        with self._lock:
            return tuple(
                Called(action, int(calls), int(retries), int(errors), seconds)
                for action, (calls, retries, errors, seconds) in sorted(self._sums.items())
            )

    def _ended(self, account: str, model: Any, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        account = context.get(ACCOUNT, account)
        told = parsed.get("ResponseMetadata", {})
        retries = int(told.get("RetryAttempts", 0))
        status = int(http_response.status_code)
        code = parsed.get("Error", {}).get("Code", "")
        self._note(account, model, context, retries, str(status), told.get("RequestId", "-"), code, error=status >= 300)

    def _broken(self, account: str, exception: Exception, context: Any, **told: Any) -> None:
        """A call that had no answer. botocore names the operation in the name of the event only."""
        service, _, operation = str(told.get("event_name", "")).partition(".")[2].partition(".")
        action = f"{service}:{operation}"
        attempts = (context or {}).get("retries", {}).get("attempt", 1)
        account = (context or {}).get(ACCOUNT, account)
        self._add(account, action, _since(context), attempts - 1, "-", "-", type(exception).__name__, error=True)

    def _note(
        self, account: str, model: Any, context: Any, retries: int, status: str, request: str, code: str, *, error: bool
    ) -> None:
        action = f"{model.service_model.service_name}:{model.name}"
        self._add(account, action, _since(context), retries, status, request, code, error=error)

    def _add(
        self,
        account: str,
        action: str,
        seconds: float,
        retries: int,
        status: str,
        request: str,
        code: str,
        *,
        error: bool,
    ) -> None:
        with self._lock:
            sums = self._sums.setdefault(action, [0, 0, 0, 0.0])
            for index, more in enumerate((1, retries, int(error), seconds)):
                sums[index] += more
        _LOG.info(
            "account=%s action=%s ms=%.0f status=%s retries=%s request=%s%s",
            account, action, seconds * 1000, status, retries, request, f" error={code}" if code else "",
        )  # fmt: skip


def _begin(context: Any, **_: Any) -> None:
    context[_BEGAN] = time.monotonic()


def _since(context: Any) -> float:
    return time.monotonic() - context[_BEGAN] if _BEGAN in context else 0.0
