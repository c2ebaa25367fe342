"""The embedded AWS with a memory: its whole state kept under a name, and put back in milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from rolemodel_ci.sandbox import embedded
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .reach import Reach
from .server import PREFIX


class KeepingAws(EmbeddedAws):
    """An EmbeddedAws that can `save` and `restore`, and tells its state without a call of AWS."""

    def save(self, slot: str) -> None:
        """Keep everything there is under the name `slot`."""
        self._request("POST", f"{PREFIX}save/{slot}")

    def restore(self, slot: str) -> None:
        """Put back what was kept under that name; `ever` begins anew."""
        self._request("POST", f"{PREFIX}restore/{slot}")

    def has(self, slot: str) -> bool:
        """Whether something is kept under that name."""
        return bool(self._request("GET", f"{PREFIX}has/{slot}").json())

    def state(self, account: str) -> dict[str, Any]:
        """`groups` of the account, `stacks` and `roles` of all accounts."""
        found: dict[str, Any] = self._request("GET", f"{PREFIX}state/{account}").json()
        return found

    def ever(self) -> Reach:
        """Who could get in where, at any time since `restore`."""
        return {(user, arn, content) for user, arn, content in self._request("GET", f"{PREFIX}ever").json()}

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        tests = str(Path(__file__).parents[1])
        environment = dict(embedded._environment(self._groups_quota))
        environment["PYTHONPATH"] = os.pathsep.join((tests, environment["PYTHONPATH"]))
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "faults.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
