"""The server process of an embedded AWS whose state can be kept and put back: `python -m faults.server`.

It is the one of `rolemodel_ci.sandbox.server` with commands under `/_faults/`, which go straight to what ministack has
in memory: making the start of a test anew by calls takes a hundred times as long.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pickle
import socket
import tempfile
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any

from rolemodel_ci.sandbox import server
from rolemodel_ci.sandbox.call_counter import CallCounter, Receive, Send
from rolemodel_ci.sandbox.strict import pages
from rolemodel_ci.sandbox.strictness import install

from .reach import Reach, reach

PREFIX = "/_faults/"
PAGE_HEADER = b"x-faults-page"
"""The header with which the proxy has a list come in pages of so many items, whatever the caller asks for."""

_PAGE: ContextVar[int] = ContextVar("page", default=0)


class Keeping:
    """The ASGI layer with the commands. Everything runs in one event loop, so that no lock is needed."""

    def __init__(self, app: CallCounter) -> None:
        self._app = app
        self._iam = importlib.import_module("ministack.services.iam")
        self._stacks = importlib.import_module("ministack.services.cloudformation")
        self._ssm = importlib.import_module("ministack.services.ssm")
        self._slots: dict[str, bytes] = {}
        self._ever: Reach = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            command, _, slot = scope["path"].removeprefix(PREFIX).partition("/")
            return await _answer(send, getattr(self, command)(slot))
        if scope["type"] == "http":
            page = next((value for name, value in scope["headers"] if name == PAGE_HEADER), b"0")
            _PAGE.set(int(page))
            self._watch()
        return await self._app(scope, receive, send)

    def save(self, slot: str) -> None:
        """Keep everything there is under a name."""
        self._slots[slot] = pickle.dumps([dict(store._data) for store in self._stores()])

    def has(self, slot: str) -> bool:
        """Whether something is kept under that name."""
        return slot in self._slots

    def restore(self, slot: str) -> None:
        """Put back what was kept, and begin to watch anew. Sessions of STS are left as they are: they go on."""
        for store, data in zip(self._stores(), pickle.loads(self._slots[slot]), strict=True):
            store._data.clear()
            store._data.update(data)
        self._ever = set()
        self._watch()

    def state(self, slot: str) -> dict[str, Any]:
        """Groups of the account `slot`, stacks and roles of all accounts, as they are now."""
        return {"groups": self._groups(slot), "stacks": list(self._all_stacks()), "roles": self._roles()}

    def ever(self, slot: str) -> list[Any]:
        """Who could get in where, at any time since `restore`."""
        self._watch()
        return sorted(self._ever)

    def _watch(self) -> None:
        """Between any two requests: whoever could get in then is remembered."""
        roles = self._roles()
        for account in {account for account, _ in self._iam._groups._data}:
            self._ever |= reach(self._groups(account), roles)

    def _stores(self) -> list[Any]:
        return [
            value
            for module in (self._iam, self._stacks, self._ssm)
            for _, value in sorted(vars(module).items())
            if type(value).__name__ in ("AccountScopedDict", "AccountRegionScopedDict")
        ]

    def _groups(self, account: str) -> dict[str, Any]:
        documents = self._iam._group_inline_policies._data
        return {
            name: {
                "path": group["Path"],
                "users": sorted(group["Users"]),
                "policies": {policy: _parsed(text) for policy, text in documents.get((account, name), {}).items()},
                "attached": sorted(map(str, group.get("AttachedPolicies", ()))),
            }
            for (owner, name), group in sorted(self._iam._groups._data.items())
            if owner == account
        }

    def _all_stacks(self) -> Iterator[dict[str, Any]]:
        for (account, _, name), stack in sorted(self._stacks._stacks._data.items()):
            if name == stack["StackName"] and stack["StackStatus"] != "DELETE_COMPLETE":
                resources = stack.get("_resources", {})
                yield {
                    "account": account,
                    "name": name,
                    "status": stack["StackStatus"],
                    "roles": {logical: made.get("PhysicalResourceId") for logical, made in resources.items()},
                }

    def _roles(self) -> dict[str, Any]:
        """What every role may do and who may take it on, by ARN."""
        return {
            role["Arn"]: json.dumps(
                [_parsed(role.get(key)) for key in ("AssumeRolePolicyDocument", "AttachedPolicies", "InlinePolicies")],
                sort_keys=True,
                default=str,
            )
            for role in self._iam._roles._data.values()
        }


def _parsed(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


async def _answer(send: Send, content: Any) -> None:
    body = json.dumps(content).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until told to stop."""
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-faults-") as state:
        server._settle_environment(state)
        application = importlib.import_module("ministack.app").app
        install(groups_quota=int(os.environ.get(server.GROUPS_QUOTA, "300")))
        asked = pages._size
        pages._size = lambda value: min(_PAGE.get() or pages.MOST_ITEMS, asked(value))
        layer: Any = Keeping(CallCounter(application))
        asyncio.run(server._serve(layer, socket.create_server(("127.0.0.1", 0), backlog=512)))


if __name__ == "__main__":
    main()
