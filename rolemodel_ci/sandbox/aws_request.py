"""What one HTTP request asks AWS to do, read from the request alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import parse_qs

_READING = (
    "Assume",
    "BatchGet",
    "Decode",
    "Describe",
    "Detect",
    "Estimate",
    "Generate",
    "Get",
    "List",
    "Search",
    "Simulate",
    "Validate",
)
"""What the names of actions begin with that leave AWS as it was. Assuming a role changes nothing either."""


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call: `service` is what the signature is scoped to, `action` the name AWS's documentation uses."""

    service: str
    action: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The way IAM policies write it: `iam:CreateGroup`."""
        return f"{self.service}:{self.action}"


CURRENT: ContextVar[Call | None] = ContextVar("rolemodel_ci_sandbox_call", default=None)
"""The call that is being answered. ministack hands no request parameters to its authorisation; this does."""


def writes(name: str) -> bool:
    """Whether the call named `service:Action` changes anything in AWS."""
    return not name.rpartition(":")[2].startswith(_READING)


def read(headers: Mapping[str, str], query: str, body: bytes) -> Call | None:
    """The call a request makes, or None for a request that carries no AWS signature."""
    service = _signed_for(headers.get("authorization", ""))
    if service is None:
        return None
    target = headers.get("x-amz-target", "")
    if target:
        return Call(service, target.rpartition(".")[2], _json_parameters(body))
    form = body.decode("utf-8", "replace") if "x-www-form-urlencoded" in headers.get("content-type", "") else ""
    parameters = {name: values[0] for text in (form, query) for name, values in parse_qs(text).items()}
    return Call(service, parameters.get("Action", "unknown"), parameters)


def _signed_for(authorization: str) -> str | None:
    """The service in the credential scope: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) == 5 else None


def _json_parameters(body: bytes) -> dict[str, str]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in document.items()} if isinstance(document, dict) else {}
