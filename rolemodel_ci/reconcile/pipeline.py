"""The order of the steps of a run, on one page: observe, diff, guard, apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED, Allowed, Approved, Refusal
from rolemodel_ci.reconcile.diff.plan import plan_all, plan_deletion, plan_membership, plan_structure
from rolemodel_ci.reconcile.guards.approve import review, review_deletion
from rolemodel_ci.reconcile.observe import observe

if TYPE_CHECKING:
    from rolemodel_ci.model.applied_state import Left
    from rolemodel_ci.model.live import LiveState
    from rolemodel_ci.reconcile.apply import Tools
    from rolemodel_ci.reconcile.deadlines import Patience
    from rolemodel_ci.reconcile.outcome import Report
    from rolemodel_ci.reconcile.plan import Plan
    from rolemodel_ci.reconcile.ports import MasterReader, StackReader


@dataclass(frozen=True, slots=True)
class Operation:
    """What a command sets out to do: which accounts it reads, how it plans, what guards it."""

    accounts: Callable[[Policy, frozenset[str]], tuple[Account, ...]]
    plan: Callable[[Policy, LiveState, date, frozenset[str]], Plan]
    review: Callable[[Plan, Policy, LiveState, Allowed], Approved | tuple[Refusal, ...]]


EVERYTHING = Operation(Policy.chosen, plan_all, review)
STRUCTURE = Operation(
    Policy.chosen, lambda policy, live, today, only: plan_structure(policy, live, only, today), review
)
MEMBERSHIP = Operation(
    lambda policy, only: (), lambda policy, live, today, only: plan_membership(policy, live.master, today, only), review
)
DELETION = Operation(
    Policy.chosen,
    lambda policy, live, _, only: plan_deletion(policy, live, only),
    review_deletion,
)


@dataclass(frozen=True, slots=True)
class Readers:
    """What planning may touch, and how long it waits for each account; without end where `patience` is None."""

    master: MasterReader
    stacks: StackReader
    patience: Callable[[Account | None], Patience] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made from. `left`: stacks that may still be where no run looks; None: not looked for."""

    plan: Plan
    live: LiveState
    left: tuple[Left, ...] | None = None


def make_plan(
    job: Operation, policy: Policy, readers: Readers, today: date, only: frozenset[str] = frozenset(), jobs: int = 1
) -> Planned:
    """Read AWS and compare. Holds no writer, so that it cannot write. Raises CredentialsError."""
    live = observe(
        readers.master,
        readers.stacks,
        job.accounts(policy, only),
        jobs,
        readers.patience,
        master_assumable=policy.master_is_assumable,
    )
    return Planned(_with_gains(job.plan(policy, live, today, only), policy, live, today), live)


def _with_gains(plan: Plan, policy: Policy, live: LiveState, today: date) -> Plan:
    """The plan, with everybody who gets more by it than its memberships show. By a plan without changes nobody does,
    and most plans are such: what tells it is imported for others only.
    """
    if plan.is_empty:
        return plan
    from rolemodel_ci.reconcile.diff.regained import with_regained
    from rolemodel_ci.reconcile.new_administrators import with_administrators

    return with_administrators(with_regained(plan, policy, live), policy, live, today)


def reviewed_plan(
    job: Operation, planned: Planned, policy: Policy, allowed: Allowed = NOTHING_ALLOWED
) -> Approved | tuple[Refusal, ...]:
    """The plan as one that may be applied, or every reason why not."""
    return job.review(planned.plan, policy, planned.live, allowed)


def replanned(
    job: Operation,
    planned: Planned,
    policy: Policy,
    refusals: Sequence[Refusal],
    today: date,
    only: frozenset[str] = frozenset(),
) -> Planned | None:
    """The plan that leaves alone the accounts that guards have refused to touch; None where they refuse more than that.

    What was noted of the whole stays noted.
    """
    from rolemodel_ci.reconcile.guards.one_account import set_apart

    live = set_apart(planned.live, refusals) if job is EVERYTHING or job is STRUCTURE else None
    if live is None:
        return None
    plan = _with_gains(job.plan(policy, live, today, only), policy, live, today)
    return Planned(replace(plan, notes=tuple(dict.fromkeys((*plan.notes, *planned.plan.notes)))), live, planned.left)


def carry_out(
    job: Operation, planned: Planned, policy: Policy, tools: Tools, allowed: Allowed = NOTHING_ALLOWED
) -> Report | tuple[Refusal, ...]:
    """Guard the plan, and make it true if it passes."""
    from rolemodel_ci.reconcile.apply import apply

    reviewed = reviewed_plan(job, planned, policy, allowed)
    return apply(reviewed, policy, tools) if isinstance(reviewed, Approved) else reviewed
