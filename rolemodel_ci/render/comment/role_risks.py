"""What is dangerous about the roles of a request, in words: what they may do, and who may take them on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from rolemodel_ci.access_request.request import Request
from rolemodel_ci.iam.canonical_policies import Statement
from rolemodel_ci.iam.differences import Change, Direction, PermissionChange, PropertyChange, TrustChange
from rolemodel_ci.iam.permissions import dangerous_actions
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.iam.trust import TrustExposure
from rolemodel_ci.render import privileges
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.brief import brief, ends, property_texts
from rolemodel_ci.render.comment.markup import PEOPLE, few, name
from rolemodel_ci.render.privileges import reason
from rolemodel_ci.render.role_differences import atom_text, change_lines, way_text

_OUTSIDERS = 3
_ACTIONS = 12  # names of dangerous actions in one sentence; more are counted

_Kind = Literal["outsiders", "coming", "unasked", "named"]


def role_risks(request: Request) -> Iterator[str]:
    """One sentence or two for each thing that a reviewer of roles must not overlook."""
    yield from _becoming_dangerous(request)
    yield from _widened(request)
    yield from _opened(request)
    yield from _by_name(request)
    yield from _trusts(request)
    yield from _beside(request)


def rank(mark: Mark) -> str:
    """What somebody becomes by a role that is as good as an administrator."""
    return f"**{privileges.rank(mark)}**"


def _becoming_dangerous(request: Request) -> Iterator[str]:
    newly: dict[tuple[str, Mark], list[str]] = {}
    for (account, role), mark in request.newly.items():
        newly.setdefault((role, mark), []).append(account)
    for (role, mark), accounts in newly.items():
        holders = _holders(request, role, accounts)
        held = f"It is held by {few(holders, PEOPLE)}" if holders else "No user of the map holds it yet"
        where = few(sorted(accounts))
        becomes = f"becomes {rank(mark)} of {where}: it" if mark.is_dangerous else f"is **new** in {where} and"
        told = f"{name(role)} {becomes} {reason(mark)}.{_dangerous(mark)}"
        yield f"{told} {held}.{_open_to(request, role, accounts)}"


def _dangerous(mark: Mark) -> str:
    """Which actions make it dangerous, and what of it only AWS can tell."""
    told = (
        ("Dangerous actions", mark.actions),
        ("Dangerous actions on named resources", mark.limited),
        ("Only AWS can tell what it gets by", tuple(f"{one.source} {one.name}".strip() for one in mark.untold)),
    )
    return "".join(f" **{title}:** {few(texts, _ACTIONS)}." for title, texts in told if texts)


def _widened(request: Request) -> Iterator[str]:
    """Roles that can do more than before, or may, and who that is."""
    for shape in request.reshaped:
        for difference in shape.differences:
            role = difference.name
            wider, unclear = role in shape.widened(), role in shape.unclear()
            gained = gained_text(change for change in difference.changes if not isinstance(change, TrustChange))
            if not (difference.is_role and gained and (wider or unclear)):
                continue
            people = len(_holders(request, role, shape.accounts))
            held = f"{counted(people, 'person', 'people')} can" if people else "no user of the map can yet"
            others = _open_to(request, role, shape.accounts)
            more = _more_dangerous(request, role, shape.accounts)
            how = "is **widened**" if wider else "may be **widened**: it **changes in a way that cannot be told**"
            yield f"{name(role)} {how} in {few(shape.accounts)}; {held} switch into it.{others}{gained}{more}"


def _more_dangerous(request: Request, role: str, accounts: Iterable[str]) -> str:
    gained = dict.fromkeys(action for account in accounts for action in request.gained.get((account, role), ()))
    return f" **Dangerous actions that are new:** {few(gained, _ACTIONS)}." if gained else ""


def _holders(request: Request, role: str, accounts: Iterable[str]) -> list[str]:
    return sorted({user for account in accounts for user in request.held.get((account, role), ())})


def _open_to(request: Request, role: str, accounts: Iterable[str]) -> str:
    """Who may take on the role beside those who hold it by the map."""
    outsiders = _ways(request, role, accounts, "outsiders")
    return f" From outside the master account, {few(outsiders, _OUTSIDERS)} can take it on." if outsiders else ""


def _ways(request: Request, role: str, accounts: Iterable[str], kind: _Kind) -> list[str]:
    """Those of one kind, of all the accounts together."""
    every = (request.ways.get((account, role), TrustExposure()) for account in accounts)
    return sorted({way_text(way) for ways in every for way in getattr(ways, kind)})


_IN_WORDS = {("+", "Allow"): "newly allowed", ("-", "Deny"): "no longer denied"}


def gained_text(changes: Iterable[Change]) -> str:
    """What makes a role wider, or may, in words: that a Deny goes must not read as if something were denied."""
    every = tuple(changes)
    told: dict[str, list[tuple[bool, str]]] = {}
    for change in every:
        if change.direction.may_widen:
            for title, text in _gain(change, every):
                told.setdefault(title, []).append((not _is_dangerous(change), text))
    said = ((title, [text for _, text in sorted(texts)]) for title, texts in sorted(told.items()))
    return "".join(f" **{title.capitalize()}:** {few(texts, 2)}." for title, texts in said)


def _is_dangerous(change: Change) -> bool:
    """Whether it is about an action by which more rights can be had: such a one is named before others."""
    statement = getattr(change, "statement", None)
    if not isinstance(statement, Statement) or isinstance(change, TrustChange):
        return False
    return statement.actions is None or any(
        not isinstance(name.key, str) or dangerous_actions(name.key) for name in statement.actions
    )


def _gain(change: Change, every: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """A change under its title; the old and the new value of a property each under its own."""
    surely = change.direction is Direction.WIDENS
    if isinstance(change, PermissionChange | TrustChange) and isinstance(change.statement, Statement):
        title = _IN_WORDS.get((change.sign, str(change.statement.effect)))
        if title and surely:
            others = [s for one in every if (s := _opposite(one, change)) is not None]
            yield title, brief(change.statement, others, lambda statement: atom_text(statement, effect=False))
            return
    if isinstance(change, PropertyChange):
        signed = property_texts(change)
    else:
        signed = ((line.sign, ends(f"{line.part}: {line.text}")) for line in change_lines(change))
    for sign, text in signed:
        yield ({"+": "new", "-": "gone"}[sign], text) if surely else ("cannot be told", f"{sign} {text}")


def _opposite(one: Change, change: PermissionChange | TrustChange) -> Statement | None:
    """The statement of a change of the other sign and the same effect: what it has is nothing new."""
    if not isinstance(one, PermissionChange | TrustChange) or one.sign == change.sign:
        return None
    found, statement = one.statement, change.statement
    if isinstance(found, Statement) and isinstance(statement, Statement) and found.effect == statement.effect:
        return found
    return None


def _opened(request: Request) -> Iterator[str]:
    """Roles that come with ways in from outside; of those that change, `_trusts` tells."""
    changed = {(account, role) for shape in request.reshaped for role in shape.trusting() for account in shape.accounts}
    where: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (account, role), ways in request.ways.items():
        if ways.coming and (account, role) not in changed:
            where.setdefault((role, tuple(map(way_text, ways.coming))), []).append(account)
    for (role, coming), accounts in where.items():
        opened = f"{name(role)} of {few(accounts)} can be taken on **from outside the master account**"
        yield f"{opened}, by {few(coming, _OUTSIDERS)}."


def _by_name(request: Request) -> Iterator[str]:
    """Roles that somebody of the master account comes to be trusted by: no group and no grant is needed for that."""
    where: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (account, role), ways in request.ways.items():
        if ways.named:
            where.setdefault((role, tuple(map(way_text, ways.named))), []).append(account)
    for (role, named), accounts in where.items():
        how = f"can be assumed **without a grant**: its trust policy names {few(named, _OUTSIDERS)}"
        yield f"{name(role)} of {few(accounts)} {how} of the master account."


def _trusts(request: Request) -> Iterator[str]:
    for shape in request.reshaped:
        for difference in shape.differences:
            if difference.name in shape.trusting():
                changes = f"Who may take on {name(difference.name)} changes in {few(shape.accounts)}"
                gained = gained_text(change for change in difference.changes if isinstance(change, TrustChange))
                about = (request, difference.name, shape.accounts)
                yield f"{changes} (its **trust policy**).{_mfa(*about)}{_coming(*about)}{gained}"


def _mfa(request: Request, role: str, accounts: Iterable[str]) -> str:
    unasked = few(_ways(request, role, accounts, "unasked"), _OUTSIDERS)
    return f" It **no longer asks for MFA**; {unasked} can take it on without." if unasked else ""


def _coming(request: Request, role: str, accounts: Iterable[str]) -> str:
    """Who comes from outside, by themselves: among many others in one statement they could be overlooked."""
    coming = few(_ways(request, role, accounts, "coming"), _OUTSIDERS)
    return f" **From outside the master account:** {coming}." if coming else ""


def _beside(request: Request) -> Iterator[str]:
    where: dict[tuple[str, str, str], list[str]] = {}
    for shape in request.reshaped:
        for difference in shape.beside():
            key = (difference.name, difference.kind, difference.what)
            where.setdefault(key, []).extend(shape.accounts)
    for account in request.joining:
        for resource, kind in account.beside:
            where.setdefault((resource, kind, "added"), []).append(account.account)
    for (resource, kind, what), accounts in where.items():
        told = f"{name(resource)} ({name(kind)}) is {what} in {few(sorted(accounts))}"
        yield f"{told}: it may **give access that no role shows**, nor any list of people here."
