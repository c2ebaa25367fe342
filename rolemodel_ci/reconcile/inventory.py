"""Accounts, roles and how to get into them, as they are in AWS now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rolemodel_ci.cloudformation.roles import properties_of
from rolemodel_ci.model.live import DEAD, LiveStack, LiveState, Stack, Unreadable
from rolemodel_ci.reconcile.diff.stacks import deployed, live_arns

if TYPE_CHECKING:
    from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
    from rolemodel_ci.model.desired import Policy


@dataclass(frozen=True, slots=True)
class Entry:
    """One role of one account. `members` are sorted; `link` is the console's "switch role" page, filled in."""

    account: str
    account_id: str
    role: str
    name: str
    arn: str
    group: str
    members: tuple[str, ...]
    link: str
    mfa: bool
    session_seconds: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is. `missing`: accounts that lack their stack; `unreadable`: accounts that could not be read."""

    entries: tuple[Entry, ...]
    missing: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    source_profile: str | None
    region: str


def listing(policy: Policy, live: LiveState, only: frozenset[str] = frozenset()) -> Listing:
    """List the roles that exist, in the order of the config and of the template."""
    entries: list[Entry] = []
    missing: list[str] = []
    unreadable: list[Unreadable] = []
    for account in policy.chosen(only):
        match live.stacks[account.name]:
            case LiveStack() as stack if stack.status not in DEAD:
                meaning = deployed(policy, account, stack)
                for role, arn in live_arns(policy, account, stack).items():
                    group = live.master.groups.get(policy.group_name(account.name, role))
                    members = tuple(sorted(group.members)) if group else ()
                    entries.append(_entry(policy, account.name, role, arn, members, meaning))
            case Unreadable() as stack:
                unreadable.append(stack)
            case _ if not account.absent:
                missing.append(account.name)
    return Listing(tuple(entries), tuple(missing), tuple(unreadable), policy.master_profile, policy.region)


def switch_links(policy: Policy, stacks: Mapping[str, Stack]) -> dict[tuple[str, str], str]:
    """By account and role, the page that switches into the role, of the roles that these stacks have."""
    return {
        (name, role): switch_link(arn, f"{role} @ {name}")
        for name, stack in stacks.items()
        if isinstance(stack, LiveStack) and stack.status not in DEAD and (account := policy.account(name))
        for role, arn in live_arns(policy, account, stack).items()
    }


def _entry(
    policy: Policy, account: str, role: str, arn: str, members: tuple[str, ...], meaning: EvaluatedTemplate
) -> Entry:
    account_id = arn.split(":")[4]
    properties = properties_of(meaning.resources[role])
    seconds = str(properties.get("MaxSessionDuration", "3600"))
    return Entry(
        account=account,
        account_id=account_id,
        role=role,
        name=arn.rpartition("/")[2],
        arn=arn,
        group=policy.group_name(account, role),
        members=members,
        link=switch_link(arn, f"{role} @ {account}"),
        mfa="MultiFactorAuth" in str(properties.get("AssumeRolePolicyDocument", "")),
        session_seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 10 else 3600,
    )


def switch_link(arn: str, display_name: str) -> str:
    """The console page that switches into a role; the display name has at most 64 characters.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
    """
    partition, account_id = arn.split(":")[1], arn.split(":")[4]
    host = {"aws-cn": "signin.amazonaws.cn", "aws-us-gov": "signin.amazonaws-us-gov.com"}.get(
        partition, "signin.aws.amazon.com"
    )
    name = arn.partition(":role/")[2]
    return f"https://{host}/switchrole?" + urlencode(
        {"account": account_id, "roleName": name, "displayName": display_name[:64]}
    )
