"""An embedded AWS furnished for a policy, and sessions that may do there what the product's roles may do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.credential_sources import MASTER, AccountCredentials, AssumedRole
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import SandboxCredentials, SandboxSpec, seed


def account_ids(policy: Policy) -> dict[str, str]:
    """An id for every account by name: the config's, or an invented one that no other has."""
    taken = {policy.master_account_id, *(a.account_id for a in policy.accounts if a.account_id)}
    invented = (f"{number:012d}" for number in range(900_000_000_001, 1_000_000_000_000))
    free = (number for number in invented if number not in taken)
    return {account.name: account.account_id or next(free) for account in policy.accounts}


def furniture(policy: Policy) -> SandboxSpec:
    """What the embedded AWS has to hold for a policy: its accounts and the users of its map."""
    users = {grant.user for grant in policy.users.grants} if policy.users else set()
    return SandboxSpec(
        policy.master_account_id,
        tuple(account_ids(policy).values()),
        tuple(sorted(users)),
        policy.stack_name,
        policy.owner,
    )


def doors(
    policy: Policy, furnished: SandboxCredentials, role: str, ids: Mapping[str, str]
) -> dict[str, AccountCredentials]:
    """The way into every account through the role of that name."""

    def door(label: str, account_id: str) -> AccountCredentials:
        arn = f"arn:aws:iam::{account_id}:role/{role}"
        return AccountCredentials(
            label, account_id, AssumedRole(arn, "rolemodel-ci", furnished.access_key, furnished.secret_key)
        )

    return {MASTER: door("the master account", policy.master_account_id)} | {
        name: door(f"account `{name}`", account_id) for name, account_id in ids.items()
    }


def role_sessions(policy: Policy, furnished: SandboxCredentials, jobs: int) -> tuple[Sessions, Sessions]:
    """Sessions of the role that may only read, and of the one that may do what the tool needs."""
    ids, calls = account_ids(policy), Calls()
    plan, apply = (
        Sessions(doors(policy, furnished, role, ids), policy.region, jobs, furnished.url, calls=calls)
        for role in (furnished.plan_role_name, furnished.apply_role_name)
    )
    return plan, apply


@contextlib.contextmanager
def furnished_world(policy: Policy, jobs: int) -> Iterator[tuple[Sessions, Sessions]]:
    """Start, furnish, and stop at the end."""
    with EmbeddedAws(groups_quota=policy.guards.groups_quota) as aws:
        yield role_sessions(policy, seed(aws, furniture(policy)), jobs)
