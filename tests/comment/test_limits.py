"""Requests and plans of a size that nobody wants to read: the comment fits, is whole, and counts what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

import pytest
from builders import TODAY

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request, request
from rolemodel_ci.access_request.role_changes import NewAccount, RoleChanges
from rolemodel_ci.access_request.setting_changes import Setting
from rolemodel_ci.iam.canonical_policies import Statement
from rolemodel_ci.iam.canonical_values import Name
from rolemodel_ci.iam.differences import Carrier, Difference, Direction, PermissionChange, Source
from rolemodel_ci.iam.privilege import Mark, Privilege
from rolemodel_ci.model.live import Unreadable
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import AddMember, Origin, RemoveMember, UpdateStack
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.comment import (
    Judged,
    as_comment,
    as_summary,
    drift_found,
    outcome,
    problems_found,
    refused_by_guard,
    requested_change,
)
from rolemodel_ci.render.comment.truncate import COMMENT_LIMIT, SUMMARY_LIMIT, Part, utf8, utf16

from .cases import FACTS, FORK, WHEN, many
from .reading import read

HEADROOM = Headroom(8, 300, 2, 10)
NOTE = re.compile(
    r"\*\*([\d,]+) more (\w+?)s?(?: in [\d,]+ parts?)? left out here for want of room\.\*\* The whole is in "
)
LONG = "a reason that goes on and on, with | and ` and <b> in it. " * 9
DANGER = Mark(Privilege.ADMINISTRATOR)


def asked(
    number: int, *, reason: str = "", danger: Mark | None = None, user: str = "person"
) -> tuple[GrantChange, ...]:
    """That many grants; `danger` of every tenth."""
    found = [
        GrantChange(
            GrantChangeKind.GAINS if n % 3 else GrantChangeKind.LOSES,
            f"{user}-{n:04}@example.com",
            f"account-{n % 7}",
            "Admin" if danger and n % 10 == 0 else "Reader",
            Place("users.yml", n),
            date(2027, 1, 31),
            reason,
            danger if n % 10 == 0 else None,
        )
        for n in range(number)
    ]
    return tuple(sorted(found, key=lambda one: one.danger is None))


def drift(number: int, origin: Origin = Origin.DRIFT) -> tuple[RemoveMember, ...]:
    """That many memberships that nobody granted."""
    return tuple(
        RemoveMember("prod", "Admin" if n % 10 == 0 else "Reader", f"RM.prod.{n}", f"person-{n:04}", origin=origin)
        for n in range(number)
    )


def reshaped(parts: int, lines: int) -> Request:
    """Roles that change, differently in each of so many accounts."""
    shapes = tuple(
        RoleChanges(
            (f"account-{n:04}",),
            (
                Difference(
                    "Reader",
                    "AWS::IAM::Role",
                    "changed",
                    tuple(
                        PermissionChange(
                            "+",
                            Source(Carrier.INLINE, "P"),
                            Statement(
                                "Allow", (Name(f"s3:get{i}", f"s3:Get{i}"),), resources=(f"arn:aws:s3:::bucket-{n}/*",)
                            ),
                            Direction.WIDENS,
                        )
                        for i in range(lines)
                    ),
                ),
            ),
        )
        for n in range(parts)
    )
    return Request(reshaped=shapes)


NO_PLAN = Plan(())


def planned(wanted: Request, plan: Plan = NO_PLAN) -> list[Part]:
    """The parts of a change summary."""
    return requested_change(wanted, Judged(plan, (), HEADROOM), FACTS)


def problems(number: int) -> list[Part]:
    """The parts for that many problems, every other one a warning."""
    found = [
        Problem(Place("users.yml", n, 1), "RM303", f"role `{LONG}` {n}", LONG, list(Severity)[n % 2])
        for n in range(number)
    ]
    return problems_found(found, FACTS)


def failed(number: int) -> list[Part]:
    """What came of a run in which most things failed."""
    adds = [AddMember("prod", "Admin", "RM.prod.Admin", f"person-{n:04}", reason=LONG) for n in range(number)]
    kinds: list[Callable[[AddMember], Done | Failed | Skipped]] = [
        Done,
        lambda change: Failed(change, LONG, LONG),
        lambda change: Skipped(change, LONG),
    ]
    outcomes = tuple(kinds[n % 3](change) for n, change in enumerate(adds))
    short = tuple(Unreadable(f"account-{n}", LONG, LONG) for n in range(number))
    return outcome(Report(Plan(tuple(adds), short), outcomes), {}, {("prod", "Admin"): DANGER}, FACTS, WHEN)


BLOCKED = tuple(Blocked(f"RM.prod.{n}", f"person-{n}", LONG, LONG) for n in range(5_000))
STACKS = tuple(UpdateStack(f"account-{n}", None, "RoleModel", (), origin=Origin.DRIFT) for n in range(5_000))
REFUSALS = [Refusal(Guard.MOVED_STACKS, f"{LONG} {n}", LONG) for n in range(2_000)]

LARGE: Mapping[str, Callable[[], list[Part]]] = {
    "500 grants": lambda: planned(Request(asked(500))),
    "5,000 grants": lambda: planned(Request(asked(5_000))),
    "5,000 grants with long reasons": lambda: planned(Request(asked(5_000, reason=LONG, danger=DANGER))),
    "5,000 drift": lambda: planned(Request(), Plan(drift(5_000))),
    "5,000 drift of stacks": lambda: planned(Request(), Plan(STACKS)),
    "5,000 ended": lambda: planned(Request(), Plan(drift(5_000, Origin.EXPIRED))),
    "5,000 blocked": lambda: planned(Request(), Plan((), blocked=BLOCKED)),
    "2,000 notes": lambda: planned(Request(), Plan((), notes=(LONG,) * 2_000)),
    "2,000 problems": lambda: problems(2_000),
    "one role, 5,000 lines": lambda: planned(reshaped(1, 5_000)),
    "2,000 accounts, each different": lambda: planned(reshaped(2_000, 3)),
    "5,000 accounts added": lambda: planned(
        Request(
            coming=tuple(f"account-{n}" for n in range(5_000)),
            joining=tuple(NewAccount(f"account-{n}", f"{n:012}", ("Admin", "Reader")) for n in range(5_000)),
        )
    ),
    "5,000 settings": lambda: planned(
        Request(settings=tuple(Setting("profile", LONG, "p", f"a-{n}", f"{LONG} {n}" * (n % 2)) for n in range(5_000)))
    ),
    "2,000 refusals": lambda: refused_by_guard(REFUSALS, FACTS, WHEN),
    "3,000 outcomes": lambda: failed(3_000),
    "a night of 5,000": lambda: drift_found(Plan(drift(5_000)), {("prod", "Admin"): DANGER}, FACTS),
    "everything": lambda: planned(
        Request(asked(5_000, reason=LONG, danger=DANGER), reshaped(2_000, 3).reshaped),
        Plan((*drift(5_000), *STACKS), tuple(Unreadable(f"a-{n}", LONG, LONG) for n in range(500)), BLOCKED),
    ),
}


@cache
def large(kind: str) -> list[Part]:
    """The parts of one of these; made once."""
    return LARGE[kind]()


@pytest.mark.parametrize("kind", LARGE)
def test_a_comment_fits_is_whole_and_counts_what_it_leaves_out(kind: str) -> None:
    parts = large(kind)
    shown = as_comment(parts, FACTS)
    seen = read(shown)

    assert utf16(shown) <= COMMENT_LIMIT
    assert seen.is_whole
    assert seen.strange == []
    assert shown.count("<details>") == shown.count("</details>")
    assert shown.rstrip().endswith("</sub>")
    rows = sum(len(part.rows) for part in parts)
    told = sum(int(count.replace(",", "")) for count, _ in NOTE.findall(shown))
    there = {row for part in parts for row in part.rows}
    assert sum(line in there for line in shown.splitlines()) + told == rows


@pytest.mark.parametrize("kind", LARGE)
def test_a_job_summary_fits_and_is_whole(kind: str) -> None:
    shown = as_summary(large(kind), FACTS)

    assert utf8(shown) <= SUMMARY_LIMIT
    assert shown.count("<details>") == shown.count("</details>")
    assert len(re.findall("^```", shown, re.MULTILINE)) % 2 == 0


def test_what_is_dangerous_is_kept() -> None:
    wanted = Request(asked(5_000, reason=LONG, danger=DANGER))
    shown = as_comment(planned(wanted), FACTS)
    rows = [row for row in read(shown).rows if len(row) == 6]

    assert 20 < len(rows) < 500
    assert all(row[3] == "Admin · admin" for row in rows)
    boxed = re.findall(r"^> - .*\*\*administrator\*\*", shown, re.MULTILINE)
    assert len(boxed) == 7  # a line for each account, whoever it is


def test_the_headline_counts_everything_although_rows_are_left_out() -> None:
    shown = as_comment(planned(Request(asked(5_000))), FACTS)

    assert "### Access change: 3,333 grants, 1,667 revocations" in shown
    (left,) = NOTE.findall(shown)
    assert int(left[0].replace(",", "")) + sum(len(row) == 6 for row in read(shown).rows) == 5_000


def test_half_of_what_differs_still_has_room_beside_many_grants() -> None:
    shown = as_comment(planned(Request(asked(5_000)), Plan(drift(5_000))), FACTS)
    drifted = [row for row in read(shown).rows if row[-1] == "not granted"]

    assert len(drifted) > 50
    assert "5,000 differences between AWS and the repository" in shown


def test_accounts_that_all_differ_leave_room_for_some() -> None:
    shown = as_comment(planned(reshaped(2_000, 3)), FACTS)
    fences = read(shown).fences

    assert len(fences) > 100
    assert utf16(shown) > COMMENT_LIMIT * 0.8
    assert re.search(r"more lines in [\d,]+ parts left out here", shown)


def test_five_hundred_grants_from_files_are_counted_and_marked() -> None:
    base, head = many(500)
    shown = as_comment(requested_change(request(base, head, TODAY), FORK, FACTS), FACTS)
    rows = [row for row in read(shown).rows if len(row) == 6]

    assert [row[3] for row in rows].count("AdminRole · admin") == 10
    assert len(rows) + int(NOTE.findall(shown)[0][0]) == 500
