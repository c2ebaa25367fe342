"""What the files of a person's working directory are, in Git's terms: of which repository, and of which commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rolemodel_ci.adapters.git.repository import CommitFiles, GitError, commit_files, open_repository
from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.model.applied_state import Identity
from rolemodel_ci.model.desired import Policy

_ADDRESS = re.compile(r"(?:(?:https?|ssh|git)://[^/]+/|[\w.-]+@[\w.-]+:/?)(.+/[^/]+?)/?$", re.ASCII)
"""The forms of a remote's address: https://git-scm.com/docs/git-clone#_git_urls"""


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """Whose the files are. `commit` is None where they are not exactly those of the commit that is checked out."""

    identity: Identity
    commit: str | None = None


def working_copy(policy: Policy, working: Path) -> WorkingCopy:
    """The working copy that the policy's files are in. One that Git cannot tell of has neither name nor commit."""
    try:
        head = commit_files("HEAD", working)
    except (GitError, UsageError):
        return WorkingCopy(Identity())
    config = head.inside(policy.config_file) or ""
    repository = _named(remote(working))
    if not config:
        return WorkingCopy(Identity(repository))
    files = [policy.config_file, policy.template.file, *([policy.users.file] if policy.users else [])]
    same = all(_is_same(head, working, file) for file in files)
    return WorkingCopy(Identity(repository, "", config), head.sha if same else None)


def _is_same(head: CommitFiles, working: Path, file: str) -> bool:
    """Whether the commit has the file as it is now."""
    try:
        return head.read(file) == (working / file).read_bytes()
    except (OSError, RolemodelError):
        return False


def _named(address: str) -> str:
    """`owner/name` of a repository on a server; empty for one on this machine."""
    found = _ADDRESS.match(address)
    return found[1].removesuffix(".git") if found else ""


def precedes(working: Path, commit: str) -> bool | None:
    """Whether the commit that is checked out comes before `commit` in its history; None where it does not have it."""
    repository, git = open_repository(working)
    try:
        head, other = repository.commit("HEAD"), repository.commit(commit)
        return head != other and bool(repository.is_ancestor(head, other))
    except (git.GitCommandError, git.BadName, ValueError):
        return None


def remote(working: Path) -> str:
    """The address of the remote `origin`; empty where there is none. Raises GitError."""
    repository, _ = open_repository(working)
    try:
        return str(repository.remote("origin").url)
    except ValueError:  # no such remote
        return ""
