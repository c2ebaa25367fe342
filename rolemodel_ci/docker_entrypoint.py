"""How the image starts: `python -m rolemodel_ci.docker_entrypoint`.

GitHub's runner starts a container as root, with a workspace and file commands that belong to the user whom the runner
itself runs as. Nothing here needs root, and what is read was written by whoever opened the pull request: so the process
becomes that user, for good, before it looks at a single file. Until then only the standard library is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import NoReturn, Protocol

SPARE_HOME = "/tmp"  # noqa: S108 - the one directory of the image that every user can enter and write to
"""The home of a user who cannot enter the one that the environment names."""


class System(Protocol):
    """What `os` is asked for."""

    def geteuid(self) -> int: ...
    def stat(self, path: str, /) -> os.stat_result: ...
    def setgroups(self, groups: list[int], /) -> None: ...
    def setgid(self, gid: int, /) -> None: ...
    def setuid(self, uid: int, /) -> None: ...
    def access(self, path: str, mode: int, /) -> bool: ...


def main() -> NoReturn:
    """Give up root, see to a home, run the command line."""
    settle(os.environ, os)
    from rolemodel_ci.cli import main as command_line

    command_line()


def settle(environment: MutableMapping[str, str], system: System) -> None:
    """Make the process and its environment what the run is to have; what does not work is told on standard error."""
    notice = give_up_root(find_workspace(environment), system)
    if notice:
        sys.stderr.write(f"{notice}\n")
    environment["HOME"] = find_home(environment.get("HOME"), system)


def find_workspace(environment: Mapping[str, str]) -> str:
    """The directory whose owner counts: the runner's word for it if that is here, else the working directory."""
    named = environment.get("GITHUB_WORKSPACE", "")
    return named if os.path.isdir(named) else os.getcwd()


def give_up_root(workspace: str, system: System) -> str | None:
    """Become the owner of the workspace if we are root and it is not root's.

    Returns what to tell if the container may not do that (`--cap-drop=ALL`, a user namespace without that user): its
    root is then a weak one, and the run goes on.
    """
    if system.geteuid() != 0:
        return None
    owner = system.stat(workspace)
    if owner.st_uid == 0:
        return None
    try:
        system.setgroups([])
        system.setgid(owner.st_gid)
        system.setuid(owner.st_uid)  # of root, this sets the saved user as well: there is no way back
    except OSError as error:
        return f"Running as root: cannot become user {owner.st_uid}, who owns {workspace}: {error.strerror}"
    return None


def find_home(home: str | None, system: System) -> str:
    """The home to go on with.

    Git refuses to work where it may not read its own configuration, as in root's home once root is given up. Nobody
    writes to a home here, so one that is mounted to be read, with AWS profiles in it, stays.
    """
    return home if home and system.access(home, os.R_OK | os.X_OK) else SPARE_HOME


if __name__ == "__main__":
    main()
