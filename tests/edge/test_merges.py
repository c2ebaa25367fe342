"""Whose a commit of the branch is, who approved it, and which runs are about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from actions import fake_faults as faults
from actions.fake_github import BOT, TOKEN, Bearer, FakeGithub, Pull, Review, Run
from actions.fake_messages import answer

from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.http import HttpClock
from rolemodel_ci.adapters.github.merges import Approval, hands, pulls_of
from rolemodel_ci.adapters.github.sticky_comment import Kept, Sticky
from rolemodel_ci.adapters.github.workflow_runs import run_of, runs_at

HEAD, ONE, TWO, OLD = "a" * 40, "1" * 40, "2" * 40, "e" * 40


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
def api(github: FakeGithub) -> Github:
    return Github(github.url, github.full_name, TOKEN, HttpClock(sleep=lambda _: None))


def test_a_rebase_makes_several_commits_of_one_pull_request(api: Github, github: FakeGithub) -> None:
    github.pull(Pull(7, HEAD, TWO, merged=True, commits=frozenset({ONE})))
    assert [pull.number for pull in pulls_of(api, ONE, "main", [ONE, TWO])] == [7]
    assert [pull.number for pull in pulls_of(api, TWO, "main", [TWO])] == [7]
    (listed,) = pulls_of(api, ONE, "main", [ONE])  # its merge is not on the branch
    assert (listed.number, listed.is_exact) == (7, False)


def test_the_latest_word_of_each_reviewer_counts(api: Github, github: FakeGithub) -> None:
    said = [
        ("dave", "APPROVED", OLD), ("dave", "COMMENTED", HEAD), ("erin", "APPROVED", OLD),
        ("erin", "CHANGES_REQUESTED", HEAD), ("frank", "CHANGES_REQUESTED", OLD), ("frank", "APPROVED", HEAD),
        ("grace", "APPROVED", HEAD), ("grace", "DISMISSED", HEAD), (None, "APPROVED", HEAD),
    ]  # fmt: skip
    github.pull(Pull(7, HEAD, ONE, merged=True, merged_by="carol", reviews=tuple(Review(*one) for one in said)))
    found = hands(api, 7)
    assert (found.merged_by, found.head) == ("carol", HEAD)
    assert found.approvals == (Approval("", HEAD), Approval("dave", OLD), Approval("frank", HEAD))
    github.pull(Pull(8, HEAD, ONE, merged=True, merged_by=None))
    assert (hands(api, 8).merged_by, hands(api, 8).approvals) == ("", ())


@pytest.mark.parametrize("bad", [{}, [], 7, {"merged_by": None, "head": {"sha": "x"}}])
def test_hands_of_another_shape(api: Github, github: FakeGithub, bad: Any) -> None:
    github.fail("GET", "/pulls/7", faults.says(answer(bad)))
    with pytest.raises(GithubError, match="not one of GitHub"):
        hands(api, 7)


def test_runs_of_a_commit(api: Github, github: FakeGithub) -> None:
    github.run(Run(5, ONE))
    github.run(Run(6, ONE, "failure", attempt=2))
    github.run(Run(7, TWO, "success", event="schedule", workflow=9))
    assert [(run.id, run.has_ended, run.conclusion) for run in runs_at(api, ONE)] == [
        (6, True, "failure"), (5, False, ""),
    ]  # fmt: skip
    found = run_of(api, "7")
    assert (found.workflow, found.event, found.attempt) == (9, "schedule", 1)
    with pytest.raises(GithubError):
        run_of(api, "8")
    github.tokens[TOKEN] = Bearer(BOT, "write", actions=False)
    with pytest.raises(GithubError, match="403"):
        runs_at(api, ONE)


def test_more_runs_than_a_page_has(api: Github, github: FakeGithub) -> None:
    for number in range(1, 131):
        github.run(Run(number, ONE, "success"))
    assert len(runs_at(api, ONE)) == 130


def test_a_comment_on_a_commit_is_made_once_and_changed(api: Github, github: FakeGithub) -> None:
    github.branches["main"] = ONE
    sticky = Sticky(0, "<!-- ours -->", BOT, commit=ONE)
    made = sticky.keep(api, "<!-- ours -->\none")
    changed = sticky.keep(api, "<!-- ours -->\ntwo")
    left = sticky.keep(api, "<!-- ours -->\ntwo")
    assert made is not None
    assert changed is not None
    assert left is not None
    assert [what for _, what in (made, changed, left)] == [Kept.MADE, Kept.CHANGED, Kept.LEFT]
    assert [one.body for one in github.commit_comments(ONE)] == ["<!-- ours -->\ntwo"]
