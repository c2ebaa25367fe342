"""Files to a policy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from loading import BASE, InMemory, base_with, found, loaded, policy

from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.config.loader import NoFile, join, load
from rolemodel_ci.model.desired import GithubOidc, Grant, Guards, Protection
from rolemodel_ci.model.problem import Place


def test_base() -> None:
    loaded_policy = policy()
    assert loaded_policy.master_account_id == "111111111111"
    assert [(a.name, a.account_id, a.profile, a.absent) for a in loaded_policy.accounts] == [
        ("prod", "222222222222", None, False),
        ("dev", "333333333333", None, False),
    ]
    assert loaded_policy.accounts[1].place == Place("config.yml", 7, 5)
    assert [role.name for role in loaded_policy.template.roles] == ["AdminRole", "ReadOnlyRole"]
    assert loaded_policy.users is not None
    assert loaded_policy.users.grants[1] == Grant(
        "prod", "AdminRole", "bob", Place("users.yml", 4, 13), date(2027, 1, 31), "on-call, OPS-1423"
    )
    assert [grant.user for grant in loaded_policy.users.grants] == ["alice", "bob", "carol", "alice", "bob"]


def test_defaults_are_those_of_the_contract() -> None:
    loaded_policy = policy()
    assert (loaded_policy.stack_name, loaded_policy.region, loaded_policy.group_prefix) == (
        "RoleModel",
        "us-east-1",
        "RM.",
    )
    assert loaded_policy.guards == Guards(25, 5, None, 300)
    assert (loaded_policy.protected, loaded_policy.stack_deadline) == ((), 15)
    assert loaded_policy.github_oidc is None
    assert loaded_policy.master_profile is None


def test_every_key_of_the_config() -> None:
    loaded_policy = policy(
        config="""
assumable_roles: roles.yml
stack_name: Access
master_account_id: "001111111111"
master_account_profile: master
assumable_accounts:
  - name: prod
    profile: prod
    account_id: 002222222222
    parameters: {A: 010, B: yes, C: "", D: 1e3}
    state: present
  - {name: dev, profile: dev, state: absent}
users: users.yml
region: eu-central-1
group_prefix: ""
github_oidc: {plan_role: plan, apply_role: apply, audience: me, via: master}
guards: {revoke_percent: 100, revoke_floor: 0, revoke_most: 40, groups_quota: 500}
stack_deadline: 180
protected:
  - user: alice
    account: prod
    role: Admin
  - {role: Admin}
  - account: prod
  - user: no
"""
    )
    assert loaded_policy.stack_name == "Access"
    assert loaded_policy.master_account_id == "001111111111"
    assert loaded_policy.master_profile == "master"
    prod, dev = loaded_policy.accounts
    assert (prod.account_id, prod.profile, prod.absent) == ("002222222222", "prod", False)
    assert prod.parameters == (("A", "010"), ("B", "yes"), ("C", ""), ("D", "1e3"))
    assert (dev.account_id, dev.absent) == (None, True)
    assert loaded_policy.region == "eu-central-1"
    assert loaded_policy.group_prefix == ""
    assert loaded_policy.github_oidc == GithubOidc("plan", "apply", "me", "master")
    assert loaded_policy.guards == Guards(100, 0, 40, 500)
    assert loaded_policy.stack_deadline == 180
    assert loaded_policy.protected == (
        Protection(Place("config.yml", 20, 5), "alice", "prod", "Admin"),
        Protection(Place("config.yml", 23, 5), None, None, "Admin"),
        Protection(Place("config.yml", 24, 5), None, "prod", None),
        Protection(Place("config.yml", 25, 5), "no", None, None),
    )
    assert [str(entry) for entry in loaded_policy.protected] == [
        "user `alice`, account `prod`, role `Admin`", "role `Admin`", "account `prod`", "user `no`",
    ]  # fmt: skip
    assert loaded_policy.present == (prod,)


def test_a_config_of_the_2015_tool() -> None:
    loaded_policy = policy(
        config="""
