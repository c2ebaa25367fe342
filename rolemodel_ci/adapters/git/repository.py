"""The access repository as commits of its Git history."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rolemodel_ci.config.loader import NoFile, join
from rolemodel_ci.errors import RolemodelError, UsageError

_PLAIN = ("100644", "100755")  # modes of tree entries: https://git-scm.com/docs/git-fast-import#_filemodify
_FETCH_SECONDS = 60


class GitError(RolemodelError):
    """There is no Git to ask, or no repository."""

    exit_code = 2


class CommitNotFoundError(RolemodelError):
    """A commit cannot be had."""

    exit_code = 2


class Tree(Protocol):
    """The files of one commit, wherever it lies."""

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file by path: its mode and the hash of its content."""
        ...

    def find(self, path: str) -> tuple[str, Callable[[], bytes]] | None:
        """Mode and content of what lies at a path; None where nothing does."""
        ...


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """Files as a commit has them. Paths are relative to the working directory, as with a `Directory`."""

    tree: Tree
    top: Path
    working: Path
    sha: str = ""

    def beside(self, path: str, config: str) -> str:
        """`path` beside the config file, or in the working directory if nothing lies there and the commit has it."""
        near = join(config, path)
        inside = self.inside(near)
        is_free = inside is not None and self.tree.find(inside) is None
        return path if is_free and not isinstance(self.read(path), NoFile) else near

    def read(self, path: str) -> bytes | NoFile:
        """Content of the file in the commit. Links are not followed: their target may have been anything."""
        inside = self.inside(path)
        if inside is None:
            return NoFile("RM102", f"`{path}` leads out of the repository", "Keep the file in the repository.")
        found = self.tree.find(inside)
        if found is None:
            return NoFile("RM101", f"the commit has no file `{path}`", "Correct the path.")
        mode, content = found
        if mode not in _PLAIN:
            return NoFile("RM101", f"`{path}` is no plain file in the commit", "Name a plain file.")
        return content()

    def inside(self, path: str) -> str | None:
        """The path below the top of the repository; None where it leads out. An absolute one may reach it by a link."""
        if "\0" in path:
            return None
        full = Path(os.path.normpath(self.working / path))
        around = (*reversed(full.parents), full)  # from outside: a link in the repository may lead back to its top
        top = next((directory for directory in around if _is_same(directory, self.top)), None)
        return None if top is None else full.relative_to(top).as_posix()


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one directory; a path that no system takes, or of links in a circle, is none."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


