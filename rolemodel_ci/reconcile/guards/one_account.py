"""What is left of a plan where a guard stops one account alone: everything that does not depend on that account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rolemodel_ci.model.live import LiveState, Withheld
from rolemodel_ci.reconcile.approval import Approved, Refusal


def set_apart(live: LiveState, refusals: Sequence[Refusal]) -> LiveState | None:
    """AWS as a plan is to see it that leaves the refused accounts alone; None where a refusal is about more than one.

    Such an account is like one that cannot be read: nothing is made or given there, and who is to lose access does.
    """
    accounts = {refusal.account for refusal in refusals}
    if None in accounts:
        return None
    held = {one.account: Withheld(one.account, one.message, one.remedy) for one in refusals if one.account}
    return replace(live, stacks={**live.stacks, **held})


def partly(reviewed: Approved | tuple[Refusal, ...], withheld: Sequence[Refusal]) -> Approved | tuple[Refusal, ...]:
    """The judgement of the plan that is left: with what was withheld, or with every reason why nothing is done."""
    if isinstance(reviewed, tuple):
        return tuple(dict.fromkeys((*withheld, *reviewed)))
    return replace(reviewed, withheld=tuple(withheld)) if reviewed.plan.changes else tuple(withheld)
