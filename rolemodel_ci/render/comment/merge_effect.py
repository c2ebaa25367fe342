"""What a plan adds to a request, as parts of a comment: what the merge will do, problems of the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rolemodel_ci.model.problem import Problem, Severity
from rolemodel_ci.reconcile.changes import AddMember, RemoveMember, StackChange
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.change import GroupShape, describe, others
from rolemodel_ci.render.comment.markup import name, row, table_head, words
from rolemodel_ci.render.comment.provenance import Facts
from rolemodel_ci.render.comment.truncate import Part


def shortfall_headline(plan: Plan | None, *, refused: bool) -> str:
    """What of a request the merge would not make, for behind the counts of the first line; empty where it makes all."""
    blocked = len(plan.blocked) if plan else 0
    told = (
        "the merge would be refused" if refused else "",
        f"{counted(blocked, 'grant or group', 'grants or groups')} cannot be made" if blocked else "",
    )
    return "".join(f"; {piece}" for piece in told if piece)


def merge_part(plan: Plan, headroom: Headroom, *, refused: bool = False) -> Part:
    """What the merge will do, and how near the quotas it comes, in one line."""
    stacks = sum(isinstance(change, StackChange) for change in plan.changes)
    members = sum(isinstance(change, AddMember | RemoveMember) for change in plan.changes)
    groups, more = sum(isinstance(change, GroupShape) for change in plan.changes), others(plan.changes)
    does = sentence(
        (
            counted(stacks, "stack") if stacks else "",
            counted(members, "membership") if members else "",
            counted(groups, "group or group policy", "groups or group policies") if groups else "",
            " and ".join(name(describe(change)) for change in more),
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
