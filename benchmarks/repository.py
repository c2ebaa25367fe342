"""Access repositories of a given size, made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

ROLES = ("AdminRole", "PowerRole", "ReadOnlyRole", "FinanceRole")
"""The roles of the package's sample template."""

GROUPS_QUOTA = 500
"""The most that AWS gives: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is: `accounts` with 4 roles each, and `users` who are each in `groups_per_user` of the groups."""

    accounts: int
    users: int
    groups_per_user: int
    long_form: bool = False

    @property
    def groups(self) -> int:
        """Groups in the master account."""
        return self.accounts * len(ROLES)

    @property
    def grants(self) -> int:
        """Memberships, which are grants of the user map."""
        return self.users * self.groups_per_user


def write(directory: Path, size: Size) -> str:
    """Write the three files into `directory`; the path of the config."""
    template = resources.files("rolemodel_ci").joinpath("sample", "roles.yml").read_text(encoding="utf-8")
    (directory / "roles.yml").write_text(template, encoding="utf-8")
    (directory / "users.yml").write_text("".join(_user_map(size)), encoding="utf-8")
    (directory / "config.yml").write_text("".join(_config(size)), encoding="utf-8")
    return str(directory / "config.yml")


def add_grant(directory: Path, size: Size) -> None:
    """Let the first user into one more role."""
    path, taken = directory / "users.yml", {_group(0, turn, size) for turn in range(size.groups_per_user)}
    account, role = divmod(next(group for group in range(size.groups) if group not in taken), len(ROLES))
    head, key, tail = path.read_text(encoding="utf-8").partition(f"account-{account:03}:\n")
    role_key = f"  {ROLES[role]}:\n"
    before, _, after = tail.partition(role_key)
    path.write_text(f"{head}{key}{before}{role_key}    - {_user(0)}\n{after}", encoding="utf-8")


def _config(size: Size) -> Iterator[str]:
    yield "assumable_roles: roles.yml\nusers: users.yml\nmaster_account_id: 111111111111\nassumable_accounts:\n"
    for number in range(size.accounts):
        yield f"  - name: account-{number:03}\n    account_id: {200_000_000_000 + number}\n"
    yield f"guards:\n  groups_quota: {GROUPS_QUOTA}\n"


def _user_map(size: Size) -> Iterator[str]:
    members: dict[int, list[str]] = {group: [] for group in range(size.groups)}
    for number in range(size.users):
        for turn in range(size.groups_per_user):
            members[_group(number, turn, size)].append(_user(number))
    for number in range(size.accounts):
        yield f"account-{number:03}:\n"
        for place, role in enumerate(ROLES):
            users = members[number * len(ROLES) + place]
            yield f"  {role}:\n" if users else f"  {role}: []\n"
            yield from (_entry(user, size.long_form) for user in users)


def _group(user: int, turn: int, size: Size) -> int:
    """The group, by number, that a user is in; different for each turn."""
    return (user * size.groups_per_user + turn) % size.groups


def _user(number: int) -> str:
    return f"user-{number:05}@example.com"


def _entry(user: str, long_form: bool) -> str:
    if not long_form:
        return f"    - {user}\n"
    return f"    - user: {user}\n      expires: 2099-12-31\n      reason: on-call, OPS-1423\n"
