"""The last administrator of an account: who is one before the run, and who is one after it."""

from __future__ import annotations

import pytest
from builders import MASTER_ID, TODAY, Roles, policy
from fakes import FakeCloud, FakeGroup, FakeStack

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.pipeline import MEMBERSHIP, STRUCTURE

from .reviewing import told

AWS = "arn:aws:iam::aws:policy/"
FULL = {"ManagedPolicyArns": [f"{AWS}AdministratorAccess"]}
TAMED = {"ManagedPolicyArns": [f"{AWS}ReadOnlyAccess"]}
ROLES: Roles = {"Admin": FULL, "Iam": {"ManagedPolicyArns": [f"{AWS}IAMFullAccess"]}, "Reader": TAMED}
MAP = "prod: {Admin: [alice], Reader: [alice, bob]}\ndev: {Admin: [bob]}"
LAST_DAY = f"expires: {TODAY.replace(day=TODAY.day - 1)}"
ALL = frozenset(Guard) - {Guard.LAST_ADMINISTRATOR}


def applied(users: str = MAP, roles: Roles = ROLES, accounts: str = "prod dev") -> FakeCloud:
    """A cloud to which a policy was applied."""
    cloud = FakeCloud("alice bob carol dave erin fay")
    assert cloud.run(policy(users, roles=roles, accounts=accounts.split())).is_complete
    return cloud


def found(wanted: Policy, cloud: FakeCloud | None = None, **how: object) -> list[Refusal]:
    """What the guard says of the plan, everything else overridden."""
    planned = (cloud or applied()).planned(wanted, **how)  # type: ignore[arg-type]  # job and only
    return list(told(planned.plan, wanted, planned.live, *ALL))


def lost(users: str, before: str = MAP, roles: Roles = ROLES, applied_roles: Roles = ROLES, **how: object) -> str:
    """Who is no administrator any more, by account; empty where the guard lets the plan pass."""
    refusals = found(policy(users, roles=roles), applied(before, applied_roles), **how)
    told = (refusal.message.partition(" any more of ")[2].partition(";")[0] for refusal in refusals)
    return "".join(told).replace("`", "")


TWO = "prod: {Admin: [alice, bob]}\ndev: {Admin: [bob]}"


@pytest.mark.parametrize(
    ("before", "users", "gone"),
    [
        (MAP, MAP, ""),
        (MAP, "prod: {Reader: [alice, bob]}\ndev: {Admin: [bob]}", "prod (1 now: alice)"),
        (MAP, "prod: {}\ndev: {}", "prod (1 now: alice), dev (1 now: bob)"),
        (MAP, "prod: {Admin: [alice]}\ndev: {Admin: [bob]}", ""),  # readers go
        (TWO, "prod: {Admin: [alice]}\ndev: {Admin: [bob]}", ""),
        (TWO, "prod: {}\ndev: {Admin: [bob]}", "prod (2 now: alice, bob)"),
        (MAP, "prod: {Admin: [carol]}\ndev: {Admin: [bob]}", ""),  # replaced
        (MAP, "prod: {Iam: [carol]}\ndev: {Admin: [bob]}", ""),  # by somebody who is as good as one
        (MAP, "prod: {Reader: [carol]}\ndev: {Admin: [bob]}", "prod (1 now: alice)"),
        (MAP, "prod: {Admin: [nobody]}\ndev: {Admin: [bob]}", "prod (1 now: alice)"),  # who does not exist
        ("prod: {Reader: [alice, bob]}", "prod: {Reader: [bob]}", ""),  # there was none
    ],
)
def test_who_is_left(before: str, users: str, gone: str) -> None:
    assert lost(users, before) == gone


@pytest.mark.parametrize("managed", [f"{AWS}PowerUserAccess", "arn:aws:iam::222222222222:policy/Theirs"])
def test_who_may_be_administrator_is_nobody_to_fall_back_on(managed: str) -> None:
    roles = {**ROLES, "Power": {"ManagedPolicyArns": [managed]}}
    before = "prod: {Admin: [alice], Power: [carol]}\ndev: {Admin: [bob]}"
    assert lost("prod: {Power: [carol]}\ndev: {Admin: [bob]}", before, roles) == "prod (1 now: alice)"
    assert lost("prod: {Admin: [alice]}\ndev: {Admin: [bob]}", before, roles) == ""


