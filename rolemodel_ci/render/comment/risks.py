"""What is dangerous in a request, in words, with the names of people and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rolemodel_ci.danger import ADMINISTRATOR, widens
from rolemodel_ci.live import Unreadable
from rolemodel_ci.plan import Blocked, Plan, Refusal
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.comment.fit import Part
from rolemodel_ci.render.comment.markup import alert, few, name, words
from rolemodel_ci.request import Asked, Request, Touch


def risk_parts(request: Request, author: str, mails: Iterable[str], refusals: Iterable[Refusal]) -> Iterator[Part]:
    """A box, where there is anything to put into it. `author` is the login of who asks, `mails` are the author's."""
    lines = (
        *(_refusal(refusal) for refusal in refusals),
        *_administrators(request),
        *_wider_roles(request),
        *_trusts(request),
        *_files(request),
        *_own_benefit(request, author, mails),
        *_base(request),
    )
    if lines:
        yield Part(alert("CAUTION"), tuple(f"> - {line}" for line in lines), rank=0, noun="warning")


def shortfall_parts(plan: Plan) -> Iterator[Part]:
    """What could not be read and what cannot be made, where there is any."""
    rows = [*map(_unreadable, plan.unreadable), *map(_blocked, plan.blocked)]
    if rows:
        yield Part(alert("WARNING"), tuple(f"> - {line}" for line in rows), rank=1, noun="shortfall")


def _unreadable(account: Unreadable) -> str:
    what = f"account {name(account.account)} cannot be read, and nothing is concluded from it"
    return f"{what}: {words(account.reason)}. {words(account.remedy)}"


def _blocked(block: Blocked) -> str:
    what = f"{name(block.user)} is not put into {name(block.group)}" if block.user else f"group {name(block.group)}"
    return f"{what}: {words(block.reason)}. {words(block.remedy)}"


def _refusal(refusal: Refusal) -> str:
    return f"**The merge would be refused** ({name(refusal.guard)}): {words(refusal.message)}. {words(refusal.remedy)}"


def _administrators(request: Request) -> Iterator[str]:
    """Who comes to hold a role that is as good as an administrator."""
    gaining: dict[tuple[str, str, str, Touch], list[Asked]] = {}
    for asked in request.grants:
        if asked.gives and asked.danger:
            gaining.setdefault((asked.account, asked.role, asked.danger, asked.touch), []).append(asked)
    for (account, role, danger, touch), grants in gaining.items():
        who, one = few(asked.user for asked in grants), len(grants) == 1
        word = ("stays" if one else "stay") if touch is Touch.LONGER else ("becomes" if one else "become")
        yield (
            f"{who} {word} **administrator** of {name(account)} ({name(role)} {danger})."
            if (danger == ADMINISTRATOR)
            else f"{who} {word} **as good as administrator** of {name(account)} ({name(role)} {danger})."
        )


def _wider_roles(request: Request) -> Iterator[str]:
    """Roles that can do more than before, and how many people that is."""
    newly: dict[tuple[str, str], list[str]] = {}
    for (account, role), why in request.newly.items():
        newly.setdefault((role, why), []).append(account)
    for (role, why), accounts in newly.items():
        yield f"{name(role)} of {few(accounts)} {why}, which is **as good as administrator** there."
    for shape in request.reshaped:
        where = f"in {counted(len(shape.accounts), 'account')}" if len(shape.accounts) > 1 else "in"
        for difference in shape.differences:
            if difference.name not in shape.widened():
                continue
            people = {u for a in shape.accounts for u in request.held.get((a, difference.name), ())}
            gained = [f"{line.part}: {line.text}" for line in difference.lines if widens(line) and line.part != "trust"]
            what = f", who gain {few(gained, 2)}" if gained and people else f": {few(gained, 2)}" if gained else ""
            held = f"{counted(len(people), 'person', 'people')} can switch into it{what}" if people else (
                f"nobody can switch into it yet{what}"
            )  # fmt: skip
            yield f"{name(difference.name)} is **widened** {where} {few(shape.accounts)}; {held}."


def _trusts(request: Request) -> Iterator[str]:
    for shape in request.reshaped:
        for role in shape.trusting():
            yield f"Who may take on {name(role)} changes in {few(shape.accounts)} (its **trust policy**)."


def _files(request: Request) -> Iterator[str]:
    for path in request.files:
        if path.startswith(".github/workflows/"):
            yield f"{name(path)} changes: a **workflow** decides what runs with the roles of CI."
        elif path.startswith(".github/") or path.endswith("CODEOWNERS"):
            yield f"{name(path)} changes: it may decide what runs, and **who has to approve**."
        else:
            yield f"{name(path)} changes: the **config** decides about accounts, guards and how CI gets in."


def _own_benefit(request: Request, author: str, mails: Iterable[str]) -> Iterator[str]:
    """Whether the author seems to be one of those who gain. Logins are no IAM users, so it is a likeness."""
    known = {spelling for who in (author, *mails) for spelling in _spellings(who)} - {""}
    mine = sorted({asked.user for asked in request.grants if asked.gives and known & _spellings(asked.user)})
    if mine:
        yield f"The author of this pull request, {name(author)}, seems to be {few(mine)} and **benefits from it**."


def _spellings(user: str) -> set[str]:
    return {_bare(user), _bare(user.partition("@")[0])}


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _base(request: Request) -> Iterator[str]:
    if not request.whole:
        yield "What was there before this change cannot be used as a policy: **everything** counts as asked for."
