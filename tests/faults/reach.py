"""Who can get in where: told from groups and roles alone, by other code than the tool's."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Reach = set[tuple[str, str, str]]
"""User, ARN of a role that is there, and what that role may do: a role that may do more is more access."""


def reach(groups: Mapping[str, Any], roles: Mapping[str, str]) -> Reach:
    """Everybody who is in a group that opens a role that exists."""
    return {
        (user, arn, content)
        for group in groups.values()
        if group["users"]
        for pattern in opened(group)
        for arn, content in roles.items()
        if fnmatchcase(arn, pattern)
        for user in group["users"]
    }


def opened(group: Mapping[str, Any]) -> set[str]:
    """The ARNs, or patterns of them, that the inline policies of a group let its members take on."""
    return {
        arn
        for document in group["policies"].values()
        for statement in _listed(document["Statement"])
        if statement["Effect"] == "Allow" and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement["Action"]))
        for arn in _listed(statement["Resource"])
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
