"""How much a role can do: levels in order, and the facts that make a role reach one."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Privilege(IntEnum):
    """What a role can do at worst; each level is worse than those before it."""

    NONE = 0
    LIMITED = 1
    """Dangerous actions, on named resources only."""
    CHAINING = 2
    """Can assume any role that trusts its account."""
    BORROWING = 3
    """Can get the rights of other roles by what runs with them, or can lift limits of rights."""
    UNKNOWN = 4
    """Only AWS can tell a part of its rights."""
    PASSING = 5
    """Can pass any role to a service."""
    IDENTITIES = 6
    """Can give itself any right by IAM."""
    ADMINISTRATOR = 7
    """Allows every action."""


class Source(StrEnum):
    """Where rights come from that the template does not tell."""

    POLICY = "policy"
    MANAGED_POLICY = "managed policy"
    ATTACHED = "policy that may be attached to any role"
    REFERENCE = "an action or a resource that a policy takes from elsewhere"


class Untold(NamedTuple):
    """A part of the rights of a role that only AWS can tell. `name` is the policy, as far as the template names it."""

    source: Source
    name: str


class Mark(NamedTuple):
    """What the policies of one role come to.

    `actions` are the dangerous ones that are allowed on everything, or on the role itself; `limited` those that are
    allowed on named resources only; what gives most comes first. Both are empty for an administrator, who is allowed
    every action.
    """

    privilege: Privilege
    actions: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()
    untold: tuple[Untold, ...] = ()

    @property
    def is_dangerous(self) -> bool:
        """Whether a reviewer must not overlook who gets the role."""
        return self.privilege > Privilege.LIMITED

    def worse_than(self, before: Mark | None) -> bool:
        """Whether the level is higher than before, or more of the rights cannot be told."""
        if not self.is_dangerous:
            return False
        if before is None or self.privilege > before.privilege:
            return True
        return before.privilege < Privilege.ADMINISTRATOR and not set(self.untold) <= set(before.untold)

    def gained_since(self, before: Mark | None) -> tuple[str, ...]:
        """The dangerous actions that were not allowed before, wherever they are allowed now."""
        known = {*before.actions, *before.limited} if before else set()
        if before and before.privilege is Privilege.ADMINISTRATOR:
            return ()
        return tuple(action for action in (*self.actions, *self.limited) if action not in known)
