"""What somebody with push access and time would try: merges made by hand, odd histories, odd answers."""

from __future__ import annotations

import pytest

from . import fake_shapes as shapes
from .fake_faults import says
from .fake_github import Event, Pull, Review
from .fake_hosted import BOT
from .fake_messages import answer
from .hosting import git
from .lab import Lab, State
from .workshop import Workshop

pytest_plugins = ["actions.resting"]

BASE = State()
ENTRY = ("dev", "alice")
DECIDED = State(BASE.members, BASE.protected | {ENTRY})
TAKEN = State(BASE.members - {ENTRY}, BASE.protected)


def readme(state: State) -> State:
    """The same with another README."""
    return State(state.members, state.protected, state.most, state.readme + 1)


def made(shop: Workshop, state: State, *parents: str, message: str = "Merge") -> str:
    """A commit with these files and parents, which becomes main's tip."""
    origin = shop.hosted.origin
    shop.hosted.push(state.files())
    tree = git(origin, "rev-parse", "main^{tree}")
    commit = git(origin, "commit-tree", *(f"-p{parent}" for parent in parents), "-m", message, tree)
    git(origin, "update-ref", "refs/heads/main", commit)
    shop.hosted.sync()
    shop.github.branches["main"] = commit
    return commit


def guards(record: object) -> set[str]:
    """The guards that refused a run."""
    assert isinstance(record, dict)
    return {one["guard"] for one in record["refusals"]}


# ---- histories


@pytest.mark.parametrize("credentials", [True, False], ids=["git", "api"])
@pytest.mark.parametrize("octopus", [False, True], ids=["two", "octopus"])
def test_a_merge_with_other_parents_and_a_quick_push_behind_it_hide_nothing(
    shop: Workshop, credentials: bool, octopus: bool
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    decided = lab.merge(DECIDED)
    more = [git(shop.hosted.origin, "commit-tree", f"-p{first}", "-m", "x", f"{first}^{{tree}}")] if octopus else []
    past = made(shop, TAKEN, first, *more, decided.commit)
    _, tip = shop.hosted.push(readme(TAKEN).files())
    done = shop.run(shop.pushed(past, tip, run=9500, credentials=credentials))
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log
    assert lab.reading() == BASE.members


def test_a_state_of_a_branch_of_a_pull_request_that_github_merged_does_not_count(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    shop.hosted.request(DECIDED.files(), "change-500", 500)
    merge = shop.hosted.request(TAKEN.files(), "change-500", 500)
    _, commit = shop.hosted.merge("change-500")
    lab.pulls(500, merge.head, commit, ())
    done = shop.run(shop.pushed(first, commit, run=9500))
    assert done.code == 0, done.log
    assert lab.reading() == TAKEN.members


# ---- whose commits


def test_a_label_of_a_pull_request_on_top_of_another_counts_for_its_own(shop: Workshop) -> None:
    """A branch of two commits is pushed as it is; another pull request has them too, and the label."""
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    unprotected = State(BASE.members - {gone}, BASE.protected - {gone})
    _, one = shop.hosted.push(unprotected.files())
    _, two = shop.hosted.push(readme(unprotected).files())
    shop.github.pull(Pull(500, two, two, merged=True, commits=frozenset({one})))
    top = lab.merge(readme(readme(unprotected)), "protected")
    found = shop.github.pulls[top.number]
    shop.github.pull(Pull(**{**found.__dict__, "commits": frozenset({one, two})}))
    done = shop.run(shop.pushed(first, shop.hosted.tip, run=9500))
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log
    assert [merge["pull_request"] for merge in done.record["merges"]] == [500, top.number]


def test_of_two_pull_requests_in_one_merge_both_need_the_label(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    one = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}), "protected")
    shop.github.pull(Pull(900, "a" * 40, one.commit, merged=True))
    job = lab.push(first)
    done = shop.run(job)
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log
    label = (Event("labeled", "grace", "allow: protected"),)
    shop.github.pull(Pull(900, "a" * 40, one.commit, merged=True, events=label))
    done = shop.run(lab.again(job))
    assert done.code == 0, done.log
    (overridden,) = done.record["overridden"]
    assert {"#101", "#900"} <= set(overridden["by"].replace(",", " ").split())


# ---- merges that hold more than was reviewed


def merged_by_hand(shop: Workshop, lab: Lab, reviewed: State, state: State, *, squash: bool = False) -> tuple[str, str]:
    """A pull request (500, with the label) that shows one state, and its merge, which has another; it and its base."""
    first = shop.hosted.tip
    merge = shop.hosted.request(reviewed.files(), "change-500", 500)
    commit = made(shop, state, first, *([] if squash else [merge.head]))
    lab.pulls(500, merge.head, commit, ("protected",))
    return first, commit


@pytest.mark.parametrize("credentials", [True, False], ids=["git", "api"])
def test_what_is_put_into_a_merge_by_hand_is_told_and_no_label_counts_for_it(shop: Workshop, credentials: bool) -> None:
    lab = Lab.open(shop)
    new = State(BASE.members | {("prod", "dave")}, BASE.protected)
    first, evil = merged_by_hand(shop, lab, readme(BASE), new)
    done = shop.run(shop.pushed(first, evil, run=9500, credentials=credentials))
    assert done.code == 0, done.log
    (told,) = [one.body for one in shop.github.comments(500) if one.login == BOT]
    assert "**Not what was reviewed.**" in told
    assert "**Not what was reviewed.**" in done.summary
    assert [one["as_shown"] for one in done.record["merges"]] == [False]
    gone = ("prod", "bob")
    unprotected = State(new.members - {gone}, new.protected - {gone})
    first = shop.hosted.tip
    merge = shop.hosted.request(readme(new).files(), "change-501", 501)
    evil = made(shop, unprotected, first, merge.head)
    lab.pulls(501, merge.head, evil, ("protected",))
    done = shop.run(shop.pushed(first, evil, run=9501, credentials=credentials))
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log


