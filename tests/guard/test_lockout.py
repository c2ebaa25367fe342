"""Stacks that hold the tool's own roles."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from builders import IDS, Roles, policy, template
from fakes import FakeCloud

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import Identity, LiveStack, LiveState
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.pipeline import DELETION, reviewed_plan

from .reviewing import told

ROLES: dict[str, dict[str, Any]] = {"Admin": {}, "Ci": {"RoleName": "ci-apply"}, "Look": {"RoleName": "ci-plan"}}
OIDC = "github_oidc: {plan_role: ci-plan, apply_role: ci-apply}"
USER = "arn:aws:iam::{}:user/ci"
ALL = frozenset(Guard) - {Guard.OWN_LOCKOUT}


def found(wanted: Policy, arn: str = USER, before: Roles | str = ROLES) -> list[Refusal]:
    """What the guard says of a plan that is made with the credentials of `arn`, everything else overridden."""
    cloud = FakeCloud("alice")
    assert cloud.run(policy("{}", roles=before)).is_complete
    planned = cloud.planned(wanted)
    stacks = {
        name: replace(stack, identity=Identity(stack.identity.account_id, arn.format(stack.identity.account_id)))
        for name, stack in planned.live.stacks.items()
        if isinstance(stack, LiveStack)
    }
    return list(told(planned.plan, wanted, LiveState(planned.live.master, stacks), *ALL))


def touched(wanted: Policy, arn: str = USER, before: Roles | str = ROLES) -> str:
    """The own roles that would be changed or deleted; empty where the guard lets the plan pass."""
    return "".join(r.message.partition(" by it: ")[2].replace("`", "") for r in found(wanted, arn, before))


def roles(**changed: dict[str, Any] | None) -> Roles:
    """The roles with some of them changed; None takes one away."""
    both = ROLES | {name: {**ROLES.get(name, {}), **(own or {})} for name, own in changed.items()}
    return {name: own for name, own in both.items() if changed.get(name, own) is not None}


LONGER = {"MaxSessionDuration": "7200"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"Admin": LONGER}, ""),
        ({"Admin": None}, ""),
        ({"New": {}}, ""),
        ({"Ci": LONGER}, "role ci-apply of dev, role ci-apply of prod"),
        ({"Ci": None}, "role ci-apply of dev, role ci-apply of prod"),
        ({"Ci": {"RoleName": "other"}}, "role ci-apply of dev, role ci-apply of prod"),
        ({"Look": LONGER, "Admin": LONGER}, "role ci-plan of dev, role ci-plan of prod"),
    ],
    ids=["another changes", "another goes", "another comes", "changes", "goes", "is renamed", "the planning one"],
)
def test_roles_that_github_oidc_names(changed: dict[str, dict[str, Any] | None], expected: str) -> None:
    assert touched(policy("{}", roles=roles(**changed), config=OIDC)) == expected
    assert touched(policy("{}", roles=roles(**changed))) == ""  # nobody says that they are ours


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:sts::{}:assumed-role/ci-apply/session", "role ci-apply of dev, role ci-apply of prod"),
        ("arn:aws:iam::{}:role/ci-apply", "role ci-apply of dev, role ci-apply of prod"),
        ("arn:aws-cn:iam::{}:role/some/path/ci-apply", "role ci-apply of dev, role ci-apply of prod"),
        ("arn:aws:sts::{}:assumed-role/other/ci-apply", ""),
        ("arn:aws:iam::{}:role/ci-apply/other", ""),
        ("arn:aws:iam::{}:user/ci-apply", ""),
        ("arn:aws:iam::{}:root", ""),
        ("arn:aws:sts::{}:assumed-role", ""),  # where nobody knows which
        ("arn:aws:sts::{}:federated-user/ci-apply", ""),
    ],
)
def test_the_role_that_the_run_works_with(arn: str, expected: str) -> None:
    assert touched(policy("{}", roles=roles(Ci=LONGER)), arn) == expected


def test_a_role_is_known_by_its_physical_name() -> None:
    unnamed: Roles = {"Ci": {}}
    changed: Roles = {"Ci": LONGER}
    made_up = "arn:aws:sts::{}:assumed-role/RoleModel-Ci-000001/s"

    assert touched(policy("{}", roles=changed), made_up, unnamed) == (
        "role RoleModel-Ci-000001 of dev, role RoleModel-Ci-000001 of prod"
    )
    assert touched(policy("{}", roles=changed), "arn:aws:sts::{}:assumed-role/Ci/s", unnamed) == ""


def test_a_policy_that_is_attached_to_the_role_is_part_of_it() -> None:
    def attached(action: str) -> str:
        text = json.loads(template(ROLES))
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        properties = {"PolicyName": "p", "Roles": [{"Ref": "Ci"}], "PolicyDocument": {"Statement": [statement]}}
        text["Resources"]["May"] = {"Type": "AWS::IAM::Policy", "Properties": properties}
        return json.dumps(text)

    wanted = policy("{}", roles=attached("s3:*"), config=OIDC)
    assert touched(wanted, before=attached("iam:*")) == "role ci-apply of dev, role ci-apply of prod"


def test_a_policy_that_belongs_to_the_role_of_another_stack_is_part_of_it() -> None:
    def with_policy(owner: str, kind: str = "AWS::IAM::Policy", key: str = "Roles") -> str:
        text = json.loads(template({"Admin": {}}))
        denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        properties = {"PolicyName": "p", key: [owner], "PolicyDocument": {"Statement": [denied]}}
        text["Resources"]["May"] = {"Type": kind, "Properties": properties}
        return json.dumps(text)

    bare = template({"Admin": {}})
    for owner in ("ci-apply", "arn:aws:iam::222222222222:role/ops/ci-apply"):
        assert touched(policy("{}", roles=with_policy(owner), config=OIDC), before=bare) == (
            "role ci-apply of dev, role ci-apply of prod"
        )
        assert touched(policy("{}", roles=bare, config=OIDC), before=with_policy(owner)) != ""
    assert touched(policy("{}", roles=with_policy("other"), config=OIDC), before=bare) == ""
    queue = with_policy("ci-apply", "AWS::SQS::QueuePolicy", "Queues")
    assert touched(policy("{}", roles=queue, config=OIDC), before=bare) == ""


def test_a_stack_that_is_deleted() -> None:
    wanted = policy("{}", roles=ROLES, accounts=["prod", "dev absent"], config=OIDC)

    assert touched(wanted) == "role ci-apply of dev, role ci-plan of dev"


def test_a_stack_that_stays_as_it_is() -> None:
    assert found(policy("{}", roles=ROLES, config=OIDC)) == []


def test_the_number_and_what_to_do_are_told() -> None:
    (refusal,) = found(policy("{}", roles=roles(Ci=LONGER), config=OIDC))

    assert refusal.message == (
        "2 of the roles by which rolemodel-ci gets in would be changed or deleted by it: "
        "role `ci-apply` of `dev`, role `ci-apply` of `prod`"
    )
    assert "bootstrap/" in refusal.remedy
    assert "`--allow own-lockout`" in refusal.remedy


def test_delete_is_asked_for_and_not_guarded() -> None:
    cloud = FakeCloud()
    wanted = policy("{}", roles=ROLES, config=OIDC)
    cloud.run(wanted)

    assert not isinstance(reviewed_plan(DELETION, cloud.planned(wanted, job=DELETION), wanted), tuple)
    assert IDS["prod"] == cloud.accounts["prod"].account_id
