"""What may differ between two templates, as types, each with the direction in which it changes rights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from rolemodel_ci.cloudformation.roles import KEEPING, REPLACING
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.iam.canonical_policies import Atom, When
from rolemodel_ci.iam.canonical_values import Value

OUTPUTS, TEXTS = "outputs of the stack", "texts that grant nothing"
DECLARED = "declarations of the template"
"""Kinds of a difference that is about no resource."""

Sign = Literal["+", "-"]


class Direction(Enum):
    """What a change does to the rights of a role. EITHER: it cannot be told, and counts as widening."""

    WIDENS = "widens"
    EITHER = "cannot be told"
    NARROWS = "narrows"
    NEUTRAL = "neither"

    @property
    def may_widen(self) -> bool:
        """Whether more may be allowed after it than before."""
        return self in (Direction.WIDENS, Direction.EITHER)


class Carrier(Enum):
    """What holds a policy document."""

    INLINE = "the role itself"
    RESOURCE = "an inline policy as a resource of its own"
    MANAGED = "a managed policy that names the role"
    LISTED = "a managed policy that the role names"
    PROPERTY = "a property of a resource that is no role"


@dataclass(frozen=True, slots=True)
class Source:
    """The policy that a statement stands in. `resource` is its logical id, empty for one within the role.

    `number` counts the policies of one name of a role.
    """

    carrier: Carrier
    name: Value
    resource: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class PermissionChange:
    """A statement of a policy comes or goes."""

    sign: Sign
    source: Source
    statement: Atom
    direction: Direction


@dataclass(frozen=True, slots=True)
class TrustChange:
    """A statement of a role's trust policy comes or goes."""

    sign: Sign
    statement: Atom
    direction: Direction


@dataclass(frozen=True, slots=True)
class BoundaryChange:
    """A statement of the template's own policy that bounds a role comes or goes."""

    sign: Sign
    statement: Atom
    direction: Direction


@dataclass(frozen=True, slots=True)
class AttachmentChange:
    """A role gets a managed policy, or no longer has it. `when`: the conditions under which it has it."""

    sign: Sign
    policy: Value
    when: When
    direction: Direction


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A property or attribute changes, of a resource or of a policy that is part of a role. None: it is not there."""

    name: str
    before: Value | None
    after: Value | None
    direction: Direction
    source: Source | None = None


Change = PermissionChange | TrustChange | BoundaryChange | AttachmentChange | PropertyChange


@dataclass(frozen=True, slots=True)
class Difference:
    """How one role, or another part of the template, differs. `kind` is its resource type."""

    name: str
    kind: str
    what: Literal["added", "removed", "changed"]
    changes: tuple[Change, ...] = ()

    @property
    def stays_behind(self) -> bool:
        """Whether it goes from the stack only: CloudFormation leaves it in the account."""
        kept = any(
            isinstance(change, PropertyChange)
            and change.name == KEEPING[0]
            and change.source is None
            and change.before != "Delete"
            for change in self.changes
        )
        return self.what == "removed" and kept

    @property
    def is_role(self) -> bool:
        """Whether it is about a role rather than about something else in the template."""
        return self.kind == ROLE_TYPE

    @property
    def is_replaced(self) -> bool:
        """Whether CloudFormation makes the role anew under another ARN."""
        properties = (change for change in self.changes if isinstance(change, PropertyChange) and not change.source)
        return any(change.name in REPLACING for change in properties)

    @property
    def direction(self) -> Direction:
        """The worst of its changes."""
        return worst(change.direction for change in self.changes)

    @property
    def changes_trust(self) -> bool:
        """Whether it changes who may assume the role."""
        return any(isinstance(change, TrustChange) for change in self.changes)


def worst(directions: Iterable[Direction]) -> Direction:
    """What has to be said of several directions together; NEUTRAL for none."""
    found = set(directions)
    return next((direction for direction in Direction if direction in found), Direction.NEUTRAL)
