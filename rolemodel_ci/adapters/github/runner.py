"""What GitHub Actions says about a run: read once, from the environment and the event's file, and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from rolemodel_ci.adapters.github.environment import ENDPOINT, Network, is_local, local_aws
from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.errors import UsageError
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.guards.override_labels import INSTEAD, NO_QUOTA, QUOTA

COMMENT_AUTHOR = "github-actions[bot]"
"""Who writes with the GITHUB_TOKEN of a workflow."""

Choice = TypeVar("Choice", bound=StrEnum)

_PAYLOAD_SIZE = 25_000_000 * 2
"""Bytes: GitHub's payloads have at most 25 MB (https://docs.github.com/en/webhooks/webhook-events-and-payloads); the
runner writes them out anew, with white space."""

_NO_PAYLOAD_NEEDED = ("schedule", "workflow_dispatch")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the workflow hands to the action. The token is not shown when the value is printed."""

    config: str
    repair: Repair = Repair.NOTHING
    allow: frozenset[Guard] = frozenset()
    jobs: int = 16
    comment_author: str = COMMENT_AUTHOR
    token: str = field(default="", repr=False)
    network: Network = Network.DIRECT


@dataclass(frozen=True, slots=True)
class Oidc:
    """Where the runner gives out tokens, and the key to ask it with."""

    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Runner:
    """One run. Texts are empty, and paths None, where the environment does not have them.

    `actor` caused the event, and `started_by` this run of it: another person, where a run is started again. `debug`:
    somebody has started it with debug logging. `attempt` counts from 1 how often the run was started.
    `local_aws` is the address of an AWS on this machine, to which its calls go instead.
    """

    event: str
    payload: Mapping[str, Any]
    workspace: Path
    inputs: Inputs
    repository: str = ""
    commit: str = ""
    actor: str = ""
    started_by: str = ""
    ref: str = ""
    run_id: str = ""
    server_url: str = ""
    api_url: str = ""
    oidc: Oidc | None = None
    debug: bool = False
    attempt: str = ""
    repository_id: str = ""
    local_aws: str | None = None
    summary_file: Path | None = None
    output_file: Path | None = None

    @property
    def repository_url(self) -> str:
        """The page of the repository."""
        return f"{self.server_url}/{self.repository}" if self.server_url and self.repository else ""

    @property
    def run_url(self) -> str:
        """The page of the run."""
        return f"{self.repository_url}/actions/runs/{self.run_id}" if self.repository_url and self.run_id else ""


