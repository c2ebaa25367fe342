"""What has to stay: protected memberships and roles."""

from __future__ import annotations

import pytest
from builders import IDS, TODAY, Roles, policy, template
from fakes import FakeCloud

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.pipeline import MEMBERSHIP, STRUCTURE, Operation

from .reviewing import told

MAP = "prod: {Admin: [alice, bob], Reader: [alice, bob]}\ndev: {Admin: [alice, bob]}"
ALL = frozenset(Guard) - {Guard.PROTECTED}
YESTERDAY = TODAY.replace(day=TODAY.day - 1)


def protection(entry: str) -> str:
    """A config with one entry under `protected`."""
    return f"protected: [{{{entry}}}]"


def found(wanted: Policy, before: Policy | None = None, **how: object) -> list[Refusal]:
    """What `protected` says of a plan from one policy to another, everything else overridden."""
    cloud = FakeCloud("alice bob carol")
    assert cloud.run(before or policy(MAP)).is_complete
    planned = cloud.planned(wanted, **how)  # type: ignore[arg-type]  # job and only
    return list(told(planned.plan, wanted, planned.live, *ALL))


def lost(wanted: Policy, before: Policy | None = None, **how: object) -> str:
    """What would go, of the one entry of the config; empty where the guard lets it pass."""
    refusals = found(wanted, before, **how)
    assert len(refusals) <= 1
    return "".join(r.message.partition(", and ")[2].removesuffix(" would go").replace("`", "") for r in refusals)


ONLY_BOB = "prod: {Admin: [bob], Reader: [bob]}\ndev: {Admin: [bob]}"


@pytest.mark.parametrize(
    ("entry", "users", "gone"),
    [
        ("user: alice", MAP, ""),
        ("user: alice", ONLY_BOB, "RM.dev.Admin RM.prod.Admin RM.prod.Reader"),
        ("user: alice, account: prod", ONLY_BOB, "RM.prod.Admin RM.prod.Reader"),
        ("user: alice, role: Admin", ONLY_BOB, "RM.dev.Admin RM.prod.Admin"),
        ("user: alice, account: prod, role: Reader", ONLY_BOB, "RM.prod.Reader"),
        ("user: bob", ONLY_BOB, ""),
        ("user: Alice", ONLY_BOB, ""),  # as everywhere in the files: names are those of IAM, by their case
        ("account: prod", ONLY_BOB, ""),  # without a user it is about roles
        ("role: Admin", ONLY_BOB, ""),
        ("user: alice, account: dev", "prod: {Admin: [alice, bob]}\ndev: {Admin: [alice]}", ""),
        ("user: bob, account: dev", "prod: {Admin: [alice]}\ndev: {Admin: [bob, carol]}", ""),
    ],
)
def test_memberships_of_a_protected_user(entry: str, users: str, gone: str) -> None:
    said = lost(policy(users, config=protection(entry)))

    assert said.replace("the membership of ", "").replace(",", "") == gone


def test_a_protected_membership_does_not_end_by_itself() -> None:
    ended = (
        f"prod: {{Admin: [bob, {{user: alice, expires: {YESTERDAY}}}], Reader: [alice, bob]}}\ndev: {{Admin: [bob]}}"
    )

    assert lost(policy(ended, config=protection("user: alice, account: prod"))) == "the membership of RM.prod.Admin"


@pytest.mark.parametrize("job", [MEMBERSHIP, STRUCTURE], ids=["sync-users", "update"])
def test_every_command_that_plans_is_guarded(job: Operation) -> None:
    no_reader: Roles = {"Admin": {}}
    users = "prod: {Admin: [bob]}\ndev: {Admin: [alice, bob]}"
    wanted = policy(users, roles=no_reader, config=protection("user: alice"))
    of_job = {MEMBERSHIP: "the membership of RM.prod.Admin", STRUCTURE: "the membership of RM.prod.Reader"}

    assert lost(wanted, job=job) == of_job[job]


