"""Somebody who gets into a role without joining its group: a member already, of a group that opened nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Regained:
    """A member who stays in a group, and to whom a plan opens the role because the role or the group's policy is put
    back.
    """

    account: str
    role: str
    group: str
    user: str
