"""What a plan adds to a request, as parts of a comment: drift, grants that ended, what the merge will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rolemodel_ci.guard import Headroom
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.model import Problem, Severity
from rolemodel_ci.plan import AddMember, Change, Origin, Plan, RemoveMember, StackChange
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.asked import mark
from rolemodel_ci.render.comment.facts import Facts
from rolemodel_ci.render.comment.fit import Part
from rolemodel_ci.render.comment.markup import name, row, table_head, words
from rolemodel_ci.render.plans import describe

Dangers = Mapping[tuple[str, str], Mark]


def drift_parts(plan: Plan, dangers: Dangers, *, folded: bool) -> Iterator[Part]:
    """What differs in AWS although no change in Git asks for it, and what ended by itself.

    Folded it stands in the comment on a request, whose merge puts that right as well.
    """
    also = "; the merge puts that right as well" if folded else ""
    drift = [change for change in plan.changes if change.origin is Origin.DRIFT]
    ended = [change for change in plan.changes if change.origin is Origin.EXPIRED]
    if drift:
        admins = sum(isinstance(c, AddMember | RemoveMember) and _key(c) in dangers for c in drift)
        about = f", {admins:,} of them about administrators" if admins else ""
        told = f"{counted(len(drift), 'difference')} between AWS and the repository{about}{also}"
        yield from _titled("Drift", told, _drifted(drift, dangers), folded=folded)
    if ended:
        told = f"{counted(len(ended), 'grant')} past the last day{also}"
        yield from _titled("Ended", told, _drifted(ended, dangers), folded=folded)


def _titled(label: str, told: str, tables: Iterable[Part], *, folded: bool) -> Iterator[Part]:
    yield Part(f"<details><summary><b>{label}</b>: {told}</summary>" if folded else f"**{label}**: {told}.")
    yield from tables
    yield Part("</details>" if folded else "")


def _drifted(changes: Iterable[Change], dangers: Dangers) -> Iterator[Part]:
    people, rest = [], []
    for change in changes:
        if isinstance(change, AddMember | RemoveMember):
            people.append(change)
        else:
            rest.append(change)
    if people:
        people.sort(key=lambda c: (_key(c) not in dangers, isinstance(c, AddMember)))
        columns = ("", "who", "account", "role", "in AWS", "in the repository")
        yield Part(table_head(columns), tuple(_member(c, dangers) for c in people), rank=3, noun="row")
    if rest:
        rows = tuple(row((name(describe(change)), name(change.account or ""))) for change in rest)
        yield Part(table_head(("what an apply does", "account")), rows, rank=4, noun="row")


def _key(change: Change) -> tuple[str, str]:
    return change.account or "", change.role or ""


def _member(change: AddMember | RemoveMember, dangers: Dangers) -> str:
    role = name(change.role or "") + mark(dangers.get(_key(change)))
    if isinstance(change, AddMember):
        sign, live, wanted = "➕ **gains**", "not a member", "granted"
    else:
        sign, live = "➖ **loses**", "member"
        wanted = f"until {change.ended}" if change.ended else "not granted"
    return row((sign, name(change.user), name(change.account or change.group), role, live, wanted))


def merge_part(plan: Plan, headroom: Headroom, *, refused: bool = False) -> Part:
    """What the merge will do, and how near the quotas it comes, in one line."""
    stacks = sum(isinstance(change, StackChange) for change in plan.changes)
    members = sum(isinstance(change, AddMember | RemoveMember) for change in plan.changes)
    groups = len(plan.changes) - stacks - members
    does = sentence(
        (
            counted(stacks, "stack") if stacks else "",
            counted(members, "membership") if members else "",
            counted(groups, "group or group policy", "groups or group policies") if groups else "",
        )
    )
    changes = f"{does} {'changes' if len(plan.changes) == 1 else 'change'}" if does else "nothing changes in AWS"
    when = "**Without the refusal**" if refused else "**On merge**"
    return Part(
        f"{when} {changes}. Groups {headroom.groups} of {headroom.groups_quota}, "
        f"most groups of one user {headroom.busiest} of {headroom.groups_per_user}."
    )


def problem_parts(problems: Iterable[Problem], facts: Facts) -> Iterator[Part]:
    """The problems of the files, each with a link to its line; warnings below them, in a fold."""
    for severity, rank in ((Severity.ERROR, 0), (Severity.WARNING, 3)):
        chosen = [problem for problem in problems if problem.severity is severity]
        if not chosen:
            continue
        # Two columns: on a telephone a third one is out of sight, and it would be the one that says what to do.
        rows = tuple(
            row((facts.line(p.place), f"`{p.code}` {words(p.message)}.<br>→ {words(p.remedy)}")) for p in chosen
        )
        table = Part(table_head(("where", "problem, and what to do")), rows, rank=rank, noun=str(severity))
        if severity is Severity.WARNING:
            yield Part(f"<details><summary><b>Warnings</b>: {counted(len(chosen), 'warning')}</summary>")
            yield table
            yield Part("</details>")
        else:
            yield table
