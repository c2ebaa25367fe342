"""Fetching into the checkout of a workflow what it lacks: bounded, without hooks, without anybody at a keyboard."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from actions.hosting import Hosted, git

from rolemodel_ci.adapters.git import repository
from rolemodel_ci.adapters.git.repository import Checkout

FILES = {"access/config.yml": "a: b\n", "access/roles.yml": "{}\n", "README.md": "ours\n"}


@pytest.fixture
def hosted(tmp_path: Path) -> Hosted:
    return Hosted(tmp_path / "server", FILES)


def checked_out(hosted: Hosted, tmp_path: Path, **more: int | bool) -> Checkout:
    """A checkout of the tip."""
    return Checkout(hosted.checkout(tmp_path / "workspace", hosted.tip, **more))  # type: ignore[arg-type]


# ---- fetching


def test_fetch_deepens(hosted: Hosted, tmp_path: Path) -> None:
    first = hosted.tip
    _, second = hosted.push({"README.md": "theirs\n"})
    hosted.push({"README.md": "everybody's\n"})
    checkout = checked_out(hosted, tmp_path)
    assert checkout.fetch(first, second)
    assert checkout.has(first)
    assert checkout.files(checkout.tree(first)).read("README.md") == b"ours\n"
    assert checkout.files(checkout.tree(second)).read("README.md") == b"theirs\n"
    assert checkout.head == hosted.tip


def test_fetch_without_the_right(hosted: Hosted, tmp_path: Path) -> None:
    first = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    checkout = checked_out(hosted, tmp_path, credentials=False)
    assert not checkout.fetch(first)
    assert not checkout.has(first)


def test_fetch_of_what_the_server_has_not(hosted: Hosted, tmp_path: Path) -> None:
    assert not checked_out(hosted, tmp_path).fetch("1" * 40)


def test_fetch_asks_nobody_for_a_password(hosted: Hosted, tmp_path: Path) -> None:
    """A server that wants one is a server that cannot be fetched from; nobody sits at a keyboard."""
    checkout = checked_out(hosted, tmp_path)
    refusal = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    with listening(lambda connection: connection.sendall(refusal)) as url:
        git(checkout.workspace, "remote", "set-url", "origin", f"{url}/acme/access")
        assert not checkout.fetch("1" * 40)


@pytest.mark.parametrize("tools", [True, False])
def test_fetch_from_a_server_that_says_nothing(
    hosted: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: bool
) -> None:
    """It ends, also in an image that has no `ps` and no `pgrep` to find what git has started."""
    monkeypatch.setattr(repository, "_FETCH_SECONDS", 2)
    if not tools:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").symlink_to("/usr/bin/git")
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    checkout = checked_out(hosted, tmp_path)
    with listening(lambda _: time.sleep(20)) as url:
        git(checkout.workspace, "remote", "set-url", "origin", f"{url}/acme/access")
        begun = time.monotonic()
        assert not checkout.fetch("1" * 40)
        assert time.monotonic() - begun < 10


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server on which each connection is dealt with so, after its first bytes; it ends with the block."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def deal_with(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            while not over.is_set() and connection.recv(65_536):
                answer(connection)

    def serve() -> None:
        with contextlib.suppress(OSError):
            for _ in range(20):
                connection, _peer = server.accept()
                threading.Thread(target=deal_with, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        server.close()


# ---- hooks


def test_hooks_do_not_run(hosted: Hosted, tmp_path: Path) -> None:
    """An earlier step may have put some there. Git itself does run them, which the last lines show."""
    first = hosted.tip
    hosted.push({"README.md": "theirs\n"})
    workspace = hosted.checkout(tmp_path / "workspace", hosted.tip)
    ran = tmp_path / "ran"
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-merge", "post-index-change"):
        hook = workspace / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        hook.chmod(0o755)
    git(workspace, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    checkout = Checkout(workspace)
    assert checkout.fetch(first)
    checkout.fetch("main")  # this one does write a reference
    assert git(workspace, "rev-parse", "refs/remotes/origin/main") == hosted.tip
    assert not ran.exists()
    git(workspace, "update-ref", "-d", "refs/remotes/origin/main")
    assert "reference-transaction" in ran.read_text()
