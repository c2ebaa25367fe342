"""What the fake GitHub holds: one repository with its pull requests, comments, branches, and who may do what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from .fake_objects import Objects

BODY_LIMIT = (
    65_536  # characters of a comment; GitHub says so in its 422: "Body is too long (maximum is 65536 characters)"
)
TREE_LIMIT = 100_000  # entries; https://docs.github.com/en/rest/git/trees#get-a-tree
TOKEN = "ghs_workflow.token_of-the.run"  # as opaque as GitHub's, with their `.` and `_`
BOT = "github-actions[bot]"

Rights = Literal["write", "read", "none"]


class Bearer(NamedTuple):
    """Whose a token is. To `none` the repository does not exist; `actions`: it may read runs."""

    login: str
    rights: Rights
    actions: bool = True


@dataclass(frozen=True)
class Comment:
    """A comment. `login` is None when its author's account is gone; times as GitHub writes them."""

    id: int
    issue: int
    body: str
    login: str | None
    created_at: str
    updated_at: str

    @property
    def kind(self) -> str:
        """`user.type`."""
        return "Bot" if (self.login or "").endswith("[bot]") else "User"


class Event(NamedTuple):
    """Something that happened to a pull request. `login` is None when the account is gone; `label` "" where it is not
    about one.
    """

    kind: str
    login: str | None
    label: str = ""


class Review(NamedTuple):
    """A review: by whom, what it says (`APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`), of which commit."""

    login: str | None
    state: str
    commit: str


@dataclass(frozen=True)
class Run:
    """A run of a workflow. `conclusion` None while it goes on; `number` is its id."""

    number: int
    head_sha: str
    conclusion: str | None = None
    event: str = "push"
    workflow: int = 77
    attempt: int = 1


@dataclass(frozen=True)
class Pull:
    """A pull request. `merge_commit_sha` is that of the test merge until it is merged.

    `head_repo` is a full name, None when the fork was deleted, and "" for the repository itself. `commits` are those
    by which GitHub finds the pull request, besides its head and, once it is merged, its merge commit.
    """

    number: int
    head_sha: str
    merge_commit_sha: str | None = None
    merged: bool = False
    closed: bool = False
    base_ref: str = "main"
    base_sha: str = "b" * 40
    head_ref: str = "change"
    head_repo: str | None = ""
    login: str = "carol"
    title: str = "Let dave switch"
    commits: frozenset[str] = frozenset()
    events: tuple[Event, ...] = ()
    merged_by: str | None = "carol"
    reviews: tuple[Review, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The labels that it has now, in the order in which they were given."""
        kept: dict[str, None] = {}
        for event in self.events:
            if event.kind == "labeled":
                kept[event.label] = None
            elif event.kind == "unlabeled":
                kept.pop(event.label, None)
        return list(kept)

    def has(self, sha: str) -> bool:
        """Does GitHub name it when asked for the pull requests of this commit?"""
        return sha in self.commits or sha == self.head_sha or (self.merged and sha == self.merge_commit_sha)


@dataclass
class Hosted:
    """The repository `owner`/`repo` and all that GitHub knows of it. Tests may change every field at any time.

    `prefix` is what stands between host and `/repos`: `/api/v3` on GitHub Enterprise. `directory` is a Git repository
    for trees, blobs and branches; `branches` has tips that differ from it. `issues` are those that are no pull
    requests; `on_commits` says of comments which commit they are on. On `locked` ones nobody may comment (403); `gone`
    ones were deleted (410).
    """

    owner: str = "acme"
    repo: str = "access"
    default_branch: str = "main"
    repository_id: int = 724_712_345
    tokens: dict[str, Bearer] = field(default_factory=lambda: {TOKEN: Bearer(BOT, "write")})
    prefix: str = ""
    directory: Path | None = None
    tree_limit: int = TREE_LIMIT
    private: bool = True
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: set[int] = field(default_factory=set)
    branches: dict[str, str] = field(default_factory=dict)
    locked: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    stored: dict[int, Comment] = field(default_factory=dict)
    on_commits: dict[int, str] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the ids, above 2**31 as GitHub's are by now, and the clock."""
        self._ids: Iterator[int] = itertools.count(3_000_000_001)
        self._seconds: Iterator[int] = itertools.count()

    @property
    def full_name(self) -> str:
        """`owner/repo`."""
        return f"{self.owner}/{self.repo}"

    @property
    def objects(self) -> Objects | None:
        """The Git repository, if there is one."""
        return None if self.directory is None else Objects(self.directory)

    def now(self) -> str:
        """The next second of a clock of its own."""
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._seconds))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def pull(self, pull: Pull) -> Pull:
        """Open a pull request, or put it in place of the one with its number."""
        self.pulls[pull.number] = pull
        return pull

    def has_issue(self, number: int) -> bool:
        """Is there an issue or a pull request with this number?"""
        return number in self.issues or number in self.pulls

    def comment(self, issue: int, body: str, login: str | None = "carol") -> Comment:
        """Somebody comments, not over the API."""
        now = self.now()
        made = Comment(next(self._ids), issue, body, login, now, now)
        self.stored[made.id] = made
        return made

    def edit(self, comment_id: int, body: str) -> Comment:
        """Somebody edits a comment. Raises KeyError when it is not there."""
        self.stored[comment_id] = replace(self.stored[comment_id], body=body, updated_at=self.now())
        return self.stored[comment_id]

    def delete(self, comment_id: int) -> None:
        """Somebody deletes a comment. Raises KeyError when it is not there."""
        del self.stored[comment_id]

    def comment_on_commit(self, sha: str, body: str, login: str | None) -> Comment:
        """Somebody comments on a commit."""
        made = self.comment(0, body, login)
        self.on_commits[made.id] = sha
        return made

    def commit_comments(self, sha: str) -> list[Comment]:
        """The comments on a commit, oldest first."""
        return [comment for comment in self.stored.values() if self.on_commits.get(comment.id) == sha]

    def run(self, run: Run) -> Run:
        """A run begins, or goes on."""
        self.runs[run.number] = run
        return run

    def comments(self, issue: int | None = None) -> list[Comment]:
        """The comments, of one issue or all, oldest first."""
        return [comment for comment in self.stored.values() if issue in (None, comment.issue)]

    def tip(self, branch: str) -> str | None:
        """The sha a branch points to; None when there is no such branch."""
        if branch in self.branches or self.objects is None:
            return self.branches.get(branch)
        return self.objects.resolve(f"refs/heads/{branch}", "commit")

    def knows(self, sha: str) -> bool:
        """Is there a commit with this sha, as far as the fake can tell?"""
        named = sha in self.branches.values() or any(
            sha in (pull.head_sha, pull.merge_commit_sha, pull.base_sha, *pull.commits) for pull in self.pulls.values()
        )
        return named or (self.objects is not None and self.objects.resolve(sha, "commit") is not None)
