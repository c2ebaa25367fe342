"""Signals that end a run, and the moment from which on they come too late."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

_TOLD = threading.Event()
_SETTLED = threading.Event()


def listen() -> None:
    """Let SIGTERM end a run as Ctrl-C does: what is under way is finished and reported. Runners stop jobs with both."""
    _TOLD.clear()
    _SETTLED.clear()
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell has had it ignored
        signal.signal(signal.SIGINT, stop)


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal: raise KeyboardInterrupt, unless it is settled how the run ends."""
    if _SETTLED.is_set():
        return
    if not _TOLD.is_set():  # os.write, for whoever is interrupted may be just about to print
        _TOLD.set()
        os.write(2, b"Stopping: what is under way is finished first. Once more, and it is not waited for.\n")
    signal.default_int_handler(number, frame)


def settle() -> None:
    """Let no signal change how the run ends any more: what is left is to write that down, and the exit code.

    A record that says 0 beside an exit code of 130 would be one of them wrong.
    """
    _SETTLED.set()
