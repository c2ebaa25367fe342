"""Lists come in pages, as in AWS: 100 items unless MaxItems says otherwise, at most 1,000.

A marker names the last item that was sent rather than counting items, so that a list that changes between two pages
neither repeats nor skips what stayed.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rolemodel_ci.sandbox.strict.details import Details
from rolemodel_ci.sandbox.strict.emulator import AwsRefusedError, Emulator, Handler, Parameters, Reply, text

DEFAULT_ITEMS, MOST_ITEMS = 100, 1000
_KINDS = {"User": "User", "Group": "Group", "Role": "Role", "LocalManagedPolicy": "Policy", "AWSManagedPolicy": ""}
"""What `Filter` may name, and the kind of item it asks for. No AWS-managed policy is ever used in the sandbox."""


class Page(NamedTuple):
    """Some of a list's keys, and the marker that asks for those after them; None at the end."""

    keys: list[str]
    marker: str | None

    @property
    def tail(self) -> str:
        """The end of the answer: AWS leaves Marker out where nothing follows."""
        if self.marker is None:
            return "<IsTruncated>false</IsTruncated>"
        return f"<IsTruncated>true</IsTruncated><Marker>{self.marker}</Marker>"


def install(emulator: Emulator) -> None:
    """Replace the actions that list whole accounts."""
    lists = _Lists(emulator.iam)
    for action in ("GetAccountAuthorizationDetails", "GetGroup", "ListGroups", "ListUsers"):
        emulator.action(action, _instead(getattr(lists, action)))


def page(keys: Iterable[str], parameters: Parameters) -> Page:
    """The page of the sorted `keys` that a request asks for."""
    size = _size(text(parameters, "MaxItems"))
    after = _position(text(parameters, "Marker"))
    rest = sorted(key for key in keys if after is None or key > after)
    if len(rest) <= size:
        return Page(rest, None)
    return Page(rest[:size], base64.urlsafe_b64encode(b"after\0" + rest[size - 1].encode()).decode())


def _size(value: str) -> int:
    if not value:
        return DEFAULT_ITEMS
    if not value.isdecimal() or not 1 <= int(value) <= MOST_ITEMS:
        reason = f"1 validation error detected: Value '{value}' at 'maxItems' failed to satisfy constraint: 1 to 1000"
        raise AwsRefusedError(400, "ValidationError", reason)
    return int(value)


def _position(marker: str) -> str | None:
    if not marker:
        return None
    try:
        mark, _, key = base64.urlsafe_b64decode(marker).decode().partition("\0")
    except (binascii.Error, ValueError):
        mark, key = "", ""
    if mark != "after":
        raise AwsRefusedError(400, "ValidationError", f"Invalid Marker: {marker}")
    return key


def _instead(handler: Handler) -> Callable[[Handler], Handler]:
    return lambda _: handler


class _Lists:
    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def GetAccountAuthorizationDetails(self, parameters: Parameters) -> Reply:
        """Users, groups, roles and policies share one page, in this order."""
        kinds = self._kinds(parameters)
        stores = {"User": self._iam._users, "Group": self._iam._groups, "Role": self._iam._roles}
        keys = [
            f"{i}{kind}\0{name}" for i, (kind, store) in enumerate(stores.items()) if kind in kinds for name in store
        ]
        if "Policy" in kinds:
            keys += [f"3Policy\0{arn}" for arn in self._iam._policies]
        part = page(keys, parameters)
        chosen: dict[str, list[str]] = defaultdict(list)
        for key in part.keys:
            kind, _, name = key[1:].partition("\0")
            chosen[kind].append(name)
        return self._reply("GetAccountAuthorizationDetails", Details(self._iam).xml(chosen) + part.tail)

    def GetGroup(self, parameters: Parameters) -> Reply:
        """A group and its members."""
        name = text(parameters, "GroupName")
        group = self._iam._groups.get(name)
        if group is None:
            raise AwsRefusedError(404, "NoSuchEntity", f"The group with name {name} cannot be found.")
        part = page((user for user in group["Users"] if user in self._iam._users), parameters)
        members = "".join(f"<member>{self._iam._user_xml(user)}</member>" for user in part.keys)
        inner = f"<Group>{self._iam._group_xml(name)}</Group><Users>{members}</Users>{part.tail}"
        return self._reply("GetGroup", inner)

    def ListGroups(self, parameters: Parameters) -> Reply:
        """The groups under a path."""
        part = page(_under(self._iam._groups, parameters), parameters)
        members = "".join(f"<member>{self._iam._group_xml(name)}</member>" for name in part.keys)
        return self._reply("ListGroups", f"<Groups>{members}</Groups>{part.tail}")

    def ListUsers(self, parameters: Parameters) -> Reply:
        """The users under a path."""
        part = page(_under(self._iam._users, parameters), parameters)
        members = "".join(f"<member>{self._iam._user_xml(name, boundary=False)}</member>" for name in part.keys)
        return self._reply("ListUsers", f"<Users>{members}</Users>{part.tail}")

    def _kinds(self, parameters: Parameters) -> set[str]:
        asked: list[str] = []
        while value := text(parameters, f"Filter.member.{len(asked) + 1}"):
            asked.append(value)
        if unknown := set(asked) - set(_KINDS):
            raise AwsRefusedError(
                400, "ValidationError", f"Value at 'filter' failed to satisfy constraint: {sorted(unknown)}"
            )
        return {_KINDS[name] for name in asked or _KINDS}

    def _reply(self, action: str, inner: str) -> Reply:
        reply: Reply = self._iam._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")
        return reply


def _under(store: Any, parameters: Parameters) -> list[str]:
    prefix = text(parameters, "PathPrefix") or "/"
    return [name for name, item in store.items() if item.get("Path", "/").startswith(prefix)]
