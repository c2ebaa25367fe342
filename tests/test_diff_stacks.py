"""What has to change in one stack, and what its roles will be called after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from builders import PLAIN, Roles, policy, template

from rolemodel_ci.cloudformation.evaluate import desired
from rolemodel_ci.cloudformation.template import read_deployed
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import DEAD, RESTING, Absent, Identity, LiveStack, Unreadable
from rolemodel_ci.reconcile.changes import CreateStack, DeleteStack, SettleStack, UpdateStack
from rolemodel_ci.reconcile.diff.stacks import StackDiff, deployed, live_arns, stack_diff

PROD = Identity("222222222222", "arn:aws:iam::222222222222:user/ci")
PHYSICAL = {"Admin": "RoleModel-Admin-1", "Reader": "RoleModel-Reader-1"}
PARAMETERS = {"AssumingAccountID": "111111111111"}


def arn(name: str) -> str:
    """The ARN of a role of `prod`."""
    return f"arn:aws:iam::222222222222:role/{name}"


ARNS = {role: arn(name) for role, name in PHYSICAL.items()}


def live(
    roles: Roles | str = PLAIN,
    *,
    status: str = "CREATE_COMPLETE",
    physical: Mapping[str, str] = PHYSICAL,
    parameters: Mapping[str, str] = PARAMETERS,
) -> LiveStack:
    """The stack of `prod` as it is."""
    body = read_deployed(roles if isinstance(roles, str) else template(roles))
    return LiveStack("prod", PROD, status, body, parameters, physical)


def diff(stack: LiveStack | Absent | Unreadable, wanted: Policy | None = None) -> StackDiff:
    """What has to change in `prod`."""
    wanted = wanted or policy()
    return stack_diff(wanted, wanted.accounts[0], stack)


def kinds(found: StackDiff) -> list[tuple[str, str]]:
    """What differs, in short."""
    assert found.change is not None
    return [(difference.what, difference.name) for difference in found.change.differences]


def test_a_stack_that_is_right() -> None:
    assert diff(live()) == StackDiff(None, ("Admin", "Reader"), ARNS, {})


@pytest.mark.parametrize("roles", [PLAIN, {"Admin": PLAIN["Admin"]}])
def test_equal_text_and_parameters_mean_what_is_wanted(roles: Roles) -> None:
    """They are not evaluated a second time: a stack that differs in what means nothing takes the long way, and both
    come to the same.
    """
    wanted = policy(roles=roles)
    account, right = wanted.accounts[0], live(roles)
    odd = live(roles, parameters={**PARAMETERS, "Unused": "x"})

    assert (
        desired(wanted, account, PROD.account_id) == deployed(wanted, account, right) == deployed(wanted, account, odd)
    )
    assert diff(right, wanted) == diff(odd, wanted)
    assert diff(right, wanted).change is None


def test_an_unreadable_account() -> None:
    assert diff(Unreadable("prod", "why", "what")) == StackDiff(None, None, {}, {})


def test_no_stack() -> None:
    found = diff(Absent("prod", PROD))

    assert isinstance(found.change, CreateStack)
    assert (found.change.account, found.change.stack, found.change.replaces) == ("prod", "RoleModel", None)
    assert kinds(found) == [("added", "Admin"), ("added", "Reader")]
    assert (found.roles, found.arns, found.live_arns) == (("Admin", "Reader"), {}, {})


def test_names_that_the_template_gives_are_known_before() -> None:
    found = diff(
        Absent("prod", PROD),
        policy(
            "prod: {}",
            roles={
                "Admin": {"RoleName": "boss", "Path": "/team/"},
                "Reader": {"RoleName": {"Fn::Sub": "${AWS::StackName}-reads"}},
                "Ops": {},
            },
        ),
    )

    assert found.arns == {"Admin": arn("team/boss"), "Reader": arn("RoleModel-reads")}


@pytest.mark.parametrize("status", sorted(DEAD))
def test_a_dead_stack_is_made_anew(status: str) -> None:
    found = diff(LiveStack("prod", PROD, status, None, {}, {}))

    assert isinstance(found.change, CreateStack)
    assert found.change.replaces == status
    assert (found.arns, found.live_arns) == ({}, {})


@pytest.mark.parametrize("status", sorted(RESTING))
def test_a_resting_stack_that_differs_is_updated(status: str) -> None:
    found = diff(live({"Admin": {"MaxSessionDuration": "7200"}, "Old": {}}, status=status))

    assert isinstance(found.change, UpdateStack)
    assert kinds(found) == [("changed", "Admin"), ("removed", "Old"), ("added", "Reader")]
    assert found.arns == {"Admin": ARNS["Admin"]}
    assert found.roles == ("Admin", "Reader")


@pytest.mark.parametrize(
    "status",
    [
        "UPDATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_FAILED",
    ],
)
def test_a_stack_that_does_not_rest_is_settled_and_no_made_up_name_is_counted_on(status: str) -> None:
    wanted = policy(roles={"Admin": {}, "Reader": {"RoleName": "reader"}})
    found = diff(live(status=status), wanted)

    assert isinstance(found.change, SettleStack)
    assert found.change.status == status
    assert found.arns == {"Reader": arn("reader")}
    assert found.live_arns == ARNS


@pytest.mark.parametrize(
    ("before", "after", "arns"),
    [
        ({"Admin": {}}, {"Admin": {"RoleName": "boss"}}, {"Admin": arn("boss")}),
        ({"Admin": {}}, {"Admin": {"Path": "/team/"}}, {}),
        ({"Admin": {"RoleName": "boss"}}, {"Admin": {}}, {}),
        ({"Admin": {}}, {"Admin": {"MaxSessionDuration": "7200"}}, {"Admin": ARNS["Admin"]}),
    ],
)
def test_a_role_that_is_replaced_has_a_new_arn(before: Roles, after: Roles, arns: dict[str, str]) -> None:
    found = diff(live(before), policy(roles=after))

    assert found.arns == arns
    assert found.live_arns == ({} if arns == {"Admin": ARNS["Admin"]} else {"Admin": ARNS["Admin"]})


def test_a_name_that_moves_to_another_role_is_not_kept_open_for_the_first() -> None:
    found = diff(
        live({"Admin": {"RoleName": "boss"}}, physical={"Admin": "boss"}),
        policy(roles={"Admin": {}, "Reader": {"RoleName": "boss"}}),
    )

    assert found.arns == {"Reader": arn("boss")}
    assert found.live_arns == {}


def test_a_role_that_was_something_else_before_is_new() -> None:
    before = template(Resources={"Admin": {"Type": "AWS::SNS::Topic"}})
    found = diff(live(before, physical={}), policy(roles={"Admin": {}}))

    assert kinds(found) == [("added", "Admin"), ("removed", "Admin")]
    assert (found.arns, found.live_arns) == ({}, {})


def test_an_absent_account_loses_its_stack() -> None:
    wanted = policy("{}", accounts=["prod absent"])
    found = diff(live(), wanted)

    assert isinstance(found.change, DeleteStack)
    assert kinds(found) == [("removed", "Admin"), ("removed", "Reader")]
    assert (found.roles, found.arns, found.live_arns) == ((), {}, {})
    assert diff(Absent("prod", PROD), wanted) == StackDiff(None, (), {}, {})


def test_the_stack_name_is_honoured() -> None:
    wanted = policy(config="stack_name: Access")

    for stack in (Absent("prod", PROD), live({}), live({}, status="UPDATE_IN_PROGRESS")):
        change = diff(stack, wanted).change
        assert change is not None
        assert change.stack == "Access"
    gone = diff(live(), policy("{}", accounts=["prod absent"], config="stack_name: Access")).change
    assert gone is not None
    assert gone.stack == "Access"


def test_the_partition_is_that_of_the_credentials() -> None:
    china = LiveStack(
        "prod",
        Identity("222222222222", "arn:aws-cn:iam::222222222222:user/ci"),
        "CREATE_COMPLETE",
        read_deployed(template()),
        PARAMETERS,
        PHYSICAL,
    )

    assert diff(china).arns["Admin"] == "arn:aws-cn:iam::222222222222:role/RoleModel-Admin-1"


SECRET = template(
    Parameters={
        "AssumingAccountID": {"Type": "String"},
        "Token": {"Type": "String", "NoEcho": "true", "Default": "s3cret"},
    },
    Outputs={"Token": {"Value": {"Ref": "Token"}}},
)


def test_a_hidden_parameter_cannot_be_told_from_the_wanted_one() -> None:
    wanted = policy(roles=SECRET)

    assert diff(live(SECRET, parameters={**PARAMETERS, "Token": "****"}), wanted).change is None
    assert diff(live(SECRET, parameters={**PARAMETERS, "Token": "other"}), wanted).change is not None


def test_stars_that_are_not_hidden_are_a_value() -> None:
    shown = SECRET.replace('"NoEcho": "true",', "")

    assert diff(live(shown, parameters={**PARAMETERS, "Token": "****"}), policy(roles=shown)).change is not None


@pytest.mark.parametrize(
    "body",
    [
        None,
        {
            "Resources": {
                "Admin": {"Type": "AWS::IAM::Role", "Properties": {"Path": {"Fn::Join": ["x" * 300, ["a"] * 300]}}}
            }
        },
    ],
)
def test_a_template_of_another_kind_differs_in_everything(body: Any) -> None:
    wanted = policy()
    stack = LiveStack("prod", PROD, "CREATE_COMPLETE", body, {}, {**PHYSICAL, "Old": "RoleModel-Old-1"})
    found = diff(stack)

    bare = deployed(wanted, wanted.accounts[0], stack)
    assert (sorted(bare.resources), bare.whole) == (["Admin", "Old", "Reader"], False)
    assert isinstance(found.change, UpdateStack)
    assert kinds(found) == [("changed", "Admin"), ("removed", "Old"), ("changed", "Reader")]
    assert found.arns == {}
    assert found.live_arns == {**ARNS, "Old": arn("RoleModel-Old-1")}
    assert kinds(diff(stack, policy("{}", accounts=["prod absent"])))[0] == ("removed", "Admin")


def test_a_template_that_aws_rewrites_is_updated_though_it_says_the_same() -> None:
    found = diff(live(template(Transform="Mine")))

    assert isinstance(found.change, UpdateStack)
    assert kinds(found) == [("changed", "Admin"), ("changed", "Reader")]


def test_only_roles_that_are_there_have_an_arn() -> None:
    wanted = policy()

    assert live_arns(wanted, wanted.accounts[0], live(physical={"Admin": "a", "Other": "o"})) == {"Admin": arn("a")}
