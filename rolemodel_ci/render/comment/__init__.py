"""The change summary: the comment by which a reviewer sees in ten seconds what a request gives and takes.

Each function makes the parts of one kind of comment; `fitted` makes them a text that GitHub takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rolemodel_ci.access_request.request import Request
from rolemodel_ci.model.problem import Problem, Severity
from rolemodel_ci.reconcile.approval import Overridden, Refusal
from rolemodel_ci.reconcile.changes import Change, Origin
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import counted
from rolemodel_ci.render.comment.access import access_parts, headline, role_parts
from rolemodel_ci.render.comment.drift import Dangers, also_made, drift_headline, drift_parts, drift_risks, merged_parts
from rolemodel_ci.render.comment.markup import alert, table_head, words
from rolemodel_ci.render.comment.merge_effect import merge_part, problem_parts, shortfall_headline
from rolemodel_ci.render.comment.outcome import (
    NOTHING_TOLD,
    Links,
    Told,
    earlier_rows,
    hands_part,
    outcome_headline,
    outcome_parts,
    pushed_part,
)
from rolemodel_ci.render.comment.provenance import OUTCOME_MARKER, SUMMARY_MARKER, Facts, foot, where_whole
from rolemodel_ci.render.comment.risks import (
    overridden,
    refused,
    risk_parts,
    shortfall_parts,
    still_waiting,
    withheld_headline,
    withheld_part,
    would_be_refused,
)
from rolemodel_ci.render.comment.role_drift import drifted_roles, role_drift_parts, role_drift_risks
from rolemodel_ci.render.comment.settings import setting_parts
from rolemodel_ci.render.comment.truncate import Part, comment_limit, fitted, summary_limit
from rolemodel_ci.render.json import digest

__all__ = [
    "OUTCOME_MARKER", "SUMMARY_MARKER", "Author", "Facts", "Judged", "Told", "as_comment", "as_summary", "cannot_tell",
    "drift_found", "left_to_another", "not_applied", "outcome", "problems_found", "refused_by_guard",
    "requested_change",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Author:
    """Who asks: the login, and the mail addresses of the change's commits as far as they are known."""

    login: str = ""
    mails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan, what the guards would say to it, and how near the quotas it comes.

    `waiting` are the merges before it that were never applied, and that its merge applies as well.
    `partly`: the plan leaves alone the accounts that the refusals are about, and the rest would be applied.
    """

    plan: Plan
    refusals: tuple[Refusal, ...]
    headroom: Headroom
    overridden: tuple[Overridden, ...] = ()
    partly: bool = False
    waiting: tuple[str, ...] = ()


def requested_change(
    request: Request,
    judged: Judged | str,
    facts: Facts,
    author: Author = Author(),
    warnings: Sequence[Problem] = (),
    remarks: Iterable[str] = (),
) -> list[Part]:
    """The comment on a request whose files are good. `judged` is a sentence where AWS was not read: why not.

    `remarks` are sentences for the box.
    """
    plan = None if isinstance(judged, str) else judged.plan
    refusals, set_aside = ((), ()) if isinstance(judged, str) else (judged.refusals, judged.overridden)
    stopped = bool(refusals) and not (isinstance(judged, Judged) and judged.partly)
    waiting = () if isinstance(judged, str) else still_waiting(judged.waiting)
    guards = (*map(would_be_refused, refusals), *map(overridden, set_aside), *waiting, *map(words, remarks))
    drifted = drifted_roles(plan, request) if plan else ()
    if plan:
        guards += tuple(drift_risks(plan, request, refused=stopped))
        guards += tuple(role_drift_risks(drifted, request.dangers, refused=stopped))
    drift = drift_headline(plan, refused=stopped) if plan and request.is_empty else ""
    short = shortfall_headline(plan, refused=stopped)
    parts = [
        Part(f"{facts.opening(SUMMARY_MARKER)}: {drift or headline(request)}{short}"),
        *risk_parts(request, author.login, author.mails, guards),
        *(shortfall_parts(plan) if plan else ()),
        *access_parts(request, plan, facts),
        *setting_parts(request),
        *role_parts(request),
    ]
    if isinstance(judged, str):
        parts.append(Part(f"AWS was not read: {words(judged.rstrip('.'))}. What differs there is not known."))
    else:
        also = also_made(refused=stopped)
        parts += drift_parts(judged.plan, request, also, folded=not request.is_empty)
        parts += role_drift_parts(drifted, also)
        parts.append(_notes(judged.plan))
        parts.append(merge_part(judged.plan, judged.headroom, refused=stopped))
    return [*parts, *problem_parts(warnings, facts), Part(foot(facts, digest(plan) if plan else ""))]


def problems_found(problems: Sequence[Problem], facts: Facts, old: str = "") -> list[Part]:
    """The comment on a request whose files cannot be used. `old` says how many of the problems are no fault of it."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    until = "it is mended" if errors == 1 else "all are mended"
    return [
        Part(f"{facts.opening(SUMMARY_MARKER)}: cannot be used, {counted(errors, 'problem')} in the files{words(old)}"),
        *problem_parts(problems, facts),
        Part(f"Nothing was read from AWS, and nothing will be applied until {until}."),
        Part(foot(facts)),
    ]


