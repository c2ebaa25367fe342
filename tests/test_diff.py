"""Whole plans: everything, structure only, membership only, deletion, and for some accounts only."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from builders import TODAY, Roles, policy, template
from fakes import FakeCloud, FakeGroup

from rolemodel_ci.model.problem import Place
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    PutPolicy,
    RemoveMember,
    UpdateStack,
    order,
    phase_of,
)
from rolemodel_ci.reconcile.diff.plan import plan_deletion, plan_membership, plan_structure
from rolemodel_ci.reconcile.pipeline import DELETION, MEMBERSHIP, STRUCTURE
from rolemodel_ci.reconcile.plan import Blocked, Plan, Totals

MAP = "prod: {Admin: [alice], Reader: [bob]}\ndev: {Admin: [alice]}"
WANTED = policy(MAP)


def made(users: str = MAP, **how: object) -> FakeCloud:
    """A cloud to which a policy was applied."""
    cloud = FakeCloud("alice bob carol")
    assert cloud.run(policy(users, **how)).is_complete  # type: ignore[arg-type]
    return cloud


def told(plan: Plan) -> list[str]:
    """The changes in short."""
    return [f"{type(change).__name__} {_where(change)}" for change in plan.changes]


def _where(change: Change) -> str:
    return " ".join(filter(None, (getattr(change, "group", change.account), getattr(change, "user", ""))))


def test_everything_from_nothing() -> None:
    plan = FakeCloud("alice bob").plan(policy("prod: {Admin: [alice]}", accounts=["prod"]))

    assert told(plan) == [
        "CreateStack prod",
        "CreateGroup RM.prod.Admin",
        "PutPolicy RM.prod.Admin",
        "AddMember RM.prod.Admin alice",
        "CreateGroup RM.prod.Reader",
        "PutPolicy RM.prod.Reader",
    ]
    assert plan.totals == Totals(0, 1, 0, 2)
    assert (plan.unreadable, plan.blocked, plan.notes) == ((), (), ())
    assert not plan.is_empty
    assert plan.is_whole


def test_nothing_to_do() -> None:
    plan = made().plan(WANTED)

    assert plan == Plan((), totals=Totals(3, 3, 4, 4))
    assert plan.is_empty


def test_four_roles_in_four_accounts_make_sixteen_groups() -> None:
    roles: Roles = {name: {} for name in ("A1", "B2", "C3", "D4")}
    wanted = policy("{}", roles=roles, accounts=["prod", "dev", "test", "cdn"])
    plan = FakeCloud().plan(wanted)

    assert sum(isinstance(change, CreateGroup) for change in plan.changes) == 16
    assert sum(isinstance(change, CreateStack) for change in plan.changes) == 4


def test_changes_are_in_the_order_of_the_run_and_each_has_its_own_place() -> None:
    cloud = made()
    cloud.groups["RM.old.Admin"] = FakeGroup(
        "RM.old.Admin", members={"alice", "bob"}, policies={"P": {}, "A": {}}, attached=["arn:aws:iam::aws:policy/X"]
    )
    plan = cloud.plan(
        policy(
            "prod: {Admin: [bob, carol]}",
            roles={"Admin": {"Path": "/x/"}, "Ops": {}},
            accounts=["prod", "dev absent", "test"],
        )
    )
    keys = [order(change) for change in plan.changes]

    assert keys == sorted(set(keys))
    assert [phase_of(change) for change in plan.changes] == sorted(phase_of(change) for change in plan.changes)
    assert phase_of(plan.changes[0]).name == "REVOKE"
    assert phase_of(plan.changes[-1]).name == "GRANT"
    assert {type(change) for change in plan.changes} >= {
        RemoveMember,
        DeletePolicy,
        DeleteGroup,
        UpdateStack,
        CreateStack,
        DeleteStack,
        PutPolicy,
        AddMember,
    }


def test_a_group_that_nothing_accounts_for_is_emptied_and_removed() -> None:
    cloud = made()
    cloud.groups["Anything"] = FakeGroup("Anything", members={"carol"})
    plan = cloud.plan(WANTED)

    assert told(plan) == ["RemoveMember Anything carol", "DeleteGroup Anything"]
    assert plan.changes[0].account is None
    assert plan.totals == Totals(4, 3, 5, 4)


def test_a_group_elsewhere_is_left_alone_and_told() -> None:
    cloud = FakeCloud("alice bob")
    cloud.groups["rm.prod.admin"] = FakeGroup("rm.prod.admin", "/", {"alice"})
    plan = cloud.plan(policy("prod: {Admin: [alice]}", accounts=["prod"]))

    assert [(block.group, block.user) for block in plan.blocked] == [
        ("RM.prod.Admin", None),
        ("RM.prod.Admin", "alice"),
    ]
    assert not plan.is_whole
    assert all(getattr(change, "group", "RM.prod.Reader") == "RM.prod.Reader" for change in plan.changes)


def test_a_group_of_ours_in_other_spelling_goes_before_the_right_one_comes() -> None:
    cloud = made()
    cloud.groups["rm.prod.admin"] = cloud.groups.pop("RM.prod.Admin")
    cloud.groups["rm.prod.admin"].name = "rm.prod.admin"
    report = cloud.run(WANTED)

    assert told(report.plan)[0] == "RemoveMember rm.prod.admin alice"
    assert report.is_complete
    assert "rm.prod.admin" not in cloud.groups
    assert cloud.plan(WANTED).is_empty


def test_an_unreadable_account_keeps_its_groups_and_its_stack() -> None:
    cloud = made()
    cloud.fail("DescribeStacks", "prod")
    plan = cloud.plan(policy("prod: {Admin: [carol]}\ndev: {Admin: [alice]}"))

    assert told(plan) == ["RemoveMember RM.prod.Admin alice", "RemoveMember RM.prod.Reader bob"]
    assert [account.account for account in plan.unreadable] == ["prod"]
    assert plan.blocked == (
        Blocked(
            "RM.prod.Admin",
            "carol",
            "account `prod` cannot be read",
            "Mend what keeps the account from being read, then run again.",
            Place("users.yml", 1, 16),
        ),
    )


def test_of_an_unreadable_account_no_group_is_made() -> None:
    cloud = FakeCloud("alice bob")
    cloud.fail("DescribeStacks", "prod")
    plan = cloud.plan(WANTED)

    assert not [change for change in plan.changes if change.account == "prod"]
    assert [(block.group, block.user) for block in plan.blocked] == [
        ("RM.prod.Admin", "alice"),
        ("RM.prod.Reader", "bob"),
    ]


def test_a_role_whose_condition_does_not_hold_has_no_group() -> None:
    text = template({"Admin": {}, "Ops": {"Condition": "Never"}}, Conditions={"Never": {"Fn::Equals": ["a", "b"]}})
    plan = FakeCloud().plan(policy("{}", roles=text, accounts=["prod"]))

    assert told(plan) == ["CreateStack prod", "CreateGroup RM.prod.Admin", "PutPolicy RM.prod.Admin"]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (TODAY, []),
        (TODAY + timedelta(1), []),
        (TODAY - timedelta(1), [RemoveMember("prod", "Admin", "RM.prod.Admin", "alice", TODAY - timedelta(1))]),
    ],
)
def test_a_grant_holds_on_its_last_day(last: object, expected: list[Change]) -> None:
    wanted = policy(f"prod: {{Admin: [{{user: alice, expires: {last}}}], Reader: [bob]}}\ndev: {{Admin: [alice]}}")

    assert list(made().plan(wanted).changes) == expected


def test_a_grant_that_ended_beside_one_that_holds_counts_by_the_one_that_holds() -> None:
    plan = FakeCloud("alice").plan(policy("prod: {Admin: [{user: alice, expires: 2026-11-22}]}", accounts=["prod"]))

    assert not any(isinstance(change, AddMember) for change in plan.changes)


def test_without_a_user_map_membership_is_left_alone() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members.add("carol")
    plan = cloud.plan(policy(None))

    assert plan.is_empty
    assert plan.notes == ("the config names no `users`: who is a member of the groups is left as it is.",)


def test_an_account_that_is_gone_from_the_config_loses_its_groups_and_the_plan_says_so() -> None:
    plan = made().plan(policy("prod: {Admin: [alice], Reader: [bob]}", accounts=["prod"]))

    assert told(plan) == [
        "RemoveMember RM.dev.Admin alice",
        "DeletePolicy RM.dev.Admin",
        "DeleteGroup RM.dev.Admin",
        "DeletePolicy RM.dev.Reader",
        "DeleteGroup RM.dev.Reader",
    ]
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith("account `dev` is no longer in the config")


def test_an_absent_account_loses_groups_and_stack_and_then_its_entry_can_go() -> None:
    cloud = made()
    wanted = policy("prod: {Admin: [alice], Reader: [bob]}", accounts=["prod", "dev absent"])
    report = cloud.run(wanted)

    assert told(report.plan)[-1] == "DeleteStack dev"
    assert report.is_complete
    assert cloud.accounts["dev"].stack is None
    assert cloud.plan(wanted).notes == (
        "account `dev` has no stack any more: its entry can be taken out of the config.",
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"Transform": "Mine", "Resources": {"Admin": {"Ref": "X"}}}',
        '{"Resources": [], "Outputs": [], "Parameters": [], "Mappings": [], "Conditions": []}',
        '{"Resources": {"Admin": {"Type": "AWS::IAM::Role", "Properties": {"Path": {"Fn::Sub": "'
        + "${" * 500_000
        + '"}}}}}',
        "Resources: [",
        "",
    ],
    ids=["rewritten", "lists", "braces", "no-yaml", "empty"],
)
def test_the_stack_of_one_account_stops_no_revocation(text: str) -> None:
    cloud = made()
    stack = cloud.accounts["prod"].stack
    assert stack is not None
    stack.text = text
    report = cloud.run(policy("dev: {Admin: [bob]}"))

    assert {"RemoveMember RM.prod.Admin alice", "RemoveMember RM.dev.Admin alice"} < set(told(report.plan))
    assert "UpdateStack prod" in told(report.plan)
    assert report.is_complete
    assert told(cloud.plan(policy("dev: {Admin: [bob]}"))) == []


@pytest.mark.parametrize(("kept", "notes"), [("Retain", 1), ("RetainExceptOnCreate", 1), ("Delete", 0)])
def test_a_role_that_goes_from_its_stack_only_is_told(kept: str, notes: int) -> None:
    cloud = made(roles={"Admin": {}, "Reader": {}, "Old": {}})
    stack = cloud.accounts["prod"].stack
    assert stack is not None
    body = json.loads(stack.text)
    for role in ("Admin", "Old"):
        body["Resources"][role]["DeletionPolicy"] = kept
    stack.text = json.dumps(body)

    found = cloud.plan(WANTED).notes
    assert len(found) == notes
    assert all(
        note.startswith("`Old` goes from the stack of account `prod` and stays in the account") for note in found
    )


def test_no_advice_about_an_absent_account_that_cannot_be_read_or_was_not_looked_at() -> None:
    cloud = FakeCloud()
    wanted = policy("{}", accounts=["prod", "dev absent"])
    assert cloud.plan(wanted, only="prod").notes == ()
    cloud.fail("DescribeStacks", "dev")
    assert cloud.plan(wanted).notes == ()


def test_only_some_accounts() -> None:
    cloud = made()
    cloud.groups["RM.gone.Admin"] = FakeGroup("RM.gone.Admin", members={"carol"})
    plan = cloud.plan(policy("prod: {Admin: [bob]}\ndev: {Admin: [bob]}", roles={"Admin": {}}), only="dev")

    assert {change.account for change in plan.changes} == {"dev"}
    assert "RemoveMember RM.dev.Admin alice" in told(plan)
    assert "AddMember RM.dev.Admin bob" in told(plan)
    assert "DeleteGroup RM.dev.Reader" in told(plan)
    assert not any("prod" in line or "gone" in line for line in told(plan))
    assert plan.notes == ()
    assert plan.totals == Totals(1, 1, 5, 4)


def test_structure_leaves_membership_alone() -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members = {"carol"}
    cloud.groups["RM.dev.Reader"].policies.clear()
    del cloud.groups["RM.dev.Admin"]
    plan = cloud.plan(WANTED, job=STRUCTURE)

    assert told(plan) == ["CreateGroup RM.dev.Admin", "PutPolicy RM.dev.Admin", "PutPolicy RM.dev.Reader"]
    assert told(plan_structure(WANTED, cloud.planned(WANTED).live, frozenset({"prod"}))) == []


def test_membership_is_that_of_the_groups_that_the_map_names() -> None:
    cloud = made()
    cloud.groups["RM.dev.Reader"].members.add("carol")
    cloud.groups["RM.prod.Reader"].members.add("carol")
    cloud.accounts["prod"].stack = None
    plan = cloud.plan(policy("prod: {Admin: [bob], Reader: []}"), job=MEMBERSHIP)

    assert told(plan) == [
        "RemoveMember RM.prod.Admin alice",
        "RemoveMember RM.prod.Reader bob",
        "RemoveMember RM.prod.Reader carol",
        "AddMember RM.prod.Admin bob",
    ]


def test_membership_of_a_group_that_is_not_there_or_not_ours_is_blocked() -> None:
    cloud = FakeCloud("alice bob")
    cloud.groups["RM.prod.Reader"] = FakeGroup("RM.prod.Reader", "/")
    plan = cloud.plan(WANTED, job=MEMBERSHIP)

    assert plan.changes == ()
    assert [block.group for block in plan.blocked] == ["RM.dev.Admin", "RM.prod.Admin", "RM.prod.Reader"]
    assert plan.blocked[0] == Blocked(
        "RM.dev.Admin",
        None,
        "group `RM.dev.Admin` does not exist",
        "Run `update` first: it makes the groups.",
        Place("users.yml", 2, 7),
    )


def test_membership_of_some_accounts_and_without_a_map() -> None:
    cloud = made()
    changed = policy("prod: {Admin: [bob]}\ndev: {Admin: [bob]}")
    master = cloud.planned(WANTED).live.master

    assert told(plan_membership(changed, master, TODAY, frozenset({"dev"}))) == [
        "RemoveMember RM.dev.Admin alice",
        "AddMember RM.dev.Admin bob",
    ]
    assert plan_membership(policy(None), master, TODAY).changes == ()


def test_deletion_takes_every_stack_and_every_group_of_ours() -> None:
    cloud = made()
    cloud.groups["Developers"] = FakeGroup("Developers", "/", {"alice"})
    cloud.groups["RM.gone.Admin"] = FakeGroup("RM.gone.Admin", members={"carol"})
    report = cloud.run(WANTED, job=DELETION)

    assert report.is_complete
    assert list(cloud.groups) == ["Developers"]
    assert [cloud.accounts[name].stack for name in ("prod", "dev")] == [None, None]
    assert cloud.plan(WANTED, job=DELETION).changes == ()


def test_deletion_of_some_accounts() -> None:
    cloud = made()
    cloud.groups["RM.gone.Admin"] = FakeGroup("RM.gone.Admin", members={"carol"})
    plan = plan_deletion(WANTED, cloud.planned(WANTED).live, frozenset({"dev"}))

    assert {change.account for change in plan.changes} == {"dev"}
    assert told(plan) == [
        "RemoveMember RM.dev.Admin alice",
        "DeletePolicy RM.dev.Admin",
        "DeleteGroup RM.dev.Admin",
        "DeletePolicy RM.dev.Reader",
        "DeleteGroup RM.dev.Reader",
        "DeleteStack dev",
    ]


def test_deletion_does_not_touch_the_stack_of_an_unreadable_account() -> None:
    cloud = made()
    cloud.fail("DescribeStacks", "dev")
    plan = cloud.plan(WANTED, job=DELETION)

    assert [change.account for change in plan.changes if isinstance(change, DeleteStack)] == ["prod"]
    assert [account.account for account in plan.unreadable] == ["dev"]


# ---- groups that lie near ours


def test_groups_below_our_path_are_told_and_left_alone() -> None:
    cloud = FakeCloud("alice bob")
    cloud.run(WANTED)
    opens = {"P": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}}
    cloud.groups["Back"] = FakeGroup("Back", "/RoleModel/sub/", {"alice", "bob"}, opens)
    cloud.groups["Door"] = FakeGroup("Door", "/RoleModel/sub/", {"alice"})
    cloud.groups["Deep"] = FakeGroup("Deep", "/RoleModel/sub/deep/", set(), opens)
    cloud.groups["Else"] = FakeGroup("Else", "/RoleModels/", {"alice"}, opens)
    plan = cloud.plan(WANTED)

    assert plan.changes == ()
    assert [note.partition(", there ")[2].partition(":")[0] for note in plan.notes] == [
        "are 2 groups (the first", "is 1 group (the first",
    ]  # fmt: skip
    assert "`/RoleModel/sub/`, which is not ours" in plan.notes[0]
    assert "1 with policies, which may open roles, and 2 users in all" in plan.notes[0]
    assert "`/RoleModel/sub/deep/`" in plan.notes[1]