def test_a_merge_that_drops_what_the_branch_has_is_told(shop: Workshop) -> None:
    """As with `git merge -s theirs`: what was revoked meanwhile is given back."""
    lab = Lab.open(shop)
    first = shop.hosted.tip
    merge = shop.hosted.request(State(BASE.members | {("prod", "dave")}).files(), "change-500", 500)
    lab.merge(State(BASE.members - {("dev", "alice")}))
    assert lab.run(lab.push(first)).code == 0
    before = shop.hosted.tip
    evil = made(shop, State(BASE.members | {("prod", "dave")}), before, merge.head)
    lab.pulls(500, merge.head, evil, ())
    done = shop.run(shop.pushed(before, evil, run=9500))
    assert "**Not what was reviewed.**" in done.summary
    assert [one["as_shown"] for one in done.record["merges"]] == [False]


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("credentials", [True, False], ids=["git", "api"])
def test_what_github_makes_of_a_pull_request_is_what_was_reviewed(shop: Workshop, way: str, credentials: bool) -> None:
    """Also where the branch has gone on meanwhile, in the same file."""
    lab = Lab.open(shop)
    first = shop.hosted.tip
    config = BASE.files()["access/config.yml"]
    users = BASE.files()["access/users.yml"]
    more = users.replace("prod:\n  Admin: [carol]", "prod:\n  Admin: [carol, bob]")
    merge = shop.hosted.request({"access/users.yml": more, "access/config.yml": config}, "change-500", 500)
    theirs = users.replace("alice, bob, carol, dave", "alice, bob, carol")
    _, before = shop.hosted.push({"access/users.yml": theirs})
    both = more.replace("alice, bob, carol, dave", "alice, bob, carol")
    if way == "merge":
        shop.hosted.merge("change-500")
        commit = shop.hosted.tip
    else:
        one = shop.hosted.push({"access/users.yml": both, "README.md": "x\n"})[1]
        commit = one if way == "squash" else shop.hosted.push({"README.md": "y\n"})[1]
    found = Pull(500, merge.head, commit, merged=True, commits=frozenset({one} if way == "rebase" else ()))
    shop.github.pull(Pull(**{**found.__dict__, "reviews": (Review("erin", "APPROVED", merge.head),)}))
    done = shop.run(shop.pushed(first, shop.hosted.tip, run=9500, credentials=credentials))
    assert done.code == 0, done.log
    assert "Not what was reviewed" not in done.summary
    assert [one["as_shown"] for one in done.record["merges"] if one["pull_request"] == 500] == [True]
    assert "bob" in shop.members()["RM.prod.Admin"]
    assert before
    assert lab


def test_a_pull_request_whose_merge_github_names_wrongly_is_told_as_doubtful(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(State(BASE.members | {("prod", "dave")}))
    found = shop.github.pulls[one.number]
    shop.github.pull(Pull(**{**found.__dict__, "merge_commit_sha": "c" * 40, "commits": frozenset({one.commit})}))
    done = shop.run(lab.push(first))
    assert done.code == 0, done.log
    (told,) = shop.github.comments(one.number)
    assert "**Which pull request?** GitHub lists #101" in told.body
    assert "**Which pull request?**" in done.summary


@pytest.mark.parametrize("late", ["empty", "open", "never"])
def test_a_merge_that_github_does_not_know_of_yet_is_asked_for_again(
    shop: Workshop, pauses: list[float], late: str
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    merge = shop.hosted.request(State(BASE.members | {("prod", "dave")}).files(), "change-500", 500)
    commit = made(
        shop, State(BASE.members | {("prod", "dave")}), first, merge.head, message="Merge pull request #500 from x/y"
    )
    shop.github.pull(Pull(500, merge.head, commit, merged=late != "never", closed=late == "never"))
    job = shop.pushed(first, commit, run=9500)
    if late == "empty":
        shop.github.fail("GET", r"/commits/[^/]+/pulls", says(answer([])), says(answer([])))
    if late == "open":
        trial = Pull(500, merge.head, merge.trial, commits=frozenset({commit}))
        listed = shapes.pull(shop.github, trial, shop.github.url, shop.github.web)
        shop.github.fail("GET", r"/commits/[^/]+/pulls", says(answer([listed])), says(answer([listed])))
    done = shop.run(job)
    assert done.code == 0, done.log
    assert sum(pauses) == (7 if late == "never" else 3)
    assert [one["pull_request"] for one in done.record["merges"]] == [None if late == "never" else 500]
    assert ("**No pull request.**" in done.summary) == (late == "never")
    assert lab


def test_a_push_that_does_not_look_like_a_merge_is_told_at_once(shop: Workshop, pauses: list[float]) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(State(BASE.members | {("prod", "dave")}), pushed=True)
    assert lab.run(lab.push(first)).code == 0
    assert pauses == []