@pytest.mark.parametrize(
    ("before", "users", "gone"),
    [
        (MAP, f"prod: {{Admin: [{{user: alice, {LAST_DAY}}}]}}\ndev: {{Admin: [bob]}}", ""),
        (TWO, f"prod: {{Admin: [{{user: alice, {LAST_DAY}}}]}}\ndev: {{Admin: [bob]}}", "prod (1 now: bob)"),
        (TWO, f"prod: {{Admin: [bob, {{user: alice, {LAST_DAY}}}]}}\ndev: {{Admin: [bob]}}", ""),
    ],
)
def test_grants_that_ran_out_were_to_end(before: str, users: str, gone: str) -> None:
    """They are no loss, and whoever has one is nobody to fall back on."""
    assert lost(users, before) == gone


def test_the_numbers_the_groups_and_what_to_do_are_told() -> None:
    (refusal,) = found(policy("dev: {Admin: [bob]}", roles=ROLES))

    assert refusal.message == "nobody would be administrator any more of `prod` (1 now: `alice`)"
    assert refusal.remedy == (
        "Grant `RM.prod.Admin`, `RM.prod.Iam` to somebody in the same change. "
        "If this is meant, run once with `--allow last-administrator`."
    )


def test_many_accounts_and_many_people_are_counted() -> None:
    accounts = ["prod", "dev", "test", "cdn", "a", "b", "c"]
    cloud = FakeCloud("alice bob carol dave erin fay")
    cloud.accounts |= {name: type(cloud.accounts["dev"])(f"{i}66666666666") for i, name in enumerate("abc")}
    everyone = "[alice, bob, carol, dave, erin, fay]"
    users = "\n".join(f"{name}: {{Admin: {everyone}}}" for name in accounts)
    assert cloud.run(policy(users, roles=ROLES, accounts=accounts)).is_complete
    (refusal,) = found(policy("{}", roles=ROLES, accounts=accounts), cloud)

    assert "`prod` (6 now: `alice`, `bob`, `carol`, `dave`, `erin` and 1 more)" in refusal.message
    assert refusal.message.endswith(" and 2 more")


# ---- the template takes them away


@pytest.mark.parametrize(
    ("roles", "gone"),
    [
        ({"Admin": TAMED, "Reader": TAMED}, "prod (1 now: alice), dev (1 now: bob)"),
        ({"Reader": TAMED}, "prod (1 now: alice), dev (1 now: bob)"),
        ({"Admin": FULL}, ""),
        ({"Admin": {"ManagedPolicyArns": [f"{AWS}IAMFullAccess"]}, "Reader": TAMED}, ""),
        ({"Admin": TAMED, "Reader": FULL}, "dev (1 now: bob)"),  # the readers of prod become administrators
    ],
    ids=["tamed", "dropped", "another dropped", "still dangerous", "swapped"],
)
def test_roles_that_are_dropped_or_tamed(roles: Roles, gone: str) -> None:
    users = MAP if "Admin" in roles and "Reader" in roles else "{}" if "Admin" not in roles else TWO

    assert lost(users, MAP, roles) == gone
    assert lost(users, MAP, roles, job=STRUCTURE) == gone


def test_where_no_role_is_left_there_is_none_to_grant() -> None:
    (refusal,) = found(policy("prod: {Reader: [alice, bob]}", roles={"Reader": TAMED}))

    assert refusal.remedy.startswith("Keep a role of an administrator in roles.yml. If this is meant")


def test_a_role_that_becomes_dangerous_had_no_administrators_before() -> None:
    cloud = applied("prod: {Reader: [bob]}", {"Reader": TAMED})

    assert found(policy("{}", roles={"Reader": FULL}), cloud) == []


# ---- accounts that go, and those that cannot be asked


def test_accounts_that_go_need_no_administrator() -> None:
    assert found(policy("prod: {Admin: [alice]}", roles=ROLES, accounts=["prod", "dev absent"])) == []
    assert found(policy("prod: {Admin: [alice]}", roles=ROLES, accounts=["prod"])) == []


def test_accounts_that_the_run_does_not_look_at() -> None:
    assert found(policy("{}", roles=ROLES), only="dev")[0].message.endswith("of `dev` (1 now: `bob`)")
    assert found(policy("prod: {}\ndev: {Admin: [bob]}", roles=ROLES), only="dev") == []


