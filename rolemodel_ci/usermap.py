"""The tree of a user map to the accounts, roles and grants it names, or to what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rolemodel_ci.document import Mapping as MapNode
from rolemodel_ci.document import Node, Scalar, Sequence, entry
from rolemodel_ci.model import Grant, MappedRole, Place, Problem, UserMap
from rolemodel_ci.schema import conform, published, whole


def read_users(root: Node, path: str) -> tuple[UserMap, list[Problem]]:
    """The user map under `root`, without the entries that have problems, and these problems."""
    problems = conform(odd_part(root), "users", path)
    accounts: list[tuple[str, Place]] = []
    mapped: list[MappedRole] = []
    grants: list[Grant] = []
    for account, roles in root.entries if isinstance(root, MapNode) else ():
        at = Place(path, account.line, account.column)
        accounts.append((account.text, at))
        for role, users in roles.entries if isinstance(roles, MapNode) else ():
            if isinstance(users, Sequence):
                mapped.append(MappedRole(account.text, at, role.text, Place(path, role.line, role.column)))
                grants += _grants(account.text, role.text, users, path, problems)
    return UserMap(path, tuple(accounts), tuple(mapped), tuple(grants)), problems


def _grants(account: str, role: str, users: Sequence, path: str, problems: list[Problem]) -> Iterable[Grant]:
    fits = _user_pattern()
    for node in users.items:
        if isinstance(node, Scalar):
            if fits(node.text):
                yield Grant(account, role, node.text, Place(path, node.line, node.column))
        elif isinstance(node, MapNode):
            grant = _long_form(account, role, node, path, problems)
            if grant and fits(grant.user):
                yield grant


def _long_form(account: str, role: str, node: MapNode, path: str, problems: list[Problem]) -> Grant | None:
    user, expires, reason = entry(node, "user"), entry(node, "expires"), entry(node, "reason")
    if not isinstance(user, Scalar):
        return None
    last: date | None = None
    if isinstance(expires, Scalar):
        try:
            last = date.fromisoformat(expires.text)
        except ValueError:
            if _date_pattern()(expires.text):  # the schema has told of everything that does not even look like one
                place = Place(path, expires.line, expires.column)
                remedy = "Write the last day on which the grant holds as YYYY-MM-DD."
                problems.append(Problem(place, "RM309", f"`{expires.text}` is no day of the calendar", remedy))
            return None
    place = Place(path, user.line, user.column)
    return Grant(account, role, user.text, place, last, reason.text if isinstance(reason, Scalar) else None)


def odd_part(root: Node) -> Node:
    """The user map without the entries that are plain and fit the schema's own patterns.

    Holding 100,000 good names one by one to the schema takes a library of validators a minute; the same pattern,
    taken from the same schema, tells at once which few have to be looked at (and explained) by it.
    """
    if not isinstance(root, MapNode):
        return root
    accounts = []
    for account, roles in root.entries:
        if isinstance(roles, MapNode):
            roles = roles._replace(entries=[(role, _odd_users(users)) for role, users in roles.entries])
        accounts.append((account, roles))
    return root._replace(entries=accounts)


def _odd_users(users: Any) -> Any:
    if not isinstance(users, Sequence):
        return users
    fits, is_date = _user_pattern(), _date_pattern()

    def plain(item: Any) -> bool:
        if isinstance(item, Scalar):
            return item.tag in (None, "!") and fits(item.text) is not None
        if not isinstance(item, MapNode) or item.tag not in (None, "!"):
            return False
        texts = {key.text: value.text for key, value in item.entries
                 if isinstance(value, Scalar) and value.tag in (None, "!")}
        return (
            len(texts) == len(item.entries) and texts.keys() <= {"user", "expires", "reason"}
            and fits(texts.get("user", "")) is not None
            and is_date(texts.get("expires", "2000-01-01")) is not None
            and 0 < len(texts.get("reason", "-")) <= 500
        )

    return users._replace(items=[item for item in users.items if not plain(item)])


def _user_pattern() -> Any:
    return whole(published("users")["$defs"]["user"]["pattern"]).match


def _date_pattern() -> Any:
    grant = published("users")["$defs"]["grant"]["properties"]
    return whole(grant["expires"]["pattern"]).match
