"""The access repository as a commit of its Git history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rolemodel_ci.errors import CannotGoOn, UsageWrong
from rolemodel_ci.load import NoFile, join


class NoGit(CannotGoOn):
    """There is no Git to ask, or no repository."""

    exit_code = 2


class Commit:
    """Files as a commit has them. Paths are relative to the working directory, as with a `Directory`."""

    def __init__(self, revision: str, working: Path) -> None:
        repository, git = _open(working)
        self._working = working.resolve()
        self._top = Path(repository.working_tree_dir).resolve()
        try:
            self._tree = repository.commit(revision).tree
        except git.GitCommandNotFound as error:
            raise NoGit("there is no `git` on this machine", "Install git, or leave `--base` out.") from error
        except Exception as error:  # GitPython raises many kinds for one that it cannot resolve
            raise UsageWrong(
                f"`{revision}` is no commit of this repository",
                "Name a commit, a branch or a tag that the checkout has; a shallow checkout may lack it (`git fetch`).",
            ) from error

    def beside(self, path: str, config: str) -> str:
        """`path` beside the config file, or in the working directory if the commit has it there instead."""
        near = join(config, path)
        return path if isinstance(self.read(near), NoFile) and not isinstance(self.read(path), NoFile) else near

    def read(self, path: str) -> bytes | NoFile:
        """Content of the file in the commit. Links are not followed: their target may have been anything."""
        inside = self._inside(path)
        if inside is None:
            return NoFile("RM102", f"`{path}` leads out of the repository", "Keep the file in the repository.")
        try:
            blob: Any = self._tree / inside
        except KeyError:
            return NoFile("RM101", f"the commit has no file `{path}`", "Correct the path.")
        if blob.type != "blob" or blob.mode == 0o120000:
            return NoFile("RM101", f"`{path}` is no plain file in the commit", "Name a plain file.")
        content: bytes = blob.data_stream.read()
        return content

    def _inside(self, path: str) -> str | None:
        """The path below the top of the repository; None where it leads out. An absolute one may reach it by a link."""
        full = Path(os.path.normpath(self._working / path))
        tops = (directory for directory in (full, *full.parents) if directory.resolve() == self._top)
        top = next(tops, None)
        return None if top is None else full.relative_to(top).as_posix()


def _open(working: Path) -> tuple[Any, Any]:
    """The repository, and the module that opened it."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # without it, importing GitPython fails where there is no git
    import git

    try:
        repository = git.Repo(working, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise NoGit("this is no Git repository", "Run inside the access repository, or leave `--base` out.") from error
    if repository.working_tree_dir is None:
        raise NoGit("this Git repository is bare: it has no files", "Run in a checkout, or leave `--base` out.")
    return repository, git