@pytest.mark.parametrize("state", ["unreadable", "dead", "gone"])
def test_where_the_stack_says_nothing_the_wanted_roles_count(state: str) -> None:
    cloud = applied()
    if state == "unreadable":
        cloud.fail("DescribeStacks", "prod")
    else:
        cloud.accounts["prod"].stack = FakeStack("ROLLBACK_COMPLETE") if state == "dead" else None

    assert [r.message[-22:] for r in found(policy("dev: {Admin: [bob]}", roles=ROLES), cloud)] == [
        "`prod` (1 now: `alice`)"[-22:]
    ]


def test_sync_users_goes_by_the_wanted_roles() -> None:
    assert lost("prod: {Admin: []}", job=MEMBERSHIP) == "prod (1 now: alice)"
    assert lost("prod: {Admin: [carol]}", job=MEMBERSHIP) == ""


# ---- the role stays, and makes nobody an administrator any more


def trusting(who: object, **parts: object) -> dict[str, object]:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who, **parts}
    return {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def inline(**statement: object) -> dict[str, object]:
    """An inline policy of one statement."""
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Policies": [{"PolicyName": "more", "PolicyDocument": document}]}


ROOT = {"AWS": f"arn:aws:iam::{MASTER_ID}:root"}
DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}
BOUNDARY = {"PermissionsBoundary": "arn:aws:iam::222222222222:policy/Limit"}


def after(admin: dict[str, object], **others: dict[str, object]) -> str:
    """Why alice is no administrator of prod any more, once the role is so; empty where the guard lets it pass."""
    roles: Roles = {**ROLES, "Admin": {**FULL, **admin}, **others}
    refusals = found(policy(MAP, roles=roles))
    return "".join(refusal.message.partition("; role `Admin` of `prod`: ")[2].partition(",")[0] for refusal in refusals)


CLOSED = "its trust policy does not surely let the users of the master account in"
DENIED = "a Deny may leave it less than that"
UNREAD = "a managed policy that cannot be read may leave it less than that"


@pytest.mark.parametrize(
    ("admin", "why"),
    [
        (trusting(ROOT), ""),
        (trusting(MASTER_ID), CLOSED),  # text in place of a map: IAM does not take it
        (trusting({"AWS": MASTER_ID}), ""),
        (trusting({"AWS": "*"}), ""),
        (trusting({"Service": "ec2.amazonaws.com"}), CLOSED),
        (trusting({"AWS": "arn:aws:iam::999999999999:root"}), CLOSED),
        (trusting(ROOT, Effect="Deny"), CLOSED),
        (trusting(ROOT, Action="sts:TagSession"), CLOSED),
        (trusting(ROOT, Action="sts:*"), ""),
        (trusting(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), ""),
        (trusting(ROOT, Condition={"StringEquals": {"sts:ExternalId": "x"}}), CLOSED),
        (trusting(ROOT, Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), CLOSED),
        ({"AssumeRolePolicyDocument": {"Fn::If": ["Unknown", {}, {}]}}, CLOSED),
        (BOUNDARY, "its permissions boundary may leave it less than that"),
        (inline(**DENY_ALL, Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), DENIED),
        (inline(Effect="Deny", Action="iam:Put*", Resource="arn:aws:iam::*:role/*"), DENIED),
        (inline(Effect="Deny", Action="iam:*", Resource="arn:aws:iam::222222222222:role/Audit"), ""),
        (inline(Effect="Deny", Action=["s3:*", "ec2:*"], Resource="*"), ""),
        (inline(Effect="Allow", Action="s3:*", Resource="*"), ""),
        ({"ManagedPolicyArns": [*FULL["ManagedPolicyArns"], f"{AWS}AWSDenyAllOrNot"]}, UNREAD),
        ({"ManagedPolicyArns": [*FULL["ManagedPolicyArns"], "arn:aws:iam::222222222222:policy/Own"]}, UNREAD),
        ({"ManagedPolicyArns": [*FULL["ManagedPolicyArns"], f"{AWS}ReadOnlyAccess"]}, ""),
        ({"MaxSessionDuration": "7200", "Description": "shorter"}, ""),
    ],
)
def test_a_role_that_may_make_nobody_an_administrator_any_more(admin: dict[str, object], why: str) -> None:
    assert after(admin) == why


