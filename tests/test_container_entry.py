"""How the image starts: who it becomes, where its home is, and what it runs then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rolemodel_ci.docker_entrypoint import SPARE_HOME, find_home, find_workspace, give_up_root, settle

RUNNER = (1001, 1002)
"""A user and a group."""


class FakeSystem:
    """A process that starts as `uid` in a directory of `owner`, and remembers what it became, in order."""

    def __init__(
        self,
        *,
        uid: int = 0,
        workspace: str = "/github/workspace",
        owner: tuple[int, int] = RUNNER,
        open_to_us: tuple[str, ...] = (),
        refuses: str = "",
    ) -> None:
        self.uid, self.workspace, self.owner, self.open_to_us, self.refuses = uid, workspace, owner, open_to_us, refuses
        self.became: list[str] = []

    def geteuid(self) -> int:
        return self.uid

    def stat(self, path: str) -> os.stat_result:
        assert path == self.workspace
        return os.stat_result((0o40755, 1, 1, 1, *self.owner, 0, 0, 0, 0))

    def setgroups(self, groups: list[int]) -> None:
        self._become(f"groups {groups}")

    def setgid(self, gid: int) -> None:
        self._become(f"gid {gid}")

    def setuid(self, uid: int) -> None:
        self._become(f"uid {uid}")

    def access(self, path: str, mode: int) -> bool:
        assert mode == os.R_OK | os.X_OK
        return path in self.open_to_us

    def _become(self, what: str) -> None:
        if self.refuses and what.startswith(self.refuses):
            raise PermissionError(1, "Operation not permitted")
        self.became.append(what)


def test_root_becomes_the_owner_of_the_workspace_and_keeps_no_group() -> None:
    system = FakeSystem()
    assert give_up_root("/github/workspace", system) is None
    assert system.became == ["groups []", "gid 1002", "uid 1001"]  # the user last: after it, nothing else is allowed


def test_root_stays_in_a_workspace_of_its_own() -> None:
    system = FakeSystem(owner=(0, 0))
    assert give_up_root("/github/workspace", system) is None
    assert system.became == []


@pytest.mark.parametrize("uid", [1001, 4711])
def test_who_is_not_root_stays_who_it_is(uid: int) -> None:
    system = FakeSystem(uid=uid)
    assert give_up_root("/github/workspace", system) is None
    assert system.became == []


@pytest.mark.parametrize("refuses", ["groups", "gid", "uid"])
def test_a_container_that_may_not_change_its_user_says_so(refuses: str) -> None:
    notice = give_up_root("/github/workspace", FakeSystem(refuses=refuses))
    assert notice == "Running as root: cannot become user 1001, who owns /github/workspace: Operation not permitted"


def test_a_home_that_can_be_read_stays() -> None:
    assert find_home("/github/home", FakeSystem(open_to_us=("/github/home",))) == "/github/home"


@pytest.mark.parametrize("home", ["/root", "", None])
def test_a_home_that_cannot_be_read_is_replaced(home: str | None) -> None:
    assert find_home(home, FakeSystem()) == SPARE_HOME


def test_the_workspace_is_what_the_runner_says_if_it_is_there(tmp_path: Path) -> None:
    assert find_workspace({"GITHUB_WORKSPACE": str(tmp_path)}) == str(tmp_path)
    assert find_workspace({"GITHUB_WORKSPACE": str(tmp_path / "of the host")}) == os.getcwd()
    assert find_workspace({}) == os.getcwd()


def test_all_of_it_before_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"HOME": "/root"}
    settle(environment, FakeSystem(workspace=os.getcwd()))
    assert environment == {"HOME": SPARE_HOME}
    assert capsys.readouterr().err == ""
    settle(environment, FakeSystem(workspace=os.getcwd(), refuses="uid", open_to_us=(SPARE_HOME,)))
    assert environment == {"HOME": SPARE_HOME}
    assert capsys.readouterr().err.startswith("Running as root: ")


def start(workspace: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start as the image does, here."""
    return subprocess.run(
        [sys.executable, "-I", "-m", "rolemodel_ci.docker_entrypoint", *arguments],
        cwd=workspace, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_line_is_the_usual_one(tmp_path: Path) -> None:
    ran = start(tmp_path, "--version")
    assert ran.returncode == 0
    assert ran.stdout.startswith("rolemodel-ci, version")
    assert start(tmp_path, "no-such-command").returncode == 2


FOR_GOOD = """
import os, sys
from rolemodel_ci.docker_entrypoint import give_up_root
give_up_root(sys.argv[1], os)
try:
    os.setuid(0)
except PermissionError:
    print(*os.getresuid(), *os.getresgid(), os.getgroups(), flush=True)
os._exit(0)  # what measures coverage could not write its file any more
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_there_is_no_way_back(tmp_path: Path) -> None:
    os.chown(tmp_path, *RUNNER)
    ran = subprocess.run(
        [sys.executable, "-I", "-c", FOR_GOOD, str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.stdout == "1001 1001 1001 1002 1002 1002 []\n"


def test_it_goes_by_its_own_name() -> None:
    command = [sys.executable, "-m", "rolemodel_ci.docker_entrypoint", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "Usage: rolemodel-ci [OPTIONS] COMMAND [ARGS]...")
