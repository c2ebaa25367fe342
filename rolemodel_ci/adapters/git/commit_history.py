"""The way of a branch from one commit to another: from the checkout, deepened if need be, or else over GitHub's API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rolemodel_ci.adapters.git.repository import Checkout
from rolemodel_ci.adapters.github.api import Github
from rolemodel_ci.adapters.github.merges import compared, forked

MOST_STEPS = 500
"""Commits of a branch that are looked at: where there are more, it is not known what was last applied."""

_DEEP = 50  # commits that are fetched at once, before all of them are

Parents = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit of the branch, and the one that the branch was at before it."""

    commit: str
    before: str


class Gap(StrEnum):
    """Why there is no way from one commit to another."""

    GONE = "is not in this repository"
    REWRITTEN = "is not in the history of this branch any more"
    NEWER = "is newer than what this run is about"
    FAR = f"is more than {MOST_STEPS} commits back"
    UNKNOWN = "cannot be compared with what this run is about"


def steps_between(checkout: Checkout, github: Github | None, since: str, tip: str) -> tuple[Step, ...] | Gap:
    """The commits of the branch after `since` up to `tip`, the oldest first. Raises GithubError."""
    if since == tip:
        return ()
    found = _along(checkout, since, tip)
    for depth in (_DEEP, MOST_STEPS):
        if found is None and checkout.is_shallow and checkout.deepen(tip, depth):
            found = _along(checkout, since, tip)
    if found is not None:
        return found
    if not checkout.is_shallow and checkout.has(since):
        return _local(checkout, since, tip)
    return _told(github, since, tip)


def bypassed(checkout: Checkout, github: Github | None, since: str, steps: tuple[Step, ...]) -> dict[str, Step]:
    """The commits after `since` that the way does not lead by, with the merge that brought each: the oldest first.

    A merge that was made by hand may have its parents in any order, and the branch may have been at any of these
    commits. Raises GithubError.
    """
    above = [checkout.parents_of(step.commit) for step in steps[-1:]]
    if len(steps) <= 1 and all(len(parents) == 1 for parents in above):
        return {}
    parents = _graph(checkout, github, since, steps[-1].commit)
    left = _descendants(parents, since, steps[-1].commit) - {since, *(step.commit for step in steps)}
    found: dict[str, Step] = {}
    for step in steps:
        waiting = [parent for parent in parents.get(step.commit, ()) if parent in left]
        while waiting:
            commit = waiting.pop()
            left.discard(commit)
            found[commit] = step
            waiting += [parent for parent in parents.get(commit, ()) if parent in left]
    return found


def _graph(checkout: Checkout, github: Github | None, since: str, tip: str) -> Parents:
    """The parents of every commit between, of those that can be had."""
    for depth in (0, _DEEP):
        if depth and not (checkout.is_shallow and checkout.deepen(tip, depth)):
            break
        found = checkout.between(since, tip) if checkout.has(since) else {}
        if found and (all(found.values()) or not checkout.is_shallow):
            return found
    told = compared(github, since, tip) if github else None
    return told.parents if told else {}


def fork_of(checkout: Checkout, github: Github | None, one: str, other: str) -> str | None:
    """The commit at which two histories part; None where that cannot be had. Raises GithubError."""
    for commit in (one, other):
        if checkout.is_shallow or not checkout.has(commit):
            checkout.deepen(commit, _DEEP)
    found = checkout.fork(one, other) if checkout.has(one) and checkout.has(other) else None
    return found or (forked(github, one, other) if github else None)


def chain(parents: Parents, since: str, tip: str) -> tuple[Step, ...] | Gap:
    """The way from `since` to `tip`: at each merge by the first parent that comes from `since`.

    That is the first parent wherever the branch was what was merged into.
    """
    descends = _descendants(parents, since, tip)
    if tip not in descends:
        return Gap.REWRITTEN
    found: list[Step] = []
    while tip != since:
        before = next(parent for parent in parents[tip] if parent in descends)
        found.append(Step(tip, before))
        tip = before
    return tuple(reversed(found)) if len(found) <= MOST_STEPS else Gap.FAR


def _descendants(parents: Parents, since: str, tip: str) -> set[str]:
    """The commits between that come from `since`, and itself."""
    children: dict[str, list[str]] = {}
    for commit, above in parents.items():
        for parent in above:
            children.setdefault(parent, []).append(commit)
    found, waiting = {since}, [since]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def _along(checkout: Checkout, since: str, tip: str) -> tuple[Step, ...] | None:
    """The way along the first parents, as far as the checkout has the commits; None where it does not lead there."""
    found: list[Step] = []
    while len(found) < MOST_STEPS and (above := checkout.parents_of(tip)):
        found.append(Step(tip, above[0]))
        tip = above[0]
        if tip == since:
            return tuple(reversed(found))
    return None


def _local(checkout: Checkout, since: str, tip: str) -> tuple[Step, ...] | Gap:
    """The way in a checkout that has all there is."""
    if checkout.descends(since, tip):
        return Gap.NEWER
    return chain(checkout.between(since, tip), since, tip) if checkout.descends(tip, since) else Gap.REWRITTEN


def _told(github: Github | None, since: str, tip: str) -> tuple[Step, ...] | Gap:
    """The way as GitHub tells it."""
    if github is None:
        return Gap.UNKNOWN
    told = compared(github, since, tip)
    if told is None:
        return Gap.GONE
    return chain(told.parents, since, tip) if told.ahead else Gap.NEWER if told.behind else Gap.REWRITTEN
