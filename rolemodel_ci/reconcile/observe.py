"""Read the master and every account, all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.model.live import Absent, LiveMaster, LiveStack, LiveState, Stack, Unreadable
from rolemodel_ci.reconcile.concurrency import Raised, each, each_within
from rolemodel_ci.reconcile.deadlines import Patience

if TYPE_CHECKING:
    from rolemodel_ci.model.desired import Account
    from rolemodel_ci.reconcile.ports import MasterReader, StackReader

ANSWER, ACCOUNT = 10.0, 15.0
"""Seconds that one answer may take, and all answers about one account. AWS takes fractions of a second for each."""

MASTER_ANSWER, MASTER = 15.0, 600.0
"""The same of the master account, of which thousands of users come page by page."""


def patience_for(now: Callable[[], float], scale: float = 1.0) -> Callable[[Account | None], Patience]:
    """How long an account is waited for; None stands for the master account. Tests have less time: `scale`."""

    def patience(target: Account | None) -> Patience:
        answer, total = (MASTER_ANSWER, MASTER) if target is None else (ANSWER, ACCOUNT)
        return Patience(now, answer * scale, total * scale)

    return patience


def observe(
    master: MasterReader,
    stacks: StackReader,
    accounts: Sequence[Account],
    jobs: int,
    patience: Callable[[Account | None], Patience] | None = None,
    *,
    master_assumable: bool = False,
) -> LiveState:
    """Everything a plan is made of. An account that fails is Unreadable; a master that fails ends the run.

    With `patience` an account that does not answer is Unreadable as well. So is one that is the master itself, unless
    it may be (`master_assumable`).

    Raises CredentialsError where the master account cannot be read, KeyboardInterrupt where a person stops it.
    """
    targets: list[Account | None] = [None, *accounts]  # the master first: it takes longest

    def read(target: Account | None) -> LiveMaster | LiveStack | Absent:
        return master.read() if target is None else stacks.read(target)

    answers = (
        each(read, targets, jobs)
        if patience is None
        else each_within(read, targets, jobs, patience, lambda target: target is None)
    )
    found: dict[str, Stack] = {}
    live_master: LiveMaster | None = None
    for target, answer in zip(targets, answers, strict=True):
        if isinstance(answer, Raised):
            if target is None or not isinstance(answer.error, RolemodelError):
                raise answer.error
            found[target.name] = Unreadable(target.name, answer.error.message, answer.error.remedy)
        elif isinstance(answer.value, LiveMaster):
            live_master = answer.value
        else:
            found[answer.value.account] = answer.value
    assert live_master is not None  # `each` answers for every item or raises
    told = found if master_assumable else _without_master(found, live_master.identity.account_id)
    return LiveState(live_master, _told_apart(told))


def _without_master(stacks: dict[str, Stack], master_id: str) -> dict[str, Stack]:
    """Credentials that lead to the master make whoever gets a role there somebody who may decide about everybody."""
    return {
        name: Unreadable(
            name,
            f"its credentials lead to account {master_id}, which is the master account",
            "Correct its `profile` or `account_id` in the config. If it is meant, write `master_is_assumable: true`.",
        )
        if not isinstance(stack, Unreadable) and stack.identity.account_id == master_id
        else stack
        for name, stack in stacks.items()
    }


def _told_apart(stacks: dict[str, Stack]) -> dict[str, Stack]:
    """Two names whose credentials lead to one account: neither can be trusted to be what its name says."""
    owners: dict[str, list[str]] = {}
    for name, stack in sorted(stacks.items()):
        if not isinstance(stack, Unreadable):
            owners.setdefault(stack.identity.account_id, []).append(name)
    told = dict(stacks)
    for account_id, names in owners.items():
        for name in names if len(names) > 1 else ():
            others = ", ".join(f"`{other}`" for other in names if other != name)
            told[name] = Unreadable(
                name,
                f"its credentials lead to account {account_id}, and so do those of {others}",
                "Correct the profiles, or add `account_id` to the accounts in the config.",
            )
    return told
