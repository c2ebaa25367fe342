"""Tokens by which AWS knows a run of GitHub Actions: asked for at the runner, one for each use."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from rolemodel_ci.adapters.github.http import HttpClock, Web
from rolemodel_ci.adapters.github.runner import Oidc
from rolemodel_ci.errors import CredentialsError


class RunnerTokens:
    """The runner's tokens for one audience. `hide` is told every token before anything else sees it."""

    def __init__(self, oidc: Oidc, audience: str, hide: Callable[[str], None], clock: HttpClock = HttpClock()) -> None:
        separator = "&" if "?" in oidc.url else "?"  # the runner's address has a query of its own
        self._address = f"{oidc.url}{separator}audience={quote(audience, safe='')}"
        self._web = Web(oidc.url, {"Authorization": f"bearer {oidc.key}", "Accept": "application/json"}, clock)
        self._hide = hide

    def fresh(self) -> str:
        """A token that has not been used; it lives for some minutes. Raises CredentialsError."""
        answer = self._web.ask("GET", self._address)
        document = answer.document() if answer.is_good else None
        token = document.get("value") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            said = answer.reason or f"it answered {answer.status}" + (", and no token" if answer.is_good else "")
            raise CredentialsError(
                f"the runner gives no OIDC token: {said}",
                "Run the job again; if it comes back, look whether the job has `id-token: write`.",
            )
        self._hide(token)
        return token


def claims(token: str) -> dict[str, Any]:
    """What a token says of the run, for an explanation only: nobody has checked its signature. Empty if unreadable."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
