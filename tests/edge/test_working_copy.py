"""Of which repository, and of which commit, the files of a working directory are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolemodel_ci.adapters.git.checkout_identity import WorkingCopy, precedes, working_copy
from rolemodel_ci.model.applied_state import Identity
from rolemodel_ci.model.desired import Policy

from .opening import small_policy, template
from .test_repo import git


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    """A policy whose files are in a directory."""
    made = small_policy(template("Admin"))
    for name in (made.config_file, made.template.file):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("text")
    return made


def committed(directory: Path, message: str = "change") -> str:
    """Commit everything; the commit."""
    git(directory, "add", ".")
    git(directory, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(directory, "rev-parse", "HEAD").strip()


def test_without_git_nothing_is_known(policy: Policy, tmp_path: Path) -> None:
    assert working_copy(policy, tmp_path) == WorkingCopy(Identity())
    git(tmp_path, "init", "--quiet")
    assert working_copy(policy, tmp_path) == WorkingCopy(Identity())  # and without a commit


def test_commit_of_exactly_these_files(policy: Policy, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commit = committed(tmp_path)
    assert working_copy(policy, tmp_path) == WorkingCopy(Identity("", "", "access/config.yml"), commit)
    (tmp_path / "README.md").write_text("other")
    assert working_copy(policy, tmp_path).commit == commit
    (tmp_path / policy.template.file).write_text("changed")
    assert working_copy(policy, tmp_path).commit is None
    (tmp_path / policy.template.file).unlink()
    assert working_copy(policy, tmp_path).commit is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/acme/access.git", "acme/access"),
        ("https://user@github.com/acme/access/", "acme/access"),
        ("ssh://git@github.example:22/acme/access.git", "acme/access"),
        ("git@github.com:acme/access.git", "acme/access"),
        ("https://gitlab.example/group/part/access", "group/part/access"),
        ("/srv/git/access.git", ""),
        ("../access", ""),
        ("file:///srv/git/access", ""),
    ],
)
def test_name_of_the_repository(policy: Policy, tmp_path: Path, address: str, name: str) -> None:
    git(tmp_path, "init", "--quiet")
    committed(tmp_path)
    git(tmp_path, "remote", "add", "origin", address)
    assert working_copy(policy, tmp_path).identity.repository == name


def test_what_comes_before_what(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    first, second = committed(tmp_path, "first"), committed(tmp_path, "second")
    assert precedes(tmp_path, first) is False
    assert precedes(tmp_path, second) is False
    assert precedes(tmp_path, "c" * 40) is None
    git(tmp_path, "checkout", "--quiet", first)
    assert precedes(tmp_path, second) is True
