"""Branches, merged pull requests and files over the API of GitHub, against a strict GitHub."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from actions import fake_faults as faults
from actions.calling_fake import git, repository
from actions.fake_github import TOKEN, FakeGithub, Pull
from actions.fake_messages import Reply, answer

from rolemodel_ci.adapters.github import api as github_module
from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.merges import pulls_of

from .paused import Paused

ANY = ""
HEAD, MERGED = "a" * 40, "c" * 40


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as listening:
        listening.pull(Pull(7, HEAD))
        yield listening
    assert listening.violations == []


@pytest.fixture
def paused() -> Paused:
    return Paused()


@pytest.fixture
def api(github: FakeGithub, paused: Paused) -> Github:
    return Github(github.url, "acme/access", TOKEN, paused.clock)


def failed(act: Callable[[], Any]) -> GithubError:
    """How it failed: with something to do, and without the token anywhere."""
    with pytest.raises(GithubError) as error:
        act()
    assert error.value.exit_code == 3
    assert error.value.remedy
    assert TOKEN not in "".join(traceback.format_exception(error.value)) + error.value.remedy
    return error.value


# ---- branches and pull requests


@pytest.mark.parametrize("branch", ["main", "feature/x", "release/1.0/a b", "ünï", "100%", "a#b", "x?y"])
def test_tip_of_a_branch(api: Github, github: FakeGithub, branch: str) -> None:
    github.branches[branch] = HEAD
    assert api.tip(branch) == HEAD


def test_tip_of_no_branch(api: Github) -> None:
    error = failed(lambda: api.tip("gone"))
    assert (error.status, error.message) == (404, "looking up branch gone: GitHub answered 404: Branch not found")


@pytest.mark.parametrize("sha", ["", "HEAD", "A" * 40, "a" * 39, f"{'a' * 40}\n", None, 7, "--upload-pack=x"])
def test_tip_that_is_no_hash(api: Github, github: FakeGithub, sha: object) -> None:
    github.fail("GET", ANY, faults.says(answer({"commit": {"sha": sha}})))
    assert "is not one of GitHub" in failed(lambda: api.tip("main")).message


def test_pull_request_that_a_commit_merged(api: Github, github: FakeGithub) -> None:
    github.pull(Pull(7, HEAD, MERGED, merged=True))
    github.pull(Pull(8, "d" * 40, MERGED, commits=frozenset({MERGED})))  # open, and its trial merge is that commit
    github.pull(Pull(9, MERGED, "e" * 40, merged=True))  # this commit is its head
    github.pull(Pull(10, "f" * 40, MERGED, merged=True, base_ref="release"))
    github.pull(Pull(11, "9" * 40, MERGED, merged=True))
    assert [pull.number for pull in pulls_of(api, MERGED, "main")] == [11, 7]
    assert [pull.number for pull in pulls_of(api, MERGED, "release")] == [10]


def test_commit_that_merged_nothing(api: Github, github: FakeGithub) -> None:
    github.branches["main"] = MERGED
    assert pulls_of(api, MERGED, "main") == []


def test_commit_that_github_does_not_know(api: Github) -> None:
    assert failed(lambda: pulls_of(api, "1" * 40, "main")).status == 422


@pytest.mark.parametrize(
    "bad", [{}, {"number": "x", "base": {"ref": "main"}, "merged_at": None, "merge_commit_sha": None}, [], 7]
)
def test_pull_request_of_another_shape(api: Github, github: FakeGithub, bad: Any) -> None:
    github.fail("GET", ANY, faults.says(answer([bad])))
    assert "is not one of GitHub" in failed(lambda: pulls_of(api, HEAD, "main")).message


# ---- trees and blobs


@pytest.fixture
def commit(github: FakeGithub, tmp_path: Path) -> str:
    """A commit with all kinds of entries."""
    top = tmp_path / "repository"
    first = repository(top)
    (top / "link").symlink_to("README.md")
    (top / "binary").write_bytes(bytes(range(256)))
    (top / "run.sh").write_text("true\n")
    (top / "run.sh").chmod(0o755)
    git(top, "add", "--all")
    git(top, "update-index", "--add", "--cacheinfo", f"160000,{first},module")
    git(top, "commit", "--quiet", "--message", "second")
    github.directory = top
    return git(top, "rev-parse", "HEAD")


def test_files_of_a_commit(api: Github, commit: str) -> None:
    found = api.tree(commit)
    assert {path: mode for path, (mode, _) in found.items()} == {
        "README.md": "100644",
        "access/config.yml": "100644",
        "access/old/users.yml": "100644",
        "access/users é.yml": "100644",
        "binary": "100644",
        "link": "120000",
        "module": "160000",
        "run.sh": "100755",
    }


def test_contents(api: Github, commit: str, paused: Paused) -> None:
    found = api.tree(commit)
    contents = {path: api.blob(sha) for path, (mode, sha) in found.items() if mode != "160000"}
    assert contents["binary"] == bytes(range(256))
    assert contents["access/old/users.yml"] == b""
    assert contents["access/config.yml"] == b"\xef\xbb\xbfusers: users.yml\r\n"
    assert contents["link"] == b"README.md"
    assert paused.pauses == []


def test_commit_with_too_many_files(api: Github, github: FakeGithub, commit: str) -> None:
    github.tree_limit = 3
    error = failed(lambda: api.tree(commit))
    assert "more files than GitHub lists" in error.message
    assert "fetch-depth" in error.remedy


def test_commit_that_is_not_there(api: Github, commit: str) -> None:
    assert failed(lambda: api.tree("1" * 40)).status == 404
    assert failed(lambda: api.blob("1" * 40)).status == 404


@pytest.mark.parametrize(
    "said",
    [[], 7, "tree", {"truncated": False}, {"tree": [], "truncated": None}, {"truncated": False, "tree": [{"path": 1}]},
     {"truncated": False, "tree": [{"path": "x", "mode": "100644", "type": "blob", "sha": "--help"}]},
     {"truncated": False, "tree": {"path": "x"}}, {"truncated": False, "tree": None}],
)  # fmt: skip
def test_tree_of_another_shape(api: Github, github: FakeGithub, said: Any) -> None:
    github.fail("GET", ANY, faults.says(answer(said)))
    assert failed(lambda: api.tree(HEAD)).exit_code == 3


@pytest.mark.parametrize("body", [b"", b"<html>signed in?</html>", b"OURS\n"])
def test_content_that_is_not_the_files(api: Github, github: FakeGithub, commit: str, body: bytes) -> None:
    """Its hash says so: a page of a proxy is not taken for a file."""
    sha = api.tree(commit)["README.md"][1]
    github.fail("GET", r"/git/blobs/", faults.says(Reply(200, body, {"Content-Type": "text/html"})))
    assert "is not one of GitHub" in failed(lambda: api.blob(sha)).message
    assert api.blob(sha) == b"ours\n"


def test_content_of_a_repository_with_longer_hashes() -> None:
    empty = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
    assert github_module._is_blob(b"", empty)
    assert not github_module._is_blob(b" ", empty)
