"""What somebody with push access and time would try: merges made by hand, odd histories, odd answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from . import fake_shapes as shapes
from .fake_faults import says
from .fake_github import Event, Pull, Review, Run
from .fake_hosted import BOT
from .fake_messages import answer
from .hosting import git
from .lab import Lab, State
from .workshop import MASTER, STATE, Workshop

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


# ---- files that are not what they seem


def link_to_the_top(desk: Path) -> None:
    """The files lie elsewhere, where no code owner may be, and the directory that has one is a link to there."""
    for name in ("config.yml", "roles.yml", "users.yml"):
        git(desk, "mv", f"access/{name}", name)
    (desk / "users.yml").write_text("prod:\n  Admin: [dave]\n", encoding="utf-8")
    with suppress(OSError):
        (desk / "access").rmdir()
    (desk / "access").symlink_to(".")
    git(desk, "add", "--all")


def link_to_a_directory(desk: Path) -> None:
    git(desk, "mv", "access", "other")
    (desk / "access").symlink_to("other")
    git(desk, "add", "--all")


def link_to_a_file(desk: Path) -> None:
    git(desk, "mv", "access/users.yml", "users.yml")
    (desk / "access/users.yml").symlink_to("../users.yml")
    git(desk, "add", "--all")


def submodule_as_directory(desk: Path) -> None:
    git(desk, "rm", "--quiet", "-r", "access")
    git(desk, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},access")


def submodule_as_file(desk: Path) -> None:
    git(desk, "rm", "--quiet", "access/users.yml")
    git(desk, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},access/users.yml")


def names_in_other_case(desk: Path) -> None:
    """What a file system that ignores case would take for the files, with protections and people taken out."""
    git(desk, "mv", "access/users.yml", "access/Users.yml")
    git(desk, "mv", "access/config.yml", "access/CONFIG.yml")


@pytest.mark.parametrize("credentials", [True, False], ids=["git", "api"])
@pytest.mark.parametrize(
    "arrange",
    [
        link_to_the_top, link_to_a_directory, link_to_a_file, submodule_as_directory, submodule_as_file,
        names_in_other_case,
    ],
)  # fmt: skip
def test_files_that_are_no_files_change_nothing(
    shop: Workshop, arrange: Callable[[Path], None], credentials: bool
) -> None:
    lab = Lab.open(shop)
    before, after = shop.hosted.arrange(arrange)
    done = shop.run(shop.pushed(before, after, run=9500, credentials=credentials))
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert "RM101" in done.log
    assert lab.reading() == BASE.members
    shop.hosted.arrange(lambda desk: git(desk, "rm", "--quiet", "-r", "--force", "."))
    shop.hosted.sync()
    gone = ("prod", "bob")
    _, tip = shop.hosted.push(State(BASE.members - {gone}, BASE.protected - {gone}).files())
    done = shop.run(shop.pushed(after, tip, run=9501, credentials=credentials))
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log


def test_files_that_move_within_the_repository_keep_what_was_decided(shop: Workshop) -> None:
    lab = Lab.open(shop)
    gone = ("prod", "bob")
    files = State(BASE.members - {gone}, BASE.protected - {gone}).files()
    config = files["access/config.yml"].replace("users: users.yml", "users: people/users.yml")
    moved = {
        "access/config.yml": config,
        "access/people/users.yml": files["access/users.yml"],
        "access/users.yml": None,
    }
    before, after = shop.hosted.push(moved)
    assert guards(shop.run(shop.pushed(before, after, run=9500)).record) == {"protected"}
    _, tip = shop.hosted.push({"README.md": "x\n", ".gitattributes": "* merge=ours\n", "CODEOWNERS": "* @mallory\n"})
    done = shop.run(shop.pushed(after, tip, run=9501))
    assert (done.code, guards(done.record)) == (4, {"protected"}), done.log
    assert lab.reading() == BASE.members


# ---- what is remembered, and how AWS tells it


def stored(shop: Workshop, change: Callable[[dict[str, Any]], object], kind: str = "String") -> None:
    """Have the parameter hold what becomes of its value, as a parameter of a type."""
    ssm = shop.aws.client("ssm", MASTER)
    said = json.loads(ssm.get_parameter(Name=STATE)["Parameter"]["Value"])
    found = change(said)
    ssm.delete_parameter(Name=STATE)
    text = found if isinstance(found, str) else json.dumps(said)
    ssm.put_parameter(Name=STATE, Value=text, Type=kind, Tier="Intelligent-Tiering")
    shop.aws.mark()


@contextmanager
def dated(shop: Workshop, patch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """Meanwhile AWS says that the parameter was changed so many seconds later than it was."""
    answer = shop.front.answer

    def shifted(*given: Any) -> Any:
        reply = answer(*given)
        target = next((value for name, value in given[3] if name.lower() == "x-amz-target"), "")
        if not target.endswith(".GetParameter") or reply.status != 200:
            return reply
        said = json.loads(reply.body)
        said["Parameter"]["LastModifiedDate"] += seconds
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        return reply._replace(body=json.dumps(said).encode(), headers=headers)

    with patch.context() as patched:
        patched.setattr(shop.front, "answer", shifted)
        yield


def _edit(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda said: said.update(changes)


@pytest.mark.parametrize(
    ("change", "kind", "code", "why"),
    [
        (lambda _: "remembered: nothing", "String", 4, "it is not JSON"),
        (lambda _: "[" * 4000, "String", 4, "it is not JSON"),
        (_edit(version=0), "String", 4, "it has no version"),
        (_edit(version=2), "String", 3, "a newer rolemodel-ci wrote it"),
        (_edit(state={"identity": {}}), "String", 4, "is not text"),
        (_edit(), "SecureString", 3, "it is a SecureString"),
        (_edit(), "StringList", 3, "it is a StringList"),
        (lambda said: said["state"]["identity"].update(config="access/other.yml"), "String", 4, "access/other.yml"),
        (lambda said: said["state"]["identity"].update(repository_id="1"), "String", 4, "belongs to repository"),
    ],
)
def test_a_record_that_is_not_one_of_ours_lets_nothing_pass(
    shop: Workshop, pauses: list[float], change: Callable[[dict[str, Any]], object], kind: str, code: int, why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    lab = Lab.open(shop)
    gone = ("prod", "bob")
    bad = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))
    stored(shop, change, kind)
    _, tip = shop.hosted.push(readme(bad.after).files())
    with dated(shop, monkeypatch, -3600.0):
        done = shop.run(shop.pushed(bad.commit, tip, run=9500))
    assert done.code == code, done.log
    assert why in done.said("error") + done.said("notice")
    assert lab.reading() == BASE.members
    assert pauses == []


@pytest.mark.parametrize("seconds", [-86400.0 * 400, 86400.0 * 400])
def test_a_date_that_is_wrong_locks_nobody_out_and_lets_nothing_pass(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    bad = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))
    job = lab.push(first)
    with dated(shop, monkeypatch, seconds):
        assert lab.run(job).code == 4
        lab.label(bad, "protected")
        assert lab.run(lab.again(job)).code == 0
    lab.check_end()


# ---- runs that make way, and runs one after the other


@pytest.mark.parametrize("conclusion", ["success", "cancelled"])
def test_a_gap_between_two_runs_is_told(shop: Workshop, conclusion: str) -> None:
    """The newer run is going when the older one makes way for it; then its job is skipped, or it is cancelled."""
    lab = Lab.open(shop)
    first = shop.hosted.tip
    one = lab.merge(State(BASE.members - {("dev", "alice")}))
    job = lab.push(first)
    lab.merge(readme(one.after))
    newer = lab.push(job.sha)
    done = lab.run(job)
    assert (done.code, done.outputs["result"]) == (0, "stale"), done.log
    assert str(done.record["left_to"]).endswith(f"/actions/runs/{newer.run}")
    shop.github.run(Run(newer.run, newer.sha, conclusion))
    night = shop.run(shop.nightly())
    assert night.code == 6, night.log
    assert "**Merged, and not applied:** `#101`" in night.summary.replace("\\", "")
    merge = shop.hosted.request(State(one.after.members | {("prod", "dave")}).files(), "later", 7)
    asked = shop.run(shop.opened(merge))
    assert asked.code == 0, asked.log
    assert "`#101` was **merged before, and not applied**" in shop.comments()[0].replace("\\", "")
    again = shop.run(lab.again(job))
    assert (again.code, again.outputs["result"]) == (5, "failed"), again.log
    assert lab.run(lab.again(newer)).code == 0
    lab.check_end()
    assert shop.run(shop.opened(merge)).code == 0
    assert "merged before, and not applied" not in shop.comments()[0]


def test_the_outcome_links_every_run_that_had_a_part_in_it(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    bad = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))
    runs = []
    before = first
    for _ in range(3):
        job = lab.push(before)
        assert lab.run(job).code == 4
        runs.append(job.run)
        before = job.sha
        lab.merge(readme(lab.tip))
    lab.label(bad, "protected")
    assert lab.run(last := lab.push(before)).code == 0
    (told,) = shop.github.comments(bad.number)
    foot = told.body.splitlines()[-1]
    linked = re.findall(r"/actions/runs/([0-9]+)\"", foot)
    assert linked == [str(number) for number in (last.run, *reversed(runs))]


# ---- labels


def test_a_label_that_is_taken_off_before_the_run_counts_no_more(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    bad = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}), "protected")
    found = shop.github.pulls[bad.number]
    taken_off = (*found.events, Event("unlabeled", "grace", "allow: protected"))
    shop.github.pull(Pull(**{**found.__dict__, "events": taken_off}))
    lab.labels[bad.number] = frozenset()
    assert lab.run(lab.push(first)).code == 4


def test_a_label_of_another_pull_request_of_the_same_push_counts_for_nothing_else(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    bad = lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))
    lab.merge(State(bad.after.members | {("prod", "dave")}, bad.after.protected), "protected", "unknown-state")
    job = lab.push(first)
    assert lab.run(job).code == 4
    lab.label(bad, "protected")  # after the merge, by whoever may label: told with the name
    done = lab.run(lab.again(job))
    assert [one["by"] for one in done.record["overridden"]] == ["the label `allow: protected` of #101, given by grace"]
    lab.check_end()


def test_a_merge_that_is_reverted_while_it_is_refused_leaves_nothing(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    gone = ("prod", "bob")
    lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))
    assert lab.run(job := lab.push(first)).code == 4
    lab.merge(readme(BASE))
    assert lab.run(second := lab.push(job.sha)).code == 0
    lab.merge(State(BASE.members - {gone}, BASE.protected - {gone}))  # the revert is reverted
    assert lab.run(lab.push(second.sha)).code == 4
    assert lab.reading() == BASE.members
