"""Reasons not to apply a valid plan. The only maker of `Approved`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveState
from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED, Allowed, Approved, Overridden, Refusal
from rolemodel_ci.reconcile.guards.duplicates import moved_stacks, renamed_groups
from rolemodel_ci.reconcile.guards.ownership import foreign_groups, foreign_stack, strange_groups
from rolemodel_ci.reconcile.guards.protection import last_administrator, own_lockout, protected
from rolemodel_ci.reconcile.guards.revocations import emptied_map, mass_revocation
from rolemodel_ci.reconcile.guards.taken_names import taken_names
from rolemodel_ci.reconcile.plan import Plan

if TYPE_CHECKING:
    from rolemodel_ci.model.pending_commits import Since
    from rolemodel_ci.reconcile.attribution import Attributed
    from rolemodel_ci.reconcile.guards.pending_commits import Labels

_Guards = tuple[Callable[[Plan, Policy, LiveState], Iterator[Refusal]], ...]

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
    taken_names,
)

_OF_DELETION: _Guards = (foreign_stack, strange_groups)


def review(
    plan: Plan, policy: Policy, live: LiveState, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """Let the plan pass, or say every reason why not. `allowed` are guards that this one run overrides.

    An approved plan tells what was set aside for it: overriding a guard that had nothing to say leaves no trace.
    """
    return _judged(_GUARDS, plan, policy, live, allowed)


def _judged(
    guards: _Guards,
    plan: Plan,
    policy: Policy,
    live: LiveState,
    allowed: Allowed,
) -> Approved | tuple[Refusal, ...]:
    refusals = _reasons(plan, policy, live, guards)
    standing = tuple(refusal for refusal in refusals if refusal.guard not in allowed)
    return standing or Approved(plan, tuple(Overridden(refusal, allowed[refusal.guard]) for refusal in refusals))


def review_since(
    found: Attributed, since: Since, live: LiveState, labels: Labels, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """Let the plan of everything since the last run pass, or say every reason why not.

    It is judged by the narrowest of all states since then. `labels` override a guard for what their own commits ask
    for, and `allowed` for the whole run.
    """
    from rolemodel_ci.reconcile.guards.pending_commits import by_labels, unproven

    guarded = strictest(since.head, *since.states)
    asked = (*_reasons(found.plan, guarded, live), *unproven(found, since))
    overridden, standing = [], []
    for refusal in asked:
        by = allowed.get(refusal.guard) or by_labels(
            refusal.guard, found, labels, partial(_reasons, policy=guarded), live
        )
        if by is None:
            standing.append(refusal)
        else:
            overridden.append(Overridden(refusal, by))
    return tuple(standing) or Approved(found.plan, tuple(overridden))


def _reasons(plan: Plan, policy: Policy, live: LiveState, guards: _Guards = _GUARDS) -> tuple[Refusal, ...]:
    return tuple(refusal for guard in guards for refusal in guard(plan, policy, live))


def strictest(head: Policy, *states: Policy | None) -> Policy:
    """`head` as the guards are to judge it: nothing that a change takes out or loosens is gone for that very change.

    `states` are the policies before the change and on its way; None where there was none, or it is not known.
    """
    for state in states:
        head = head if state is None else _narrower(head, state)
    return head


def is_as_strict(judging: Policy, state: Policy) -> bool:
    """Whether guards that go by one policy let nothing pass that they would not let pass by another one."""
    both = _narrower(judging, state)
    return both.guards == judging.guards and len(both.protected) == len(judging.protected)


def _narrower(head: Policy, base: Policy) -> Policy:
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
    plan: Plan, policy: Policy, live: LiveState, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """Let the plan of `delete` pass, if it takes nothing of others: everything of ours is what was asked for."""
    return _judged(_OF_DELETION, plan, policy, live, allowed)
