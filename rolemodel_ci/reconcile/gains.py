"""Who gets more by a plan than its changes of memberships show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolemodel_ci.iam.privilege import Mark


@dataclass(frozen=True, slots=True, order=True)
class Administrator:
    """Somebody whom a plan makes as good as an administrator of an account, by which role, and why that is one."""

    account: str
    role: str
    why: Mark
    user: str


@dataclass(frozen=True, slots=True, order=True)
class Regained:
    """A member who stays in a group, and to whom a plan opens the role because the role or the group's policy is put
    back, or is another one.
    """

    account: str
    role: str
    group: str
    user: str