BOTH = "prod (1 now: alice), dev (1 now: bob)"


@pytest.mark.parametrize(
    ("admin", "gone"),
    [
        (inline(**DENY_ALL), BOTH),
        ({"ManagedPolicyArns": [*FULL["ManagedPolicyArns"], f"{AWS}AWSDenyAll"]}, BOTH),
        (inline(Effect="Deny", NotAction="s3:*", Resource="*"), BOTH),
        (trusting({"AWS": f"arn:aws:iam::{MASTER_ID}:user/carol"}), BOTH),
        (trusting({"AWS": f"arn:aws:iam::{MASTER_ID}:user/team/alice"}), "dev (1 now: bob)"),
        (trusting({"AWS": [f"arn:aws:iam::{MASTER_ID}:user/{name}" for name in ("alice", "bob")]}), ""),
    ],
)
def test_a_role_that_surely_makes_some_no_administrators_any_more(admin: dict[str, object], gone: str) -> None:
    assert lost(MAP, roles={**ROLES, "Admin": {**FULL, **admin}}) == gone


def test_a_denial_in_the_trust_that_asks_for_mfa_keeps_nobody_out_and_another_does() -> None:
    def trust(condition: object, who: object = "*") -> dict[str, object]:
        statements = [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": ROOT},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": who}, "Condition": condition},
        ]
        return {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements}}

    assert after(trust({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})) == ""
    assert after(trust({"StringNotEquals": {"aws:PrincipalTag/team": "x"}})) == CLOSED
    alone = trust({"StringEquals": {"aws:a": "b"}}, f"arn:aws:iam::{MASTER_ID}:user/alice")
    assert lost(MAP, roles={**ROLES, "Admin": {**FULL, **alone}}) == "prod (1 now: alice)"


@pytest.mark.parametrize(
    "limits",
    [BOUNDARY, inline(**DENY_ALL, Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
     trusting(ROOT, Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})],
    ids=["boundary", "deny", "trust"],
)  # fmt: skip
def test_what_was_there_before_and_stays_is_no_loss(limits: dict[str, object]) -> None:
    before: Roles = {**ROLES, "Admin": {**FULL, **limits}}
    longer: Roles = {**ROLES, "Admin": {**FULL, **limits, "MaxSessionDuration": "7200"}}

    assert lost(MAP, roles=longer, before=MAP, applied_roles=before) == ""
    assert lost("prod: {Reader: [bob]}\ndev: {Admin: [bob]}", roles=before, applied_roles=before) == (
        "prod (1 now: alice)"
    )


@pytest.mark.parametrize(
    ("boss", "gone"),
    [
        (FULL, ""),
        ({**FULL, **BOUNDARY}, "prod (1 now: alice), dev (1 now: bob)"),
        ({**FULL, **trusting({"Service": "ec2.amazonaws.com"})}, "prod (1 now: alice), dev (1 now: bob)"),
        ({**FULL, **trusting({"AWS": f"arn:aws:iam::{MASTER_ID}:user/carol"})}, ""),
        ({**FULL, **trusting({"AWS": f"arn:aws:iam::{MASTER_ID}:user/erin"})}, "prod (1 now: alice), dev (1 now: bob)"),
    ],
    ids=["built in this run", "limited", "closed", "for whoever gets it", "for somebody else"],
)
def test_what_the_same_change_gives_counts_if_it_makes_an_administrator(boss: dict[str, object], gone: str) -> None:
    """A role that comes with the change, granted by it, in place of one that goes."""
    roles: Roles = {"Reader": TAMED, "Boss": boss}

    assert lost("prod: {Boss: [carol]}\ndev: {Boss: [carol]}", roles=roles, applied_roles=ROLES) == gone


def test_a_grant_that_does_not_fit_a_quota_is_nobody_to_fall_back_on() -> None:
    cloud = applied()
    cloud.groups |= {f"g{i}": FakeGroup(f"g{i}", "/", {"carol"}) for i in range(10)}

    assert found(policy("prod: {Admin: [carol]}\ndev: {Admin: [bob]}", roles=ROLES), cloud) != []
    assert found(policy("prod: {Admin: [dave]}\ndev: {Admin: [bob]}", roles=ROLES), cloud) == []
