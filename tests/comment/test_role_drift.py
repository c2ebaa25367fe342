"""Roles that a merge changes although nobody asks for it: in the box, and line by line."""

from __future__ import annotations

from typing import Any

from .cases import BEFORE, READ, ROLES, access, allowing, cloud_of, nightly, summary

LESS = {**ROLES, "ReadOnlyRole": allowing("s3:ListBucket", denied=["s3:DeleteObject"])}
WRITER = {"Writer": allowing("s3:PutObject")}


def box(text: str) -> str:
    """What stands in the red box."""
    return text.partition("> [!CAUTION]")[2].partition("\n\n")[0]


def test_role_that_has_less_in_aws_is_widened_by_a_merge_about_nothing() -> None:
    shown = summary(access(), access(), cloud_of(access(roles=LESS)))
    assert "`ReadOnlyRole` is **widened** in" in box(shown)
    assert "(**drift**: this change does not ask for it)" in box(shown)
    assert "`s3:GetObject on *`" in box(shown)
    assert "<b>Drift of stacks</b>: 4 stacks" in shown
    assert "+   policy Main: Allow s3:GetObject on *" in shown


def test_administrator_that_a_merge_makes_again_is_named() -> None:
    poor: Any = {**ROLES, "AdminRole": allowing(*READ)}
    assert "With it, people are **administrator**." in box(summary(access(), access(), cloud_of(access(roles=poor))))


def test_drift_behind_a_change_of_the_same_stack_is_shown_apart() -> None:
    base, head = access(), access(roles={**ROLES, **WRITER})
    shown = summary(base, head, cloud_of(access(roles=LESS)))
    assert "`ReadOnlyRole` is **widened** in" in box(shown)
    assert "Writer" not in shown.partition("<b>Drift of stacks</b>")[2]


def test_drift_behind_a_change_of_the_same_role_is_shown_apart() -> None:
    head = access(roles={**ROLES, "ReadOnlyRole": allowing(*READ, "s3:GetBucketAcl", denied=["s3:DeleteObject"])})
    shown = summary(access(), head, cloud_of(access(roles=LESS)))
    apart = shown.partition("<b>Drift of stacks</b>")[2]
    assert "Allow s3:GetObject on *" in apart
    assert "s3:GetBucketAcl" not in apart


def test_drift_that_names_the_account_is_shown_behind_a_change_of_the_same_role() -> None:
    def mine(*actions: str) -> Any:
        return {**ROLES, "ReadOnlyRole": allowing(*actions, on={"Fn::Sub": "arn:aws:s3:::logs-${AWS::AccountId}/*"})}

    base, head = access(roles=mine(*READ)), access(roles=mine(*READ, "s3:GetBucketAcl"))
    shown = summary(base, head, cloud_of(access(roles=mine("s3:ListBucket"))))
    apart = shown.partition("<b>Drift of stacks</b>")[2]
    assert "Allow s3:GetObject on arn:aws:s3:::logs-" in apart
    assert "s3:GetBucketAcl" not in apart
    assert "Drift of stacks" not in summary(base, head)


def test_what_is_asked_for_alone_is_no_drift() -> None:
    head = access(roles={**ROLES, "ReadOnlyRole": allowing(*READ, "s3:GetBucketAcl")})
    assert "Drift of stacks" not in summary(access(), head)
    assert "Drift of stacks" not in summary(access(), access(BEFORE, accounts=("prod", "dev", "test")))
    assert "Drift of stacks" not in summary(None, access())


def test_role_that_has_more_in_aws_is_only_in_the_fold() -> None:
    more = {**ROLES, "ReadOnlyRole": allowing(*READ, "s3:PutObject", denied=["s3:DeleteObject"]), **WRITER}
    shown = summary(access(), access(), cloud_of(access(roles=more)))
    assert "Writer" not in box(shown)
    assert "-   policy Main: Allow s3:PutObject on *" in shown


def test_the_night_shows_it_too() -> None:
    assert "+   policy Main: Allow s3:GetObject on *" in nightly(cloud_of(access(roles=LESS)), access(), repair=False)


def test_drift_behind_a_refused_change_comes_only_once_it_is_not_refused() -> None:
    shown = summary(access(), access("{}"), cloud_of(access(roles=LESS)))

    assert "The merge would be refused" in shown
    assert "`ReadOnlyRole` is **widened** in" in box(shown)
    assert "by the merge (" not in box(shown)
    assert "once a merge is not refused (**drift**" in box(shown)
