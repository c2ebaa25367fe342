"""GitHub's own words, for the tests: its OpenAPI and its example payloads, from npm.

`make test-data` runs this file. It fetches two packages by exact version, checks them against the checksums below,
takes one file out of each, cuts the OpenAPI down to what rolemodel-ci calls, and leaves both in `.cache/test-data`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from npm_packages import Package, fetched

DIRECTORY = Path(__file__).resolve().parents[2] / ".cache" / "test-data"
OPENAPI = DIRECTORY / "openapi.json"
WEBHOOKS = DIRECTORY / "webhooks.json"
STAMP = DIRECTORY / "made-of.txt"

ALL_TESTS = "ROLEMODEL_CI_ALL_TESTS"
HOW_TO = "GitHub's OpenAPI and payloads are not here, or are old: `make test-data` gets them (it needs npm)"

CUT = 1  # count up when `cut` or `examples` changes: files made by the old one are made anew


GITHUB_OPENAPI = Package(
    "@octokit/openapi",
    "23.0.2",
    "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
    "package/generated/api.github.com.json",
)
GITHUB_WEBHOOKS = Package(
    "@octokit/webhooks-examples",
    "7.6.1",
    "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
    "package/api.github.com/index.json",
)

# What rolemodel-ci calls. A call that is not in here is a violation to the fake, so whoever adds one adds it here too.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("patch",),
    "/repos/{owner}/{repo}/issues/{issue_number}/events": ("get",),
    "/repos/{owner}/{repo}/branches/{branch}": ("get",),
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls": ("get",),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("get",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ("get",),
    "/repos/{owner}/{repo}/compare/{basehead}": ("get",),
    "/repos/{owner}/{repo}/commits/{commit_sha}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/comments/{comment_id}": ("patch",),
    "/repos/{owner}/{repo}/actions/runs": ("get",),
    "/repos/{owner}/{repo}/actions/runs/{run_id}": ("get",),
    "/repos/{owner}/{repo}/git/trees/{tree_sha}": ("get",),
    "/repos/{owner}/{repo}/git/blobs/{file_sha}": ("get",),
}


def made_of() -> str:
    """What the files are made of: when this changes, they are made anew."""
    return json.dumps([CUT, GITHUB_OPENAPI, GITHUB_WEBHOOKS, OPERATIONS])


def present() -> bool:
    """Are both files there, and made by this version of this file?"""
    return STAMP.is_file() and STAMP.read_text() == made_of() and OPENAPI.is_file() and WEBHOOKS.is_file()


def openapi() -> dict[str, Any]:
    """GitHub's OpenAPI, cut to `OPERATIONS`; do not change it. Skips the test where `make test-data` has not run."""
    _need()
    spec: dict[str, Any] = _read(OPENAPI)
    return spec


def webhooks() -> dict[str, list[dict[str, Any]]]:
    """GitHub's example payloads by name of the event; do not change them. Skips like `openapi`."""
    _need()
    events: dict[str, list[dict[str, Any]]] = _read(WEBHOOKS)
    return events


def _need() -> None:
    """Skip the test without the data; fail it where all tests are to run."""
    if present():
        return
    if os.environ.get(ALL_TESTS) == "1":
        pytest.fail(HOW_TO)
    pytest.skip(HOW_TO)


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def cut(whole: dict[str, Any], operations: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """The part of an OpenAPI 3.0 that the operations need, with `null` in enums that may be null.

    Raises KeyError for an operation that is not there.
    """
    paths = {path: {method: whole["paths"][path][method] for method in methods} for path, methods in operations.items()}
    part: dict[str, Any] = {key: whole[key] for key in ("openapi", "info", "servers")}
    part |= {"paths": paths, "components": {}}
    waiting = list(references(paths))
    while waiting:
        _, _, group, name = waiting.pop().split("/")
        kept = part["components"].setdefault(group, {})
        if name not in kept:
            kept[name] = whole["components"][group][name]
            waiting += references(kept[name])
    return _null_in_enums(part)  # type: ignore[no-any-return]


def references(node: Any) -> Iterator[str]:
    """Every `$ref` below a node."""
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)


def _null_in_enums(node: Any) -> Any:
    """OpenAPI 3.0 wants `null` named in the enum of a nullable schema; GitHub leaves it out."""
    match node:
        case dict():
            new = {key: _null_in_enums(value) for key, value in node.items()}
            values = new.get("enum")
            if new.get("nullable") is True and isinstance(values, list) and None not in values:
                new["enum"] = [*values, None]
            return new
        case list():
            return [_null_in_enums(value) for value in node]
    return node


def examples(index: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The payloads of the index, by name of the event."""
    return {event["name"]: event["examples"] for event in index}


def make() -> str:
    """Make both files unless they are there; says what was done."""
    if present():
        return f"{DIRECTORY} is up to date"
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    STAMP.unlink(missing_ok=True)  # until both are written, they count as missing
    part = cut(fetched(GITHUB_OPENAPI), OPERATIONS)
    OPENAPI.write_text(json.dumps(part, separators=(",", ":")))
    WEBHOOKS.write_text(json.dumps(examples(fetched(GITHUB_WEBHOOKS)), separators=(",", ":")))
    STAMP.write_text(made_of())
    return f"{OPENAPI}: {OPENAPI.stat().st_size} bytes; {WEBHOOKS}: {WEBHOOKS.stat().st_size} bytes"


if __name__ == "__main__":
    sys.stdout.write(f"{make()}\n")
