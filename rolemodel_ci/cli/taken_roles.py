"""Look whether roles that a plan is to make, under names that the template gives, exist already. Only reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from rolemodel_ci.cli.environment import World
from rolemodel_ci.model.desired import Account
from rolemodel_ci.model.live import LiveState
from rolemodel_ci.reconcile.concurrency import Returned, each_within
from rolemodel_ci.reconcile.diff.stacks import named_roles_made
from rolemodel_ci.reconcile.observe import patience_for
from rolemodel_ci.reconcile.pipeline import Planned
from rolemodel_ci.reconcile.plan import Plan

_MOST = 100
"""Names that one run looks for: one call each, before stacks that take seconds each."""


def with_taken_roles(planned: Planned, world: World) -> Planned:
    """The plan with AWS as it is seen better: which of the roles to be made are there. Where one may not ask, none."""
    asked = list(islice(_asked(planned.plan, planned.live, world), _MOST))
    if not asked:
        return planned
    from rolemodel_ci.adapters.aws.iam_roles import AwsRoleReader

    reader, patience = AwsRoleReader(world.reading), patience_for(time.monotonic)
    answers = each_within(lambda one: reader.exists(*one), asked, world.jobs, lambda one: patience(one[0]))
    taken = frozenset(
        (account.name, name)
        for (account, name), answer in zip(asked, answers, strict=True)
        if isinstance(answer, Returned) and answer.value
    )
    return replace(planned, live=replace(planned.live, taken_roles=taken))


def _asked(plan: Plan, live: LiveState, world: World) -> Iterator[tuple[Account, str]]:
    for change in plan.changes:
        account = world.policy.account(change.account or "")
        if account is not None:
            for name in named_roles_made(world.policy, account, change, live):
                yield account, name
