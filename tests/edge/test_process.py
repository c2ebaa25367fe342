"""Whether the holder of a lock was a process of this machine that has ended."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from rolemodel_ci.adapters.processes import host, is_over, process
from rolemodel_ci.model.applied_state import Holder

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def holder(where: str, which: str) -> Holder:
    """The holder of a lock."""
    return Holder("token", "run", NOW, NOW, where, which)


def test_this_process_goes_on() -> None:
    assert not is_over(holder(host(), process()))


def test_a_process_that_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        held = holder(host(), process(pid=other.pid))
        assert not is_over(held)
        other.communicate(b"\n")
    assert is_over(held)


def test_another_process_of_the_same_number(tmp_path: Path) -> None:
    proc = system(tmp_path, "boot", "(a) b) S " + " ".join(map(str, range(4, 60))))
    held = holder(host(proc), process(proc, 7))
    assert held.process == "7 22"
    assert not is_over(held, proc)
    assert is_over(holder(held.host, "7 21"), proc)


def test_of_another_machine_nothing_is_known(tmp_path: Path) -> None:
    here, there = system(tmp_path / "here", "boot", ""), system(tmp_path / "there", "other", "")
    assert not is_over(holder(host(there), "7 21"), here)


def test_without_the_files_of_linux_nothing_is_known(tmp_path: Path) -> None:
    assert host(tmp_path) == ""
    assert process(tmp_path).isdigit()
    assert not is_over(holder("", "7 21"), tmp_path)


def test_what_is_no_number_of_a_process(tmp_path: Path) -> None:
    assert not is_over(holder(host(), "../../etc 1"))
    assert not is_over(holder(host(), ""))


def system(directory: Path, boot: str, stat: str) -> Path:
    """Files like those of Linux, with one process."""
    (directory / "sys/kernel/random").mkdir(parents=True)
    (directory / "sys/kernel/random/boot_id").write_text(boot + "\n")
    (directory / "self/ns").mkdir(parents=True)
    (directory / "self/ns/pid").symlink_to("pid:[4026531836]")
    (directory / "7").mkdir()
    (directory / "7/stat").write_text(f"7 {stat}")
    return directory
