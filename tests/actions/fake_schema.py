"""Requests and replies held against GitHub's OpenAPI, where `make test-data` has fetched it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError

from . import data
from .fake_messages import Reply, Request
from .fake_routes import Operation

HOST = "https://api.github.com"  # the server that the OpenAPI names


@dataclass
class _Asked:
    """A request as openapi-core wants to see it."""

    parameters: RequestParameters
    path: str
    method: str
    body: bytes | None
    content_type: str
    host_url: str = HOST


@dataclass
class _Told:
    """A reply as openapi-core wants to see it."""

    status_code: int
    data: bytes
    content_type: str
    headers: dict[str, str]


class Schema:
    """GitHub's OpenAPI. Its methods return what is wrong as a sentence, or None. openapi-core is not said to be
    thread-safe, so one thread at a time uses it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        """From the OpenAPI as a dict; its own validity is not checked again."""
        self._spec = spec
        self._openapi = OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]
        self._lock = threading.Lock()

    def request(self, request: Request, operation: Operation, parts: tuple[str, ...]) -> str | None:
        """Is this request one that GitHub describes? Parameters of the query that it does not describe count too."""
        known = {one["name"] for one in self._parameters(operation) if one["in"] == "query"}
        if strange := sorted(request.query.keys() - known):
            return f"query parameters GitHub does not know here: {', '.join(strange)}"
        try:
            with self._lock:
                self._openapi.validate_request(_asked(request, operation, parts))
        except OpenAPIError as error:
            return _sentence(error)
        return None

    def reply(self, request: Request, reply: Reply, operation: Operation, parts: tuple[str, ...]) -> str | None:
        """Is this reply one that GitHub describes for the request?"""
        headers = {"Content-Type": "", **reply.headers}
        told = _Told(reply.status, reply.body, headers["Content-Type"].partition(";")[0], headers)
        try:
            with self._lock:
                self._openapi.validate_response(_asked(request, operation, parts), told)
        except OpenAPIError as error:
            return _sentence(error)
        return None

    def _parameters(self, operation: Operation) -> list[dict[str, Any]]:
        said = self._spec["paths"][operation.template][operation.method.lower()].get("parameters", [])
        named = self._spec["components"]["parameters"]
        return [named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in said]


def _asked(request: Request, operation: Operation, parts: tuple[str, ...]) -> _Asked:
    # Parts are quoted anew: openapi-core cannot know that a branch may have slashes.
    path = operation.template.replace("{owner}", "owner").replace("{repo}", "repo")
    for part in parts:
        before, _, after = path.partition("{")
        path = before + quote(part, safe="") + after.partition("}")[2]
    parameters = RequestParameters(query=request.query, header=request.headers)
    kind = request.headers.get("content-type", "").partition(";")[0].lower()
    return _Asked(parameters, path, request.method.lower(), request.body or None, kind)


def _sentence(error: BaseException) -> str:
    """What openapi-core says, with the reasons below it."""
    reasons = [str(error)]
    cause = error.__cause__
    while cause is not None:
        reasons += [str(cause), *(f"{one.json_path}: {one.message}" for one in getattr(cause, "schema_errors", ()))]
        cause = cause.__cause__
    return "; ".join(reasons)


@cache
def github() -> Schema | None:
    """GitHub's schema; None where `make test-data` has not run."""
    return Schema(data.openapi()) if data.present() else None
