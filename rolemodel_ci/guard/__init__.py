"""Reasons not to apply a valid plan. The only maker of `Approved`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from rolemodel_ci.guard.foreign import foreign_groups, foreign_stack
from rolemodel_ci.guard.headroom import Headroom, headroom
from rolemodel_ci.guard.keeping import last_administrator, own_lockout, protected
from rolemodel_ci.guard.moving import moved_stacks, renamed_groups
from rolemodel_ci.guard.taking import emptied_map, mass_revocation
from rolemodel_ci.live import Live
from rolemodel_ci.model import Policy
from rolemodel_ci.plan import Plan
from rolemodel_ci.verdict import (
    NOTHING_ALLOWED,
    Allowed,
    Approved,
    Overridden,
    Refusal,
)

__all__ = ["Headroom", "headroom", "review", "review_deletion", "strictest"]

_Guards = tuple[Callable[[Plan, Policy, Live], Iterator[Refusal]], ...]

_GUARDS: _Guards = (
    mass_revocation,
    emptied_map,
    protected,
    last_administrator,
    own_lockout,
    renamed_groups,
    moved_stacks,
    foreign_stack,
    foreign_groups,
)

_OF_DELETION: _Guards = (foreign_stack, foreign_groups)


def review(
    plan: Plan, policy: Policy, live: Live, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """Let the plan pass, or say every reason why not. `allowed` are guards that this one run overrides.

    An approved plan tells what was set aside for it: overriding a guard that had nothing to say leaves no trace.
    """
    return _judged(_GUARDS, plan, policy, live, allowed)


def _judged(
    guards: _Guards,
    plan: Plan,
    policy: Policy,
    live: Live,
    allowed: Allowed,
) -> Approved | tuple[Refusal, ...]:
    refusals = tuple(refusal for guard in guards for refusal in guard(plan, policy, live))
    standing = tuple(refusal for refusal in refusals if refusal.guard not in allowed)
    return standing or Approved(plan, tuple(Overridden(refusal, allowed[refusal.guard]) for refusal in refusals))


def strictest(head: Policy, base: Policy | None) -> Policy:
    """`head` as the guards are to judge it: nothing that a change takes out or loosens is gone for that very change.

    `base` is the policy before the change; None where there was none, or it is not known.
    """
    if base is None:
        return head
    old, new = base.guards, head.guards
    most = [limit for limit in (old.revoke_most, new.revoke_most) if limit is not None]
    guards = replace(
        new,
        revoke_percent=min(old.revoke_percent, new.revoke_percent),
        revoke_floor=min(old.revoke_floor, new.revoke_floor),
        revoke_most=min(most, default=None),
    )
    kept = {str(entry): entry for entry in (*base.protected, *head.protected)}
    return replace(head, guards=guards, protected=tuple(kept.values()))


def review_deletion(
    plan: Plan, policy: Policy, live: Live, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """Let the plan of `delete` pass, if it takes nothing of others: everything of ours is what was asked for."""
    return _judged(_OF_DELETION, plan, policy, live, allowed)
