"""Groups that are wanted ones under a former name: of an account, a role or a prefix that was renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from rolemodel_ci.cloudformation.policies import as_list
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveGroup, LiveMaster
from rolemodel_ci.reconcile.changes import Change, DeletePolicy, DetachPolicy, RemoveMember, RenameGroup
from rolemodel_ci.reconcile.diff.groups import DesiredGroup, opens_exactly
from rolemodel_ci.reconcile.plan import Blocked

_ROLE_ARN = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):role/(?:[^*?]*/)?([^/*?]+)\Z")


def opened_roles(document: object) -> Iterator[tuple[str, str]]:
    """The roles that a policy document names as resources: account id and name."""
    for statement in as_list(document.get("Statement")) if isinstance(document, dict) else ():
        for resource in as_list(statement.get("Resource")) if isinstance(statement, dict) else ():
            found = _ROLE_ARN.match(resource) if isinstance(resource, str) else None
            if found:
                yield found[1], found[2]


def former_groups(policy: Policy, master: LiveMaster, slots: Iterable[DesiredGroup]) -> dict[str, LiveGroup]:
    """By wanted name, the group that there is under a former one: as the config says, or because it opens that role."""
    slots = list(slots)
    wanted = {slot.group for slot in slots} | {
        policy.group_name(account.name, role.name) for account in policy.present for role in policy.template.roles
    }
    free = {n: g for n, g in sorted(master.groups.items()) if g.path == policy.group_path and n not in wanted}
    found: dict[str, LiveGroup] = {}
    for slot in slots:
        account = policy.account(slot.account)
        names = list(policy.former_groups(account, slot.role)) if account else []
        if slot.group not in master.groups:
            names += [name for name, group in free.items() if _opens_only(group, slot)]
        # IAM tells no names apart by their case: of two such groups the old one has to go first.
        name = next((n for n in names if n in free and n.lower() != slot.group.lower()), None)
        if name:
            found[slot.group] = free.pop(name)
    return found


def _opens_only(group: LiveGroup, slot: DesiredGroup) -> bool:
    """Whether a group opens exactly the role of the slot, as it is now or will be."""
    arns = [arn for arn in (slot.live_arn, slot.arn) if arn]
    documents = list(group.policies.values())
    return len(documents) == 1 and any(opens_exactly(documents[0], arn) for arn in arns)


def rename_changes(
    slot: DesiredGroup, old: LiveGroup, held: Set[str] | None, kept_arns: Iterable[str | None]
) -> Iterator[Change]:
    """Changes by which the group goes on under its new name. `held`: who is granted the role; None: that is left alone.

    What it opens beside the role is closed first. Who is to leave it leaves before that, by `leavers`.
    """
    arns = [arn for arn in kept_arns if arn]
    for arn in old.attached:
        yield DetachPolicy(slot.account, slot.role, old.name, arn)
    kept = []
    for name, document in old.policies.items():
        if any(opens_exactly(document, arn) for arn in arns):
            kept.append(name)
        else:
            yield DeletePolicy(slot.account, slot.role, old.name, name)
    members = old.members if held is None else old.members & held
    yield RenameGroup(slot.account, slot.role, slot.group, old.name, slot.arn, tuple(sorted(members)), tuple(kept))


@dataclass(frozen=True, slots=True)
class Held:
    """A group that may be one of an account that cannot be read, under a former name: it stays for those granted it."""

    group: LiveGroup
    account: str
    users: frozenset[str]

    def changes(self) -> Iterator[Change | Blocked]:
        """Who is not granted the role leaves it; it is told that the rest stays."""
        for user in self.group.members - self.users:
            yield RemoveMember(self.account, None, self.group.name, user)
        yield Blocked(
            self.group.name,
            None,
            f"it opens a role of an account that may be `{self.account}` under a former name, and that cannot be read; "
            f"{len(self.group.members & self.users)} members stay in it",
            f"Mend what keeps `{self.account}` from being read, or write `was:` into its entry of the config.",
        )


def held_back(
    policy: Policy,
    master: LiveMaster,
    slots: Iterable[DesiredGroup],
    group: LiveGroup,
    holding: Mapping[str, Set[str]] | None,
) -> Held | None:
    """What of a stray group stays, because an account that cannot be read may have been renamed."""
    missing = [slot for slot in slots if slot.unreadable and slot.group not in master.groups]
    ids = {account_id for document in group.policies.values() for account_id, _ in opened_roles(document)}
    known = {account.account_id for account in policy.accounts}
    candidates = []
    for slot in missing:
        account = policy.account(slot.account)
        if account and (account.account_id in ids or (account.account_id is None and ids - known)):
            candidates.append(slot)
    same = [slot for slot in candidates if group.name.endswith(f".{slot.role}")] or candidates
    users = {user for slot in same for user in (group.members if holding is None else holding.get(slot.group, ()))}
    return Held(group, same[0].account, frozenset(users)) if group.members & users else None
