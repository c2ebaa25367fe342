"""The nouns of an access policy, as the repository states them. Frozen values, no behaviour that touches the world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

from rolemodel_ci.model.problem import Place

GROUP_PATH = "/RoleModel/"
"""IAM path of the groups of the default owner; those of an owner with a name are one level below it.

The path is the mark of ownership: nothing outside of one's own is ever changed.
"""

DEFAULT_OWNER = "default"
"""The owner of an installation whose config names none: there was no other before there were owners."""

OWNER_TAG = "rolemodel-ci:owner"
"""The tag by which a stack says whose it is."""

MASTER_PARAMETER = "AssumingAccountID"
"""Template parameter that is given the master account's id, as the 2015 tool gave it."""


GROUP_NAME_LIMIT = 128
"""Characters of a group's name: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

GROUPS_PER_USER = 10
"""Groups one IAM user can be in; AWS does not raise it (same page)."""


@dataclass(frozen=True, slots=True)
class Role:
    """An `AWS::IAM::Role` of the template. `name` is its logical id, which is what people call it."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter the template declares. `default` is None where there is none; `rules` are its other attributes."""

    name: str
    default: str | None
    rules: Mapping[str, Any]
    place: Place

    @property
    def hidden(self) -> bool:
        """Whether CloudFormation shows `****` instead of the value (NoEcho)."""
        return str(self.rules.get("NoEcho", "")).lower() == "true"


@dataclass(frozen=True, slots=True)
class Template:
    """A CloudFormation template.

    `text` is what is sent to AWS. `body` is its content with short tags written out and every scalar as text:
    dicts, lists and strings only, to be read and never changed. `places` finds a JSON path of `body` in the file.
    """

    file: str
    text: str
    body: Mapping[str, Any]
    roles: tuple[Role, ...]
    parameters: tuple[Parameter, ...]
    places: Mapping[tuple[str | int, ...], Place] = field(compare=False, repr=False)

    def parameter(self, name: str) -> Parameter | None:
        """The declared parameter of that name, or None."""
        return next((p for p in self.parameters if p.name == name), None)


@dataclass(frozen=True, slots=True)
class Account:
    """An assumable account. `absent` means: take the stack and the groups away. `was` is its former name."""

    name: str
    place: Place
    profile: str | None = None
    account_id: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    absent: bool = False
    was: str | None = None


class Grant(NamedTuple):
    """One user may switch into one role of one account, until the end of `expires` (UTC) if that is given."""

    account: str
    role: str
    user: str
    place: Place
    expires: date | None = None
    reason: str | None = None

    def holds(self, today: date) -> bool:
        """Whether the grant counts on `today` (UTC): it holds on its last day and is absent from the day after."""
        return self.expires is None or today <= self.expires


class MappedRole(NamedTuple):
    """An account and role that the user map names, even with nobody in it."""

    account: str
    account_place: Place
    role: str
    role_place: Place


@dataclass(frozen=True, slots=True)
class UserMap:
    """The user map: the accounts and roles it names, and its grants in the order of the file."""

    file: str
    accounts: tuple[tuple[str, Place], ...]
    roles: tuple[MappedRole, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Guards:
    """How much one run may take away, and how many groups the master account may hold.

    `revoke_percent`: share of all live memberships. `revoke_floor`: up to this many revocations that share does not
    matter. `revoke_most`: no more than this, whatever the share; None for no such limit.
    `groups_quota`: IAM groups per account, 300 unless raised (at most 500):
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """

    revoke_percent: int = 25
    revoke_floor: int = 5
    revoke_most: int | None = None
    groups_quota: int = 300


@dataclass(frozen=True, slots=True)
class Protection:
    """What no run may take away. With a user: memberships; without: roles. None stands for any account or role."""

    place: Place
    user: str | None = None
    account: str | None = None
    role: str | None = None

    def covers(self, account: str | None, role: str | None) -> bool:
        """Whether it is about that role of that account."""
        return self.account in (None, account) and self.role in (None, role)

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """What the entry gives: keys and values."""
        pairs = (("user", self.user), ("account", self.account), ("role", self.role))
        return tuple((key, value) for key, value in pairs if value is not None)

    def __str__(self) -> str:
        return ", ".join(f"{key} `{value}`" for key, value in self.named)


@dataclass(frozen=True, slots=True)
class GithubOidc:
    """How CI gets in: names of the roles, the token's audience, who trusts GitHub, and where the config says so."""

    plan_role: str
    apply_role: str
    audience: str = "sts.amazonaws.com"
    via: Literal["direct", "master"] = "direct"
    place: Place = field(default=Place(""), compare=False)


class Renamed(NamedTuple):
    """The former logical id of a role, and where the config says so."""

    was: str
    place: Place


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the repository decides. `users` is None where it leaves membership unmanaged.

    `stack_deadline`: minutes that one stack may take. `owner`: the name under which it owns stacks and groups.
    `master_is_assumable`: one of the accounts is meant to be the master itself.
    `renamed_roles`: former names by new ones.
    """

    config_file: str
    master_account_id: str
    accounts: tuple[Account, ...]
    template: Template
    users: UserMap | None = None
    master_profile: str | None = None
    stack_name: str = "RoleModel"
    region: str = "us-east-1"
    group_prefix: str = "RM."
    guards: Guards = Guards()
    github_oidc: GithubOidc | None = None
    protected: tuple[Protection, ...] = ()
    stack_deadline: int = 15
    owner: str = DEFAULT_OWNER
    master_is_assumable: bool = False
    renamed_roles: Mapping[str, Renamed] = field(default_factory=dict)

    @property
    def group_path(self) -> str:
        """The IAM path of this owner's groups, and of nobody else's."""
        return GROUP_PATH if self.owner == DEFAULT_OWNER else f"{GROUP_PATH}{self.owner}/"

    def group_name(self, account: str, role: str) -> str:
        """Name of the IAM group whose members may switch into `role` of `account`."""
        return f"{self.group_prefix}{account}.{role}"

    def former_groups(self, account: Account, role: str) -> Iterator[str]:
        """The names that the group of a role had under the former names that the config tells."""
        renamed = self.renamed_roles.get(role)
        names = [
            self.group_name(a, r)
            for a in (account.was, account.name)
            for r in (renamed and renamed.was, role)
            if a and r
        ]
        yield from (name for name in dict.fromkeys(names) if name != self.group_name(account.name, role))

    def account(self, name: str) -> Account | None:
        """The account of that name, or None."""
        return next((a for a in self.accounts if a.name == name), None)

    def renumbered(self, before: Policy | None) -> frozenset[str]:
        """The accounts that were there before and had another id, or none, or have none any more."""
        ids = {account.name: account.account_id for account in before.accounts} if before else {}
        return frozenset(a.name for a in self.accounts if ids.get(a.name, a.account_id) != a.account_id)

    def chosen(self, only: frozenset[str]) -> tuple[Account, ...]:
        """The accounts that a run looks at: those named in `only`, or all where none is named."""
        return tuple(a for a in self.accounts if not only or a.name in only)

    @property
    def present(self) -> tuple[Account, ...]:
        """The accounts that are to have their stack and groups."""
        return tuple(a for a in self.accounts if not a.absent)