class GitTree:
    """A commit that the repository on this machine has."""

    def __init__(self, repository: Any, commit: Any) -> None:
        self._repository = repository
        self._commit = commit

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file by path, from `git ls-tree`."""
        listed: str = self._repository.git.ls_tree("-r", "-z", "--full-tree", self._commit.hexsha)
        found = {}
        for entry in listed.split("\0"):
            told, _, path = entry.partition("\t")
            if path:
                mode, _, sha = told.split()[:3]
                found[path] = (mode, sha)
        return found

    def find(self, path: str) -> tuple[str, Callable[[], bytes]] | None:
        """What lies at a path of the commit."""
        try:
            blob: Any = self._commit.tree / path
        except KeyError:
            return None
        # Only when it is asked for: the commit of a submodule is in another repository.
        return f"{blob.mode:o}", lambda: bytes(blob.data_stream.read())


def commit_files(revision: str, working: Path) -> CommitFiles:
    """The files of a commit that a person names. Raises UsageError where there is none of that name, GitError."""
    repository, git = open_repository(working)
    try:
        commit = repository.commit(revision)
        commit.tree  # noqa: B018  only now is it looked up
    except git.GitCommandNotFound as error:
        raise GitError("there is no `git` on this machine", "Install git, or leave `--base` out.") from error
    except Exception as error:  # GitPython raises many kinds for one that it cannot resolve
        raise UsageError(
            f"`{revision}` is no commit of this repository",
            "Name a commit, a branch or a tag that the checkout has; a shallow checkout may lack it (`git fetch`).",
        ) from error
    top = Path(repository.working_tree_dir).resolve()
    return CommitFiles(GitTree(repository, commit), top, working.resolve(), commit.hexsha)


class Checkout:
    """The checkout that a workflow has made. Whoever its files belong to: Git is told, by its environment, not to mind.

    Raises GitError where there is none.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace.resolve()
        try:
            self._repository, self._git = open_repository(self.workspace)
        except GitError as error:
            raise GitError(
                "the workspace is no Git repository", "Let actions/checkout run before, in the same job."
            ) from error
        self._top = Path(self._repository.working_tree_dir).resolve()
        safe = {"GIT_CONFIG_COUNT": "3", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": str(self._top)}
        hooks = {"GIT_CONFIG_KEY_1": "core.hooksPath", "GIT_CONFIG_VALUE_1": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
        hooks |= {"GIT_CONFIG_KEY_2": "core.quotePath", "GIT_CONFIG_VALUE_2": "false"}
        # GitPython's own timeout cannot end what git starts for HTTPS where there is no `ps`, as in a slim image.
        slow = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(_FETCH_SECONDS // 2)}
        self._repository.git.update_environment(**safe, **hooks, **slow)
        self.head = self._commit("HEAD").hexsha

    def parents(self) -> tuple[str, ...]:
        """The commits that the head names as its parents, whether the checkout has them or not."""
        return tuple(parent.hexsha for parent in self._commit("HEAD").parents)

    def parents_of(self, sha: str) -> tuple[str, ...]:
        """The commits that a commit names as its parents; none where the checkout does not have it."""
        return tuple(parent.hexsha for parent in self._commit(sha).parents) if self.has(sha) else ()

    @property
    def is_shallow(self) -> bool:
        """Whether the checkout has only the end of the history."""
        return str(self._repository.git.rev_parse("--is-shallow-repository")) == "true"

    def descends(self, later: str, earlier: str) -> bool:
        """Whether one commit comes from another, as far as the checkout goes."""
        try:
            self._repository.git.merge_base("--is-ancestor", earlier, later)
        except self._git.GitCommandError:
            return False
        return True

    def between(self, since: str, tip: str) -> dict[str, tuple[str, ...]]:
        """The parents of every commit that `tip` has and `since` has not, as far as the checkout goes."""
        listed = str(self._repository.git.rev_list("--parents", tip, f"^{since}", "--"))
        return {commit: tuple(above) for commit, *above in map(str.split, listed.splitlines())}

    def deepen(self, sha: str, depth: int) -> bool:
        """Get more of a commit's history; all of it where the checkout is not shallow. False where that fails."""
        limit = [f"--depth={depth}"] if self.is_shallow else []
        try:
            self._repository.git.fetch(
                "--no-tags", "--no-recurse-submodules", "--quiet", *limit, "origin", sha,
                kill_after_timeout=_FETCH_SECONDS,
            )  # fmt: skip
        except self._git.GitCommandError:
            return False
        return True

    def has(self, sha: str) -> bool:
        """Whether the checkout has a commit with its files."""
        try:
            self._repository.git.cat_file("-e", f"{sha}^{{tree}}")
        except self._git.GitCommandError:
            return False
        return True

    def fetch(self, *shas: str) -> bool:
        """Get commits that a shallow checkout lacks, with the rights that the checkout has; False where that fails."""
        try:
            self._repository.git.fetch(
                "--no-tags", "--no-recurse-submodules", "--quiet", "--depth=1", "origin", *shas,
                kill_after_timeout=_FETCH_SECONDS,
            )  # fmt: skip
        except self._git.GitCommandError:
            return False
        return all(self.has(sha) for sha in shas)

    def tree(self, sha: str) -> Tree:
        """The files of a commit that the checkout has. Raises CommitNotFoundError."""
        return GitTree(self._repository, self._commit(sha))

    def files(self, tree: Tree) -> CommitFiles:
        """The files of a commit, as the loader reads them."""
        return CommitFiles(tree, self._top, self.workspace)

    def hunks(self, sha: str, *files: str) -> dict[str, tuple[tuple[int, int, int, int], ...]]:
        """By file, where a commit differs from the head, as `git diff -U0` says; nothing where the checkout lacks it.

        `files` are patterns of Git.
        """
        if sha == self.head or not self.has(sha):
            return {}
        told: str = self._repository.git.diff(
            "-U0", "--text", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", "--src-prefix=a/",
            "--dst-prefix=b/", sha, self.head, "--", *files,
        )  # fmt: skip
        return read_hunks(told)

    def mail(self, sha: str) -> str:
        """The mail address of a commit's author; empty where the checkout has no such commit."""
        return str(self._commit(sha).author.email or "") if self.has(sha) else ""

    def committed(self, sha: str) -> tuple[str, str] | None:
        """The committer's mail address and the first line of the message; None where the checkout lacks the commit."""
        commit = self._commit(sha) if self.has(sha) else None
        return (str(commit.committer.email or ""), str(commit.message).partition("\n")[0]) if commit else None

    def merge_base(self, one: str, other: str) -> str:
        """The commit at which two histories part; `one` itself where the checkout does not go back so far."""
        return self.fork(one, other) or one

    def fork(self, one: str, other: str) -> str | None:
        """The commit at which two histories part; None where they have none in common."""
        try:
            return str(self._repository.git.merge_base(one, other))
        except self._git.GitCommandError:
            return None

    def _commit(self, revision: str) -> Any:
        try:
            commit = self._repository.commit(revision)
            commit.tree  # noqa: B018  only now is it looked up
            return commit
        except self._git.GitCommandNotFound as error:
            raise GitError("there is no `git` on this machine", "Install git.") from error
        except Exception as error:  # GitPython raises many kinds
            raise CommitNotFoundError(
                f"the checkout has no commit `{revision}`", "Let actions/checkout run before, in the same job."
            ) from error


def read_hunks(diff: str) -> dict[str, tuple[tuple[int, int, int, int], ...]]:
    """The hunks of a difference without context, by the file's path after it; a line of a file is no header."""
    found: dict[str, tuple[tuple[int, int, int, int], ...]] = {}
    path, skip = "", 0
    for line in diff.split("\n"):
        head = re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
        if skip and line[:1] in "+-":
            skip -= 1
        elif line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").removesuffix("\t")
        elif head:
            old, gone, new, come = int(head[1]), int(head[2] or 1), int(head[3]), int(head[4] or 1)
            found[path] = (*found.get(path, ()), (old, gone, new, come))
            skip = gone + come
    return found


def open_repository(working: Path) -> tuple[Any, Any]:
    """The repository, and the module that opened it. Raises GitError."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # without it, importing GitPython fails where there is no git
    import git

    try:
        repository = git.Repo(working, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise GitError(
            "this is no Git repository", "Run inside the access repository, or leave `--base` out."
        ) from error
    if repository.working_tree_dir is None:
        raise GitError("this Git repository is bare: it has no files", "Run in a checkout, or leave `--base` out.")
    return repository, git
