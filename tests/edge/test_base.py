"""The commit that a change is compared with: which one it is, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from actions import fake_faults as faults
from actions.fake_github import BOT, TOKEN, Bearer, FakeGithub
from actions.hosting import Hosted, git

from rolemodel_ci.adapters.git.base_commit import ApiTree, base_of_merge, base_tree, changed_paths
from rolemodel_ci.adapters.git.repository import Checkout, CommitNotFoundError, GitTree
from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.config.loader import NoFile

from .paused import Paused

FILES = {"access/config.yml": "a: b\n", "access/roles.yml": "{}\n", "README.md": "ours\n"}


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path / "server", FILES)


@pytest.fixture
def github(hosted: Hosted) -> Iterator[FakeGithub]:
    with FakeGithub(directory=hosted.origin) as listening:
        yield listening
    assert listening.violations == []


@pytest.fixture
def api(github: FakeGithub) -> Github:
    return Github(github.url, "acme/access", TOKEN, Paused().clock)


# ---- which commit


def test_first_parent_of_the_trial_merge(hosted: Hosted, tmp_path: Path) -> None:
    """It is what the merge names, whether the checkout has it or not, and whatever the event says."""
    stale = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial))
    assert not checkout.has(merge.base)
    assert base_of_merge(checkout, merge.head, stale) == merge.base == hosted.tip


def test_branch_is_checked_out_in_place_of_the_merge(hosted: Hosted, tmp_path: Path) -> None:
    parted = hosted.tip
    merge = hosted.request({"access/config.yml": "a: c\n"})
    _, tip = hosted.push({"README.md": "theirs\n"})
    whole = Checkout(hosted.checkout(tmp_path / "whole", merge.head, depth=50))
    assert whole.fetch(tip)
    git(whole.workspace, "fetch", "--quiet", "--unshallow", "origin", tip)
    assert base_of_merge(whole, merge.head, tip) == parted
    shallow = Checkout(hosted.checkout(tmp_path / "shallow", merge.head))
    assert base_of_merge(shallow, merge.head, tip) == tip


def test_merge_of_something_else_is_not_the_trial_merge(hosted: Hosted, tmp_path: Path) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    _, tip = hosted.merge()
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", tip))
    assert len(checkout.parents()) == 2
    assert base_of_merge(checkout, "1" * 40, tip) == tip
    assert base_of_merge(checkout, merge.head, "1" * 40) == merge.base


# ---- from where


def test_commit_that_the_checkout_has_is_not_fetched(hosted: Hosted, tmp_path: Path) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, depth=2, credentials=False))
    tree = base_tree(checkout, merge.base, None)
    assert changed_paths(tree, checkout.tree(checkout.head)) == ("access/config.yml",)


def test_commit_that_is_fetched(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial))
    tree = base_tree(checkout, merge.base, api)
    assert isinstance(tree, GitTree)
    assert checkout.files(tree).read("access/config.yml") == b"a: b\n"
    assert github.requests == []


def test_commits_that_are_fetched_along(hosted: Hosted, tmp_path: Path) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial))
    base_tree(checkout, merge.base, None, merge.head)
    assert checkout.has(merge.head)
    assert checkout.mail(merge.head) == "carol@example.com"


def test_commit_that_cannot_be_fetched_along_does_not_matter(hosted: Hosted, tmp_path: Path) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial))
    tree = base_tree(checkout, merge.base, None, "1" * 40)
    assert checkout.files(tree).read("access/config.yml") == b"a: b\n"


def test_commit_over_the_api(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    """The same files as the commit itself has."""
    desk = tmp_path / "server" / "desk"
    (desk / "link").symlink_to("README.md")
    (desk / "binary").write_bytes(bytes(range(256)))
    (desk / "empty").write_text("")
    (desk / "run.sh").write_text("true\n")
    (desk / "run.sh").chmod(0o755)
    (desk / "module").mkdir()  # otherwise the submodule would be taken for deleted
    git(desk, "update-index", "--add", "--cacheinfo", f"160000,{hosted.tip},module")
    hosted.push({"ünï codé.yml": "x: y\n"})
    merge = hosted.request({"access/config.yml": "a: c\n", "new.yml": "n\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    tree = base_tree(checkout, merge.base, api)
    assert isinstance(tree, ApiTree)
    there = Checkout(desk).tree(merge.base)
    assert tree.entries() == there.entries()
    read, same = checkout.files(tree), checkout.files(there)
    for path in (*tree.entries(), "missing", "../out", "module/x"):
        assert read.read(path) == same.read(path), path
    assert {tree.entries()[path][0] for path in ("link", "module", "run.sh")} == {"120000", "160000", "100755"}
    for path in ("link", "module", "access"):
        assert isinstance(read.read(path), NoFile)
    assert changed_paths(tree, checkout.tree(checkout.head)) == ("access/config.yml", "new.yml")


def test_content_is_asked_for_only_when_it_is_read(
    hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github
) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    files = checkout.files(base_tree(checkout, merge.base, api))
    assert len(github.requests) == 1
    assert files.read("access/config.yml") == b"a: b\n"
    assert [request.path.split("/")[5] for request in github.requests] == ["trees", "blobs"]


def test_neither_fetch_nor_api(hosted: Hosted, tmp_path: Path) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    with pytest.raises(
        CommitNotFoundError, match=f"commit {merge.base[:7]}, which this change is compared with"
    ) as error:
        base_tree(checkout, merge.base, None)
    assert error.value.exit_code == 2
    assert "`fetch-depth: 2`" in error.value.remedy
    assert "`github-token`" in error.value.remedy


def test_api_that_may_not_be_read(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    github.tokens = {TOKEN: Bearer(BOT, "none")}
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    with pytest.raises(GithubError) as error:
        base_tree(checkout, merge.base, api)
    assert error.value.status == 404


def test_api_that_lists_too_little(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    github.tree_limit = 2
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    with pytest.raises(GithubError, match="more files than GitHub lists"):
        base_tree(checkout, merge.base, api)


def test_file_that_fails_on_the_way(hosted: Hosted, tmp_path: Path, github: FakeGithub, api: Github) -> None:
    merge = hosted.request({"access/config.yml": "a: c\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", merge.trial, credentials=False))
    files = checkout.files(base_tree(checkout, merge.base, api))
    github.fail("GET", "/git/blobs/", faults.server_error(), faults.truncated(), faults.hang_up())
    assert files.read("access/config.yml") == b"a: b\n"


# ---- what differs


def test_paths_that_differ(hosted: Hosted, tmp_path: Path) -> None:
    before = hosted.tip
    desk = tmp_path / "server" / "desk"
    (desk / "README.md").unlink()
    (desk / "access" / "roles.yml").chmod(0o755)
    hosted.push({"access/config.yml": "a: c\n", "access/new ü.yml": "", "same": "x"})
    checkout = Checkout(hosted.checkout(tmp_path / "workspace", hosted.tip, depth=2))
    old, new = checkout.tree(before), checkout.tree(checkout.head)
    differing = ("README.md", "access/config.yml", "access/new ü.yml", "access/roles.yml", "same")
    assert changed_paths(old, new) == changed_paths(new, old) == differing
    assert changed_paths(new, new) == ()
