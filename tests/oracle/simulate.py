"""The other simulator, as a program of its own that answers many requests at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from oracle.data import DIRECTORY
from oracle.evaluator import Ask, Role
from oracle.worlds import ACCOUNT

_PROGRAM = Path(__file__).with_name("simulate.mjs")
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Asked"

Answer = bool | str
"""Whether it is allowed; a text where the simulator could not say."""


class Simulator:
    """One child process; it ends with its input, or with the block."""

    def __enter__(self) -> Simulator:
        command = ["node", str(_PROGRAM), str(DIRECTORY / "index.js")]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate(timeout=30)

    def answers(self, asked: Sequence[tuple[Role, Sequence[Ask]]]) -> list[list[Answer]]:
        """What it says of the requests, role by role."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([_asked(role, asks) for role, asks in asked]) + "\n")
        self._child.stdin.flush()
        found: list[list[Answer]] = json.loads(self._child.stdout.readline())
        return found


def _asked(role: Role, asks: Sequence[Ask]) -> dict[str, Any]:
    return {
        "role": _ROLE,
        "account": ACCOUNT,
        "trust": role.trust.body,
        "rights": [document.body for document in role.rights],
        "boundary": role.boundary.body if role.boundary else None,
        "asks": [
            {
                "action": ask.action,
                "resource": ask.resource,
                "context": ask.context,
                "caller": ask.caller.name if ask.caller else None,
            }
            for ask in asks
        ],
    }
