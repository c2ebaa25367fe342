"""The checkout of a workflow: shallow, detached, owned by somebody else, with whatever a change has put into it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from actions.hosting import Hosted, git

from rolemodel_ci.adapters.git.repository import Checkout, CommitFiles, CommitNotFoundError, GitError
from rolemodel_ci.config.loader import NoFile

FILES = {"access/config.yml": "a: b\n", "access/roles.yml": "{}\n", "README.md": "ours\n"}
SOMEBODY = 1001
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path / "server", FILES)


@pytest.fixture
def desk(tmp_path: Path, hosted: Hosted) -> Path:
    """Where people write, to put in what is more than text."""
    return tmp_path / "server" / "desk"


def checked_out(hosted: Hosted, tmp_path: Path, **more: int | bool) -> Checkout:
    """A checkout of the tip."""
    return Checkout(hosted.checkout(tmp_path / "workspace", hosted.tip, **more))  # type: ignore[arg-type]


def files(checkout: Checkout) -> CommitFiles:
    """The files of its head."""
    return checkout.files(checkout.tree(checkout.head))


def code(read: bytes | NoFile) -> str:
    """Why a file cannot be read."""
    assert isinstance(read, NoFile), read
    assert read.remedy
    return read.code


# ---- what there is


def test_shallow_detached_head(hosted: Hosted, tmp_path: Path) -> None:
    first = hosted.tip
    _, second = hosted.push({"README.md": "theirs\n"})
    checkout = checked_out(hosted, tmp_path)
    assert (checkout.head, checkout.parents()) == (second, (first,))
    assert (checkout.has(second), checkout.has(first), checkout.has("1" * 40)) == (True, False, False)


def test_files_are_those_of_the_commit_whatever_lies_there(hosted: Hosted, tmp_path: Path) -> None:
    checkout = checked_out(hosted, tmp_path)
    (checkout.workspace / "README.md").write_text("changed by an earlier step")
    (checkout.workspace / "new").write_text("made by an earlier step")
    assert files(checkout).read("README.md") == b"ours\n"
    assert code(files(checkout).read("new")) == "RM101"


def test_what_is_no_plain_file(hosted: Hosted, desk: Path, tmp_path: Path) -> None:
    (desk / "link").symlink_to("README.md")
    (desk / "dir").symlink_to("access")
    (desk / "module").mkdir()  # otherwise the submodule would be taken for deleted
    git(desk, "update-index", "--add", "--cacheinfo", f"160000,{hosted.tip},module")
    hosted.push({})
    checkout = checked_out(hosted, tmp_path)
    assert checkout.tree(checkout.head).entries()["module"][0] == "160000"
    read = files(checkout).read
    for path in ("link", "module", "access", "dir", "dir/config.yml", ".", "module/x", "README.md/x"):
        assert code(read(path)) == "RM101", path


def test_paths_that_lead_out(hosted: Hosted, desk: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (desk / "out").symlink_to("..")
    hosted.push({})
    read = files(checked_out(hosted, tmp_path)).read
    for path in ("../secret", "access/../../secret", str(tmp_path / "secret"), "/etc/passwd", "README.md\0", "\0"):
        assert code(read(path)) == "RM102", path
    assert code(read("out/secret")) == "RM101"


def test_absolute_path_inside(hosted: Hosted, tmp_path: Path) -> None:
    checkout = checked_out(hosted, tmp_path)
    assert files(checkout).read(str(checkout.workspace / "README.md")) == b"ours\n"
    (tmp_path / "short").symlink_to(checkout.workspace)
    assert files(checkout).read(str(tmp_path / "short" / "README.md")) == b"ours\n"


def test_links_that_lead_round_in_a_circle(hosted: Hosted, desk: Path, tmp_path: Path) -> None:
    (desk / "loop").symlink_to("loop")
    (desk / "one").symlink_to("two")
    (desk / "two").symlink_to("one")
    hosted.push({})
    read = files(checked_out(hosted, tmp_path)).read
    for path in ("loop", "loop/config.yml", "one/x", "two", "loop/../README.md/x"):
        assert code(read(path)) == "RM101", path
    assert read("loop/../README.md") == b"ours\n"


@pytest.mark.parametrize("path", ["x" * 5000, "x/" * 3000, "\ud800", "a\nb", "-", "--help", "ü", " ", ""])
def test_strange_paths(hosted: Hosted, tmp_path: Path, path: str) -> None:
    assert code(files(checked_out(hosted, tmp_path)).read(path)) in ("RM101", "RM102")


def test_mail_of_the_author(hosted: Hosted, tmp_path: Path) -> None:
    first = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    checkout = checked_out(hosted, tmp_path)
    assert checkout.mail(checkout.head) == "carol@example.com"
    assert checkout.mail(first) == ""
    assert checkout.mail("1" * 40) == ""


def test_author_without_mail(hosted: Hosted, desk: Path, tmp_path: Path) -> None:
    git(desk, "commit", "--quiet", "--allow-empty", "--author", "Nobody <>", "--message", "x")
    git(desk, "push", "--quiet", "origin", "main")
    checkout = checked_out(hosted, tmp_path)
    assert checkout.mail(checkout.head) == ""


# ---- what is no checkout


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="no Git repository") as error:
        Checkout(tmp_path)
    assert error.value.exit_code == 2


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        Checkout(tmp_path / "missing")


def test_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(CommitNotFoundError, match="has no commit `HEAD`") as error:
        Checkout(tmp_path)
    assert "actions/checkout" in error.value.remedy


@pytest.mark.parametrize("content", ["", "ref: refs/heads/../../x", "1" * 40, "\xff\0"])
def test_head_that_leads_nowhere(hosted: Hosted, tmp_path: Path, content: str) -> None:
    workspace = hosted.checkout(tmp_path / "workspace", hosted.tip)
    (workspace / ".git" / "HEAD").write_text(content, encoding="latin-1")
    with pytest.raises((CommitNotFoundError, GitError)):
        Checkout(workspace)


def test_commit_that_is_not_there(hosted: Hosted, tmp_path: Path) -> None:
    checkout = checked_out(hosted, tmp_path)
    with pytest.raises(CommitNotFoundError):
        checkout.tree("1" * 40)


# ---- files of somebody else


def give(directory: Path, owner: int) -> None:
    """Everything below belongs to somebody else."""
    for path in (directory, *directory.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


@as_root
def test_checkout_of_somebody_else(hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    first = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    workspace = hosted.checkout(tmp_path / "workspace", hosted.tip)
    give(workspace, SOMEBODY)
    refused = subprocess.run(["git", "log"], cwd=workspace, capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr  # so it is for git, and would be for us

    checkout = Checkout(workspace)
    assert files(checkout).read("README.md") == b"theirs\n"
    assert list(checkout.tree(checkout.head).entries()) == ["README.md", "access/config.yml", "access/roles.yml"]
    assert checkout.fetch(first)
    assert checkout.files(checkout.tree(first)).read("README.md") == b"ours\n"
    assert checkout.merge_base(first, checkout.head) == first
    assert checkout.mail(first) == "carol@example.com"

    assert list(home.iterdir()) == []
    assert "GIT_CONFIG_COUNT" not in os.environ
    refused = subprocess.run(["git", "log"], cwd=workspace, capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr


@as_root
def test_checkout_of_root_for_somebody_else(hosted: Hosted, tmp_path: Path) -> None:
    """It can be read; nothing can be fetched into it, which is no more than False."""
    first = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        workspace = hosted.checkout(Path(place) / "workspace", hosted.tip)

        def look() -> bool:
            checkout = Checkout(workspace)
            return files(checkout).read("README.md") == b"theirs\n" and not checkout.fetch(first)

        assert somebody_finds(look)


def somebody_finds(look: Callable[[], bool]) -> bool:
    """What is found by a child that is not root any more. It is killed after half a minute."""
    child = os.fork()
    if not child:
        found = False
        try:
            signal.alarm(30)
            os.setgroups([])
            os.setgid(SOMEBODY)
            os.setuid(SOMEBODY)
            found = look()
        finally:
            os._exit(0 if found else 1)
    return os.waitpid(child, 0)[1] == 0
