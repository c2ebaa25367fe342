"""Whether a report is true: what it calls done is so in AWS, and what is not as it was wished is told as not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .wishes import Wish
from .world import State

Told = Mapping[str, Any]
"""A report or an audit record as JSON has it."""


def check_honesty(report: Told, after: State, wish: Wish, about: str) -> None:
    """Hold every outcome of a report to what AWS holds after the run."""
    done = [outcome["change"] for outcome in report["outcomes"] if outcome["result"] == "done"]
    for change in done:
        assert is_so(change, after, wish, done), (about, change)
    unmade = [outcome["change"] for outcome in report["outcomes"] if outcome["result"] != "done"]
    named = {told["account"] for told in (*unmade, *report["unreadable"])}
    owned = {told.get("group") for told in (*unmade, *report["blocked"])}
    groups, accounts = after.wrong(wish)
    for name in groups:
        assert name in owned or name.split(".")[1] in named, (about, name)
    for account in accounts:
        assert account in named, (about, account)


def is_so(change: Told, after: State, wish: Wish, done: list[Told]) -> bool:
    """Whether a change has been made, by what AWS holds now. `done` are all that are said to be."""
    if "group" not in change:
        return after.right_stack(change["account"], wish)
    group = after.held["groups"].get(change["group"])
    match change["kind"]:
        case "remove_member":
            return group is None or change["user"] not in group["users"]
        case "detach_policy":
            return group is None or change["arn"] not in group["attached"]
        case "delete_policy":
            put = [c["policy"] for c in done if c["kind"] == "put_policy" and c["group"] == change["group"]]
            return group is None or change["policy"] in put or change["policy"] not in group["policies"]
        case "delete_group":
            return group is None
        case "create_group":
            return change["group"] in after.groups
        case "put_policy":
            return change["group"] in after.groups and change["policy"] in after.groups[change["group"]]["policies"]
        case "add_member":
            return group is not None and change["user"] in group["users"]
        case kind:
            raise AssertionError(kind)
