"""An outcome says whose it is: who merged and approved, what came without a pull request, what is there already."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from builders import TODAY, policy
from fakes import FakeCloud

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, request
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.outcome import Done, Failed, Report
from rolemodel_ci.render.comment import Facts, Told, outcome, refused_by_guard
from rolemodel_ci.render.comment.approvals import hands_said
from rolemodel_ci.render.comment.outcome import unapplied_part
from rolemodel_ci.render.comment.truncate import Part

WHEN = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
FACTS = Facts("0")
HEAD, OLD = "a" * 40, "b" * 40


def text(parts: list[Part]) -> str:
    """What the parts say."""
    return "\n".join("\n".join((part.head, *part.rows)) for part in parts)


@pytest.mark.parametrize(
    ("approvals", "said"),
    [
        ([], "**Nobody approved it.**"),
        ([("erin", HEAD)], "Approved by `erin`."),
        ([("erin", HEAD), ("dave", HEAD)], "Approved by `dave` and `erin`."),
        ([("erin", OLD)], "`erin` approved an **older** commit."),
    ],
)
def test_who_merged_and_who_approved(approvals: list[tuple[str, str]], said: str) -> None:
    assert hands_said("carol", HEAD, approvals) == ("Merged by `carol`.", said)


def test_whose_account_is_gone() -> None:
    assert hands_said("", HEAD, [])[0].startswith("Who merged is not known")


ASKED = GrantChange(GrantChangeKind.GAINS, "dave", "prod", "Admin", policy().template.roles[0].place)


def empty() -> Report:
    """A report of a run that had nothing to do."""
    base = policy()
    cloud = FakeCloud("alice")
    cloud.run(base)
    return Report(cloud.plan(base), ())


def test_a_later_run_completes_what_an_earlier_one_has_made() -> None:
    said = text(outcome(empty(), {}, {}, FACTS, WHEN, told=Told(earlier=(ASKED,), others=("#8",))))
    assert "applied, 1 grant" in said
    assert "| ✅ **gained** | `dave` | `prod` | `Admin` | before this run |" in said
    assert "This run was also about `#8`." in said


def test_a_refused_run_does_not_say_that_nothing_was_ever_made() -> None:
    refusal = Refusal(Guard.PROTECTED, "no", "do")
    assert "nothing was changed" in text(refused_by_guard((refusal,), FACTS, WHEN))
    said = text(refused_by_guard((refusal,), FACTS, WHEN, Told(earlier=(ASKED,))))
    assert "this run changed nothing" in said
    assert "before this run" in said


def test_a_push_without_a_pull_request_has_a_red_box() -> None:
    said = text(outcome(empty(), {}, {}, FACTS, WHEN, told=Told(pushed=HEAD)))
    assert "> [!CAUTION]\n> - **No pull request.** Commit `aaaaaaa`" in said


def test_a_widened_role_is_named_with_its_accounts() -> None:
    narrow = {"Reader": {"Policies": [may("s3:GetObject")]}}
    base, head = policy("prod: {}", roles=narrow), policy("prod: {}", roles={"Reader": {"Policies": [may("s3:*")]}})
    cloud = FakeCloud("alice")
    cloud.run(base)
    plan = cloud.plan(head)
    told = Told(asked=request(base, head, TODAY))
    done = Report(plan, tuple(Done(change) for change in plan.changes))
    assert "`Reader` is **widened** in `dev` and `prod`." in text(outcome(done, {}, {}, FACTS, WHEN, told=told))
    failed = Report(plan, tuple(Failed(change, "no", "do") for change in plan.changes))
    assert "`Reader` was to be widened in `dev` and `prod`; this run did **not** bring that to an end." in text(
        outcome(failed, {}, {}, FACTS, WHEN, told=told)
    )


def may(action: str) -> dict[str, object]:
    """An inline policy."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"PolicyName": "May", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def test_what_nobody_has_applied() -> None:
    assert "**Merged, and not applied:** `#7`." in text([unapplied_part(["#7"], "")])
    assert "What was last applied is not known" in text([unapplied_part([], "no run")])
    assert text([unapplied_part([], "")]).strip() == ""
