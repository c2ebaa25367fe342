"""A plan as blocks: counts first, then who gains and who loses what, then the roles, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from rolemodel_ci.model.live import Withheld
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateGroup,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DeleteStack,
    DetachPolicy,
    Origin,
    PutPolicy,
    RemoveMember,
    RenameGroup,
    SettleStack,
    StackChange,
    UpdateStack,
)
from rolemodel_ci.render.blocks import Block, Heading, Lines, Paragraph, Row, Table, Tone, counted, sentence
from rolemodel_ci.render.change import GroupShape, others, regains
from rolemodel_ci.render.change import describe as describe

if TYPE_CHECKING:
    from rolemodel_ci.iam.differences import Difference
    from rolemodel_ci.iam.privilege import Mark
    from rolemodel_ci.reconcile.gains import Administrator
    from rolemodel_ci.reconcile.plan import Plan

_SHOWN = 20  # names in one warning

_SECTIONS = (
    (Origin.REQUESTED, "Requested by the change"),
    (Origin.EXPIRED, "Ended: the last day of these grants is over"),
    (Origin.DRIFT, "Drift: AWS differs from the repository"),
    (None, "For a reason that is not known"),
)


def plan_blocks(plan: Plan) -> Iterator[Block]:
    """Everything a reader wants to know of a plan."""
    yield Heading(headline(plan), 1, Tone.GOOD if plan.is_empty and plan.is_whole else Tone.PLAIN)
    yield from (Paragraph(f"! {line}", Tone.BAD) for line in alarms(plan))
    yield from (Paragraph(line, Tone.GAIN) for line in regains(plan.regained))
    if any(change.origin for change in plan.changes):
        for origin, title in _SECTIONS:
            chosen = [change for change in plan.changes if change.origin is origin]
            if chosen:
                yield Heading(f"{title} ({counted(len(chosen), 'change')})")
                yield from change_blocks(chosen, plan.administrators)
    else:
        yield from change_blocks(plan.changes, plan.administrators)
    yield from _shortfalls(plan)
    for note in plan.notes:
        yield Paragraph(f"Note: {note}")


def headline(plan: Plan) -> str:
    """One line: the counts, or that there is nothing to do."""
    if plan.is_empty:
        return (
            "Nothing to do: AWS is what the repository says."
            if plan.is_whole
            else "Nothing can be done: something cannot be read or made."
        )
    kinds = [type(change) for change in plan.changes]
    gains, losses = kinds.count(AddMember), kinds.count(RemoveMember)
    stacks = sum(isinstance(change, StackChange) for change in plan.changes)
    made, gone, renamed = (kinds.count(kind) for kind in (CreateGroup, DeleteGroup, RenameGroup))
    more = len(others(plan.changes))
    whole = _whole_groups(plan.changes)
    shapes = [change for change in plan.changes if isinstance(change, PutPolicy | DeletePolicy | DetachPolicy)]
    policies = sum(change.group not in whole for change in shapes)
    return (
        "Plan: "
        + sentence(
            (
                counted(gains, "grant"),
                counted(losses, "revocation"),
                counted(stacks, "stack") + " to change" if stacks else "",
                counted(made, "group") + " to make" if made else "",
                counted(gone, "group") + " to delete" if gone else "",
                counted(renamed, "group") + " to rename" if renamed else "",
                counted(policies, "group policy", "group policies") + " to put right" if policies else "",
                counted(more, "other change") if more else "",
            )
        )
        + "."
    )


def alarms(plan: Plan) -> Iterator[str]:
    """What must not be overlooked: who becomes administrator, and what goes from stacks beside roles."""
    where: dict[tuple[str, Mark, tuple[str, ...]], list[str]] = {}
    by_role = groupby(plan.administrators, key=lambda one: (one.account, one.role, one.why))
    for (account, role, why), people in by_role:
        where.setdefault((role, why, tuple(one.user for one in people)), []).append(account)
    for (role, why, users), accounts in where.items():
        verb = "becomes" if len(users) == 1 else "become"
        from rolemodel_ci.render.privileges import rank, reason

        yield f"{_few(users)} {verb} {rank(why)} of {_few(accounts)} (`{role}` {reason(why)})."
    for account, names in _lost(plan.changes).items():
        yield f"The stack of `{account}` loses {_few(names)}, with what is in it."


def _lost(changes: Iterable[Change]) -> dict[str, list[str]]:
    """What goes from stacks and is neither a role nor a policy, by account."""
    lost: dict[str, list[str]] = {}
    for change in changes:
        for difference in change.differences if isinstance(change, StackChange) else ():
            if difference.what == "removed" and not difference.kind.startswith("AWS::IAM::"):
                lost.setdefault(change.account or "", []).append(f"{difference.name} ({difference.kind})")
    return lost


def loses_resources(plan: Plan) -> bool:
    """Whether stacks lose something beside roles and policies: data, networks, what else somebody put there."""
    return bool(_lost(plan.changes))


def question(plan: Plan) -> str:
    """What a person is asked before the plan is carried out: everything that it changes, counted."""
    people = len({one.user for one in plan.administrators})
    lost = sum(map(len, _lost(plan.changes).values()))
    more = (
        f"; {counted(people, 'user')} become{'s' * (people == 1)} as good as administrator" if people else "",
        f"; {counted(lost, 'resource')} beside roles deleted" if lost else "",
    )
    return f"This changes AWS: {headline(plan).removeprefix('Plan: ').removesuffix('.')}{''.join(more)}."


def _few(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:_SHOWN]]
    return sentence((*shown, f"{len(names) - _SHOWN} more") if len(names) > _SHOWN else shown)


def change_blocks(changes: Sequence[Change], administrators: Sequence[Administrator] = ()) -> Iterator[Block]:
    """The changes: access, stacks with what changes in their roles, groups."""
    ranks = _ranks(administrators)
    access = [change for change in changes if isinstance(change, AddMember | RemoveMember)]
    if access:
        yield Table(
            ("", "who", "account", "role", "until", "why"),
            tuple(_access(change, ranks) for change in sorted(access, key=lambda c: isinstance(c, RemoveMember))),
        )
    stacks = [change for change in changes if isinstance(change, StackChange)]
    if stacks:
        yield Table(("", "account", "stack", "roles"), tuple(map(_stack, stacks)))
        yield from _differences(stacks)
    groups = [change for change in changes if isinstance(change, GroupShape)]
    if groups:
        yield Table(("", "group", "what"), tuple(_groups(groups)))
    if rest := others(changes):
        yield Table(("", "account", "other changes"), tuple(map(_other, rest)))


def _ranks(administrators: Iterable[Administrator]) -> dict[tuple[str, str], str]:
    """What somebody becomes by a role, of those roles that a row is to say it of; of the others, `alarms` tells."""
    if not administrators:
        return {}
    from rolemodel_ci.iam.privilege import Privilege
    from rolemodel_ci.render.privileges import rank

    shown = (one for one in administrators if one.why.privilege >= Privilege.UNKNOWN)
    return {(one.account, one.role): rank(one.why) for one in shown}


def _other(change: Change) -> Row:
    return Row(("~", change.account or "", describe(change)), Tone.CHANGE)


def _access(change: AddMember | RemoveMember, ranks: Mapping[tuple[str, str], str]) -> Row:
    if isinstance(change, AddMember):
        until = change.expires.isoformat() if change.expires else ""
        account, role = change.account or "", change.role or ""
        marked = f"{role} ({ranks[account, role]})" if (account, role) in ranks else role
        cells = ("+ gains", change.user, account, marked, until, change.reason or "")
        return Row(cells, Tone.GAIN)
    why = f"ended with {change.ended}" if change.ended else ""
    return Row(("- loses", change.user, change.account or change.group, change.role or "", "", why), Tone.LOSS)


def _stack(change: StackChange) -> Row:
    match change:
        case CreateStack():
            sign, tone = ("+ make" if change.replaces is None else f"+ remake ({change.replaces})"), Tone.GAIN
        case UpdateStack():
            sign, tone = "~ update", Tone.CHANGE
        case SettleStack():
            sign, tone = f"~ wait or repair ({change.status})", Tone.CHANGE
        case DeleteStack():
            sign, tone = "- delete", Tone.LOSS
        case _:
            assert_never(change)
    return Row((sign, change.account or "", change.stack, _role_counts(change.differences)), tone)


def _role_counts(differences: Iterable[Difference]) -> str:
    words = {"added": "+", "removed": "-", "changed": "~"}
    return " ".join(f"{words[difference.what]}{difference.name}" for difference in differences)


def _differences(stacks: Sequence[StackChange]) -> Iterator[Block]:
    """What changes in the roles, once for all accounts in which it is the same. New stacks are not told at length."""
    told = [change for change in stacks if not isinstance(change, CreateStack | DeleteStack) and change.differences]
    if not told:
        return
    from rolemodel_ci.render.role_differences import lines as lines_of

    told.sort(key=lambda change: (repr(change.differences), change.account or ""))
    for differences, same in groupby(told, key=lambda change: change.differences):
        accounts = sentence(f"`{change.account}`" for change in same)
        lines: list[tuple[str, Tone]] = []
        for difference in differences:
            lines.append((f"  {difference.name} ({difference.kind}) {difference.what}", Tone.PLAIN))
            lines += [
                (
                    f"{line.sign}   {line.part + ': ' if line.part else ''}{line.text}",
                    Tone.GAIN if line.sign == "+" else Tone.LOSS,
                )
                for line in lines_of(difference)
            ]
        yield Paragraph(f"In {accounts}:")
        yield Lines(tuple(lines))


def _whole_groups(changes: Iterable[Change]) -> set[str]:
    """The groups that come or go as a whole."""
    return {change.group for change in changes if isinstance(change, CreateGroup | DeleteGroup)}


_WAS = 200  # characters of an old policy in a row; JSON and the record have more


def _was(before: str | None) -> str:
    """What a policy said until now, in short."""
    if before is None:
        return ""
    return f"; was {before if len(before) <= _WAS else before[:_WAS] + ' … (all of it with --format json)'}"


def _groups(changes: Sequence[GroupShape]) -> Iterator[Row]:
    """One row a group that comes or goes; its policy is part of it. Policies of groups that stay have their own row."""
    whole = _whole_groups(changes)
    for change in changes:
        match change:
            case CreateGroup():
                yield Row(("+ make", change.group, "with the policy that opens its role"), Tone.GAIN)
            case RenameGroup():
                stay = f"from {change.old}; {counted(len(change.members), 'member')} keep access"
                yield Row(("~ rename", change.group, stay), Tone.CHANGE)
            case DeleteGroup():
                yield Row(("- delete", change.group, "with its policies"), Tone.LOSS)
            case PutPolicy() if change.group not in whole:
                opens = f"opens {change.arn or 'its role, once it is made'}"
                yield Row(("~ policy", change.group, opens + _was(change.before)), Tone.CHANGE)
            case DeletePolicy() if change.group not in whole:
                yield Row(("- policy", change.group, f"inline policy {change.policy}" + _was(change.before)), Tone.LOSS)
            case DetachPolicy() if change.group not in whole:
                yield Row(("- policy", change.group, f"managed policy {change.arn}"), Tone.LOSS)
            case PutPolicy() | DeletePolicy() | DetachPolicy():
                pass  # part of a group that comes or goes as a whole
            case _:
                assert_never(change)


def _shortfalls(plan: Plan) -> Iterator[Block]:
    unread = [one for one in plan.unreadable if not isinstance(one, Withheld)]
    if unread:
        many = counted(len(unread), "account")
        yield Heading(f"{many} cannot be read; nothing is concluded from it", 2, Tone.BAD)
        yield Table(
            ("account", "why", "what to do"),
            tuple(Row((u.account, u.reason, u.remedy), Tone.BAD) for u in unread),
        )
    if plan.blocked:
        yield Heading(f"{counted(len(plan.blocked), 'grant or group', 'grants or groups')} cannot be made", 2, Tone.BAD)
        rows = (Row((str(b.place or ""), b.user or "", b.group, b.reason, b.remedy), Tone.BAD) for b in plan.blocked)
        yield Table(("where", "user", "group", "why", "what to do"), tuple(rows))
