"""What has to change in the groups of the master account, and in who is a member of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rolemodel_ci.cloudformation.policies import as_list
from rolemodel_ci.model.desired import Grant
from rolemodel_ci.model.live import LiveGroup, LiveMaster
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    DeleteGroup,
    DeletePolicy,
    DetachPolicy,
    Phase,
    PutPolicy,
    RemoveMember,
)
from rolemodel_ci.reconcile.plan import Blocked
from rolemodel_ci.suggestions import Hints

BEFORE_LIMIT = 6_000
"""Characters of an old policy that are kept. IAM takes 5,120 without white space in a group:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """One account and role that are to have a group.

    `arn` is what the role's ARN will be after the run, None while that is not known; `live_arn` is what it is now.
    `unreadable`: the account could not be read, or is left alone, and this is what to do about it; `why` says which.
    """

    account: str
    role: str
    group: str
    arn: str | None
    live_arn: str | None = None
    unreadable: str | None = None
    why: str = "cannot be read"


def policy_name(group: str) -> str:
    """Name of the one inline policy of a group."""
    return f"{group}-Policy"


def group_policy(arn: str) -> str:
    """The document that lets the members of a group switch into exactly one role."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def as_it_was(document: Any) -> str:
    """A policy that goes or is replaced, for whoever asks later what had been there; cut where it is too long."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return text if len(text) <= BEFORE_LIMIT else f"{text[:BEFORE_LIMIT]}…"


def opens_exactly(document: Any, arn: str) -> bool:
    """Whether a policy document says what `group_policy` says, in whatever spelling."""
    statements = _statements(document)
    if statements is None or len(statements) != 1 or not _is_plain(statements[0]):
        return False
    actions = [str(action).lower() for action in as_list(statements[0]["Action"])]
    return actions == ["sts:assumerole"] and as_list(statements[0]["Resource"]) == [arn]


def opens_at_least(document: Any, arn: str) -> bool:
    """Whether a policy document opens `arn` and maybe more, so that writing `group_policy` can only take away."""
    statements = _statements(document)
    if statements is None or any(not isinstance(s, dict) or s.get("Effect") != "Allow" for s in statements):
        return False
    return any(
        {str(action).lower() for action in as_list(statement["Action"])} & {"sts:assumerole", "sts:*", "*"}
        and {arn, "*"} & set(map(str, as_list(statement["Resource"])))
        for statement in statements
        if _is_plain(statement)
    )


def _statements(document: Any) -> list[Any] | None:
    """The statements of a policy document; None where it is none of the version that is in use."""
    if not isinstance(document, dict) or set(document) - {"Version", "Statement", "Id"}:
        return None
    if document.get("Version") != "2012-10-17":  # the older version reads variables in ARNs as text
        return None
    return as_list(document.get("Statement"))


def _is_plain(statement: Any) -> bool:
    """Whether a statement allows actions on resources, without conditions or exceptions."""
    return (
        isinstance(statement, dict)
        and set(statement) - {"Sid"} == {"Effect", "Action", "Resource"}
        and statement["Effect"] == "Allow"
    )


def taken_elsewhere(slot: DesiredGroup, master: LiveMaster, path: str) -> Blocked | None:
    """Why the group cannot be made: IAM has one of that name, or of its spelling, not under `path`, which is ours."""
    other = master.groups.get(slot.group)
    if other is None:
        wanted = slot.group.lower()
        other = next((group for name, group in master.groups.items() if name.lower() == wanted), None)
    if other is None or other.path == path:  # one of ours, of another spelling, is a stray and goes first
        return None
    return Blocked(
        slot.group,
        None,
        f"group `{other.name}` exists under path `{other.path}`, and is not this repository's to change",
        "Rename or delete that group, or choose another `group_prefix`.",
    )


