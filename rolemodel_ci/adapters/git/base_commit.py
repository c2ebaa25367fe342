"""The commit that a change is compared with: from the checkout, deepened if need be, or else over GitHub's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rolemodel_ci.adapters.git.repository import Checkout, CommitNotFoundError, Tree
from rolemodel_ci.adapters.github.api import Github


class ApiTree:
    """A commit that only GitHub has. Raises GithubError."""

    def __init__(self, github: Github, sha: str) -> None:
        self._github = github
        self._entries = github.tree(sha)

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file by path."""
        return self._entries

    def find(self, path: str) -> tuple[str, Callable[[], bytes]] | None:
        """What lies at a path of the commit; its content is read when it is asked for."""
        if path not in self._entries:
            return None
        mode, sha = self._entries[path]
        return mode, lambda: self._github.blob(sha)


def base_of_merge(checkout: Checkout, head_sha: str, base_sha: str) -> str:
    """The commit before a pull request.

    actions/checkout checks out the merge of the pull request as GitHub tries it: what the request does is the
    difference to its first parent. Where the branch itself was checked out, it is where the two histories part.
    """
    parents = checkout.parents()
    if len(parents) == 2 and parents[1] == head_sha:
        return parents[0]
    return checkout.merge_base(base_sha, checkout.head)


def base_tree(checkout: Checkout, sha: str, github: Github | None, *also: str) -> Tree:
    """The files of the commit `sha`. Commits in `also` are fetched along where that costs nothing more.

    Raises CommitNotFoundError where neither the checkout, nor a fetch, nor the API has it; GithubError.
    """
    if checkout.has(sha) or checkout.fetch(sha, *also) or (also and checkout.fetch(sha)):
        return checkout.tree(sha)
    if github is None:
        raise CommitNotFoundError(
            f"commit {sha[:7]}, which this change is compared with, is not in the checkout and cannot be fetched",
            "Check out with `fetch-depth: 2`, or give the action its `github-token`.",
        )
    return ApiTree(github, sha)


def changed_paths(before: Tree, after: Tree) -> tuple[str, ...]:
    """The paths at which two commits differ, sorted."""
    old, new = before.entries(), after.entries()
    return tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))
