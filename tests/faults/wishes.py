"""What a repository may want, in short; written as its files, and drawn by a seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from cli.company import role

MASTER = "111111111111"
ACCOUNTS = {name: str(number) * 12 for number, name in enumerate("abcdef", 2)}
"""Ids by name."""

PEOPLE = ("ann", "bob", "cyd", "dan", "eve")

Access = tuple[str, str, str, str]
"""A user, the id of an account, a role by its logical id, and what the role may do."""


@dataclass(frozen=True)
class Wish:
    """`roles`: by logical id, what it may do (a managed policy of AWS) and its name, if the template gives one.
    `users`: by account and role. An account that is `absent` loses its stack; one in neither is not in the config.
    """

    roles: Mapping[str, tuple[str, str]]
    users: Mapping[str, Mapping[str, tuple[str, ...]]]
    absent: tuple[str, ...] = ()

    @property
    def accesses(self) -> set[Access]:
        """Who is to get in where."""
        return {
            (user, ACCOUNTS[account], name, self.roles[name][0])
            for account, roles in self.users.items()
            for name, users in roles.items()
            for user in users
        }

    @property
    def groups(self) -> dict[str, set[str]]:
        """Every group that is to be there, and its members."""
        return {
            f"RM.{account}.{name}": set(roles.get(name, ()))
            for account, roles in self.users.items()
            for name in self.roles
        }

    def write(self, directory: Path) -> Path:
        """Write the three files; the path of the config."""
        directory.mkdir(parents=True, exist_ok=True)
        accounts = [{"name": name, "account_id": ACCOUNTS[name], "profile": name} for name in self.users]
        accounts += [
            {"name": name, "account_id": ACCOUNTS[name], "profile": name, "state": "absent"} for name in self.absent
        ]
        # The guards have tests of their own; here everything is to be tried.
        guards = {"revoke_percent": 100, "revoke_floor": 1000}
        content = {
            "assumable_roles": "roles.yml", "users": "users.yml", "master_account_id": MASTER, "guards": guards,
            "master_account_profile": "master", "assumable_accounts": accounts,
        }  # fmt: skip
        template = {
            "Parameters": {"AssumingAccountID": {"Type": "String"}},
            "Resources": {name: _resource(*said) for name, said in self.roles.items()},
        }
        people = {
            account: {name: list(users) for name, users in roles.items()} for account, roles in self.users.items()
        }
        for name, document in (("config", content), ("roles", template), ("users", people)):
            (directory / f"{name}.yml").write_text(json.dumps(document, indent=1), encoding="utf-8")
        return directory / "config.yml"


def _resource(what: str, name: str) -> dict[str, Any]:
    named = {"RoleName": name} if name else {}
    return role(ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{what}"], **named)


def drawn(seed: str, accounts: str = "abc") -> Wish:
    """Any wish: up to three roles in these accounts, which may be absent or not in the config."""
    random = Random(seed)
    roles = {
        name: (random.choice(("ReadOnlyAccess", "PowerUserAccess")), random.choice(("", "", f"Named{name}")))
        for name in random.sample(("Admin", "Read", "Ops"), random.choice((1, 2, 2, 3)))
    }
    states = {account: random.choice(("present", "present", "present", "absent", "gone")) for account in accounts}
    states[random.choice(accounts)] = "present"
    users = {
        account: {name: tuple(user for user in PEOPLE if random.random() < 0.4) for name in roles}
        for account, state in states.items()
        if state == "present"
    }
    return Wish(roles, users, tuple(account for account, state in states.items() if state == "absent"))