def outcome(
    report: Report,
    links: Links,
    dangers: Dangers,
    facts: Facts,
    when: datetime,
    set_aside: Iterable[Overridden] = (),
    told: Told = NOTHING_TOLD,
    withheld: Sequence[Refusal] = (),
) -> list[Part]:
    """Return the comment on the merged pull request: the result. `withheld`: why some accounts were left alone."""
    alone = {one.account for one in withheld}
    elsewhere = replace(told, lacking=tuple(one for one in told.lacking if one.account not in alone))
    return [
        Part(f"{facts.opening(OUTCOME_MARKER)}: {withheld_headline(withheld)}{outcome_headline(report, elsewhere)}"),
        withheld_part(withheld),
        pushed_part(told),
        _set_aside(set_aside),
        *outcome_parts(report, links, dangers, told),
        *shortfall_parts(report.plan),
        hands_part(told),
        Part(foot(facts, digest(report.plan), when)),
    ]


def refused_by_guard(
    refusals: Iterable[Refusal], facts: Facts, when: datetime, told: Told = NOTHING_TOLD, dangers: Dangers | None = None
) -> list[Part]:
    """The comment on a merged pull request that a guard stopped."""
    reasons = [refused(refusal) for refusal in refusals]
    what = "this run changed nothing" if told.earlier else "nothing was changed"
    return _nothing_done(f"refused by a guard, {what}", "CAUTION", reasons, facts, when, told, dangers)


def not_applied(
    why: str, reasons: Iterable[tuple[str, str]], facts: Facts, when: datetime, told: Told = NOTHING_TOLD
) -> list[Part]:
    """The comment on a merged pull request of which nothing was applied. `reasons`: message and remedy."""
    said = [f"**Why:** {words(what)}. {words(todo)}" for what, todo in reasons]
    return _nothing_done(why, "CAUTION", said, facts, when, told)


def left_to_another(why: str, facts: Facts, when: datetime, told: Told = NOTHING_TOLD) -> list[Part]:
    """The comment on a merged pull request that another run applies."""
    return _nothing_done("not applied by this run", "NOTE", [f"**Why:** {words(why)}"], facts, when, told)


def _nothing_done(
    why: str,
    kind: str,
    reasons: Sequence[str],
    facts: Facts,
    when: datetime,
    told: Told,
    dangers: Dangers | None = None,
) -> list[Part]:
    rows = tuple(earlier_rows(told, dangers or {}))
    return [
        Part(f"{facts.opening(OUTCOME_MARKER)}: {why}"),
        pushed_part(told),
        Part(alert(kind), tuple(f"> - {reason}" for reason in reasons), rank=0, noun="reason"),
        Part(table_head(("", "who", "account", "role", "")) if rows else "", rows, rank=1, noun="row"),
        hands_part(told),
        Part(foot(facts, when=when)),
    ]


def drift_found(
    plan: Plan,
    dangers: Dangers,
    facts: Facts,
    report: Report | None = None,
    set_aside: Iterable[Overridden] = (),
    withheld: Sequence[Refusal] = (),
) -> list[Part]:
    """The job summary of a run that looks for drift, and of what it put right."""
    drift = sum(change.origin is Origin.DRIFT for change in plan.changes)
    ended = sum(change.origin is Origin.EXPIRED for change in plan.changes)
    asked = len(plan.changes) - drift - ended
    told = [
        counted(drift, "difference") if drift else "",
        counted(asked, "change") + " not applied" if asked else "",
        counted(ended, "grant") + " ended" if ended else "",
    ]
    found = ", ".join(piece for piece in told if piece) or ("none seen" if plan.unreadable else "none")
    title = f"Drift: {found}"
    unread = f", but {counted(len(plan.unreadable), 'account')} could not be read" if plan.unreadable else ""
    parts = [Part(f"### {title}{unread}")]
    if plan.is_empty and plan.is_whole:
        parts.append(Part("AWS is what the repository says."))
    parts += shortfall_parts(plan)
    drifted = drifted_roles(plan, None)
    parts += merged_parts(plan, dangers)
    parts += drift_parts(replace(plan, changes=_unrequested(plan)), Request(dangers=dangers), "", folded=False)
    parts += role_drift_parts(drifted, "")
    parts.append(_notes(plan))
    if report is not None:
        parts.append(Part(f"### Put right: {withheld_headline(withheld)}{outcome_headline(report)}"))
        parts += [withheld_part(withheld), _set_aside(set_aside), *outcome_parts(report, {}, dangers)]
    return [*parts, Part(foot(facts, digest(plan)))]


def _unrequested(plan: Plan) -> tuple[Change, ...]:
    return tuple(change for change in plan.changes if change.origin is not Origin.REQUESTED)


def _set_aside(set_aside: Iterable[Overridden]) -> Part:
    rows = tuple(f"> - {overridden(one)}" for one in set_aside)
    return Part(alert("WARNING") if rows else "", rows, rank=0, noun="override")


def _notes(plan: Plan) -> Part:
    return Part(rows=tuple(f"- Note: {words(note)}" for note in plan.notes), rank=3, noun="note")


def cannot_tell(what: str, why: str, facts: Facts, problems: Sequence[Problem] = ()) -> list[Part]:
    """What a run says that could not find out what it was to find out."""
    return [
        Part(f"### {what}"),
        Part(f"{alert('CAUTION')}\n> {words(why)}" if why else ""),
        *problem_parts(problems, facts),
        Part(foot(facts)),
    ]


def as_comment(parts: Sequence[Part], facts: Facts) -> str:
    """The parts as the body of a comment."""
    return fitted(parts, comment_limit(where_whole(facts, summary=True)))


def as_summary(parts: Sequence[Part], facts: Facts) -> str:
    """The parts as a job summary."""
    return fitted(parts, summary_limit(where_whole(facts, summary=False)))
