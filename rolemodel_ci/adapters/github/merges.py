"""What GitHub tells of the commits of a branch: how they are connected, their pull requests, who approved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rolemodel_ci.adapters.github.api import Github, GithubError, read, read_commit


@dataclass(frozen=True, slots=True)
class Merged:
    """A pull request that was merged: its labels, the last commit that its merge made on the branch, its own last one.

    `is_exact`: GitHub says that its merge made the very commits that it was looked up by. If it only lists the pull
    request for them, people are told of it, and its labels do not count.
    """

    number: int
    labels: tuple[str, ...]
    merge_commit: str = ""
    head: str = ""
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Approval:
    """The latest word of a reviewer, where it is an approval, and the commit that it is about."""

    login: str
    commit: str


@dataclass(frozen=True, slots=True)
class MergeReview:
    """Who had a hand in a merge, as GitHub tells it. `head` is the last commit of the pull request."""

    merged_by: str
    head: str
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """How two commits are connected: the parents of every commit that only the later one has.

    `ahead`: the later one descends from the earlier one; `behind`: it is the other way round.
    """

    ahead: bool
    behind: bool
    parents: Mapping[str, tuple[str, ...]]


def pulls_of(github: Github, commit: str, branch: str, onwards: Sequence[str] = ()) -> list[Merged]:
    """The pull requests whose merge made a commit of a branch, the latest first. Raises GithubError.

    A merge or a squash makes one commit, by which GitHub names the merge. A rebase makes several, of which the last one
    names it: that has to be one of `onwards`, the commits from this one on. Of several pull requests that have the
    commit, the one that was merged first has brought it; others were made on top of it.
    """
    doing = f"looking up the pull request of {commit[:7]}"
    found = [read(doing, _merged, item) for item in github.items(f"/commits/{commit}/pulls", doing)]
    ours = {pull.number: pull for pull, base, is_merged in found if base == branch and is_merged}
    latest = [ours[number] for number in sorted(ours, reverse=True)]
    for made in (commit, *onwards):
        if exact := [pull for pull in latest if pull.merge_commit == made]:
            return exact
    return [replace(pull, is_exact=False) for pull in latest]


def hands(github: Github, number: int) -> MergeReview:
    """Who merged a pull request, and who approved it and did not take that back. Raises GithubError."""
    doing = f"looking up who approved #{number}"
    merged_by, head = read(doing, _single, github.item(f"/pulls/{number}", doing))
    latest: dict[str, tuple[str, str]] = {}
    for login, state, commit in (read(doing, _review, one) for one in github.items(f"/pulls/{number}/reviews", doing)):
        if state in _WORDS:
            latest[login] = (state, commit)
    approved = (Approval(login, commit) for login, (state, commit) in sorted(latest.items()) if state == "APPROVED")
    return MergeReview(merged_by, head, tuple(approved))


def compared(github: Github, since: str, tip: str) -> Compared | None:
    """How `tip` is connected with `since`; None where GitHub knows no such commits. Raises GithubError.

    https://docs.github.com/en/rest/commits/commits#compare-two-commits
    """
    doing = f"comparing {since[:7]} with {tip[:7]}"
    try:
        status, *_ = read(doing, _status, github.item(f"/compare/{since}...{tip}?per_page=1", doing))
        behind = status in ("behind", "identical")
        if status != "ahead":
            return Compared(ahead=False, behind=behind, parents={})
        listed = github.items(f"/compare/{since}...{tip}", doing, "commits")
        return Compared(ahead=True, behind=False, parents=dict(read(doing, _parents, one) for one in listed))
    except GithubError as failed:
        if failed.status in (404, 422):
            return None
        raise


def forked(github: Github, one: str, other: str) -> str | None:
    """The commit at which two histories part; None where GitHub knows none. Raises GithubError."""
    doing = f"comparing {one[:7]} with {other[:7]}"
    try:
        return read(doing, _fork, github.item(f"/compare/{one}...{other}?per_page=1", doing))
    except GithubError as failed:
        if failed.status in (404, 422):
            return None
        raise


_WORDS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
"""A review that only comments takes no approval back:
https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/about-pull-request-reviews"""


def _merged(found: Any) -> tuple[Merged, str, bool]:
    """A pull request, the branch that it is aimed at, and whether it was merged."""
    is_merged = bool(found["merged_at"])
    labels = tuple(str(label["name"]) for label in found["labels"])
    commit = str(found["merge_commit_sha"] or "") if is_merged else ""
    return (
        Merged(int(found["number"]), labels, commit, read_commit(found["head"]["sha"])),
        str(found["base"]["ref"]),
        is_merged,
    )


def _single(found: Any) -> tuple[str, str]:
    merger = found["merged_by"]
    return str(merger["login"]) if merger else "", read_commit(found["head"]["sha"])


def _review(found: Any) -> tuple[str, str, str]:
    user = found["user"]  # null where the account is gone
    return str(user["login"]) if user else "", str(found["state"]), str(found["commit_id"] or "")


def _status(found: Any) -> tuple[str]:
    return (str(found["status"]),)


def _fork(found: Any) -> str:
    return read_commit(found["merge_base_commit"]["sha"])


def _parents(found: Any) -> tuple[str, tuple[str, ...]]:
    return read_commit(found["sha"]), tuple(read_commit(parent["sha"]) for parent in found["parents"])
