"""What the guards say of a plan: why not, what of that was set aside, and the plan that may be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names of the guards are needed where no plan is
    from rolemodel_ci.reconcile.plan import Plan


class Guard(StrEnum):
    """The guards by name, as `--allow` takes them."""

    MASS_REVOCATION = "mass-revocation"
    EMPTY_MAP = "empty-map"
    PROTECTED = "protected"
    LAST_ADMINISTRATOR = "last-administrator"
    OWN_LOCKOUT = "own-lockout"
    RENAMED_GROUPS = "renamed-groups"
    MOVED_STACKS = "moved-stacks"
    UNKNOWN_STATE = "unknown-state"
    FOREIGN_STACK = "foreign-stack"
    FOREIGN_GROUPS = "foreign-groups"
    TAKEN_NAMES = "taken-names"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard does not let a plan pass, with the numbers, and the setting or flag that would.

    `account`: it is about that account alone, and nothing else has to wait for it.
    """

    guard: Guard
    message: str
    remedy: str
    account: str | None = None


Allowed = Mapping[Guard, str]
"""Guards that one run overrides, and what says so: a flag, an input, a label and who gave it."""

NOTHING_ALLOWED: Allowed = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Overridden:
    """A refusal that did not stop a run, and what said that it should not."""

    refusal: Refusal
    by: str


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan that passed the guards. Only `guard` makes one, and `apply` takes nothing else.

    `overridden` are the reasons not to apply it that somebody has set aside for this run. `withheld` are those why it
    is less than what is wanted: accounts that it leaves alone.
    """

    plan: Plan
    overridden: tuple[Overridden, ...] = ()
    withheld: tuple[Refusal, ...] = ()
