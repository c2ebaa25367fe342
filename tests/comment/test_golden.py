"""The text of each kind of comment, as a reviewer reads it. `make bless` accepts what is made now."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest
from builders import MASTER_ID, TODAY, template

from rolemodel_ci.access_request.request import request
from rolemodel_ci.iam.escalation_paths import ACTIONS
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.render.comment import Facts, as_comment, requested_change

from .cases import COMMENTS, FORK, access, allowing, summary, trusting
from .reading import read

EXPECTED = Path(__file__).parent.parent / "expected" / "comment"

SAID = {
    "planned": "2 grants, 1 revocation",
    "planned-everything": (
        "2 grants, 3 revocations, 1 grant made shorter, 2 roles widened, "
        "1 role added as good as administrator, 1 account removed, "
        "2 settings changed; the merge would be refused; 1 grant or group cannot be made"
    ),
    "problems": "cannot be used, 2 problems in the files",
    "applied": "applied, 1 grant and 2 revocations",
    "applied-with-failures": "incomplete, 1 failed and 3 skipped of 15 changes",
    "nothing": "nothing that gives or takes access",
    "role-widened": "1 role widened",
    "role-made-administrator": "1 role made as good as administrator",
    "role-with-a-back-door": "1 role added as administrator, 1 role opened to the outside",
    "trust-changed": "1 role widened, 1 role opened to the outside",
    "first-request": (
        "5 grants, 1 role added as administrator, 1 role added as good as administrator, 1 role opened to the outside, "
        "1 resource beside the roles, 2 accounts added"
    ),
    "role-narrowed": "1 role changed",
    "role-added-and-removed": "3 grants, 3 revocations, 1 role added, 1 role removed",
    "beside-the-roles": "1 resource beside the roles",
    "longer-and-shorter": "2 grants made longer, 2 grants made shorter",
    "files-changed": "no grant and no role, but files that decide about access",
    "settings-changed": "11 settings changed",
    "500-grants": "500 grants",
}
QUIET = {
    "problems", "nothing", "role-narrowed", "role-added-and-removed", "account-removed", "applied",
    "applied-nothing", "no-drift", "drift-report", "drift-repaired", "account-renamed",
}  # fmt: skip


@cache
def made(name: str) -> str:
    """One of the comments; made once."""
    return COMMENTS[name]()


@pytest.mark.parametrize("name", COMMENTS)
def test_comment(name: str) -> None:
    shown = made(name)
    path = EXPECTED / f"{name}.md"
    if os.environ.get("BLESS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")

    assert shown == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    made_here = {path.stem for path in EXPECTED.iterdir() if not path.stem.startswith("picture-")}  # of the pictures

    assert made_here == set(COMMENTS)


@pytest.mark.parametrize("name", SAID)
def test_the_headline_alone_says_it_in_numbers(name: str) -> None:
    assert read(made(name)).headings == [f"Access change: {SAID[name]}"]


@pytest.mark.parametrize("name", COMMENTS)
def test_there_is_a_box_only_where_there_is_danger_or_a_failure(name: str) -> None:
    shown = made(name)

    assert ("> [!" in shown) == (name not in QUIET)


@pytest.mark.parametrize("name", COMMENTS)
def test_every_comment_is_whole(name: str) -> None:
    seen = read(made(name))

    assert seen.is_whole
    assert seen.strange == []


def test_without_addresses_there_are_no_links() -> None:
    asked = request(access(), access("prod: {AdminRole: [zoe]}"), TODAY)
    seen = read(as_comment(requested_change(asked, FORK, Facts("1.0.0")), Facts("1.0.0")))

    assert seen.links == []
    assert [row[5] for row in seen.rows] == [f"users.yml:{one.place.line}" for one in asked.grants]
    assert seen.strange == []


def test_a_role_that_becomes_administrator_in_one_account_says_so_first() -> None:
    def where(condition: str) -> Policy:
        managed = {"Fn::If": [condition, ["arn:aws:iam::aws:policy/AdministratorAccess"], []]}
        conditions = {
            "Never": {"Fn::Equals": ["a", "b"]},
            "InProd": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "222222222222"]},
        }
        text = template({"ReadOnlyRole": allowing("s3:*", ManagedPolicyArns=managed)}, Conditions=conditions)
        return access("{}", roles=text, accounts=["prod", "dev"])

    shown = summary(where("Never"), where("InProd"), FORK)

    assert "### Access change: 1 role made administrator\n" in shown
    assert "<code>ReadOnlyRole</code> made administrator in <code>prod</code></summary>" in shown


def test_a_role_that_becomes_administrator_by_a_policy_beside_it_says_so_first() -> None:
    def with_policy(action: str) -> Policy:
        document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        body = json.loads(template({"OpsRole": {"ManagedPolicyArns": [{"Ref": "Shared"}]}}))
        body["Resources"]["Shared"] = managed
        return access("{}", roles=json.dumps(body), accounts=["prod"])

    shown = summary(with_policy("s3:*"), with_policy("*"), FORK)

    assert "### Access change: 1 role made administrator\n" in shown
    assert "`OpsRole` becomes **administrator** of `prod`" in shown


def test_who_comes_from_outside_is_seen_among_many_of_the_own_account() -> None:
    own = [f"arn:aws:iam::111111111111:role/somebody-of-the-company-{n:03}" for n in range(100)]
    trusts = trusting({"AWS": own}), trusting({"AWS": [*own, "arn:aws:iam::999999999999:root"]})
    base, head = (access("{}", roles={"Role": allowing("s3:*", AssumeRolePolicyDocument=trust)}) for trust in trusts)

    shown = summary(base, head, FORK)

    box = shown.partition("> [!CAUTION]")[2].partition("\n\n")[0]
    assert "**From outside the master account:** `arn:aws:iam::999999999999:root`." in box
    assert "### Access change: 1 role widened, 1 role opened to the outside\n" in shown


def test_a_property_that_changes_is_one_line() -> None:
    def lasting(seconds: str, boundary: str) -> Policy:
        return access("{}", roles={"Role": allowing("s3:*", MaxSessionDuration=seconds, PermissionsBoundary=boundary)})

    (longer,) = read(summary(lasting("3600", "arn:a"), lasting("7200", "arn:b"), FORK)).fences
    (shorter,) = read(summary(lasting("7200", "arn:a"), lasting("3600", "arn:a"), FORK)).fences

    assert longer.splitlines()[1:] == [
        "# gives more", "!   MaxSessionDuration: 3600 → 7200", "!   PermissionsBoundary: arn:a → arn:b"
    ]  # fmt: skip
    assert shorter.splitlines()[1:] == ["# gives less, or neither", "!   MaxSessionDuration: 7200 → 3600"]


def test_rights_that_only_aws_can_tell_are_told_as_such() -> None:
    def managed(entry: object, users: str = "{}") -> Policy:
        return access(users, roles=template({"OpsRole": {"ManagedPolicyArns": [entry]}}), accounts=["prod"])

    known, unknown = "arn:aws:iam::aws:policy/ReadOnlyAccess", {"Fn::ImportValue": "policy"}
    shown = summary(managed(known), managed(unknown, "prod: {OpsRole: [dave]}"), FORK)

    assert "### Access change: 1 grant, 1 role given rights that cannot be told\n" in shown
    why = "has rights that cannot be told from the template"
    assert f"`dave` becomes **perhaps administrator** of `prod` (`OpsRole` {why})" in shown
    gets = '**Only AWS can tell what it gets by:** `managed policy {"Fn::ImportValue": "policy"}`'
    assert f"`OpsRole` becomes **perhaps administrator** of `prod`: it {why}. {gets}. It is held by `dave`" in shown
    assert "`OpsRole` · **rights unknown** |" in shown


def test_many_roles_that_change_are_counted_in_the_fold() -> None:
    roles = {f"Role{n}": allowing("s3:Get*") for n in range(7)}
    wider = {name: allowing("s3:*") for name in roles}
    shown = summary(access("{}", roles=roles), access("{}", roles=wider), FORK)

    assert "### Access change: 7 roles widened" in shown
    everywhere = "<code>cdn</code>, <code>dev</code>, <code>prod</code> and <code>test</code>"
    assert f"<code>Role2</code> widened in {everywhere}; 4 more</summary>" in shown


def ops(roles: str) -> Policy:
    """A policy with these roles in one account, and nobody in them."""
    return access("{}", roles=roles, accounts=["prod"])


def test_somebody_trusted_by_name_is_told() -> None:
    eve = f"arn:aws:iam::{MASTER_ID}:user/eve"
    trust = trusting({"AWS": [f"arn:aws:iam::{MASTER_ID}:root", eve]})
    before, after = (template({"Role": {}, **more}) for more in ({}, {"Ops": {"AssumeRolePolicyDocument": trust}}))
    shown = summary(ops(before), ops(after), FORK)

    assert "1 role opened without a grant" in shown.splitlines()[1]
    assert f"> - `Ops` of `prod` can be assumed **without a grant**: its trust policy names `{eve}` of the" in shown


def test_a_new_role_with_dangerous_actions_on_named_resources_is_in_the_box() -> None:
    pass_one = {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": "arn:aws:iam::222222222222:role/one"}
    policies = [{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": [pass_one]}}]
    before, after = (template({"Role": {}, **more}) for more in ({}, {"Ops": {"Policies": policies}}))
    shown = summary(ops(before), ops(after), FORK)

    assert "### Access change: 1 role added\n" in shown
    what = "`Ops` is **new** in `prod` and allows dangerous actions on the resources that it names."
    assert f"> - {what} **Dangerous actions on named resources:** `iam:PassRole`. No user of the map" in shown


def test_the_dangerous_actions_of_a_role_are_all_named_or_counted() -> None:
    before, after = (template({"Ops": allowing(action)}) for action in ("iam:Get*", "iam:*"))
    shown = summary(ops(before), ops(after), FORK)
    line = next(line for line in shown.splitlines() if "becomes **as good as administrator**" in line)

    assert line.count("`iam:") == 12
    counted = len([action for action in ACTIONS if action.startswith("iam:")]) - 12
    assert f" and {counted} more." in line


def test_the_fold_cuts_no_condition_off() -> None:
    values = [f"10.{n}.0.0/16" for n in range(200)]
    statement = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": values}},
    }
    policies = [{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]
    before, after = (template({"Role": {}, **more}) for more in ({}, {"Ops": {"Policies": policies}}))
    shown = summary(ops(before), ops(after), FORK)

    assert all(value in shown for value in values)
