"""A guard against stacks that CloudFormation cannot bring to what is wanted, because it makes before it deletes."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.checks.base_comparison import REMEDY, collisions
from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.live import LiveStack, LiveState
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import SettleStack, UpdateStack
from rolemodel_ci.reconcile.diff.stacks import deployed, named_roles_made
from rolemodel_ci.reconcile.plan import Plan


def taken_names(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Names that the stack's own resources still have when CloudFormation makes those that are to have them.

    Everybody would be taken out of the old groups, and then every stack would be rolled back, at every run.
    """
    told: dict[str, list[str]] = {}
    for change in plan.changes:
        account, stack = policy.account(change.account or ""), live.stacks.get(change.account or "")
        if isinstance(change, UpdateStack | SettleStack) and account and isinstance(stack, LiveStack):
            for said in _collisions(policy, account, stack):
                told.setdefault(said, []).append(account.name)
    for said, accounts in sorted(told.items()):
        yield Refusal(
            Guard.TAKEN_NAMES,
            f"{said} in {', '.join(f'`{name}`' for name in accounts[:5])}"
            + (f" and {len(accounts) - 5} more" if len(accounts) > 5 else ""),
            REMEDY,
        )
    yield from _by_hand(plan, policy, live)


def _by_hand(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """Names of roles to be made that a role outside of the stack has."""
    for change in plan.changes:
        account = policy.account(change.account or "")
        names = named_roles_made(policy, account, change, live) if account else ()
        taken = [f"`{name}`" for name in names if (change.account, name) in live.taken_roles]
        if taken:
            yield Refusal(
                Guard.TAKEN_NAMES,
                f"{', '.join(taken)} of `{change.account}` exists already, and the stack does not hold it: "
                "CloudFormation makes no second role of that name, and would roll the stack back",
                "Rename or delete that role in the account, or give the template's another `RoleName`, or none. Until "
                "then, nothing is changed or given in this account, and the rest is applied.",
                change.account,
            )


def _collisions(policy: Policy, account: Account, stack: LiveStack) -> Iterator[str]:
    wanted = desired(policy, account, stack.identity.account_id)
    held = {(ROLE_TYPE, name.lower()): logical for logical, name in stack.physical.items()}
    yield from (said for _, _, said in collisions(deployed(policy, account, stack), wanted, held))
