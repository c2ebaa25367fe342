"""What a run in GitHub Actions is for, decided from the event alone. Payloads are data: nothing in them is trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolemodel_ci.adapters.github.inputs import Repair

# `edited`: the branch that the request is aimed at may be another one now, and what was told of it is no longer so.
# Labels may override guards. Any of them is looked at: the run that it starts may have cancelled one that was needed.
_REVIEWED = ("opened", "synchronize", "reopened", "edited", "labeled", "unlabeled")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request of an event. `outsider` says why it gets neither AWS nor a token that writes, or is empty.

    `opened`: the event is that it was opened, so that nothing was said of it before.
    """

    number: int
    author: str
    head_sha: str
    base_sha: str
    base_ref: str
    outsider: str = ""
    labels: tuple[str, ...] = ()
    opened: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ReviewPullRequest:
    """Validate, plan, and tell the pull request. `unread` says why AWS is not to be read, or is empty."""

    pull: PullRequest
    unread: str = ""


@dataclass(frozen=True, slots=True)
class ApplyPush:
    """Apply the tip of the default branch. `before` is the commit it was at, None where there was none."""

    branch: str
    before: str | None


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """Compare AWS with the default branch, and put right what may be."""

    repair: Repair


@dataclass(frozen=True, slots=True)
class ValidateOnly:
    """Validate only. `base` is the commit to compare with, if there is one; `why` no more is done."""

    base: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is to be done, and why."""

    why: str


EventAction = ReviewPullRequest | ApplyPush | DriftCheck | ValidateOnly | Ignored


def action_for(event: str, payload: Mapping[str, Any], ref: str, repair: Repair) -> EventAction:
    """What to do about an event. `ref` is the full name of what was pushed or chosen: `refs/heads/main`."""
    default = text(payload, "repository", "default_branch")
    ref = ref or text(payload, "ref")  # of pushes and of runs by hand, the payload has it as well
    match event:
        case "pull_request":
            return _pull_request(payload, default)
        case "push":
            return _push(payload, ref, default)
        case "schedule":  # GitHub runs these on the default branch only
            return DriftCheck(repair)
        case "workflow_dispatch":
            if not default or ref != f"refs/heads/{default}":
                only = f"`{default}`" if default else "the default branch, which the event does not name,"
                return ValidateOnly(None, f"this run is on `{ref}`; only {only} is compared with AWS")
            return DriftCheck(repair)
        case "merge_group":
            base = commit(payload, "merge_group", "base_sha") or None
            return ValidateOnly(base, "this is a merge queue's trial; the push after it is applied")
        case "pull_request_target":
            return Ignored(
                "`pull_request_target` hands a write token to a run about somebody else's files. "
                "Let the workflow run on `pull_request`"
            )
    return Ignored(f"rolemodel-ci does nothing on the event `{event}`")


def commit(payload: Mapping[str, Any], *path: str) -> str:
    """The hash under a path of keys; empty where there is none, or only the zeros by which GitHub means no commit."""
    found = text(payload, *path)
    return found if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", found) and found.strip("0") else ""


def text(payload: Mapping[str, Any], *path: str) -> str:
    """The text under a path of keys; empty where there is none, or something else."""
    found: Any = payload
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def _pull_request(payload: Mapping[str, Any], default: str) -> EventAction:
    action = text(payload, "action")
    if action == "closed":
        pull = payload.get("pull_request")
        merged = isinstance(pull, Mapping) and pull.get("merged") is True
        return Ignored(
            f"the pull request was merged: the push to `{default}` applies it"
            if merged
            else "the pull request was closed without being merged: nothing of it is applied"
        )
    if action not in _REVIEWED:
        return Ignored(f"nothing of what rolemodel-ci shows changes by `{action}`")
    pull = _pull(payload)
    if pull.outsider:
        return ReviewPullRequest(pull, pull.outsider)
    if default and pull.base_ref != default:
        return ReviewPullRequest(
            pull, f"the pull request is aimed at `{pull.base_ref}`, and only `{default}` is ever applied"
        )
    return ReviewPullRequest(pull)


def _pull(payload: Mapping[str, Any]) -> PullRequest:
    number = payload.get("number")
    author = text(payload, "pull_request", "user", "login")
    home = text(payload, "pull_request", "head", "repo", "full_name")
    outsider = ""
    if not home:
        outsider = "the repository that the pull request came from is gone"
    elif home.lower() != text(payload, "repository", "full_name").lower():
        outsider = "the pull request comes from a fork, which gets neither OIDC nor a token that writes"
    elif "dependabot[bot]" in (author, text(payload, "sender", "login")):
        outsider = "runs for Dependabot get neither OIDC nor a token that writes"
    return PullRequest(
        number if type(number) is int and number > 0 else 0,  # `true` is an int to Python
        author,
        commit(payload, "pull_request", "head", "sha"),
        commit(payload, "pull_request", "base", "sha"),
        text(payload, "pull_request", "base", "ref"),
        outsider,
        _labels(payload),
        text(payload, "action") == "opened",
    )


def _labels(payload: Mapping[str, Any]) -> tuple[str, ...]:
    pull = payload.get("pull_request")
    found = pull.get("labels") if isinstance(pull, Mapping) else None
    named = [text(label, "name") for label in found if isinstance(label, Mapping)] if isinstance(found, list) else []
    return tuple(filter(None, named))


def _push(payload: Mapping[str, Any], ref: str, default: str) -> EventAction:
    if not default:
        return Ignored("the event does not say which branch is the default one, and no other is ever applied")
    if ref != f"refs/heads/{default}":
        return Ignored(f"`{ref}` was pushed; only pushes to `{default}` are applied")
    if payload.get("deleted") is True:
        return Ignored(f"`{default}` was deleted: nothing is applied, and nothing is taken away")
    return ApplyPush(default, commit(payload, "before") or None)