@pytest.mark.parametrize("entry", ["user: alice", "user: alice, role: Admin"])
def test_an_account_that_is_taken_out_takes_no_protected_membership_along(entry: str) -> None:
    wanted = policy("prod: {Admin: [alice, bob], Reader: [alice, bob]}", accounts=["prod"], config=protection(entry))

    assert lost(wanted) == "the membership of RM.dev.Admin"
    assert lost(policy(MAP.partition("\n")[0], accounts=["prod"], config=protection("user: alice, role: Reader"))) == ""


def test_nor_does_an_account_that_becomes_absent() -> None:
    users = "prod: {Admin: [alice, bob], Reader: [alice, bob]}"
    wanted = policy(users, accounts=["prod", "dev absent"], config=protection("user: alice, account: dev"))

    assert lost(wanted) == "the membership of RM.dev.Admin"


def test_the_entry_its_place_and_what_to_do_are_told() -> None:
    (refusal,) = found(policy(ONLY_BOB, config=protection("user: alice, account: prod, role: Admin")))

    assert refusal.message == (
        "user `alice`, account `prod`, role `Admin` is protected (config.yml:3:13), "
        "and the membership of `RM.prod.Admin` would go"
    )
    assert "`protected:` in config.yml" in refusal.remedy
    assert "`--allow protected`" in refusal.remedy


def test_each_entry_is_told_and_many_losses_are_counted() -> None:
    roles: Roles = {f"R{i}": {} for i in range(7)}
    users = "prod: {" + ", ".join(f"{role}: [alice, bob]" for role in roles) + "}"
    less = users.replace("alice, ", "")
    wanted = policy(less, roles=roles, config="protected: [{user: alice}, {user: bob}, {user: alice, role: R3}]")
    first, second = found(wanted, policy(users, roles=roles))

    assert first.message.endswith("`RM.prod.R4` and 2 more would go")
    assert second.message.endswith("and the membership of `RM.prod.R3` would go")


# ---- roles


def by_account(name: str) -> dict[str, object]:
    """The conditions of a template, of which one holds in one account only."""
    return {"Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, IDS[name]]}}}


@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        ("role: Reader", "role Reader of dev, role Reader of prod"),
        ("role: Reader, account: dev", "role Reader of dev"),
        ("account: prod", "role Reader of prod"),
        ("role: Admin", ""),
    ],
)
def test_roles_that_the_template_drops(entry: str, gone: str) -> None:
    no_reader: Roles = {"Admin": {}}

    assert lost(policy("prod: {Admin: [alice]}", roles=no_reader, config=protection(entry))) == gone


@pytest.mark.parametrize(
    ("entry", "gone"), [("role: Reader", "role Reader of dev"), ("role: Reader, account: prod", "")]
)
def test_roles_whose_condition_does_not_hold_any_more(entry: str, gone: str) -> None:
    some: Roles = {"Admin": {}, "Reader": {"Condition": "Here"}}
    wanted = policy("{}", roles=template(some, **by_account("prod")), config=protection(entry))

    assert lost(wanted) == gone


@pytest.mark.parametrize("entry", ["account: dev", "role: Reader", "role: Reader, account: dev"])
def test_roles_of_an_account_that_becomes_absent(entry: str) -> None:
    said = lost(policy("prod: {Admin: [alice]}", accounts=["prod", "dev absent"], config=protection(entry)))

    assert said == ("role Admin of dev, role Reader of dev" if entry == "account: dev" else "role Reader of dev")


@pytest.mark.parametrize(
    "reader",
    [{"MaxSessionDuration": "7200"}, {"RoleName": "reader"}, {"Path": "/team/"}],
    ids=["changed", "named", "moved"],
)
def test_a_protected_role_may_change(reader: dict[str, object]) -> None:
    roles: Roles = {"Admin": {}, "Reader": reader}

    assert lost(policy(MAP, roles=roles, config=protection("role: Reader"))) == ""


def test_what_is_not_there_is_not_lost() -> None:
    config = protection("role: Reader")

    assert lost(policy("{}", roles={"Admin": {}}, config=config), policy("{}", roles={"Admin": {}})) == ""
    assert lost(policy("{}", config=config), policy("{}", accounts=["prod"])) == ""
