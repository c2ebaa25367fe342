"""What is new in a role is in the box, however long the statement is that it stands in."""

from __future__ import annotations

from typing import Any

import pytest
from iam.templates import Body, allow, compared, deny, role, template, trust

from rolemodel_ci.render.brief import LIMIT
from rolemodel_ci.render.comment.role_risks import gained_text

BUCKETS = [f"arn:aws:s3:::bucket-{number:03}-with-a-rather-long-name/*" for number in range(40)]
NEW = "arn:aws:s3:::zzz-payroll/*"


def box(before: Body, after: Body) -> str:
    """What the box says of what changes in a role."""
    (difference,) = (each for each in compared(template(before), template(after)) if each.is_role)
    return gained_text(difference.changes)


def trusted(*accounts: int) -> Body:
    """A role that these accounts may assume."""
    named = {"AWS": [f"{number:012}" for number in accounts]}
    return role(AssumeRolePolicyDocument=trust(allow("sts:AssumeRole", Principal=named)))


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        (role(allow("s3:*", Resource=BUCKETS)), role(allow("s3:*", Resource=[*BUCKETS, NEW])), NEW),
        (role(deny("s3:*", Resource=[*BUCKETS, NEW])), role(deny("s3:*", Resource=BUCKETS)), NEW),
        (
            role({"Effect": "Allow", "Action": "s3:*", "NotResource": [*BUCKETS, NEW]}),
            role({"Effect": "Allow", "Action": "s3:*", "NotResource": BUCKETS}),
            f"more resources; new is {NEW}",
        ),
        (
            role(allow("s3:*", Condition={"StringLike": {"aws:PrincipalArn": BUCKETS}})),
            role(allow("s3:*", Condition={"StringLike": {"aws:PrincipalArn": [*BUCKETS, NEW]}})),
            NEW,
        ),
        (
            role(Tags=[{"Key": name, "Value": "x"} for name in BUCKETS]),
            role(Tags=[{"Key": name, "Value": "x"} for name in (*BUCKETS, "zzz")]),
            '+ Tags: {"Key": "zzz", "Value": "x"}',
        ),
        (role(), role(allow("s3:*", Resource="arn:aws:s3:::" + "a" * 400 + "*")), "aa*"),
        (trusted(*range(30)), trusted(*range(30), 999_999_999_999), "arn:aws:iam::999999999999:root"),
    ],
)  # fmt: skip
def test_what_is_new_is_not_cut_off(before: Body, after: Body, new: str) -> None:
    said = box(before, after)

    assert new in said
    assert "…" in said or "Tags" in said
    assert all(len(piece) <= LIMIT for piece in said.split("`")[1::2])


def test_what_is_left_out_is_counted() -> None:
    said = box(role(allow("s3:*", Resource=BUCKETS)), role(allow("s3:*", Resource=[*BUCKETS, NEW])))

    assert f"{NEW} … and 37 more resources" in said


def test_dangerous_actions_come_first() -> None:
    actions: list[Any] = ["athena:Get*", "autoscaling:Describe*", "batch:List*", "iam:PutRolePolicy", "s3:Get*"]
    said = box(role(), role(allow(*actions)))

    assert said == " **Newly allowed:** `iam:PutRolePolicy on *`, `athena:Get* on *` and 3 more."


def test_what_widens_one_property_of_a_map_is_named() -> None:
    before = {key: "x" * 60 for key in "abcdef"}
    said = box(role(Odd=before), role(Odd={**before, "e": "y"}))

    assert said == f" **Cannot be told:** `+ Odd: e: y` and `- Odd: e: {'x' * 60}`."
