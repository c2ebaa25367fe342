"""What a change alters in the config: each key of it, and what is a risk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from builders import TODAY, policy
from loading import InMemory

from rolemodel_ci.access_request.request import request
from rolemodel_ci.access_request.setting_changes import TOLD_ELSEWHERE, Setting, settings
from rolemodel_ci.config.json_schema import published
from rolemodel_ci.config.loader import load
from rolemodel_ci.model.desired import Policy

ROLES = (
    "Parameters: {Team: {Type: String, Default: a}, Key: {Type: String, Default: a, NoEcho: true}}\n"
    "Resources: {Admin: {Type: 'AWS::IAM::Role'}}\n"
)
PROD = "name: prod, account_id: 222222222222"
DEV = "name: dev, account_id: 333333333333"
OIDC = "github_oidc: {plan_role: look, apply_role: make}\n"


def config(
    more: str = "", *, accounts: str = f"{{{PROD}}}, {{{DEV}}}", roles: str = "roles.yml", master: str = "1"
) -> Policy:
    """A policy of this config."""
    text = f"assumable_roles: {roles}\nmaster_account_id: {master * 12}\nassumable_accounts: [{accounts}]\n{more}"
    files = {"config.yml": text, "roles.yml": ROLES, "new.yml": ROLES, "users.yml": "{}", "people.yml": "{}"}
    loaded = load(InMemory(files), "config.yml")
    assert loaded.problems == ()
    assert loaded.policy is not None
    return loaded.policy


def altered(base: Policy, head: Policy) -> list[tuple[str, str | None, str | None, str | None, bool]]:
    """Key, account, old and new value of each setting, and whether it is a risk."""
    return [(s.key, s.account, s.before, s.after, bool(s.risk)) for s in settings(base, head)]


PLAIN = config()
CASES: dict[str, tuple[Policy, Policy, tuple[str | None, str | None, str | None, bool]]] = {
    "assumable_roles": (PLAIN, config(roles="new.yml"), (None, "roles.yml", "new.yml", True)),
    "users": (config("users: users.yml"), config("users: people.yml"), (None, "users.yml", "people.yml", True)),
    "master_account_id": (PLAIN, config(master="9"), (None, "1" * 12, "9" * 12, True)),
    "master_account_profile": (PLAIN, config("master_account_profile: m"), (None, None, "m", False)),
    "stack_name": (PLAIN, config("stack_name: New"), (None, "RoleModel", "New", True)),
    "region": (PLAIN, config("region: eu-west-1"), (None, "us-east-1", "eu-west-1", True)),
    "master_is_assumable": (
        PLAIN, config("master_is_assumable: true"), (None, "false", "true", True),
    ),
    "owner": (PLAIN, config("owner: web"), (None, "default", "web", True)),
    "stack_deadline": (PLAIN, config("stack_deadline: 30"), (None, "15", "30", False)),
    "group_prefix": (PLAIN, config("group_prefix: ''"), (None, "RM.", "", True)),
    "github_oidc: plan_role": (
        config(OIDC), config(OIDC.replace("look", "see")), (None, "look", "see", True),
    ),
    "github_oidc: apply_role": (
        config(OIDC), config(OIDC.replace("make", "do")), (None, "make", "do", True),
    ),
    "github_oidc: audience": (
        config(OIDC), config(OIDC.replace("}", ", audience: me}")), (None, "sts.amazonaws.com", "me", True),
    ),
    "github_oidc: via": (
        config(OIDC), config(OIDC.replace("}", ", via: master}")), (None, "direct", "master", True),
    ),
    "guards: revoke_percent": (PLAIN, config("guards: {revoke_percent: 90}"), (None, "25", "90", True)),
    "guards: revoke_floor": (PLAIN, config("guards: {revoke_floor: 6}"), (None, "5", "6", True)),
    "guards: revoke_most": (config("guards: {revoke_most: 9}"), PLAIN, (None, "9", None, True)),
    "guards: groups_quota": (PLAIN, config("guards: {groups_quota: 500}"), (None, "300", "500", False)),
    "protected: user": (config("protected: [{user: alice}]"), PLAIN, (None, "user: alice", None, True)),
    "protected: account": (PLAIN, config("protected: [{account: dev}]"), (None, None, "account: dev", False)),
    "protected: role": (
        config("protected: [{user: alice, account: dev, role: Admin}]"), PLAIN,
        (None, "user: alice, account: dev, role: Admin", None, True),
    ),
    "roles": (PLAIN, config("roles: {Boss: {was: Admin}}"), (None, None, "Admin", True)),
    "assumable_accounts: account_id": (
        PLAIN, config(accounts=f"{{{PROD}}}, {{name: dev, account_id: 444444444444}}"),
        ("dev", "3" * 12, "4" * 12, True),
    ),
    "assumable_accounts: profile": (
        PLAIN, config(accounts=f"{{{PROD}, profile: x}}, {{{DEV}}}"), ("prod", None, "x", False),
    ),
    "assumable_accounts: parameters": (
        PLAIN, config(accounts=f"{{{PROD}, parameters: {{Team: b}}}}, {{{DEV}}}"), ("prod", None, "b", False),
    ),
}  # fmt: skip


def keys(schema: dict[str, Any], whole: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every key of the schema that holds a value, with the keys above it."""
    schema = whole["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    inner = schema.get("items", schema)
    inner = whole["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
    if "properties" not in inner:
        yield ": ".join(path)
    for name, value in inner.get("properties", {}).items():
        yield from keys(value, whole, (*path, name))


def test_every_key_of_the_config_is_told_or_has_a_reason_why_not() -> None:
    schema = dict(published("config"))

    assert set(keys(schema, schema)) == CASES.keys() | TOLD_ELSEWHERE.keys()
    assert not CASES.keys() & TOLD_ELSEWHERE.keys()
    assert all(TOLD_ELSEWHERE.values())


@pytest.mark.parametrize("key", CASES)
def test_key(key: str) -> None:
    base, head, (account, before, after, is_risk) = CASES[key]
    ((told, *rest),) = altered(base, head)

    assert told.partition(":")[0] in key
    assert tuple(rest) == (account, before, after, is_risk)
    assert not request(base, head, TODAY).is_empty


def test_what_stays_is_not_told() -> None:
    both = config(OIDC + "users: users.yml\nprotected: [{user: a}, {role: Admin}]\nguards: {revoke_most: 5}\n")
    other = config("guards: {revoke_most: 5}\nprotected: [{role: Admin}, {user: a}]\nusers: users.yml\n" + OIDC)

    assert settings(both, other) == ()
    assert settings(None, both) == ()
    assert settings(PLAIN, config("region: us-east-1\nstack_deadline: 15\n")) == ()  # the defaults, written out


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ("revoke_percent: 25", "revoke_percent: 100", True),
        ("revoke_percent: 100", "revoke_percent: 9", False),
        ("revoke_floor: 10", "revoke_floor: 9", False),
        ("revoke_most: 9", "revoke_most: 10", True),
        ("revoke_most: 10", "revoke_most: 9", False),
        ("groups_quota: 300", "revoke_most: 9", False),
    ],
)
def test_a_guard_that_lets_more_pass_is_a_risk(before: str, after: str, risk: bool) -> None:
    (setting,) = settings(config(f"guards: {{{before}}}"), config(f"guards: {{{after}}}"))

    assert bool(setting.risk) is risk


