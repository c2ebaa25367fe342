"""Trees and blobs for the fake GitHub, out of a real Git repository."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

GIT_SECONDS = 20  # a backstop; each of these calls takes milliseconds
SHA = re.compile(r"[0-9a-f]{40}")


class Entry(NamedTuple):
    """One line of a tree; `size` in bytes, for blobs only."""

    mode: str
    kind: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class Objects:
    """The objects of the repository at `directory`, bare or not."""

    directory: Path

    def resolve(self, name: str, kind: str = "object") -> str | None:
        """The sha a sha, branch or tag stands for, as `kind` (`commit`, `tree`); None when there is none."""
        found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{{kind}}}")
        return None if found is None else found.decode().strip()

    def entries(self, name: str, *, recursive: bool) -> list[Entry]:
        """What is in a tree or in the tree of a commit; with `recursive` in those below as well."""
        flags = ["-r", "-t"] if recursive else []
        listed = self._git("ls-tree", *flags, "--long", "-z", "--end-of-options", name) or b""
        return [_entry(line) for line in listed.split(b"\0") if line]

    def blob(self, sha: str) -> bytes | None:
        """The bytes of a blob; None when there is none under that sha."""
        return self._git("cat-file", "blob", sha)

    def parents(self, commit: str) -> list[str]:
        """The parents of a commit."""
        listed = self._git("rev-list", "--parents", "--max-count=1", "--end-of-options", commit) or b""
        return listed.decode().split()[1:]

    def fork(self, base: str, head: str) -> str | None:
        """The commit at which two histories part."""
        found = self._git("merge-base", base, head)
        return found.decode().strip() if found else None

    def compared(self, base: str, head: str) -> tuple[str, list[str]]:
        """How `head` is connected with `base`, in GitHub's word, and the commits that it has beyond, oldest first."""
        beyond = (self._git("rev-list", "--reverse", "--topo-order", f"{base}..{head}") or b"").decode().split()
        lacking = (self._git("rev-list", f"{head}..{base}") or b"").decode().split()
        word = {(True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
        return word.get((bool(beyond), bool(lacking)), "identical"), beyond

    def _git(self, *arguments: str) -> bytes | None:
        """What git says; None when it says no."""
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", "-c", "safe.directory=*", "-C", str(self.directory), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, env=quiet, timeout=GIT_SECONDS)
        return done.stdout if done.returncode == 0 else None


def _entry(line: bytes) -> Entry:
    facts, _, path = line.partition(b"\t")
    mode, kind, sha, size = facts.decode().split()
    return Entry(mode, kind, sha, None if size == "-" else int(size), path.decode("utf-8", "replace"))
