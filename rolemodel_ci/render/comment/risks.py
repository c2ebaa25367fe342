"""What is dangerous in a request, in words, with the names of people and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rolemodel_ci.access_request.request import BOOTSTRAP, GrantChangeKind, Request
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.model.live import Unreadable, Withheld
from rolemodel_ci.reconcile.approval import Overridden, Refusal
from rolemodel_ci.reconcile.guards.override_labels import label_of
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.comment.markup import PEOPLE, alert, few, name, words
from rolemodel_ci.render.comment.role_risks import rank, role_risks
from rolemodel_ci.render.comment.settings import setting_risks
from rolemodel_ci.render.comment.truncate import Part
from rolemodel_ci.render.privileges import reason


def risk_parts(request: Request, author: str, mails: Iterable[str], guards: Iterable[str]) -> Iterator[Part]:
    """A box, where there is anything to put into it. `author` is the login of who asks, `mails` are the author's;
    `guards` is what the guards have to say.
    """
    lines = (
        *guards,
        *_administrators(request),
        *role_risks(request),
        *_unmanaged(request),
        *setting_risks(request),
        *_files(request),
        *_own_benefit(request, author, mails),
        *_base(request),
    )
    if lines:
        yield Part(alert("CAUTION"), tuple(f"> - {line}" for line in lines), rank=0, noun="warning")


def shortfall_parts(plan: Plan) -> Iterator[Part]:
    """What could not be read and what cannot be made, where there is any."""
    rows = [
        *(_unreadable(one) for one in plan.unreadable if not isinstance(one, Withheld)),
        *map(_blocked, plan.blocked),
    ]
    if rows:
        yield Part(alert("WARNING"), tuple(f"> - {line}" for line in rows), rank=1, noun="shortfall")


def _unreadable(account: Unreadable) -> str:
    what = f"account {name(account.account)} cannot be read, and nothing is concluded from it"
    return f"{what}: {words(account.reason)}. {words(account.remedy)}"


def _blocked(block: Blocked) -> str:
    what = f"{name(block.user)} is not put into {name(block.group)}" if block.user else f"group {name(block.group)}"
    return f"{what}: {words(block.reason)}. {words(block.remedy)}"


def refused(refusal: Refusal) -> str:
    """Why a guard stops a plan, and how to go on. Its remedy speaks of a command line; the way in GitHub is added."""
    told = f"{name(refusal.guard)}: {words(refusal.message)}. {words(refusal.remedy)}"
    label = name(label_of(refusal.guard))
    return f"{told} In GitHub, that is the label {label} on the pull request, or the input `allow` of a run by hand."


def withheld_headline(withheld: Sequence[Refusal]) -> str:
    """Which accounts a run has left alone, for the beginning of a headline."""
    names = sorted({one.account or "" for one in withheld})
    return f"refused in {few(names)} by a guard, elsewhere " if names else ""


def withheld_part(withheld: Sequence[Refusal]) -> Part:
    """The box on accounts that a run has left alone."""
    rows = tuple(f"> - {refused(one)}" for one in withheld)
    return Part(alert("CAUTION") if rows else "", rows, rank=0, noun="reason")


def would_be_refused(refusal: Refusal) -> str:
    """The same of a pull request that is open."""
    what = f"leave account {name(refusal.account)} alone" if refusal.account else "be refused"
    return f"**The merge would {what}.** {refused(refusal)}"


def still_waiting(merges: Sequence[str]) -> Iterator[str]:
    """What a merge applies besides what it asks for: earlier merges that nobody has applied."""
    if merges:
        what = f"{few(merges)} {'was' if len(merges) == 1 else 'were'} **merged before, and not applied**"
        asked = "what it asks" if len(merges) == 1 else "what they ask"
        yield f"{what}: this merge applies {asked} for as well, which stands under *Drift* here."


def overridden(one: Overridden) -> str:
    """What a guard had to say, and why that stops nothing."""
    return f"**A guard is overridden** by {words(one.by)}: {name(one.refusal.guard)} says {words(one.refusal.message)}."


def _administrators(request: Request) -> Iterator[str]:
    """Who comes to hold a role that is as good as an administrator: people with the same accounts in one line."""
    gaining: dict[tuple[str, Mark, GrantChangeKind, str], list[str]] = {}
    for asked in request.grants:
        if asked.gives and asked.danger:
            gaining.setdefault((asked.role, asked.danger, asked.touch, asked.account), []).append(asked.user)
    where: dict[tuple[str, Mark, GrantChangeKind, tuple[str, ...]], list[str]] = {}
    for (role, danger, touch, account), users in gaining.items():
        where.setdefault((role, danger, touch, tuple(sorted(users))), []).append(account)
    for (role, danger, touch, people), accounts in where.items():
        one, longer = len(people) == 1, touch is GrantChangeKind.LONGER
        verb = ("stays" if one else "stay") if longer else ("becomes" if one else "become")
        of = f"{rank(danger)} of {few(accounts)}{' for longer' if longer else ''}"
        yield f"{few(people, PEOPLE)} {verb} {of} ({name(role)} {reason(danger)})."


def _unmanaged(request: Request) -> Iterator[str]:
    if request.unmanaged:
        yield "The **user map is given up**: who is in a group stays there, and nobody looks after it any more."


def _files(request: Request) -> Iterator[str]:
    for path in request.files:
        if path.startswith(".github/workflows/"):
            yield f"{name(path)} changes: a **workflow** decides what runs with the roles of CI."
        elif path.rpartition("/")[2] == "CODEOWNERS":
            yield f"{name(path)} changes: it decides **who has to approve**."
        elif path.rpartition("/")[2] == ".gitattributes":
            yield f"{name(path)} changes: it decides **what of a change is shown**, and what is checked out."
        elif path.rpartition("/")[2] in (".gitmodules", "action.yml", "action.yaml", "Dockerfile"):
            yield f"{name(path)} changes: it may decide **what runs** with the roles of CI."
        elif path.startswith(BOOTSTRAP):
            yield f"{name(path)} changes: by the templates there **CI gets in**, once somebody deploys them."
        elif path.startswith(".github/"):
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
