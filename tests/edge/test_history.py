"""The way of a branch between two commits: from the checkout, by fetching, and as GitHub tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from actions.fake_faults import server_error
from actions.fake_github import TOKEN, FakeGithub
from actions.hosting import Hosted, git
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.adapters.git import commit_history
from rolemodel_ci.adapters.git.commit_history import Gap, Step, chain, steps_between
from rolemodel_ci.adapters.git.repository import Checkout
from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.http import HttpClock

FILES = {"README.md": "one"}


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path / "server", FILES)


@pytest.fixture
def github(hosted: Hosted) -> Iterator[FakeGithub]:
    with FakeGithub(directory=hosted.origin) as fake:
        yield fake


@pytest.fixture
def api(github: FakeGithub) -> Github:
    return Github(github.url, github.full_name, TOKEN, HttpClock(sleep=lambda _: None))


def grown(hosted: Hosted, count: int) -> list[str]:
    """So many commits of main after the first, each the merge of a branch, with the first."""
    found = [hosted.tip]
    for number in range(count):
        hosted.request({"README.md": f"{number}"}, f"change-{number}")
        found.append(hosted.merge(f"change-{number}")[1])
    return found


def commits(found: tuple[Step, ...] | Gap) -> list[str]:
    """The commits of the way."""
    assert not isinstance(found, Gap)
    return [step.commit for step in found]


@pytest.mark.parametrize(("depth", "credentials"), [(0, False), (1, True), (2, True), (1, False), (2, False)])
def test_every_merge_of_the_branch_and_nothing_else(
    hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github, depth: int, credentials: bool
) -> None:
    first, *later = grown(hosted, 4)
    checkout = Checkout(hosted.checkout(tmp_path / "work", later[-1], depth=depth, credentials=credentials))
    assert commits(steps_between(checkout, api, first, later[-1])) == later
    assert bool(github.requests) is (depth > 0 and not credentials)
    assert github.violations == []
    assert steps_between(checkout, api, later[-1], later[-1]) == ()


def test_the_step_before_needs_no_more_than_the_commit_itself(hosted: Hosted, tmp_path: Path) -> None:
    first, second = grown(hosted, 1)
    checkout = Checkout(hosted.checkout(tmp_path / "work", second, credentials=False))
    assert steps_between(checkout, None, first, second) == (Step(second, first),)
    assert steps_between(checkout, None, "0" * 40, second) is Gap.UNKNOWN


@pytest.mark.parametrize("depth", [0, 1])
def test_what_was_rewritten_is_not_on_the_way(
    hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github, depth: int
) -> None:
    (old, *_), (_, new) = grown(hosted, 2), hosted.rewrite({"README.md": "other"})
    checkout = Checkout(hosted.checkout(tmp_path / "work", new, depth=depth))
    assert steps_between(checkout, api, old, new) in (Gap.REWRITTEN, Gap.GONE)
    assert steps_between(checkout, api, "0" * 39 + "1", new) is Gap.GONE


@pytest.mark.parametrize("depth", [0, 1])
def test_a_newer_commit_is_told_from_a_rewritten_one(hosted: Hosted, tmp_path: Path, api: Github, depth: int) -> None:
    first, second, _ = grown(hosted, 2)
    checkout = Checkout(hosted.checkout(tmp_path / "work", first, depth=depth, credentials=depth == 0))
    assert steps_between(checkout, api, second, first) is Gap.NEWER


def test_a_branch_that_was_pushed_over_main_leads_by_the_parent_that_knows(hosted: Hosted, tmp_path: Path) -> None:
    first, second = grown(hosted, 1)
    desk = tmp_path / "server" / "desk"
    git(desk, "checkout", "--quiet", "-b", "side", git(desk, "rev-list", "--max-parents=0", "HEAD"))
    hosted.commit({"OTHER.md": "x"})
    git(desk, "merge", "--quiet", "--no-ff", "--message", "main into side", second)
    git(desk, "push", "--quiet", "origin", "HEAD:main")
    checkout = Checkout(hosted.checkout(tmp_path / "work", hosted.tip, depth=0))
    assert steps_between(checkout, None, second, hosted.tip) == (Step(hosted.tip, second),)
    assert first


def test_too_far(hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *later = grown(hosted, 3)
    monkeypatch.setattr(commit_history, "MOST_STEPS", 2)
    checkout = Checkout(hosted.checkout(tmp_path / "work", later[-1], depth=0))
    assert steps_between(checkout, None, first, later[-1]) is Gap.FAR


def test_github_in_trouble_is_no_gap(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    first, *later = grown(hosted, 2)
    github.fail("GET", "/compare/", server_error(502), last_stays=True)
    checkout = Checkout(hosted.checkout(tmp_path / "work", later[-1], credentials=False))
    with pytest.raises(GithubError):
        steps_between(checkout, api, first, later[-1])


@given(st.lists(st.lists(st.integers(0, 30), max_size=2), min_size=1, max_size=30), st.data())
def test_the_chain_is_connected_and_ends_where_it_began(shape: list[list[int]], data: st.DataObject) -> None:
    parents = {
        str(n): tuple(dict.fromkeys([str(n - 1), *(str(p) for p in more if p < n)])) for n, more in enumerate(shape, 1)
    }
    since = str(data.draw(st.integers(0, len(shape))))
    tip = str(len(shape))
    found = chain(parents, since, tip) if since != tip else ()
    assert not isinstance(found, Gap)
    places = [since, *(step.commit for step in found)]
    assert [step.before for step in found] == places[:-1]
    assert places[-1] == tip
    assert all(step.before in parents[step.commit] for step in found)