def test_ids_that_are_swapped() -> None:
    swapped = config(accounts="{name: prod, account_id: 333333333333}, {name: dev, account_id: 222222222222}")
    first, second = settings(PLAIN, swapped)

    assert first.risk == "`prod` and `dev` swap their ids, and so everybody's grants in them"
    assert second.risk == "`dev` and `prod` swap their ids, and so everybody's grants in them"
    assert (first.key, first.before, first.after) == ("account_id", "222222222222", "333333333333")


def test_an_id_that_another_account_had() -> None:
    head = config(accounts="{name: prod, account_id: 333333333333}, {name: dev, account_id: 444444444444}")
    first, second = settings(PLAIN, head)

    assert first.risk == "it was the id of `dev`, and the grants of `prod` then are grants there"
    assert second.risk == "its grants then are grants in another AWS account"


def test_an_id_that_comes_or_goes() -> None:
    bare = config(accounts="{name: prod, profile: p}")
    full = config(accounts=f"{{{PROD}, profile: p}}")

    assert settings(bare, full) == (Setting("account_id", None, "222222222222", "prod"),)
    both = config(accounts=f"{{name: prod, profile: p}}, {{{DEV}}}")
    moved = config(accounts="{name: prod, account_id: 333333333333, profile: p}, {name: dev, profile: d}")
    taken, *_ = settings(both, moved)
    assert taken.risk == "it was the id of `dev`, and the grants of `prod` then are grants there"
    (gone,) = settings(full, bare)
    assert gone.risk == "nothing says any more which AWS account it is"
    (profile,) = settings(bare, config(accounts="{name: prod, profile: q}"))
    assert profile.risk == "without an id, the profile alone says which AWS account it is"


def test_accounts_that_come_and_go_are_no_settings() -> None:
    assert settings(PLAIN, config(accounts=f"{{{PROD}}}")) == ()
    assert settings(config(accounts=f"{{{PROD}}}"), PLAIN) == ()
    assert settings(PLAIN, config(accounts=f"{{{PROD}}}, {{{DEV}, state: absent}}")) == ()


def test_parameters_come_change_and_go_and_hidden_ones_stay_hidden() -> None:
    base = config(accounts=f"{{{PROD}, parameters: {{Team: a, Key: secret}}}}")
    head = config(accounts=f"{{{PROD}, parameters: {{Team: b, Key: other}}}}")

    assert settings(base, head) == (
        Setting("parameters: Key", "****", "****", "prod"),
        Setting("parameters: Team", "a", "b", "prod"),
    )
    assert settings(base, config(accounts=f"{{{PROD}}}"))[0] == Setting("parameters: Key", "****", None, "prod")


def test_how_ci_gets_in_comes_and_goes() -> None:
    comes, goes = settings(PLAIN, config(OIDC)), settings(config(OIDC), PLAIN)

    assert [(s.key, s.before, s.after) for s in comes] == [
        ("github_oidc: plan_role", None, "look"), ("github_oidc: apply_role", None, "make")
    ]  # fmt: skip
    assert [(s.before, s.after) for s in goes] == [("look", None), ("make", None)]
    assert all(s.risk for s in (*comes, *goes))


def test_a_user_map_that_is_given_up_or_begun_is_told_as_such() -> None:
    assert settings(policy("{}"), policy(None)) == ()
    (begun,) = settings(policy(None), policy("{}"))
    assert (begun.key, begun.before, begun.risk) == ("users", None, "")


def test_a_protection_that_gets_narrower_is_one_taken_away() -> None:
    wide, narrow = config("protected: [{user: alice}]"), config("protected: [{user: alice, account: prod}]")
    gone, new = settings(wide, narrow)

    assert (gone.before, gone.risk) == ("user: alice", "a run may take it away from then on")
    assert (new.after, new.risk) == ("user: alice, account: prod", "")
