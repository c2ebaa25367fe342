"""What becomes of the roles of accounts: their differences, and the ways into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.roles import role_names
from rolemodel_ci.iam.account_ids import unnumbered
from rolemodel_ci.iam.canonical_template import trust_of
from rolemodel_ci.iam.declarations import declarations
from rolemodel_ci.iam.differences import Difference, Direction
from rolemodel_ci.iam.other_resources import gives_beside
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.iam.trust import Trust, TrustExposure, ways
from rolemodel_ci.model.desired import Policy


@dataclass(frozen=True, slots=True)
class RoleChanges:
    """What changes in the roles of some accounts: the same in each of them."""

    accounts: tuple[str, ...]
    differences: tuple[Difference, ...]

    def roles(self) -> Iterator[tuple[str, str]]:
        """Everything that changes, by account and name."""
        return ((account, d.name) for account in self.accounts for d in self.differences)

    def widened(self) -> tuple[str, ...]:
        """The roles that can do more, or be taken on by more, than before."""
        return tuple(d.name for d in self._changed() if any(c.direction is Direction.WIDENS for c in d.changes))

    def unclear(self) -> tuple[str, ...]:
        """The roles that change in a way that cannot be told, and of which nothing is known that widens them."""
        return tuple(d.name for d in self._changed() if d.direction is Direction.EITHER)

    def trusting(self) -> tuple[str, ...]:
        """The roles of which it changes who may take them on."""
        return tuple(d.name for d in self._changed() if d.changes_trust)

    def _changed(self) -> Iterator[Difference]:
        return (d for d in self.differences if d.is_role and d.what == "changed")

    def beside(self) -> tuple[Difference, ...]:
        """What comes or changes beside the roles and may give access that no role shows."""
        return tuple(filter(gives_beside, self.differences))


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that comes, and what its stack makes.

    `beside` is what may give access that no role shows, as name and type. `holder` had the account's id before.
    `parameters` are those that the config gives it, with the values of hidden ones left out.
    """

    account: str
    account_id: str | None
    roles: tuple[str, ...]
    beside: tuple[tuple[str, str], ...] = ()
    holder: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


class EvaluatedSide(NamedTuple):
    """What the template means in each account that is there, before a change or after it, and the master account."""

    resolved: Mapping[str, EvaluatedTemplate]
    master: str


def paired(base: Policy | None, head: Policy) -> dict[str, str]:
    """The accounts that are there before and after a change: the name after it, and the name before it.

    An account is the one that had its id, whatever it was called; without an id that says so, the one of its name, or
    the one that it was called by its own word (`was`), for the groups of that one go on.
    """
    if base is None:
        return {}
    ids = {account.account_id: account.name for account in base.present if account.account_id}
    found = {account.name: ids[account.account_id] for account in head.present if account.account_id in ids}
    left = {account.name: account.account_id for account in base.present if account.name not in found.values()}
    found |= {account.name: account.name for account in head.present if account.name in left.keys() - found.keys()}
    for account in head.present:
        was = account.was
        if was in left.keys() - found.keys() and account.name not in found and not (account.account_id and left[was]):
            found[account.name] = was
    return found


def steady_ids(base: Policy | None, head: Policy) -> dict[str, str]:
    """The account ids that no account has changed or taken over, by name."""
    moved = head.renumbered(base)
    return {a.name: a.account_id for a in head.accounts if a.account_id and a.name not in moved}


def renamed_roles(base: Policy | None, head: Policy) -> dict[str, str]:
    """The former names of roles whose groups go on under another one, by the new ones."""
    there = {role.name for role in base.template.roles} if base else set()
    stay = {role.name for role in head.template.roles}
    found = ((name, one.was) for name, one in head.renamed_roles.items() if name in stay - there)
    return {name: former for name, former in found if former in there - stay}


def reshaped(
    before: EvaluatedSide, after: EvaluatedSide, ids: Mapping[str, str], renamed: Mapping[str, str]
) -> Iterator[RoleChanges]:
    """Accounts that are there before and after, by what changes in them."""
    accounts: dict[tuple[Difference, ...], list[str]] = {}
    known: dict[tuple[int, int], tuple[tuple[Difference, ...], str]] = {}
    for name in sorted(before.resolved.keys() & after.resolved.keys()):
        was, now = before.resolved[name], after.resolved[name]
        pair = (id(was), id(now))
        if pair not in known:
            found = (*differences(was, now, renamed), *declarations(was, now))
            known[pair] = found, repr(found)
        found, text = known[pair]
        if found:
            number = ids.get(name) or ""
            accounts.setdefault(unnumbered(found, number) if number in text else found, []).append(name)
    for shared, names in accounts.items():
        yield RoleChanges(tuple(names), shared)


def joining(base: Policy | None, head: Policy, before: EvaluatedSide, after: EvaluatedSide) -> Iterator[NewAccount]:
    """The accounts that come, sorted by name."""
    holders = {account.account_id: account.name for account in base.accounts} if base else {}
    known: dict[int, tuple[tuple[str, str], ...]] = {}
    for account in sorted(head.present, key=lambda account: account.name):
        if account.name in before.resolved:
            continue
        meaning = after.resolved[account.name]
        if id(meaning) not in known:
            added = filter(gives_beside, differences(EvaluatedTemplate({}, {}), meaning))
            known[id(meaning)] = tuple((difference.name, difference.kind) for difference in added)
        holder = holders.get(account.account_id) if account.account_id else None
        other = holder if holder != account.name else None
        given = tuple(sorted((name, shown(name, value, head)) for name, value in account.parameters))
        yield NewAccount(account.name, account.account_id, role_names(meaning), known[id(meaning)], other, given)


def shown(parameter: str, value: str, *policies: Policy) -> str:
    """The value of a parameter, if the templates let it be seen."""
    declared = (policy.template.parameter(parameter) for policy in policies)
    return "****" if value and any(one.hidden for one in declared if one) else value


def arriving(before: EvaluatedSide, after: EvaluatedSide) -> Iterator[RoleChanges]:
    """What comes with accounts that come, unless it is the same as in an account that was there."""
    there = {id(meaning) for name, meaning in after.resolved.items() if name in before.resolved}
    accounts: dict[int, list[str]] = {}
    for name, meaning in sorted(after.resolved.items()):
        if name not in before.resolved and id(meaning) not in there:
            accounts.setdefault(id(meaning), []).append(name)
    for names in accounts.values():
        yield RoleChanges(tuple(names), differences(EvaluatedTemplate({}, {}), after.resolved[names[0]]))


def ways_into(
    before: EvaluatedSide,
    after: EvaluatedSide,
    wanted: Iterable[tuple[str, str]],
    ids: Mapping[str, str],
    renamed: Mapping[str, str],
) -> dict[tuple[str, str], TrustExposure]:
    """The ways into those of the wanted roles, by account and role, that have any besides their groups."""
    known: dict[tuple[int, int, str], TrustExposure] = {}
    found: dict[tuple[str, str], TrustExposure] = {}
    for account, role in sorted(wanted):
        was, now = before.resolved.get(account), after.resolved.get(account)
        trust = _trust(now, role, after.master)
        if trust is None:
            continue
        pair = (id(was), id(now), role)
        if pair not in known:
            known[pair] = ways(_trust(was, renamed.get(role, role), before.master), trust)
        if known[pair] != TrustExposure():
            found[account, role] = unnumbered(known[pair], ids.get(account))
    return found


def _trust(resolved: EvaluatedTemplate | None, role: str, master: str) -> Trust | None:
    if resolved is None or role not in role_names(resolved):
        return None
    return Trust(trust_of(resolved, role), master)
