"""What has to change in one group, and in who is a member of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from builders import MASTER_ID, TODAY

from rolemodel_ci.model.desired import Grant
from rolemodel_ci.model.live import Identity, LiveGroup, LiveMaster
from rolemodel_ci.model.problem import Place
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    DeleteGroup,
    DeletePolicy,
    DetachPolicy,
    Phase,
    PutPolicy,
    RemoveMember,
)
from rolemodel_ci.reconcile.diff.groups import (
    BEFORE_LIMIT,
    DesiredGroup,
    as_it_was,
    group_policy,
    member_changes,
    opens_at_least,
    opens_exactly,
    policy_name,
    removal_changes,
    shape_changes,
    strays,
    taken_elsewhere,
)
from rolemodel_ci.reconcile.plan import Blocked
from rolemodel_ci.suggestions import Hints

ARN, OTHER = "arn:aws:iam::222222222222:role/Admin-1", "arn:aws:iam::222222222222:role/Admin-2"
GROUP, POLICY = "RM.prod.Admin", "RM.prod.Admin-Policy"
SLOT = DesiredGroup("prod", "Admin", GROUP, ARN, ARN)
PLACE = Place("users.yml", 3, 5)
MINE = ("prod", "Admin", GROUP)
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*statements: object, **parts: object) -> dict[str, object]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements), **parts}


def allow(resource: object = ARN, **parts: object) -> dict[str, object]:
    """A statement that opens a role."""
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource, **parts}


GOOD = document(allow())


def group(policies: Mapping[str, Any] | None = None, *members: str, attached: tuple[str, ...] = ()) -> LiveGroup:
    """Our group."""
    policies = {POLICY: GOOD} if policies is None else policies
    return LiveGroup(GROUP, "/RoleModel/", frozenset(members), policies, attached)


def master(*groups: LiveGroup, users: str = "alice bob") -> LiveMaster:
    """A master account with these groups."""
    return LiveMaster(
        Identity(MASTER_ID, "arn:aws:iam::111111111111:user/ci"),
        frozenset(users.split()),
        {group.name: group for group in groups},
    )


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        {"Version": "2012-10-17", "Statement": allow(), "Id": "x"},
        document(allow([ARN], Sid="Stmt1")),
        document(allow(Action=["STS:assumerole"])),
        json.loads(group_policy(ARN)),
    ],
)
def test_documents_that_open_exactly_the_role(content: object) -> None:
    assert opens_exactly(content, ARN)
    assert opens_at_least(content, ARN)


@pytest.mark.parametrize(
    "content",
    [
        document(allow("*")),
        document(allow([ARN, OTHER])),
        document(allow(), allow(OTHER)),
        document(allow(Action="sts:*")),
        document(allow(Action=["sts:AssumeRole", "iam:*"])),
        document(allow(Action="*")),
        document(allow(), allow(OTHER, Condition={"Bool": {}})),
    ],
)
def test_documents_that_open_the_role_and_more(content: object) -> None:
    assert not opens_exactly(content, ARN)
    assert opens_at_least(content, ARN)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        [],
        {},
        document(),
        document("text"),
        document(allow(OTHER)),
        document(allow(Action="iam:*")),
        document(allow(), Else=1),
        document(allow(), Version="2008-10-17"),
        {"Statement": [allow()]},
        document(allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        document(allow(Effect="Deny")),
        document({"Effect": "Allow", "NotAction": "iam:*", "Resource": ARN}),
        document(allow(), allow("*", Effect="Deny")),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": OTHER}),
        document(allow(), "text"),
    ],
)
def test_documents_that_do_not_open_the_role_or_not_always(content: object) -> None:
    assert not opens_exactly(content, ARN)
    assert not opens_at_least(content, ARN)


def test_a_group_that_is_not_there_is_made_with_its_policy() -> None:
    assert list(shape_changes(SLOT, None)) == [CreateGroup(*MINE), PutPolicy(*MINE, POLICY, ARN)]
    assert policy_name(GROUP) == POLICY


def test_a_group_that_is_right_is_left_alone() -> None:
    assert list(shape_changes(SLOT, group())) == []


def test_everything_but_the_one_policy_goes() -> None:
    live = group({POLICY: GOOD, "Extra": GOOD}, attached=(MANAGED,))

    assert list(shape_changes(SLOT, live)) == [DetachPolicy(*MINE, MANAGED), DeletePolicy(*MINE, "Extra")]


def test_a_missing_policy_is_a_grant() -> None:
    assert list(shape_changes(SLOT, group({}))) == [PutPolicy(*MINE, POLICY, ARN, Phase.GRANT)]


def test_a_policy_that_opens_more_is_narrowed_at_once() -> None:
    live = group({POLICY: document(allow([ARN, OTHER]))})

    assert list(shape_changes(SLOT, live)) == [PutPolicy(*MINE, POLICY, ARN, Phase.REVOKE)]


@pytest.mark.parametrize("arn", [ARN, None])
def test_a_policy_that_opens_something_else_goes_and_comes_back_last(arn: str | None) -> None:
    live = group({POLICY: document(allow(OTHER))})

    assert list(shape_changes(replace(SLOT, arn=arn), live)) == [
        DeletePolicy(*MINE, POLICY),
        PutPolicy(*MINE, POLICY, arn, Phase.GRANT),
    ]


@pytest.mark.parametrize("arn", [OTHER, None])
def test_a_role_that_is_replaced_keeps_its_policy_until_the_new_one_is_there(arn: str | None) -> None:
    slot = replace(SLOT, arn=arn, live_arn=ARN)

    assert list(shape_changes(slot, group())) == [PutPolicy(*MINE, POLICY, arn, Phase.GRANT)]


def test_nothing_is_concluded_about_the_policy_of_an_unreadable_account() -> None:
    slot = DesiredGroup("prod", "Admin", GROUP, None, None, "Mend it.")
    live = group({POLICY: document(allow(OTHER)), "Extra": GOOD}, attached=(MANAGED,))

    assert list(shape_changes(slot, group({}))) == []
    assert list(shape_changes(slot, live)) == [DetachPolicy(*MINE, MANAGED), DeletePolicy(*MINE, "Extra")]


def test_a_group_goes_last_when_it_goes() -> None:
    live = group({POLICY: GOOD}, "alice", attached=(MANAGED,))

    assert list(removal_changes(live, None, None)) == [
        RemoveMember(None, None, GROUP, "alice"),
        DetachPolicy(None, None, GROUP, MANAGED),
        DeletePolicy(None, None, GROUP, POLICY),
        DeleteGroup(None, None, GROUP),
    ]


def grants(*users: str) -> dict[str, Grant]:
    """Grants of the role, by user."""
    return {user: Grant("prod", "Admin", user, PLACE, TODAY, "on call") for user in users}


def members(
    slot: DesiredGroup,
    live: LiveGroup | None,
    holding: Mapping[str, Grant],
    ended: Mapping[str, Grant],
    there: LiveMaster,
) -> Iterator[Change | Blocked]:
    """What changes in a group of this master account."""
    return member_changes(slot, live, holding, ended, there.users, Hints(there.users))


def test_who_comes_and_who_goes() -> None:
    live = group(None, "carol", "bob")
    found = list(members(SLOT, live, grants("alice", "bob"), {}, master(live)))

    assert found == [
        RemoveMember(*MINE, "carol"),
        AddMember(*MINE, "alice", expires=TODAY, reason="on call", place=PLACE),
    ]


def test_a_grant_that_ran_out_says_when() -> None:
    live = group(None, "bob")

    assert list(members(SLOT, live, {}, grants("bob"), master(live))) == [RemoveMember(*MINE, "bob", TODAY)]


def test_members_of_a_group_that_is_to_be_made() -> None:
    assert [type(change) for change in members(SLOT, None, grants("alice"), {}, master())] == [AddMember]


def test_a_user_who_does_not_exist_is_blocked_with_a_guess() -> None:
    near, far = (next(iter(members(SLOT, None, grants(user), {}, master()))) for user in ("alcie", "zoe"))

    assert near == Blocked(
        GROUP, "alcie", "user `alcie` does not exist in the master account", getattr(near, "remedy", ""), PLACE
    )
    assert isinstance(near, Blocked)
    assert "`alice`" in near.remedy
    assert isinstance(far, Blocked)
    assert "never creates users" in far.remedy


def test_of_an_unreadable_account_members_go_and_do_not_come() -> None:
    live = group(None, "carol")
    slot = DesiredGroup("prod", "Admin", GROUP, None, None, "Mend it.")
    found = list(members(slot, live, grants("alice"), {}, master(live)))

    assert found == [
        RemoveMember(*MINE, "carol"),
        Blocked(GROUP, "alice", "account `prod` cannot be read", "Mend it.", PLACE),
    ]


def test_a_group_of_the_name_elsewhere_is_in_the_way() -> None:
    foreign = replace(group(), path="/")
    other_case = replace(group(), path="/x/", name="rm.PROD.admin")

    assert taken_elsewhere(SLOT, master(), "/RoleModel/") is None
    assert taken_elsewhere(SLOT, master(group()), "/RoleModel/") is None
    assert taken_elsewhere(SLOT, master(replace(group(), name="rm.PROD.admin")), "/RoleModel/") is None
    for live, shown in ((foreign, "`RM.prod.Admin` exists under path `/`"), (other_case, "`rm.PROD.admin` exists")):
        blocked = taken_elsewhere(SLOT, master(live), "/RoleModel/")
        assert blocked is not None
        assert shown in blocked.reason
        assert blocked.group == GROUP


def test_strays_are_ours_and_unaccounted_for_in_order() -> None:
    names = ("RM.b", "RM.a", GROUP)
    ours = [replace(group(), name=name) for name in names]
    foreign = replace(group(), name="Developers", path="/RoleModel/sub/")

    assert [stray.name for stray in strays(master(*ours, foreign), [GROUP], "/RoleModel/")] == ["RM.a", "RM.b"]


# ---- what had been there


def before_of(changes: Iterable[object]) -> list[str | None]:
    return [change.before for change in changes if isinstance(change, PutPolicy | DeletePolicy)]


def test_what_is_overwritten_is_kept_for_whoever_asks_later() -> None:
    theirs = document(allow("arn:aws:iam::999999999999:role/x"))
    said = json.dumps(theirs, sort_keys=True, separators=(",", ":"))
    name = f"{GROUP}-Policy"

    assert before_of(shape_changes(SLOT, group({name: theirs}))) == [said, said]
    assert before_of(shape_changes(SLOT, group({name: document(allow()), "Extra": theirs}))) == [said]
    assert before_of(shape_changes(SLOT, None)) == [None]
    assert before_of(shape_changes(SLOT, group({}))) == [None]
    assert before_of(removal_changes(group({"Extra": theirs}), None, None)) == [said]
    wider = document(allow([ARN, "*"]))
    assert before_of(shape_changes(SLOT, group({name: wider}))) == [as_it_was(wider)]


def test_what_is_too_long_is_cut_and_what_is_no_document_is_told_all_the_same() -> None:
    long = as_it_was({"Statement": "x" * 10_000})
    assert len(long) == BEFORE_LIMIT + 1
    assert long.endswith("…")
    assert as_it_was("text") == '"text"'
    assert as_it_was(None) == "null"
