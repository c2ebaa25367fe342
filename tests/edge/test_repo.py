"""The access repository as a commit, in real Git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rolemodel_ci.adapters.git.repository import GitError, commit_files
from rolemodel_ci.config.loader import NoFile
from rolemodel_ci.errors import UsageError

CONFIG = "access/config.yml"


def git(directory: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: the first has `old` in its files, the second and the working tree `new`."""
    top = tmp_path / "repository"
    (top / "access").mkdir(parents=True)
    git(top, "init", "--quiet", "--initial-branch", "main")
    (top / "access" / "link.yml").symlink_to("config.yml")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    for text in ("old", "new"):
        (top / "access" / "config.yml").write_text(text, encoding="utf-8")
        (top / "roles.yml").write_text(text, encoding="utf-8")
        git(top, "add", ".")
        git(top, "commit", "--quiet", "--message", text)
    return top


def code(read: bytes | NoFile) -> str:
    assert isinstance(read, NoFile)
    assert read.remedy
    return read.code


def test_files_of_the_base(repository: Path) -> None:
    for revision in ("HEAD~1", git(repository, "rev-parse", "HEAD^"), git(repository, "rev-parse", "HEAD~1")[:10]):
        base = commit_files(revision, repository)
        assert (base.read(CONFIG), base.read("roles.yml")) == (b"old", b"old")
    assert commit_files("main", repository).read(CONFIG) == b"new"


def test_working_directory_below_the_top(repository: Path) -> None:
    base = commit_files("HEAD~1", repository / "access")
    assert base.read("config.yml") == b"old"
    assert base.read("../roles.yml") == b"old"
    assert code(base.read("../../secret")) == "RM102"


def test_absolute_paths(repository: Path) -> None:
    base = commit_files("HEAD~1", repository)
    assert base.read(str(repository / CONFIG)) == b"old"
    assert base.beside("roles.yml", str(repository / CONFIG)) == "roles.yml"
    assert code(base.read(str(repository.parent / "secret"))) == "RM102"


def test_repository_that_is_reached_by_a_link(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(repository)
    assert commit_files("HEAD~1", tmp_path / "short").read(CONFIG) == b"old"
    assert commit_files("HEAD~1", tmp_path / "short").read(str(tmp_path / "short" / CONFIG)) == b"old"


def test_beside_the_config_first_then_in_the_working_directory(repository: Path) -> None:
    base = commit_files("HEAD", repository)
    assert base.beside("config.yml", CONFIG) == CONFIG
    assert base.beside("roles.yml", CONFIG) == "roles.yml"
    assert base.beside("missing.yml", CONFIG) == "access/missing.yml"


@pytest.mark.parametrize(
    "path", ["access/link.yml", "access", ".", "missing", "access/missing", "roles.yml/x", "access/link.yml/x"]
)
def test_what_is_no_plain_file(repository: Path, path: str) -> None:
    """A link is not followed: what it led to may have been anything, and in another commit something else."""
    assert code(commit_files("HEAD", repository).read(path)) == "RM101"


def test_submodule_is_no_plain_file(repository: Path) -> None:
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{git(repository, 'rev-parse', 'HEAD')},module")
    git(repository, "commit", "--quiet", "--message", "module")
    assert code(commit_files("HEAD", repository).read("module")) == "RM101"


@pytest.mark.parametrize("revision", ["nowhere", "HEAD~9", "", "--help", "0" * 40, "a..b", "HEAD:roles.yml", "\0"])
def test_what_is_no_commit(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError) as error:
        commit_files(revision, repository)
    assert "is no commit of this repository" in error.value.message
    assert "shallow" in error.value.remedy


def test_repository_without_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(UsageError, match="no commit"):
        commit_files("HEAD", tmp_path)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="this is no Git repository") as error:
        commit_files("HEAD", tmp_path)
    assert error.value.exit_code == 2


def test_bare_repository(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare")
    with pytest.raises(GitError, match="no files"):
        commit_files("HEAD", tmp_path / "bare")


def test_machine_without_git(repository: Path, tmp_path: Path) -> None:
    """In a process of its own: GitPython looks for git once."""
    (tmp_path / "bin").mkdir()
    script = (
        "from pathlib import Path\n"
        "from rolemodel_ci.adapters.git.repository import GitError, commit_files\n"
        "try:\n    print(commit_files('HEAD~1', Path.cwd()).read('roles.yml'))\n"
        "except GitError as error:\n    print(error.message)\n"
    )
    environment = os.environ | {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, cwd=repository, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "there is no `git` on this machine", done.stderr


def test_git_worktree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "tree"), "HEAD~1")
    assert commit_files("HEAD", tmp_path / "tree").read(CONFIG) == b"old"
    shutil.rmtree(tmp_path / "tree")