def read_runner(environment: Mapping[str, str], default_config: str) -> Runner:
    """The run that the environment describes. Raises UsageError where it is none, or says what makes no sense."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    if not event:
        raise UsageError(
            "GITHUB_EVENT_NAME is not set: `ci` is what the container runs in GitHub Actions",
            "On your own machine use `validate`, `plan` or `apply`.",
        )
    inputs = _inputs(environment, default_config)
    if inputs.network is Network.ENVIRONMENT:
        for name in environment:
            if name.startswith(ENDPOINT):
                _address(environment, name)
    key, url = (
        environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""),
        environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""),
    )
    return Runner(
        event=event,
        payload=_payload(environment.get("GITHUB_EVENT_PATH", ""), event),
        workspace=Path(environment.get("GITHUB_WORKSPACE") or Path.cwd()),
        inputs=inputs,
        local_aws=local_aws(environment) if inputs.network is Network.DIRECT else None,
        repository=_matching(environment, "GITHUB_REPOSITORY", r"[\w.-]+/[\w.-]+", "OWNER/NAME"),
        repository_id=_matching(environment, "GITHUB_REPOSITORY_ID", r"[0-9]{1,20}", "a number"),
        commit=_matching(environment, "GITHUB_SHA", r"[0-9a-f]{40}([0-9a-f]{24})?", "a commit's hash"),
        actor=environment.get("GITHUB_ACTOR", ""),
        started_by=environment.get("GITHUB_TRIGGERING_ACTOR", ""),
        ref=environment.get("GITHUB_REF", ""),
        run_id=_matching(environment, "GITHUB_RUN_ID", r"[0-9]{1,20}", "a number"),
        server_url=_address(environment, "GITHUB_SERVER_URL"),
        api_url=_address(environment, "GITHUB_API_URL"),
        oidc=Oidc(_secure("ACTIONS_ID_TOKEN_REQUEST_URL", url), key) if key and url else None,
        debug=environment.get("RUNNER_DEBUG") == "1",
        attempt=_matching(environment, "GITHUB_RUN_ATTEMPT", r"[0-9]{1,20}", "a number"),
        summary_file=_path(environment, "GITHUB_STEP_SUMMARY"),
        output_file=_path(environment, "GITHUB_OUTPUT"),
    )


def who(runner: Runner) -> dict[str, str]:
    """Who and what caused a run, for its record; what is not known is left out."""
    told = {
        "actor": runner.actor,
        "started_by": runner.started_by,
        "event": runner.event,
        "repository": runner.repository,
        "ref": runner.ref,
        "commit": runner.commit,
        "run": runner.run_url or runner.run_id,
    }
    return {name: value for name, value in told.items() if value}


def _payload(path: str, event: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_read(Path(path))) if path else None
    except (OSError, ValueError, RecursionError) as error:
        found, reason = None, f"the file of GITHUB_EVENT_PATH cannot be read: {error}"
    else:
        reason = "GITHUB_EVENT_PATH is not set" if not path else "the event's file holds no JSON object"
    if isinstance(found, dict):
        return found
    if event in _NO_PAYLOAD_NEEDED:
        return {}
    raise UsageError(f"what happened is not known: {reason}", "Run the container as a step of a GitHub workflow.")


def _read(path: Path) -> bytes:
    """The event's file. Raises OSError; ValueError where it is larger than any payload."""
    with path.open("rb") as opened:
        found = opened.read(_PAYLOAD_SIZE + 1)
    if len(found) > _PAYLOAD_SIZE:
        raise ValueError(f"it is larger than {_PAYLOAD_SIZE:,} bytes")
    return found


def _inputs(environment: Mapping[str, str], default_config: str) -> Inputs:
    """The inputs, which the runner hands over as INPUT_NAME; every declared one is there, if only as empty text."""

    def given(name: str) -> str:
        return environment.get(f"INPUT_{name.upper()}", "").strip()

    jobs = given("jobs") or "16"
    if not re.fullmatch(r"[0-9]{1,3}", jobs) or not 1 <= int(jobs) <= 64:
        raise UsageError(f"the input `jobs` is `{jobs}`", "Write a number from 1 to 64.")
    return Inputs(
        config=given("config") or default_config,
        repair=_one_of("repair", Repair, given("repair") or Repair.NOTHING),
        allow=frozenset(map(_overridable, filter(None, re.split(r"[\s,]+", given("allow"))))),
        jobs=int(jobs),
        comment_author=given("comment-author") or COMMENT_AUTHOR,
        network=_one_of("network", Network, given("network") or Network.DIRECT),
        token=given("github-token"),
    )


def _overridable(name: str) -> Guard:
    if name == QUOTA:
        raise UsageError(f"the input `allow` names `{QUOTA}`, and {NO_QUOTA}", f"Take it out. {INSTEAD}")
    return _one_of("allow", Guard, name)


def _one_of(name: str, choices: type[Choice], value: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(f"`{choice}`" for choice in choices)
        raise UsageError(f"the input `{name}` does not know `{value}`", f"Write one of {known}.") from None


def _matching(environment: Mapping[str, str], name: str, pattern: str, wanted: str) -> str:
    value = environment.get(name, "")
    if value and not re.fullmatch(pattern, value, re.ASCII):
        raise UsageError(f"{name} is not {wanted}", "Leave it as the runner sets it.")
    return value


def _address(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").rstrip("/")
    return _secure(name, value) if value else ""


def _secure(name: str, value: str) -> str:
    """An address that a token may be sent to: HTTPS, or this machine."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    local = is_local(value)
    if not host or parts.username is not None or parts.scheme not in (("https", "http") if local else ("https",)):
        raise UsageError(f"{name} is not the address of an HTTPS server", "Leave it as the runner sets it.")
    return value


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name, "")
    return Path(value) if value else None
