"""Accounts whose groups open roles of another AWS account than theirs: their id was changed, or swapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.live import LiveGroup, LiveState, Unreadable
from rolemodel_ci.reconcile.diff.renamed_groups import opened_roles


@dataclass(frozen=True, slots=True)
class Moved:
    """An account, the ids of the AWS accounts that its groups open, the id that it has now, and these groups."""

    account: str
    before: tuple[str, ...]
    now: str
    groups: tuple[LiveGroup, ...]


def moved_accounts(policy: Policy, live: LiveState) -> list[Moved]:
    """Accounts of which every group opens roles elsewhere alone; one that was changed by hand is mere drift."""
    found = []
    for account in policy.present:
        now = _id_of(account, live)
        groups = tuple(group for group in _groups(policy, account, live) if group.policies)
        opened = [
            {account_id for document in group.policies.values() for account_id, _ in opened_roles(document)}
            for group in groups
        ]
        if now and groups and all(ids and now not in ids for ids in opened):
            found.append(Moved(account.name, tuple(sorted(set().union(*opened))), now, groups))
    return found


def told_moved(policy: Policy, live: LiveState) -> Iterator[str]:
    """A sentence for each of them: who loses what, and gains what."""
    ids = {account.account_id: account.name for account in policy.accounts if account.account_id}
    for moved in moved_accounts(policy, live):
        before = ", ".join(f"{i} (`{ids[i]}` by now)" if i in ids else i for i in moved.before)
        holders = [f"`{user}` (`{group.name}`)" for group in moved.groups for user in sorted(group.members)]
        more = f" and {len(holders) - 20} more" if len(holders) > 20 else ""
        yield (
            f"`{moved.account}` is another AWS account than before: its groups open roles of {before}, and then of "
            f"{moved.now}. Who loses the one and gains the other, where still granted: "
            f"{', '.join(holders[:20]) or 'nobody'}{more}. The stack in the former account stays."
        )


def _id_of(account: Account, live: LiveState) -> str | None:
    stack = live.stacks.get(account.name)
    return account.account_id if stack is None or isinstance(stack, Unreadable) else stack.identity.account_id


def _groups(policy: Policy, account: Account, live: LiveState) -> Iterator[LiveGroup]:
    for role in policy.template.roles:
        group = live.master.groups.get(policy.group_name(account.name, role.name))
        if group and group.path == policy.group_path:
            yield group