def unfit_members(taken: Blocked, grants: Mapping[str, Grant]) -> Iterator[Blocked]:
    """The grants that cannot be made because their group cannot be."""
    for user, grant in sorted(grants.items()):
        yield replace(taken, user=user, place=grant.place)


def shape_changes(slot: DesiredGroup, group: LiveGroup | None) -> Iterator[Change]:
    """Changes that give the group its one policy and nothing else."""
    name = policy_name(slot.group)
    if group is None:
        yield CreateGroup(slot.account, slot.role, slot.group)
        yield PutPolicy(slot.account, slot.role, slot.group, name, slot.arn)
        return
    for arn in group.attached:
        yield DetachPolicy(slot.account, slot.role, slot.group, arn)
    for other in group.policies:
        if other != name:
            yield DeletePolicy(slot.account, slot.role, slot.group, other, before=as_it_was(group.policies[other]))
    document = group.policies.get(name)
    if slot.unreadable or (slot.arn and opens_exactly(document, slot.arn)):
        return
    was = None if document is None else as_it_was(document)
    if document is None or (slot.live_arn and opens_exactly(document, slot.live_arn)):
        yield PutPolicy(slot.account, slot.role, slot.group, name, slot.arn, before=was)
    elif slot.arn and opens_at_least(document, slot.arn):  # It only takes access away, so it does not wait.
        yield PutPolicy(slot.account, slot.role, slot.group, name, slot.arn, Phase.REVOKE, before=was)
    else:  # It opens something it should not, and not what it should.
        yield DeletePolicy(slot.account, slot.role, slot.group, name, before=was)
        yield PutPolicy(slot.account, slot.role, slot.group, name, slot.arn, before=was)


def removal_changes(group: LiveGroup, account: str | None, role: str | None) -> Iterator[Change]:
    """Changes that empty a group and delete it."""
    for user in group.members:
        yield RemoveMember(account, role, group.name, user)
    for arn in group.attached:
        yield DetachPolicy(account, role, group.name, arn)
    for policy in group.policies:
        yield DeletePolicy(account, role, group.name, policy, before=as_it_was(group.policies[policy]))
    yield DeleteGroup(account, role, group.name)


def member_changes(
    slot: DesiredGroup,
    group: LiveGroup | None,
    grants: Mapping[str, Grant],
    ended: Mapping[str, Grant],
    users: frozenset[str],
    hints: Hints,
) -> Iterator[Change | Blocked]:
    """Changes that make `grants` (by user) the members of the group. `ended` are grants whose last day is over.

    `users` are those of the master account; `hints` has their names for misspelt ones.
    """
    members = group.members if group else frozenset()
    yield from leavers(slot, slot.group, members, grants, ended)
    for user in sorted(grants.keys() - members):  # the first misspelt names get a hint
        grant = grants[user]
        if slot.unreadable:
            yield Blocked(slot.group, user, f"account `{slot.account}` {slot.why}", slot.unreadable, grant.place)
        elif user not in users:
            yield Blocked(
                slot.group,
                user,
                f"user `{user}` does not exist in the master account",
                hints.slip_of(user) or "Create the user there, or correct the name; rolemodel-ci never creates users.",
                grant.place,
            )
        else:
            yield AddMember(slot.account, slot.role, slot.group, user, grant.expires, grant.reason, grant.place)


def leavers(
    slot: DesiredGroup, group: str, members: frozenset[str], grants: Mapping[str, Grant], ended: Mapping[str, Grant]
) -> Iterator[Change]:
    """Those of the members of a group who are not granted its role."""
    for user in members - grants.keys():
        last = ended[user].expires if user in ended else None
        yield RemoveMember(slot.account, slot.role, group, user, last)


def strays(master: LiveMaster, wanted: Iterable[str], path: str) -> list[LiveGroup]:
    """Groups under our path that nothing in the policy accounts for."""
    keep = set(wanted)
    return [group for name, group in sorted(master.groups.items()) if group.path == path and name not in keep]
