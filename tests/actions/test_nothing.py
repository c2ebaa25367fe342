"""Events on which nothing is to be done: one clear sentence, and nobody is asked anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import payloads
from .payloads import Payload, minimal_pull_request, minimal_push
from .workshop import Job, Workshop

pytest_plugins = ["actions.resting"]

MERGED = "the pull request was merged: the push to `main` applies it"
CASES: dict[str, tuple[str, Payload, str, str]] = {
    "closed": (
        "pull_request", payloads.closed_unmerged(minimal_pull_request("closed")), "refs/pull/7/merge",
        "the pull request was closed without being merged: nothing of it is applied",
    ),
    "merged": ("pull_request", payloads.merged(minimal_pull_request("closed")), "refs/pull/7/merge", MERGED),
    "fork-merged": (
        "pull_request", payloads.from_fork(payloads.merged(minimal_pull_request("closed"))), "refs/heads/main", MERGED,
    ),
    "locked": (
        "pull_request", minimal_pull_request("locked"), "refs/pull/7/merge",
        "nothing of what rolemodel-ci shows changes by `locked`",
    ),
    "tag": (
        "push", payloads.tag_pushed(minimal_push()), "refs/tags/v1",
        "`refs/tags/v1` was pushed; only pushes to `main` are applied",
    ),
    "tag-main": (
        "push", payloads.tag_pushed(minimal_push(), "main"), "refs/tags/main",
        "`refs/tags/main` was pushed; only pushes to `main` are applied",
    ),
    "branch": (
        "push", minimal_push(ref="refs/heads/release"), "refs/heads/release",
        "`refs/heads/release` was pushed; only pushes to `main` are applied",
    ),
    "deleted": (
        "push", payloads.ref_deleted(minimal_push()), "refs/heads/main",
        "`main` was deleted: nothing is applied, and nothing is taken away",
    ),
    "unknown": ("issues", {"action": "opened"}, "refs/heads/main", "rolemodel-ci does nothing on the event `issues`"),
    "target": (
        "pull_request_target", minimal_pull_request(), "refs/heads/main",
        "`pull_request_target` hands a write token to a run about somebody else's files. "
        "Let the workflow run on `pull_request`",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def quiet(company: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One workshop for all: nothing happens in it."""
    with Workshop(tmp_path_factory.mktemp("nothing"), company, furnish=False) as opened:
        yield opened


@pytest.mark.parametrize("name", CASES)
def test_says_why_and_does_nothing(quiet: Workshop, name: str) -> None:
    event, payload, ref, why = CASES[name]
    done = quiet.run(Job(event, payload, quiet.hosted.tip, ref))
    assert done.code == 0, done.log
    assert done.shown == f"Nothing to do: {why}."
    assert done.commands == []
    assert done.summary == ""
    counts = dict.fromkeys(("changes", "grants", "revocations", "drift", "problems"), "0")
    assert done.outputs == {"result": "nothing", "record-json": "rolemodel-ci-record.json"} | counts
    assert quiet.github.requests == []
    assert quiet.front.assumptions == []
    assert quiet.issuer.audiences == []
    assert quiet.aws.calls() == {}
