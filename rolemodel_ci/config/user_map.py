"""The tree of a user map to the accounts, roles and grants it names, or to what is wrong with it.

Holding 100,000 good names one by one to the schema takes a library of validators a minute. So the entries that fit are
told by the schema's own patterns, each name and date once, and only the others are held to the schema (and explained
by it).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from rolemodel_ci.config.json_schema import conform, published, whole
from rolemodel_ci.model.desired import Grant, MappedRole, UserMap
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_nodes import ListNode, Node, Scalar, entry
from rolemodel_ci.parsing.yaml_nodes import MapNode as MapNode


def read_users(root: Node, path: str) -> tuple[UserMap, list[Problem]]:
    """The user map under `root`, without the entries that have problems, and these problems."""
    reader = _Reader(path)
    problems = conform(reader.read(root), "users", path)
    read = UserMap(path, tuple(reader.accounts), tuple(reader.roles), tuple(reader.grants))
    return read, problems + reader.problems


class _Reader:
    """Collects what a user map names. `problems` are those that no schema can tell of."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.accounts: list[tuple[str, Place]] = []
        self.roles: list[MappedRole] = []
        self.grants: list[Grant] = []
        self.problems: list[Problem] = []
        properties = published("users")["$defs"]["grant"]["properties"]
        self._is_user = whole(published("users")["$defs"]["user"]["pattern"]).match
        self._is_date = whole(properties["expires"]["pattern"]).match
        self._reason_limit: int = properties["reason"]["maxLength"]
        self._users: set[str] = set()  # names that fit
        self._days: dict[str, date] = {}  # dates that fit and are in the calendar

    def read(self, root: Node) -> Node:
        """Collect everything under `root`; return it without the entries that fit the schema."""
        if not isinstance(root, MapNode):
            return root
        odd: list[tuple[Scalar, Any]] = []
        for account, roles in root.entries:
            at = Place(self.path, account.line, account.column)
            self.accounts.append((account.text, at))
            if isinstance(roles, MapNode):
                left = self._roles(account.text, at, roles)
                if left.entries or left.tag or account.tag:
                    odd.append((account, left))
            else:
                odd.append((account, roles))
        return root._replace(entries=odd)

    def _roles(self, account: str, at: Place, roles: MapNode) -> MapNode:
        odd: list[tuple[Scalar, Any]] = []
        for role, users in roles.entries:
            if isinstance(users, ListNode):
                self.roles.append(MappedRole(account, at, role.text, Place(self.path, role.line, role.column)))
                left = self._odd_users(account, role.text, users.items)
                if left or users.tag or role.tag:
                    odd.append((role, users._replace(items=left)))
            else:
                odd.append((role, users))
        return roles._replace(entries=odd)

    def _odd_users(self, account: str, role: str, nodes: list[Any]) -> list[Any]:
        """Collect the grants of one role; the entries that have to be held to the schema."""
        odd, path, known, add = [], self.path, self._users, self.grants.append
        make = tuple.__new__  # Grant(…) and Place(…) do the same in twice the time
        for node in nodes:
            if type(node) is Scalar:
                text, line, column, _, tag = node
                fits = text in known or self._fits(node)
                if fits:
                    add(make(Grant, (account, role, text, make(Place, (path, line, column)), None, None)))
                if not fits or tag is not None:
                    odd.append(node)
            elif not (isinstance(node, MapNode) and self._long_form(account, role, node)):
                odd.append(node)
        return odd

    def _long_form(self, account: str, role: str, node: MapNode) -> bool:
        user = entry(node, "user")
        if not (isinstance(user, Scalar) and (user.text in self._users or self._fits(user))):
            return False
        expires = reason = None
        plain = node.tag is None
        for key, value in node.entries:
            plain = plain and key.tag is None and type(value) is Scalar and value.tag is None
            if key.text == "expires":
                expires = expires or value
            elif key.text == "reason":
                reason = reason or value
            elif key.text != "user" or value is not user:
                plain = False
        why = reason.text if isinstance(reason, Scalar) else None
        plain = plain and (why is None or 0 < len(why) <= self._reason_limit)
        last = None
        if isinstance(expires, Scalar):
            last = self._days.get(expires.text) or self._day(expires)
            plain = plain and self._is_date(expires.text) is not None
            if last is None:
                return plain
        place = Place(self.path, user.line, user.column)
        self.grants.append(Grant(account, role, user.text, place, last, why))
        return plain

    def _fits(self, user: Scalar) -> bool:
        """Whether it is the name of a user."""
        if self._is_user(user.text) is None:
            return False
        self._users.add(user.text)
        return True

    def _day(self, expires: Scalar) -> date | None:
        """The last day of a grant. None with a problem for what looks like one; the schema tells of everything else."""
        try:
            last = date.fromisoformat(expires.text)
        except ValueError:
            if self._is_date(expires.text):
                place = Place(self.path, expires.line, expires.column)
                remedy = "Write the last day on which the grant holds as YYYY-MM-DD."
                self.problems.append(Problem(place, "RM309", f"`{expires.text}` is no day of the calendar", remedy))
            return None
        if self._is_date(expires.text):
            self._days[expires.text] = last
        return last
