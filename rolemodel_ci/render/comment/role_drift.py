"""What a plan changes in the roles of stacks although no change in Git asks for it, as parts of a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rolemodel_ci.access_request.request import Request
from rolemodel_ci.iam.account_ids import unnumbered
from rolemodel_ci.iam.differences import TEXTS, Difference, Direction
from rolemodel_ci.iam.other_resources import gives_beside
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.reconcile.changes import CreateStack, Origin, SettleStack, UpdateStack
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.comment.access import difference_lines
from rolemodel_ci.render.comment.drift import by_the_merge
from rolemodel_ci.render.comment.markup import few, name
from rolemodel_ci.render.comment.role_risks import gained_text, rank
from rolemodel_ci.render.comment.truncate import Part


@dataclass(frozen=True, slots=True)
class Drifted:
    """What differs in the stacks of some accounts, the same in each, and is not asked for."""

    accounts: tuple[str, ...]
    differences: tuple[Difference, ...]


def drifted_roles(plan: Plan, request: Request | None) -> tuple[Drifted, ...]:
    """The differences of stacks that are drift. Of a stack that a request changes, those that it does not ask for."""
    found: dict[tuple[Difference, ...], list[str]] = {}
    for change in plan.changes:
        if isinstance(change, CreateStack | UpdateStack | SettleStack):
            account = change.account or ""
            left = change.differences
            if change.origin is not Origin.DRIFT:
                left = () if request is None else _unasked(change, request)
            left = tuple(each for each in left if each.kind != TEXTS)
            if left:
                found.setdefault(left, []).append(account)
    return tuple(Drifted(tuple(sorted(accounts)), differences) for differences, accounts in found.items())


def _unasked(change: CreateStack | UpdateStack | SettleStack, request: Request) -> tuple[Difference, ...]:
    """The differences of a stack that the request does not ask for, down to single changes of a role.

    In those that the request shares between accounts, an account's own id stands as `AWS::AccountId`.
    """
    account = change.account or ""
    shapes = [shape for shape in request.reshaped if account in shape.accounts]
    if not request.whole or account in request.coming or not shapes:
        return ()
    own = request.ids.get(account)
    asked = {
        (each.name, each.kind): frozenset(unnumbered(one, own) for one in each.changes)
        for shape in shapes
        for each in shape.differences
    }
    left = []
    renamed = {*request.renamed_roles, *request.renamed_roles.values()}
    for each in change.differences:
        if each.is_role and each.name in renamed:  # in AWS, another role comes
            continue
        known = asked.get((each.name, each.kind))
        changes = tuple(one for one in each.changes if known is None or unnumbered(one, own) not in known)
        if changes or known is None:
            left.append(replace(each, changes=changes))
    return tuple(left)


def role_drift_risks(
    drifted: Iterable[Drifted], dangers: Mapping[tuple[str, str], Mark], *, refused: bool = False
) -> Iterator[str]:
    """Roles that get more rights, or may, by a merge that does not ask for it, and what gives access beside them."""
    by = by_the_merge(refused=refused)
    for shape in drifted:
        for difference in shape.differences:
            where = f"in {few(shape.accounts)} {by} (**drift**: this change does not ask for it)"
            if gives_beside(difference):
                yield f"{name(difference.name)} ({name(difference.kind)}) is {difference.what} {where}."
            elif difference.is_role and difference.what != "removed":
                yield from _risk(shape, difference, where, dangers)


def _risk(shape: Drifted, difference: Difference, where: str, dangers: Mapping[tuple[str, str], Mark]) -> Iterator[str]:
    gained = gained_text(difference.changes)
    marks = dict.fromkeys(m for account in shape.accounts if (m := dangers.get((account, difference.name))))
    ranks = dict.fromkeys(map(rank, marks))
    held = f" With it, people are {', '.join(ranks)}." if ranks else ""
    if gained:
        widens = any(change.direction is Direction.WIDENS for change in difference.changes)
        how = "is **made**" if difference.what == "added" else f"{'is' if widens else 'may be'} **widened**"
        yield f"{name(difference.name)} {how} {where}.{held}{gained}"


def role_drift_parts(drifted: Iterable[Drifted], also: str) -> Iterator[Part]:
    """What differs, line by line, in a fold."""
    shapes = tuple(drifted)
    if not shapes:
        return
    stacks = len({account for shape in shapes for account in shape.accounts})
    told = f"{counted(stacks, 'stack')} with other contents than the repository{also}"
    yield Part(f"<details><summary><b>Drift of stacks</b>: {told}</summary>")
    for shape in shapes:
        lines = tuple(difference_lines(shape.differences))
        yield Part(f"In {few(shape.accounts)}:\n\n```diff", lines, "```", rank=4, noun="line")
    yield Part("</details>")
