"""Whether another run on this machine still runs."""

from __future__ import annotations

import os
from pathlib import Path

from rolemodel_ci.model.applied_state import Holder

_PROC = Path("/proc")


def host(proc: Path = _PROC) -> str:
    """This machine since it was started, and the space in which its process ids count; empty where that is not known.

    Two containers of one machine see different processes under the same ids.
    """
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(proc / 'self/ns/pid')}"
    except (OSError, ValueError):
        return ""


def process(proc: Path = _PROC, pid: int | None = None) -> str:
    """A process, this one by default, told apart from a later one of the same id by when it was started."""
    number = os.getpid() if pid is None else pid
    try:
        # The name of the command stands in brackets and may hold anything; `starttime` is the 20th field after it:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        started = (proc / f"{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return f"{number}" if pid is None else ""
    return f"{number} {started}"


def is_over(holder: Holder, proc: Path = _PROC) -> bool:
    """Whether the holder of a lock was a process of this machine that has ended. False where that is not known."""
    here = host(proc)
    number = holder.process.partition(" ")[0]
    if not here or holder.host != here or not number.isascii() or not number.isdigit():
        return False
    return process(proc, int(number)) != holder.process
