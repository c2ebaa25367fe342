"""What a run is for: a table of events, GitHub's own examples, and junk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from actions import data
from actions import payloads as made
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.github_action.event import (
    ApplyPush,
    DriftCheck,
    Ignored,
    PullRequest,
    ReviewPullRequest,
    ValidateOnly,
    action_for,
    commit,
    text,
)

MAIN, OTHER, TAG = "refs/heads/main", "refs/heads/other", "refs/tags/v1"
PULL = PullRequest(7, "carol", "a" * 40, "b" * 40, "main")
FORK = "the pull request comes from a fork, which gets neither OIDC nor a token that writes"
TRIAL = "this is a merge queue's trial; the push after it is applied"
ONLY_MAIN = "this run is on `{}`; only `main` is compared with AWS"
UNNAMED = f"this run is on `{MAIN}`; only the default branch, which the event does not name, is compared with AWS"
DEPENDABOT = "runs for Dependabot get neither OIDC nor a token that writes"
NOT_COMMITS = [
    "",
    "--upload-pack=x",
    "HEAD",
    "main",
    "a" * 39,
    "a" * 41,
    "A" * 40,
    "g" * 40,
    "0" * 40,
    "0" * 64,
    "a" * 40 + "\n",
    "٣" * 40,
]


def decided(event: str, payload: Any, ref: str = MAIN, repair: Repair = Repair.NOTHING) -> Any:
    """The course."""
    return action_for(event, payload, ref, repair)


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened", "labeled", "unlabeled"])
@pytest.mark.parametrize("form", [made.minimal_pull_request, made.real_pull_request])
def test_a_pull_request_is_reviewed(action: str, form: Callable[..., made.Payload]) -> None:
    assert decided("pull_request", form(action), "refs/pull/7/merge") == ReviewPullRequest(PULL)
    assert decided("pull_request", made.edited(form()), "refs/pull/7/merge") == ReviewPullRequest(PULL)


@pytest.mark.parametrize("form", [made.minimal_pull_request, made.real_pull_request])
def test_labels_of_a_pull_request_are_read(form: Callable[..., made.Payload]) -> None:
    found = decided("pull_request", form(labels=("allow: empty-map", "wontfix")))
    assert found == ReviewPullRequest(replace(PULL, labels=("allow: empty-map", "wontfix")))


@pytest.mark.parametrize("labels", [None, 7, "allow: empty-map", [None, 7, "x", {}, {"name": 7}], {"name": "x"}])
def test_labels_of_another_shape_are_none(labels: Any) -> None:
    payload = made.merge(made.minimal_pull_request(), {"pull_request": {"labels": labels}})
    assert decided("pull_request", payload) == ReviewPullRequest(PULL)


@pytest.mark.parametrize(
    ("derived", "outsider"),
    [
        (made.from_fork, FORK),
        (made.by_dependabot, DEPENDABOT),
        (lambda one: made.from_fork(one, author="carol"), FORK),
        (lambda one: made.merge(one, {"sender": {"login": "dependabot[bot]"}}), DEPENDABOT),
        (made.head_repository_deleted, "the repository that the pull request came from is gone"),
        (
            lambda one: made.merge(one, {"pull_request": {"head": {"repo": {"full_name": 7}}}}),
            "the repository that the pull request came from is gone",
        ),
        (lambda one: made.merge(one, {"repository": {"full_name": None}}), FORK),
    ],
)
@pytest.mark.parametrize("form", [made.minimal_pull_request, made.real_pull_request])
def test_who_comes_from_outside_gets_no_aws(
    derived: Callable[[made.Payload], made.Payload], outsider: str, form: Callable[..., made.Payload]
) -> None:
    found = decided("pull_request", derived(form()))

    assert isinstance(found, ReviewPullRequest)
    assert found.unread == found.pull.outsider == outsider
    assert (found.pull.number, found.pull.head_sha) == (7, "a" * 40)


def test_names_of_repositories_are_the_same_in_whatever_case() -> None:
    payload = made.merge(
        made.minimal_pull_request(), {"pull_request": {"head": {"repo": {"full_name": "ACME/Access"}}}}
    )

    assert decided("pull_request", payload) == ReviewPullRequest(PULL)


def test_a_pull_request_aimed_elsewhere_reads_nothing() -> None:
    found = decided("pull_request", made.minimal_pull_request(base_ref="release"))

    assert isinstance(found, ReviewPullRequest)
    assert found.pull.outsider == ""
    assert found.unread == "the pull request is aimed at `release`, and only `main` is ever applied"


def test_a_draft_is_reviewed_like_any_other() -> None:
    assert decided("pull_request", made.minimal_pull_request(draft=True)) == ReviewPullRequest(PULL)


@pytest.mark.parametrize(
    ("event", "payload", "ref", "found"),
    [
        ("push", made.minimal_push(), MAIN, ApplyPush("main", "b" * 40)),
        ("push", made.pushed_by_force(made.minimal_push()), MAIN, ApplyPush("main", "b" * 40)),
        ("push", made.pushed_first(made.minimal_push()), MAIN, ApplyPush("main", None)),
        (
            "push",
            made.minimal_push(default_branch="trunk", ref="refs/heads/trunk"),
            "refs/heads/trunk",
            ApplyPush("trunk", "b" * 40),
        ),
        ("push", made.minimal_push(before="--upload-pack=x"), MAIN, ApplyPush("main", None)),
        ("merge_group", made.minimal_merge_group(), MAIN, ValidateOnly("b" * 40, TRIAL)),
        ("merge_group", {}, MAIN, ValidateOnly(None, TRIAL)),
        ("schedule", made.minimal_schedule(), MAIN, DriftCheck(Repair.ENDED)),
        ("schedule", {}, "", DriftCheck(Repair.ENDED)),
        ("workflow_dispatch", made.minimal_workflow_dispatch(), MAIN, DriftCheck(Repair.ENDED)),
        ("workflow_dispatch", made.minimal_workflow_dispatch(), OTHER, ValidateOnly(None, ONLY_MAIN.format(OTHER))),
        ("workflow_dispatch", made.minimal_workflow_dispatch(), TAG, ValidateOnly(None, ONLY_MAIN.format(TAG))),
        ("workflow_dispatch", {}, MAIN, ValidateOnly(None, UNNAMED)),
    ],
)
def test_what_does_something(event: str, payload: Any, ref: str, found: Any) -> None:
    assert decided(event, payload, ref, Repair.ENDED) == found


@pytest.mark.parametrize(
    ("event", "payload", "ref", "why"),
    [
        ("pull_request", made.merged(made.minimal_pull_request("closed")), MAIN, "was merged: the push to `main`"),
        (
            "pull_request",
            made.closed_unmerged(made.minimal_pull_request("closed")),
            MAIN,
            "closed without being merged",
        ),
        ("pull_request", {"action": "closed", "pull_request": {"merged": "true"}}, MAIN, "closed without being merged"),
        ("pull_request", {"action": "closed"}, MAIN, "closed without being merged"),
        ("pull_request", made.minimal_pull_request("locked"), MAIN, "changes by `locked`"),
        ("pull_request", {}, MAIN, "changes by ``"),
        ("push", made.minimal_push(), OTHER, "`refs/heads/other` was pushed; only pushes to `main`"),
        ("push", made.tag_pushed(made.minimal_push()), TAG, "`refs/tags/v1` was pushed"),
        ("push", made.tag_pushed(made.minimal_push(), "main"), "refs/tags/main", "`refs/tags/main` was pushed"),
        ("push", made.minimal_push(), "main", "`main` was pushed; only"),
        ("push", made.ref_deleted(made.minimal_push()), MAIN, "`main` was deleted"),
        ("push", {}, "refs/heads/", "does not say which branch"),
        ("push", {"repository": {"default_branch": ""}}, "refs/heads/", "does not say which branch"),
        ("pull_request_target", made.minimal_pull_request(), MAIN, "hands a write token"),
        ("issue_comment", {"action": "created"}, MAIN, "does nothing on the event `issue_comment`"),
        ("workflow_run", {}, MAIN, "does nothing on the event"),
        ("", {}, "", "does nothing on the event ``"),
    ],
)
def test_what_does_nothing(event: str, payload: Any, ref: str, why: str) -> None:
    found = decided(event, payload, ref)

    assert isinstance(found, Ignored)
    assert why in found.why


@pytest.mark.parametrize("repair", Repair)
def test_what_may_be_repaired_is_handed_on(repair: Repair) -> None:
    assert decided("schedule", {}, MAIN, repair) == DriftCheck(repair)


@pytest.mark.parametrize("event", ["pull_request", "push", "merge_group", "workflow_dispatch"])
def test_every_example_of_github_has_a_course(event: str) -> None:
    examples = data.webhooks()[event]

    assert examples
    for example in examples:
        default = example["repository"]["default_branch"]
        for ref in (f"refs/heads/{default}", OTHER, example.get("ref") or ""):
            found = decided(event, example, ref)
            if isinstance(found, ApplyPush):
                assert (event, ref, found.branch) == ("push", f"refs/heads/{default}", default)
            if isinstance(found, ReviewPullRequest):
                assert (found.pull.number, found.pull.author) == (example["number"], "Codertocat")
                assert len(found.pull.head_sha) == len(found.pull.base_sha) == 40


def test_github_s_examples_are_all_there() -> None:
    counts = {event: len(data.webhooks()[event]) for event in ("pull_request", "push")}

    assert counts["pull_request"] >= 29
    assert counts["push"] >= 7


@pytest.mark.parametrize("sha", NOT_COMMITS)
def test_what_is_no_commit_becomes_empty(sha: str) -> None:
    found = decided("pull_request", made.minimal_pull_request(head_sha=sha, base_sha=sha))

    assert (found.pull.head_sha, found.pull.base_sha) == ("", "")
    assert decided("push", made.minimal_push(before=sha)) == ApplyPush("main", None)
    assert decided("merge_group", made.minimal_merge_group(base_sha=sha)).base is None


@pytest.mark.parametrize("sha", ["a" * 40, "0" * 39 + "1", "f" * 64])
def test_what_is_a_commit_stays(sha: str) -> None:
    assert commit({"x": {"y": sha}}, "x", "y") == sha


@pytest.mark.parametrize("number", [True, False, 0, -1, "7", 7.0, None, [7]])
def test_what_is_no_number_of_a_pull_request_becomes_none(number: Any) -> None:
    found = decided("pull_request", made.minimal_pull_request() | {"number": number})

    assert found.pull.number == 0
    assert type(found.pull.number) is int


@pytest.mark.parametrize("payload", [{}, {"a": None}, {"a": []}, {"a": {"b": 7}}, {"a": {"b": ["x"]}}, {"a": "b"}])
def test_text_is_text_or_empty(payload: Any) -> None:
    assert text(payload, "a", "b") == ""


KEYS = st.sampled_from(
    ["action", "pull_request", "repository", "default_branch", "head", "base", "sha", "repo", "full_name", "number",
     "merged", "ref", "before", "after", "deleted", "user", "sender", "login", "merge_group", "base_sha"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["main", "opened", "closed", "a" * 40, "acme/access", "refs/heads/main", "dependabot[bot]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=25,
)  # fmt: skip
EVENTS = st.sampled_from(
    ["pull_request", "push", "schedule", "workflow_dispatch", "merge_group", "pull_request_target", "x"]
)


@given(EVENTS, st.dictionaries(KEYS, JSON), st.sampled_from([MAIN, OTHER, TAG, "", "refs/heads/", "main"]) | st.text())
def test_junk_never_raises_and_never_applies_another_branch(event: str, payload: dict[str, Any], ref: str) -> None:
    found = decided(event, payload, ref)

    if isinstance(found, ApplyPush):
        default = payload["repository"]["default_branch"]
        assert default
        assert (event, ref, found.branch) == ("push", f"refs/heads/{default}", default)
        assert found.before is None or found.before == payload["before"]
    if isinstance(found, ReviewPullRequest) and not found.unread:
        assert found.pull.base_ref == text(payload, "repository", "default_branch") or not text(
            payload, "repository", "default_branch"
        )
        assert (
            payload["pull_request"]["head"]["repo"]["full_name"].lower() == payload["repository"]["full_name"].lower()
        )


@given(st.sampled_from(["opened", "closed", "push"]), st.data())
def test_a_good_payload_with_one_thing_turned_to_junk_never_raises(kind: str, drawn: st.DataObject) -> None:
    payload = made.minimal_push() if kind == "push" else made.minimal_pull_request(kind)
    below = payload
    while True:
        key = drawn.draw(st.sampled_from(sorted(below)))
        if not isinstance(below[key], dict) or drawn.draw(st.booleans()):
            break
        below = below[key]
    below[key] = drawn.draw(JSON)
    found = decided("push" if kind == "push" else "pull_request", payload)

    assert isinstance(found, ReviewPullRequest | ApplyPush | Ignored)
    assert not isinstance(found, ApplyPush) or found.branch == "main"
