"""Small policies for tests, made by the real loader from small files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date

from loading import InMemory

from rolemodel_ci.config.loader import load
from rolemodel_ci.model.desired import Policy

TODAY = date(2026, 11, 23)
MASTER_ID = "111111111111"
IDS = {"prod": "222222222222", "dev": "333333333333", "test": "444444444444", "cdn": "555555555555"}

Roles = Mapping[str, Mapping[str, object]]
"""Properties of each role beside its trust, by logical id."""

PLAIN: Roles = {"Admin": {}, "Reader": {}}


def template(roles: Roles = PLAIN, **parts: object) -> str:
    """A template with these roles; `parts` are added to it (`Conditions={…}`). `Condition` in a role is its own."""
    resources = {}
    for name, properties in roles.items():
        trust = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": {"Fn::Sub": ("arn:aws:iam::${AssumingAccountID}:root")}},
                }
            ]
        }
        own = {key: value for key, value in properties.items() if key != "Condition"}
        resources[name] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **own}}
        if "Condition" in properties:
            resources[name]["Condition"] = properties["Condition"]  # type: ignore[assignment]
    parameters = {"AssumingAccountID": {"Type": "String"}}
    return json.dumps({"Parameters": parameters, "Resources": resources, **parts}, indent=1)


def policy(
    users: str | None = "prod: {Admin: [alice]}",
    *,
    roles: Roles | str = PLAIN,
    accounts: Sequence[str] = ("prod", "dev"),
    config: str = "",
) -> Policy:
    """A policy. `roles` may be a template's text; `accounts` are names, `old absent` for one with that state.

    `config` is added to the config file. `users` None: the config names no user map.
    """
    lines = [
        "assumable_roles: roles.yml",
        f'master_account_id: "{MASTER_ID}"',
        *config.splitlines(),
        "assumable_accounts:",
    ]
    for account in accounts:
        name, *absent = account.split()
        lines += [f"  - name: {name}", f"    profile: {name}"]
        lines += [f'    account_id: "{IDS[name]}"'] if name in IDS else []
        lines += ["    state: absent"] if absent else []
    files = {"roles.yml": roles if isinstance(roles, str) else template(roles)}
    if users is not None:
        lines.append("users: users.yml")
        files["users.yml"] = users
    result = load(InMemory({**files, "config.yml": "\n".join(lines) + "\n"}), "config.yml")
    assert result.problems == (), result.problems
    assert result.policy is not None
    return result.policy
