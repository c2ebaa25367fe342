"""The real command as a process behind the fault proxy, which kills it, or tells it to stop, at a certain write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from rolemodel_ci.reconcile.approval import Guard

from .kinds import Asked
from .world import FaultWorld

ROOT = Path(__file__).parents[2]
_SECONDS = 60

Side = Literal["before", "after"]


@dataclass
class Stroke:
    """Sends a signal at the write number `at`, before it reaches AWS or after it took effect."""

    at: int
    side: Side
    signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[str] | None = None
    hit: Asked | None = None
    _mark: Asked | None = None
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _started: threading.Event = field(default_factory=threading.Event)

    def aim(self, process: subprocess.Popen[str]) -> None:
        """Say which process."""
        self.process = process
        self._started.set()

    def __call__(self, asked: Asked, when: str) -> bool:
        """What the proxy calls around every write; True breaks the connection, for nobody is there any more."""
        with self._lock:
            self._count += when == "before"
            if self._mark is None and self._count == self.at:
                self._mark = asked
            due = self.hit is None and asked is self._mark and when == self.side
            if due:
                self.hit = asked
        if due and self._started.wait(_SECONDS) and self.process:
            self.process.send_signal(self.signal)
            if self.signal is signal.SIGKILL:
                self.process.wait(_SECONDS)
        # Nothing that comes later gets through, as from a process that is gone.
        return self.signal is signal.SIGKILL and self.hit is not None and (due or when == "before")


class Finished(NamedTuple):
    """How the process ended."""

    returncode: int
    out: str
    stderr: str


def run_until(world: FaultWorld, config: Path, stroke: Stroke | None, *arguments: str) -> Finished:
    """`python -m rolemodel_ci apply --yes` until it ends by itself or by the stroke."""
    world.proxy.begin()
    world.proxy.writing = stroke
    allowed = [part for guard in Guard for part in ("--allow", guard.value)]
    command = [sys.executable, "-m", "rolemodel_ci", "apply", "--yes", "--config", str(config), *allowed, *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
    ) as process:
        try:
            if stroke:
                stroke.aim(process)
            out, err = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
    return Finished(process.returncode, out, err)


def _environment() -> dict[str, str]:
    """As it is, but without coverage: a process that is killed leaves no data, and it takes twice the time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))}
