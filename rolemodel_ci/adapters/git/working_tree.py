"""The access repository as a directory."""

from __future__ import annotations

import os.path
from pathlib import Path

from rolemodel_ci.config.loader import NoFile, join


class Directory:
    """Files below the repository's top directory, read as they are now.

    Paths are relative to the working directory, as people type them and as messages show them. `typed` are files that
    the person at the keyboard named: they may lie anywhere, unlike what the files themselves name.
    """

    def __init__(self, config: str, working: Path, typed: tuple[str, ...] = ()) -> None:
        self._typed = frozenset(typed)
        self._working = working.resolve()
        self._roots = _roots((self._working / config).resolve().parent, self._working)

    def beside(self, path: str, config: str) -> str:
        """`path` beside the config file, or in the working directory if it is not there."""
        near = join(config, path)
        if not os.path.exists(self._working / near) and os.path.exists(self._working / path):  # False, never an error
            return path
        return near

    def read(self, path: str) -> bytes | NoFile:
        """Content of a file that lies in the repository once every symbolic link is followed."""
        full = self._working / path
        try:
            target = full.resolve(strict=True)
            if path not in self._typed and not any(target.is_relative_to(root) for root in self._roots):
                return NoFile(
                    "RM102", f"`{path}` leads out of the repository", "Keep the file in the repository, without a link."
                )
            if not target.is_file():
                return NoFile("RM101", f"`{path}` is no file", "Name a file.")
            return target.read_bytes()
        except FileNotFoundError:
            return NoFile("RM101", f"there is no file `{path}`", "Create it, or correct the path.")
        except (OSError, ValueError, RuntimeError) as error:  # no right to read, a NUL in the name, a loop of links
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return NoFile("RM101", f"`{path}` cannot be read: {reason}", "Correct the path or the file's permissions.")


def _roots(config_directory: Path, working: Path) -> tuple[Path, ...]:
    """The directories that files may lie in: the Git repository of the config, else what the person has named."""
    for directory in (config_directory, *config_directory.parents):
        if os.path.exists(directory / ".git"):  # unlike Path's, False where the directory may not be entered
            return (directory,)
    return (config_directory, working)
