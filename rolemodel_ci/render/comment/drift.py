"""What a plan does that no change in Git asks for, as parts of a comment: drift, and grants that ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.plan import AddMember, Change, Origin, Plan, RemoveMember
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.asked import mark
from rolemodel_ci.render.comment.fit import Part
from rolemodel_ci.render.comment.markup import name, row, table_head
from rolemodel_ci.render.comment.wider import rank
from rolemodel_ci.render.plans import describe

Dangers = Mapping[tuple[str, str], Mark]


def also_made(*, refused: bool) -> str:
    """What the merge of a request does about what differs in AWS."""
    return "; as the merge would be refused, that stays as it is" if refused else "; the merge puts that right as well"


def by_the_merge(*, refused: bool) -> str:
    """When something comes that nobody asks for."""
    return "once a merge is not refused" if refused else "by the merge"


def drift_headline(plan: Plan, *, refused: bool) -> str:
    """The first line of a comment on a request that asks for nothing, but whose merge changes AWS; else empty."""
    if not plan.changes:
        return ""
    gives = sum(isinstance(change, AddMember) for change in plan.changes)
    takes = sum(isinstance(change, RemoveMember) for change in plan.changes)
    people = (counted(gives, "grant") if gives else "", counted(takes, "revocation") if takes else "")
    told = sentence(people) or counted(len(plan.changes), "change")
    return f"nothing asked for, but AWS differs by {told}" + ("" if refused else ", which the merge makes")


def drift_risks(plan: Plan, dangers: Dangers, *, refused: bool = False) -> Iterator[str]:
    """Who becomes administrator by a merge although the request does not ask for it: AWS had taken it from them."""
    for change in plan.changes:
        if isinstance(change, AddMember) and change.origin is Origin.DRIFT and _key(change) in dangers:
            becomes = f"{name(change.user)} becomes {rank(dangers[_key(change)])} of {name(change.account or '')}"
            by = by_the_merge(refused=refused)
            yield f"{becomes} {by} (**drift**: the files grant {name(change.role or '')}, and AWS has it not)."


def drift_parts(plan: Plan, dangers: Dangers, also: str, *, folded: bool) -> Iterator[Part]:
    """What differs in AWS although no change in Git asks for it, and what ended by itself.

    `also` says what becomes of it; folded it stands below what a request asks for.
    """
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
