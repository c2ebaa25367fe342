"""What Git makes of two commits that come from one: the files of a merge that nobody has touched by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rolemodel_ci.adapters.git.repository import Tree

Found = tuple[str, Callable[[], bytes]]


class ConflictError(Exception):
    """Git makes nothing of it by itself: somebody has to decide."""


class ThreeWayTree:
    """The files that a merge of `other` into `one` has; `base` is the commit at which the two part.

    Files are paired by their paths: one that was moved on one side and changed on the other is a conflict.
    """

    def __init__(self, one: Tree, base: Tree, other: Tree) -> None:
        self._trees = (one, base, other)
        self._entries = (one.entries(), base.entries(), other.entries())

    def differs(self, path: str, merged: Tree) -> bool:
        """Whether a merged tree surely or perhaps has something else at a path."""
        side = self._side(path)
        return side is None or self._entries[side].get(path) != merged.entries().get(path)

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file by path, as the first commit has it."""
        return self._entries[0]

    def find(self, path: str) -> Found | None:
        """What lies at a path of the merge. Raises ConflictError."""
        side = self._side(path)
        if side is not None:
            return self._trees[side].find(path)
        found = [tree.find(path) for tree in self._trees]
        one, base, other = found
        if one is None or base is None or other is None or one[0] != other[0]:
            raise ConflictError
        merged = _merged(one[1](), base[1](), other[1]())
        if merged is None:
            raise ConflictError
        return one[0], lambda: merged

    def _side(self, path: str) -> int | None:
        """Which of the three trees has the file as it is to be; None where both sides have changed it."""
        one, base, other = (entries.get(path) for entries in self._entries)
        return 0 if base == other or one == other else 2 if one == base else None


def _merged(*texts: bytes) -> bytes | None:
    """What Git makes of two texts, the first and the last, that come from one; None where they are in conflict."""
    import git

    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, name) for name in ("one", "base", "other")]
        for path, content in zip(paths, texts, strict=True):
            path.write_bytes(content)
        try:
            merged = git.Git(directory).merge_file(
                "-p", "--quiet", *map(str, paths), stdout_as_string=False, strip_newline_in_stdout=False
            )
        except git.GitCommandError:
            return None
    return bytes(merged)
