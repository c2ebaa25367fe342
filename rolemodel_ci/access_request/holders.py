"""Who holds which grants before a change and after it, under the names that accounts and roles have after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from rolemodel_ci.model.desired import Grant, Policy

GrantKey = tuple[str, str, str]
"""Account, role and user."""


class Holdings(NamedTuple):
    """The grants that count. `unmanaged`: the user map is given up, so that who is in a group stays there."""

    before: Mapping[GrantKey, Grant]
    after: Mapping[GrantKey, Grant]
    unmanaged: bool

    def of(self, touched: set[tuple[str, str]]) -> dict[tuple[str, str], frozenset[str]]:
        """Who holds these roles after the change."""
        holders: dict[tuple[str, str], set[str]] = {}
        for account, role, user in self.after:
            if (account, role) in touched:
                holders.setdefault((account, role), set()).add(user)
        return {key: frozenset(users) for key, users in holders.items()}


def holdings(
    base: Policy | None,
    head: Policy,
    today: date,
    accounts: Iterable[tuple[str, str, bool]],
    renamed_roles: Mapping[str, str],
    stay: set[tuple[str, str]],
) -> Holdings:
    """Compare two states. `accounts` are renamed ones, and whether their groups go on; `renamed_roles` has
    former names by new ones; `stay` are the roles that are there on both sides.
    """
    names = {old: new for old, new, goes_on in accounts if goes_on}
    roles = {former: name for name, former in renamed_roles.items()}
    before = {(names.get(a, a), roles.get(role, role), user): g for (a, role, user), g in _grants(base, today).items()}
    if base and base.users and head.users is None:
        return Holdings(before, {key: grant for key, grant in before.items() if key[:2] in stay}, True)
    return Holdings(before, _grants(head, today), False)


def _grants(policy: Policy | None, today: date) -> dict[GrantKey, Grant]:
    """The grants that count today, of accounts that are there."""
    if policy is None or policy.users is None:
        return {}
    there = {account.name for account in policy.present}
    return {(g.account, g.role, g.user): g for g in policy.users.grants if g.holds(today) and g.account in there}
