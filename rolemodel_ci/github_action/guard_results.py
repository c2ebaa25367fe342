"""What the guards say of a run: of the whole plan or, where they stop single accounts, of what does not need those."""

from __future__ import annotations

from dataclasses import dataclass

from rolemodel_ci.cli.options import today
from rolemodel_ci.model.pending_commits import Since
from rolemodel_ci.reconcile.approval import Allowed, Approved, Refusal
from rolemodel_ci.reconcile.attribution import Attributed, attribute_since
from rolemodel_ci.reconcile.guards.approve import review_since
from rolemodel_ci.reconcile.guards.one_account import partly
from rolemodel_ci.reconcile.guards.pending_commits import Labels
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Planned, replanned


@dataclass(frozen=True, slots=True)
class Judgement:
    """The plan that may be applied, or why none may; with what it was made from, and the origins of its changes."""

    reviewed: Approved | tuple[Refusal, ...]
    planned: Planned
    found: Attributed


def judge(planned: Planned, found: Attributed, since: Since, labels: Labels, allowed: Allowed) -> Judgement:
    """Ask the guards; where they refuse single accounts only, ask them about the plan without these."""
    reviewed = review_since(found, since, planned.live, labels, allowed)
    smaller = None if isinstance(reviewed, Approved) else replanned(EVERYTHING, planned, since.head, reviewed, today())
    if smaller is None or isinstance(reviewed, Approved):
        return Judgement(reviewed, planned, found)
    fewer = attribute_since(smaller.plan, since, today())
    again = partly(review_since(fewer, since, smaller.live, labels, allowed), reviewed)
    return Judgement(again, smaller, fewer) if isinstance(again, Approved) else Judgement(again, planned, found)
