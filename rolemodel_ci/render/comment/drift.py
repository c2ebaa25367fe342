"""What a plan does that no change in Git asks for, as parts of a comment: drift, and grants that ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rolemodel_ci.access_request.request import GrantChangeKind, Request
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.reconcile.changes import AddMember, Change, Origin, PutPolicy, RemoveMember, StackChange
from rolemodel_ci.reconcile.gains import Regained
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.access import mark, roles_of
from rolemodel_ci.render.comment.markup import PEOPLE, few, name, row, table_head
from rolemodel_ci.render.comment.role_risks import rank
from rolemodel_ci.render.comment.truncate import Part
from rolemodel_ci.render.plan import describe

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
    gives = sum(isinstance(change, AddMember) for change in plan.changes) + len(plan.regained)
    takes = sum(isinstance(change, RemoveMember) for change in plan.changes)
    people = (counted(gives, "grant") if gives else "", counted(takes, "revocation") if takes else "")
    told = sentence(people) or counted(len(plan.changes), "change")
    return f"nothing asked for, but AWS differs by {told}" + ("" if refused else ", which the merge makes")


def drift_risks(plan: Plan, request: Request, *, refused: bool = False) -> Iterator[str]:
    """Who becomes administrator by a merge although the request does not ask for it: AWS had taken it from them."""
    dangers, by = request.dangers, by_the_merge(refused=refused)
    for change in plan.changes:
        if isinstance(change, AddMember) and change.origin is Origin.DRIFT and _key(change) in dangers:
            becomes = f"{name(change.user)} becomes {rank(dangers[_key(change)])} of {name(change.account or '')}"
            yield f"{becomes} {by} (**drift**: the files grant {name(change.role or '')}, and AWS has it not)."
    for drift in (True, False):
        lacks = (
            "**drift**: AWS lacks the role, or the policy of its group" if drift else "what it asks for opens the role"
        )
        for (account, role), members in groupby(_regained(plan, request, drift=drift), key=_place):
            if (account, role) in dangers:
                people = [one.user for one in members]
                becomes = "becomes" if len(people) == 1 else "become"
                who = f"{few(people, PEOPLE)} {becomes} {rank(dangers[account, role])} of {name(account)}"
                yield f"{who} {by} ({name(role)}: in its group already, and {lacks})."


def _place(one: Regained) -> tuple[str, str]:
    return one.account, one.role


def _regained(plan: Plan, request: Request, *, drift: bool) -> list[Regained]:
    """Who gets into a role by being in its group already, but for those whose grant has a row of its own.

    `drift`: those whose role or policy AWS lacks by itself; else those to whom the request opens it.
    """
    listed = _listed(request)
    asked = [change for change in plan.changes if change.origin is Origin.REQUESTED]
    groups = {change.group for change in asked if isinstance(change, PutPolicy)}
    roles = {(c.account, d.name) for c in asked if isinstance(c, StackChange) for d in c.differences}
    found = [one for one in plan.regained if (*_place(one), one.user) not in listed]
    return [one for one in found if (one.group in groups or _place(one) in roles) is not drift]


def _listed(request: Request) -> set[tuple[str, str, str]]:
    """The grants that come or go by the request, and have a row of their own."""
    touches = (GrantChangeKind.GAINS, GrantChangeKind.LOSES)
    return {(one.account, one.role, one.user) for one in request.grants if one.touch in touches}


def drift_parts(plan: Plan, request: Request, also: str, *, folded: bool) -> Iterator[Part]:
    """What differs in AWS although the request does not ask for it, and what ended by itself.

    `also` says what becomes of it; folded it stands below what a request asks for. Members whom the files never named
    are among it, though their group goes by the request.
    """
    dangers = request.dangers
    drift = _unasked(plan, request)
    regained, opened = (_regained(plan, request, drift=drift) for drift in (True, False))
    ended = [change for change in plan.changes if change.origin is Origin.EXPIRED]
    if drift or regained:
        admins = sum(isinstance(c, AddMember | RemoveMember) and _key(c) in dangers for c in drift)
        admins += sum(_place(one) in dangers for one in regained)
        about = f", {admins:,} of them about administrators" if admins else ""
        told = f"{counted(len(drift) + len(regained), 'difference')} between AWS and the repository{about}{also}"
        yield from _titled("Drift", told, _drifted(drift, dangers, regained), folded=folded)
    if opened:
        told = f"{counted(len(opened), 'member')} of groups, to whom the change opens a role"
        yield from _titled("In the group already", told, _drifted((), dangers, opened), folded=folded)
    if ended:
        told = f"{counted(len(ended), 'grant')} past the last day{also}"
        yield from _titled("Ended", told, _drifted(ended, dangers), folded=folded)


def _unasked(plan: Plan, request: Request) -> list[Change]:
    """The changes that are drift, and those of members that no row of the request shows."""
    listed = _listed(request)
    found: list[Change] = []
    for change in plan.changes:
        if isinstance(change, AddMember | RemoveMember) and change.origin is Origin.REQUESTED:
            if not any((change.account or "", role, change.user) in listed for role in roles_of(change)):
                found.append(change)
        elif change.origin is Origin.DRIFT:
            found.append(change)
    return found


def merged_parts(plan: Plan, dangers: Dangers) -> Iterator[Part]:
    """What the repository came to ask for and was never applied, for a run that looks at AWS."""
    asked = [change for change in plan.changes if change.origin is Origin.REQUESTED]
    if asked:
        told = f"{counted(len(asked), 'change')} that the repository asks for and that no run is known to have made"
        yield from _titled("Not applied", told, _drifted(asked, dangers), folded=False)


def _titled(label: str, told: str, tables: Iterable[Part], *, folded: bool) -> Iterator[Part]:
    yield Part(f"<details><summary><b>{label}</b>: {told}</summary>" if folded else f"**{label}**: {told}.")
    yield from tables
    yield Part("</details>" if folded else "")


def _drifted(changes: Iterable[Change], dangers: Dangers, regained: Sequence[Regained] = ()) -> Iterator[Part]:
    people, rest = [], []
    for change in changes:
        if isinstance(change, AddMember | RemoveMember):
            people.append(change)
        else:
            rest.append(change)
    if people or regained:
        people.sort(key=lambda c: (_key(c) not in dangers, isinstance(c, AddMember)))
        columns = ("", "who", "account", "role", "in AWS", "in the repository")
        rows = (*(_member(c, dangers) for c in people), *(_back(one, dangers) for one in regained))
        yield Part(table_head(columns), rows, rank=3, noun="row")
    if rest:
        rows = tuple(row((name(describe(change)), name(change.account or ""))) for change in rest)
        yield Part(table_head(("what an apply does", "account")), rows, rank=4, noun="row")


def _key(change: Change) -> tuple[str, str]:
    return change.account or "", change.role or ""


def _back(one: Regained, dangers: Dangers) -> str:
    role = name(one.role) + mark(dangers.get((one.account, one.role)))
    live = "member, but the role or the group's policy is missing or another"
    return row(("➕ **gains**", name(one.user), name(one.account), role, live, "granted"))


def _member(change: AddMember | RemoveMember, dangers: Dangers) -> str:
    role = name(change.role or "") + mark(dangers.get(_key(change)))
    if isinstance(change, AddMember):
        sign, live, wanted = "➕ **gains**", "not a member", "granted"
    else:
        sign, live = "➖ **loses**", "member"
        wanted = f"until {change.ended}" if change.ended else "not granted"
    return row((sign, name(change.user), name(change.account or change.group), role, live, wanted))
