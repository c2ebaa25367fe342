"""What a change in Git asks for, as parts of a comment: the headline, who gains and loses what, the roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request
from rolemodel_ci.access_request.role_changes import NewAccount, RoleChanges
from rolemodel_ci.iam.differences import TEXTS, Change, Difference, Direction, PropertyChange
from rolemodel_ci.iam.privilege import Mark, Privilege
from rolemodel_ci.reconcile.changes import AddMember, RemoveMember, RenameGroup
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.markup import few, few_html, name, row, table_head, words
from rolemodel_ci.render.comment.provenance import Facts
from rolemodel_ci.render.comment.settings import value_of
from rolemodel_ci.render.comment.truncate import Part
from rolemodel_ci.render.privileges import reason
from rolemodel_ci.render.role_differences import Line, change_lines, lines
from rolemodel_ci.render.text import visible

_SIGNS = {
    GrantChangeKind.GAINS: "➕ **gains**",
    GrantChangeKind.LONGER: "➕ **keeps longer**",
    GrantChangeKind.LOSES: "➖ **loses**",
    GrantChangeKind.SHORTER: "➖ **keeps shorter**",
}


def headline(request: Request) -> str:
    """The counts of a request, for the first line and for a notification mail."""
    count = {touch: sum(asked.touch is touch for asked in request.grants) for touch in GrantChangeKind}
    roles = _roles_by_what(request)
    opened = {role for (_, role), ways in request.ways.items() if ways.coming}
    named = {role for (_, role), ways in request.ways.items() if ways.named}
    beside = {d.name for shape in request.reshaped for d in shape.beside()}
    beside |= {resource for account in request.joining for resource, _ in account.beside}
    others = {d.name for shape in request.reshaped for d in shape.differences if not d.is_role and d.kind != TEXTS}
    others -= beside
    pieces = (
        counted(count[GrantChangeKind.GAINS], "grant") if count[GrantChangeKind.GAINS] else "",
        counted(count[GrantChangeKind.LONGER], "grant") + " made longer" if count[GrantChangeKind.LONGER] else "",
        counted(count[GrantChangeKind.LOSES], "revocation") if count[GrantChangeKind.LOSES] else "",
        counted(count[GrantChangeKind.SHORTER], "grant") + " made shorter" if count[GrantChangeKind.SHORTER] else "",
        *(f"{counted(len(roles[what]), 'role')} {what}" for what in _WHATS if what in roles),
        counted(len(opened), "role") + " opened to the outside" if opened else "",
        counted(len(named), "role") + " opened without a grant" if named else "",
        counted(len(beside), "resource") + " beside the roles" if beside else "",
        counted(len(others), "other part") + " of the template" if others else "",
        counted(len(request.coming), "account") + " added" if request.coming else "",
        counted(len(request.going), "account") + " removed" if request.going else "",
        counted(len(request.renamed), "account") + " renamed" if request.renamed else "",
        "the user map given up" if request.unmanaged else "",
        counted(len(request.settings), "setting") + " changed" if request.settings else "",
    )
    told = ", ".join(piece for piece in pieces if piece)
    if not told and request.files:
        return "no grant and no role, but files that decide about access"
    return told or "nothing that gives or takes access"


_LIKE = Privilege.PASSING  # stands for all levels that have no words of their own
_BECOMES = {
    Privilege.ADMINISTRATOR: "made administrator",
    _LIKE: "made as good as administrator",
    Privilege.UNKNOWN: "given rights that cannot be told",
}
_COMES = {
    Privilege.ADMINISTRATOR: "added as administrator",
    _LIKE: "added as good as administrator",
    Privilege.UNKNOWN: "added with rights that cannot be told",
    Privilege.LIMITED: "added",
}
_UNCLEAR = "changed in a way that cannot be told"
_WHATS = tuple(
    dict.fromkeys((*_BECOMES.values(), "widened", _UNCLEAR, "changed", *_COMES.values(), "added", "removed"))
)


def _roles_by_what(request: Request) -> dict[str, dict[str, set[str]]]:
    """What becomes of roles, by the words above: the roles, and in which accounts."""
    told: dict[str, dict[str, set[str]]] = {}
    added = {(joining.account, role) for joining in request.joining for role in joining.roles}
    for shape in request.reshaped:
        wider, unclear = shape.widened(), shape.unclear()
        for difference in filter(lambda difference: difference.is_role, shape.differences):
            role = difference.name
            added |= {(account, role) for account in shape.accounts if difference.what == "added"}
            accounts = {account for account in shape.accounts if (account, role) not in request.newly}
            if accounts:
                what = "widened" if role in wider else _UNCLEAR if role in unclear else difference.what
                told.setdefault(what, {}).setdefault(role, set()).update(accounts)
    for (account, role), mark in request.newly.items():
        words_of = _COMES if (account, role) in added else _BECOMES
        told.setdefault(words_of.get(mark.privilege, words_of[_LIKE]), {}).setdefault(role, set()).add(account)
    return told


def access_parts(request: Request, plan: Plan | None, facts: Facts) -> Iterator[Part]:
    """One row for each grant that the change touches. With a plan, it is said where AWS is so already."""
    if request.grants:
        standing = _Standing(plan)
        rows = tuple(_grant(asked, standing.of(asked), facts) for asked in request.grants)
        yield Part(table_head(("", "who", "account", "role", "until", "why")), rows, rank=1, noun="grant")
    if request.coming or request.going:
        one = len(request.coming) == 1
        joins = f"{'joins' if one else 'join'} the config: {'its stack' if one else 'their stacks'} and groups are made"
        coming = f"{few(request.coming)} {joins}." if request.coming else ""
        leaves = "goes, with its groups" if len(request.going) == 1 else "go, with their groups"
        going = f"{few(request.going)} {leaves} and who is in them." if request.going else ""
        yield Part(" ".join(piece for piece in ("**Accounts:**", coming, going, _left_behind(request)) if piece))
    if request.renamed:
        rows = tuple(
            f"- {name(old)} is now called {name(new)}: {_same(new in request.ids)}; its groups "
            + ("go on under the new name." if kept else "are made anew, for the account has no `was:`.")
            for old, new, kept in request.renamed
        )
        yield Part("**Renamed:**\n", rows, rank=2, noun="account")
    if request.joining:
        rows = tuple(_joining(account, request.dangers) for account in request.joining)
        yield Part(table_head(("account that joins", "id", "its roles")), rows, rank=2, noun="account")


def _same(has_id: bool) -> str:
    return "the same AWS account and stack" if has_id else "**no id says whether it is the same AWS account**"


def _joining(joining: NewAccount, dangers: Mapping[tuple[str, str], Mark]) -> str:
    """An account that comes, with its roles: those as good as an administrator first, and why they are."""
    held = {role: dangers.get((joining.account, role)) for role in joining.roles}
    risky = [(role, why) for role, why in held.items() if why]
    cells = [
        name(role) + mark(why) + ("" if why.privilege is Privilege.ADMINISTRATOR else f": {reason(why)}")
        for role, why in risky
    ]
    cells += [few(plain)] if (plain := [role for role, why in held.items() if not why]) else []
    known_as = name(joining.account_id) if joining.account_id else "not in the config"
    before = f", until now of {name(joining.holder)}" if joining.holder else ""
    given = [f"{name(parameter)} = {value_of(value)}" for parameter, value in joining.parameters]
    cells += ["with " + sentence(given)] if given else []
    return row((name(joining.account), known_as + before, "<br>".join(cells)))


def roles_of(change: AddMember | RemoveMember) -> tuple[str, str]:
    """What the role of a membership is called after the change, and what it was when its group got its name."""
    return change.role or "", change.group.rpartition(".")[2]


class _Standing:
    """How AWS stands to what is asked for, by account, role and user."""

    def __init__(self, plan: Plan | None) -> None:
        self._known = plan is not None
        changes = plan.changes if plan else ()
        self._joining = {(c.account, c.role, c.user) for c in changes if isinstance(c, AddMember)}
        leaving = [change for change in changes if isinstance(change, RemoveMember)]
        self._leaving = {(c.account, role, c.user) for c in leaving for role in roles_of(c)}
        blocked = plan.blocked if plan else ()
        self._blocked: Mapping[tuple[object, ...], Blocked] = {(b.place, b.user): b for b in blocked if b.user}
        self._stuck = [b for b in blocked if not b.user]
        self._regained = {(one.account, one.role, one.user) for one in (plan.regained if plan else ())}
        self._renames = [c for c in changes if isinstance(c, RenameGroup)]
        self._unread = {one.account for one in (plan.unreadable if plan else ())}

    def of(self, asked: GrantChange) -> str:
        """What a reviewer should know of one grant beside what it asks for."""
        key = (asked.account, asked.role, asked.user)
        if not self._known:
            return ""
        if asked.touch is GrantChangeKind.LOSES:
            return "" if key in self._leaving else self._lost(asked)
        blocked = self._blocked.get((asked.place, asked.user))
        if blocked is not None:
            return f"**cannot be made:** {words(blocked.reason)}"
        if asked.account in self._unread:
            return "in the group already; the account cannot be read, so that nobody knows whether the role is there"
        old = next((c.old for c in self._renames if (c.account, c.role) == key[:2] and asked.user in c.members), None)
        if old is not None:
            return f"in the group {name(old)} already, which is renamed"
        if key in self._regained:
            return "in the group already, which the merge opens"
        if asked.touch is GrantChangeKind.GAINS:
            return "" if key in self._joining else "already so in AWS"
        return "not in the group now; joins it by the merge" if key in self._joining else ""

    def _lost(self, asked: GrantChange) -> str:
        """What to say of somebody whom the merge does not take out of the group: they are not in it, or it stays."""
        group = f".{asked.account}.{asked.role}"
        for change in self._renames:
            if f".{change.old}".endswith(group) and asked.user in change.members:
                return f"stays in the group, which is renamed to {name(change.group)}"
        held = next((block for block in self._stuck if f".{block.group}".endswith(group)), None)
        return f"**the group stays for now:** {words(held.reason)}" if held else "already so in AWS"


def _left_behind(request: Request) -> str:
    """The stacks that stay, and who would take them for gone."""
    if not request.leaving:
        return ""
    verb, what = ("stays", "it is") if len(request.leaving) == 1 else ("stay", "they are")
    return f"The stack of {few(request.leaving)} **{verb}**: {what} not `state: absent`, but out of the config."


def _grant(asked: GrantChange, standing: str, facts: Facts) -> str:
    until = asked.expires.isoformat() if asked.expires else ""
    if asked.touch in (GrantChangeKind.LONGER, GrantChangeKind.SHORTER):
        until = f"{asked.until_then or 'no end'} → **{until or 'no end'}**"
    elif asked.touch is GrantChangeKind.LOSES:
        until = ""
    reason = words(asked.reason) if asked.reason and asked.touch is not GrantChangeKind.LOSES else ""
    at = facts.line(asked.place, removed=asked.touch is GrantChangeKind.LOSES)
    why = " · ".join(piece for piece in (reason, at, standing) if piece)
    role = name(asked.role) + mark(asked.danger)
    return row((_SIGNS[asked.touch], name(asked.user), name(asked.account), role, until, why))


def mark(danger: Mark | None) -> str:
    """What stands behind the name of a role that is as good as an administrator."""
    return "" if danger is None else f" · **{_MARKS.get(danger.privilege, 'admin-like')}**"


_MARKS = {Privilege.ADMINISTRATOR: "admin", Privilege.UNKNOWN: "rights unknown"}


def role_parts(request: Request) -> Iterator[Part]:
    """What changes in the roles, in a fold: what widens them first, apart from the rest."""
    if not (request.reshaped or request.arriving):
        return
    yield Part(f"<details><summary><b>Roles</b>: {_roles_counted(request)}</summary>")
    for shape in (*request.reshaped, *request.arriving):
        yield Part(
            f"In {few(shape.accounts)}:\n\n```diff",
            tuple(difference_lines(shape.differences)),
            "```",
            rank=2,
            noun="line",
        )
    yield Part("</details>")


def _roles_counted(request: Request) -> str:
    """What is in the fold, for who does not open it."""
    roles = _roles_by_what(request)
    pieces = [
        f"{few_html([role])} {what} in {few_html(sorted(accounts))}"
        for what in _WHATS
        for role, accounts in sorted(roles.get(what, {}).items())
    ]
    other = sorted({d.name for shape in request.reshaped for d in shape.differences if not d.is_role})
    pieces += [f"beside the roles {few_html(other)}"] if other else []
    pieces += [f"all of them in {few_html(shape.accounts)}, which {_joins(shape)}" for shape in request.arriving]
    if len(pieces) > 4:
        pieces = [*pieces[:3], f"{len(pieces) - 3} more"]
    return "; ".join(pieces)


def _joins(shape: RoleChanges) -> str:
    return "joins" if len(shape.accounts) == 1 else "join"


def difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """The lines of differences, within a fence of three backticks: what widens a role first."""
    for difference in differences:
        yield f"  {_shown(difference.name)} ({_shown(difference.kind)}) {difference.what}"
        if difference.what != "changed" or not difference.is_role:
            yield from map(_line, lines(difference))
            continue
        for title, directions in _TITLES:
            found = (_change(change) for change in difference.changes if change.direction in directions)
            shown = [line for _, line in sorted(found)]
            yield from (title, *shown) if shown else ()


_TITLES = (
    ("# gives more", (Direction.WIDENS,)),
    ("# cannot be told", (Direction.EITHER,)),
    ("# gives less, or neither", (Direction.NARROWS, Direction.NEUTRAL)),
)


def _change(change: Change) -> tuple[tuple[str, bool], str]:
    """Where a change stands among the others, and its line; the old and the new value of a property are one."""
    first, *more = change_lines(change)
    place = (first.part, first.sign == "-" and not more)
    if isinstance(change, PropertyChange) and more:
        return place, f"!   {_shown(first.part)}: {_shown(first.text)} → {_shown(more[0].text)}"
    return place, _line(first)


def _line(line: Line) -> str:
    return f"{line.sign}   {_shown(line.part) + ': ' if line.part else ''}{_shown(line.text)}"


def _shown(value: str) -> str:
    """Text within a fence of three backticks, which it cannot end: no line begins with it."""
    return visible(value)
