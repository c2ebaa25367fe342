"""The ways into accounts: whose credentials a run has, and what it takes on with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rolemodel_ci.model.desired import Policy

MASTER = ""
"""The name under which the master account's door is kept; no account can have it."""

_SESSION_NAME_LIMIT = 64
"""Characters of RoleSessionName: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the AWS config and credentials files; None for what the environment gives."""

    name: str | None


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A role that a user with a static key assumes. The key is not shown when the value is printed."""

    role_arn: str
    session_name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A role that trusts the one who signs tokens. `token` returns a new one for each use; raises CredentialsError."""

    role_arn: str
    session_name: str
    token: Callable[[], str] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ChainedRole:
    """A role that is assumed with what the door of the master account gives."""

    role_arn: str
    session_name: str


Source = Profile | AssumedRole | WebIdentity | ChainedRole


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """How to get into one account. `account_id` is the account it has to be; None: any, for it has no id yet.

    `source` is None where there is no way in: `missing` says what is lacking, and `remedy` what to do about that.
    """

    label: str
    account_id: str | None
    source: Source | None
    missing: str = ""
    remedy: str = ""


def local_doors(policy: Policy) -> dict[str, AccountCredentials]:
    """The doors of a run with local credentials."""
    doors = {MASTER: AccountCredentials("the master account", policy.master_account_id, Profile(policy.master_profile))}
    for account in policy.accounts:
        doors[account.name] = AccountCredentials(
            f"account `{account.name}`",
            account.account_id,
            Profile(account.profile) if account.profile else None,
            "names no profile, which a run with local credentials needs",
            f"Add `profile:` to it in {policy.config_file} (line {account.place.line}).",
        )
    return doors


def github_doors(
    policy: Policy, role: str, session_name: str, token: Callable[[], str]
) -> dict[str, AccountCredentials]:
    """The doors of a run in GitHub Actions: the role of that name, in every account or in the master and on from it."""

    def arn(account_id: str) -> str:
        return f"arn:{partition(policy.region)}:iam::{account_id}:role/{role}"

    def source(account_id: str) -> Source:
        if onward and account_id != policy.master_account_id:
            return ChainedRole(arn(account_id), session_name)
        return WebIdentity(arn(account_id), session_name, token)

    onward = policy.github_oidc is not None and policy.github_oidc.via == "master"
    doors = {
        MASTER: AccountCredentials("the master account", policy.master_account_id, source(policy.master_account_id))
    }
    for account in policy.accounts:
        doors[account.name] = AccountCredentials(
            f"account `{account.name}`",
            account.account_id,
            source(account.account_id) if account.account_id else None,
            "has no account id, which a run in GitHub Actions needs",
            f"Add `account_id:` to it in {policy.config_file} (line {account.place.line}).",
        )
    return doors


def partition(region: str) -> str:
    """The partition of a region: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/"""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def session_name(repository: str, run_id: str) -> str:
    """What CloudTrail shows of a run: `OWNER.NAME@RUN`, the repository cut rather than the run."""
    tail = f"@{run_id}" if run_id else ""
    allowed = re.sub(r"[^\w+=,.@-]", ".", repository or "rolemodel-ci", flags=re.ASCII)
    return allowed[: _SESSION_NAME_LIMIT - len(tail)] + tail