assumable_roles: roles.yml
master_account_id: 111111111111
master_account_profile: master
assumable_accounts:
  - name: prod
    profile: prod
  - name: dev
    profile: dev
"""
    )
    assert [(a.name, a.profile, a.account_id) for a in loaded_policy.accounts] == [
        ("prod", "prod", None),
        ("dev", "dev", None),
    ]
    assert loaded_policy.users is None


@pytest.mark.parametrize("spelled", ["012345678901", "'012345678901'", '"012345678901"'])
def test_ids_with_a_leading_zero(spelled: str) -> None:
    assert policy(config=base_with("config", ("111111111111", spelled))).master_account_id == "012345678901"


@pytest.mark.parametrize("name", ["no", "null", "1e3", "2024-01-01", "true", "0x1F", "007", "1_000"])
def test_users_with_names_that_yaml_takes_for_something_else(name: str) -> None:
    text = f"prod:\n  AdminRole:\n    - {name}\n  ReadOnlyRole:\n    - user: {name}\n      reason: {name}\n"
    users = policy(users=text).users
    assert users is not None
    assert [(grant.user, grant.reason) for grant in users.grants] == [(name, None), (name, name)]


def test_a_role_called_null_and_an_account_called_no() -> None:
    users = policy(users="no:\n  null: [a]\n").users
    assert users is not None
    assert [(r.account, r.role, r.account_place, r.role_place) for r in users.roles] == [
        ("no", "null", Place("users.yml", 1, 1), Place("users.yml", 2, 3))
    ]


def test_tilde_is_text_and_no_name() -> None:
    assert found(users="prod: {AdminRole: [~]}\n") == ["users.yml:1:20 RM124"]


def test_roles_and_accounts_without_users_are_named_all_the_same() -> None:
    users = policy(users="prod: {AdminRole: []}\ndev: {}\n").users
    assert users is not None
    assert [name for name, _ in users.accounts] == ["prod", "dev"]
    assert [(r.account, r.role) for r in users.roles] == [("prod", "AdminRole")]
    assert users.grants == ()


def test_an_empty_map_grants_nothing() -> None:
    users = policy(users="{}\n").users
    assert users is not None
    assert (users.accounts, users.roles, users.grants) == ((), (), ())


def test_aliases_in_the_map() -> None:
    users = policy(users="prod:\n  AdminRole: &admins [alice, bob]\ndev:\n  AdminRole: *admins\n").users
    assert users is not None
    assert [grant[:3] for grant in users.grants] == [
        ("prod", "AdminRole", "alice"),
        ("prod", "AdminRole", "bob"),
        ("dev", "AdminRole", "alice"),
        ("dev", "AdminRole", "bob"),
    ]


def test_a_map_as_json() -> None:
    users = policy(users='{"prod": {"AdminRole": ["alice", {"user": "bob", "expires": "2027-01-31"}]}}').users
    assert users is not None
    assert [(grant.user, grant.expires) for grant in users.grants] == [("alice", None), ("bob", date(2027, 1, 31))]


def test_a_byte_order_mark_is_no_part_of_the_files() -> None:
    with_mark = {name: b"\xef\xbb\xbf" + text.encode("utf-8") for name, text in BASE.items()}
    result = load(InMemory(with_mark), "config.yml")
    assert result == loaded()
    assert result.policy is not None
    assert result.policy.template.text == BASE["roles.yml"]


def test_entries_with_problems_are_left_out_of_the_map() -> None:
    result = loaded(users="prod:\n  AdminRole: [a b, alice, [x], {user: bob, expires: 2027-02-30}, {user: 'c d'}]\n")
    assert len(result.problems) == 4
    assert result.policy is not None
    assert result.policy.users is not None
    assert [grant.user for grant in result.policy.users.grants] == ["alice"]


def test_no_policy_where_config_or_template_cannot_be_used() -> None:
    assert loaded(config=BASE["config.yml"] + "colour: blue\n").policy is None
    assert loaded(config="[]").policy is None
    assert loaded(roles="Resources: {}\n").policy is None
    assert loaded(config=base_with("config", ("roles.yml", "none.yml"))).policy is None


def test_a_policy_though_the_map_cannot_be_had() -> None:
    result = loaded(config=base_with("config", ("users.yml", "none.yml")))
    assert [f"{p.place} {p.code}" for p in result.problems] == ["config.yml:2:8 RM101"]
    assert result.policy is not None
    assert result.policy.users is not None
    assert result.policy.users.grants == ()


def test_another_map_by_name() -> None:
    files = InMemory(BASE | {"other.yml": "dev: {AdminRole: [zoe]}\n"})
    result = load(files, "config.yml", "other.yml")
    assert result.policy is not None
    assert result.policy.users is not None
    assert [grant.user for grant in result.policy.users.grants] == ["zoe"]
    missing = load(files, "config.yml", "none.yml")
    assert [f"{p.place} {p.code}" for p in missing.problems] == ["none.yml RM101"]


def test_join() -> None:
    assert join("access/config.yml", "roles.yml") == "access/roles.yml"
    assert join("access/config.yml", "../roles.yml") == "roles.yml"
    assert join("config.yml", "./a//b.yml") == "a/b.yml"
    assert join("access/config.yml", "/etc/passwd") == "/etc/passwd"


def test_a_directory_finds_beside_the_config_then_in_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    for name in ("a.yml", "access/a.yml", "b.yml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    files = Directory("access/config.yml", tmp_path)
    assert files.beside("a.yml", "access/config.yml") == "access/a.yml"
    assert files.beside("b.yml", "access/config.yml") == "b.yml"
    assert files.beside("c.yml", "access/config.yml") == "access/c.yml"
    assert files.beside("x" * 300, "access/config.yml") == "access/" + "x" * 300
    assert files.beside("x\0", "access/config.yml") == "access/x\0"
    assert files.read("access/a.yml") == b"access/a.yml"


def test_a_directory_reads_links_that_stay_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "access").mkdir()
    (tmp_path / "shared.yml").write_text("x", encoding="utf-8")
    (tmp_path / "access" / "link.yml").symlink_to("../shared.yml")
    files = Directory("access/config.yml", tmp_path)
    assert files.read("access/link.yml") == b"x"
    assert files.read("access/../shared.yml") == b"x"
    outside = files.read("..")
    assert isinstance(outside, NoFile)
    assert outside.code == "RM102"


def test_a_directory_without_git_holds_what_the_person_named(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "conf" / "a.yml").write_text("a", encoding="utf-8")
    (tmp_path / "work" / "b.yml").write_text("b", encoding="utf-8")
    (tmp_path / "c.yml").write_text("c", encoding="utf-8")
    files = Directory("../conf/config.yml", tmp_path / "work")
    assert files.read("../conf/a.yml") == b"a"
    assert files.read("b.yml") == b"b"
    assert isinstance(files.read("../c.yml"), NoFile)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{user: bob, expires: 2027-02-30, reason: " + "x" * 501 + "}", ["RM309", "RM124"]),
        ("{user: bob, expires: 2027-02-30, reason: }", ["RM123", "RM309"]),
        ("{user: &u bob, usr: *u}", ["RM121"]),
        ("{user: bob, user: a b}", ["RM106"]),
        ("{user: bob, expires: 2027-01-31, expires: x}", ["RM106"]),
        ("{user: bob, expires: 20270131}", ["RM124"]),
        ("{user: bob, !x reason: y}", ["RM112"]),
        ("!x {user: bob}", ["RM112"]),
        ("!x bob", ["RM112"]),
    ],
)
def test_an_entry_with_one_thing_wrong_hides_nothing_else(entry: str, expected: list[str]) -> None:
    lines = found(users=f"prod:\n  AdminRole:\n    - bob2\n    - {entry}\n")
    assert sorted(line.split()[1] for line in lines) == sorted(expected)
