"""A repository on a Git server, and the shallow, detached checkouts that actions/checkout would make of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=Carol", "-c", "user.email=carol@example.com", "-c", "commit.gpgsign=false")


def git(directory: Path, *arguments: str) -> str:
    """Run git as somebody; standard output."""
    command = ["git", *IDENTITY, "-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false", *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()


@dataclass(frozen=True)
class Merge:
    """A pull request on the server: the head of its branch, the branch's base, and GitHub's trial merge of the two."""

    head: str
    base: str
    trial: str


class Hosted:
    """The server's repository (`origin`, bare) with the branch `main`, and a clone in which people write."""

    def __init__(self, directory: Path, files: Mapping[str, str]) -> None:
        self.origin = directory / "origin.git"
        self._desk = directory / "desk"
        directory.mkdir(parents=True, exist_ok=True)
        git(directory, "init", "--quiet", "--bare", "--initial-branch", "main", str(self.origin))
        for name in ("uploadpack.allowReachableSHA1InWant", "uploadpack.allowAnySHA1InWant"):
            git(self.origin, "config", name, "true")  # as GitHub allows
        git(directory, "clone", "--quiet", str(self.origin), str(self._desk))
        git(self._desk, "checkout", "--quiet", "-B", "main")
        self.commit(files)
        git(self._desk, "push", "--quiet", "origin", "main")

    @property
    def tip(self) -> str:
        """The commit that `main` is at."""
        return git(self.origin, "rev-parse", "main")

    def commit(self, files: Mapping[str, str | None], message: str = "Change") -> str:
        """Write files on the branch that the desk is on, and commit; None as text removes a file."""
        for name, text in files.items():
            path = self._desk / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        git(self._desk, "add", "--all")
        git(self._desk, "commit", "--quiet", "--allow-empty", "--message", message)
        return git(self._desk, "rev-parse", "HEAD")

    def request(self, files: Mapping[str, str | None], branch: str = "change", number: int = 7) -> Merge:
        """Open a pull request from a new branch off main, or push one more commit to it; make the trial merge."""
        known = git(self._desk, "branch", "--list", branch)
        git(self._desk, "checkout", "--quiet", *([branch] if known else ["-b", branch, "origin/main"]))
        head = self.commit(files)
        git(self._desk, "push", "--quiet", "origin", branch)
        git(self._desk, "checkout", "--quiet", "--detach", "origin/main")
        git(self._desk, "merge", "--quiet", "--no-ff", "--message", f"Merge {head}", head)
        trial = git(self._desk, "rev-parse", "HEAD")
        git(self._desk, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        base = git(self._desk, "rev-parse", "origin/main")
        git(self._desk, "checkout", "--quiet", "main")
        return Merge(head, base, trial)

    def merge(self, branch: str = "change") -> tuple[str, str]:
        """Merge a branch into main; the commits before and after."""
        before = self.tip
        git(self._desk, "checkout", "--quiet", "main")
        git(self._desk, "pull", "--quiet", "--ff-only", "origin", "main")
        git(self._desk, "merge", "--quiet", "--no-ff", "--message", "Merge the request", branch)
        git(self._desk, "push", "--quiet", "origin", "main")
        git(self._desk, "fetch", "--quiet", "origin")
        return before, self.tip

    def push(self, files: Mapping[str, str | None]) -> tuple[str, str]:
        """Commit to main without a pull request; the commits before and after."""
        before = self.tip
        git(self._desk, "checkout", "--quiet", "main")
        self.commit(files)
        git(self._desk, "push", "--quiet", "origin", "main")
        git(self._desk, "fetch", "--quiet", "origin")
        return before, self.tip

    def arrange(self, arrange: Callable[[Path], object]) -> tuple[str, str]:
        """Push to main what somebody stages in a clone: links, submodules; the commits before and after."""
        before = self.tip
        self.sync()
        arrange(self._desk)
        git(self._desk, "commit", "--quiet", "--allow-empty", "--message", "Change")
        git(self._desk, "push", "--quiet", "origin", "main")
        git(self._desk, "fetch", "--quiet", "origin")
        return before, self.tip

    def sync(self) -> None:
        """Have the desk's `main` be what the server has, however it came there."""
        git(self._desk, "fetch", "--quiet", "origin")
        git(self._desk, "checkout", "--quiet", "--force", "-B", "main", "origin/main")
        git(self._desk, "clean", "--quiet", "-d", "--force", "--force")

    def rewrite(self, files: Mapping[str, str | None]) -> tuple[str, str]:
        """Push main by force, with a history of its own; the commits before and after."""
        before = self.tip
        git(self._desk, "checkout", "--quiet", "--orphan", "rewritten")
        self.commit(files)
        git(self._desk, "branch", "--force", "main", "HEAD")
        git(self._desk, "checkout", "--quiet", "main")
        git(self._desk, "branch", "--delete", "--force", "rewritten")
        git(self._desk, "push", "--quiet", "--force", "origin", "main")
        git(self._desk, "fetch", "--quiet", "origin")
        return before, self.tip

    def checkout(self, workspace: Path, sha: str, *, depth: int = 1, credentials: bool = True) -> Path:
        """What actions/checkout leaves: one commit, detached. Without `credentials` nothing more can be fetched.

        `depth` 0 is the whole history, of every branch, as with `fetch-depth: 0`.
        """
        workspace.mkdir(parents=True)
        git(workspace, "init", "--quiet")
        git(workspace, "remote", "add", "origin", f"file://{self.origin}")
        git(workspace, "fetch", "--quiet", "--no-tags", *([f"--depth={depth}"] if depth else []), "origin", sha)
        if not depth:
            git(workspace, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
        git(workspace, "checkout", "--quiet", "--detach", sha)
        if not credentials:
            git(workspace, "remote", "set-url", "origin", f"file://{self.origin}-that-nobody-may-read")
        return workspace
