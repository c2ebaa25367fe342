"""What was applied, failed or was skipped, as parts of a comment. Failures come first, then what happened to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolemodel_ci.plan import AddMember, Done, Failed, Origin, Outcome, RemoveMember, Report, Skipped
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.asked import mark
from rolemodel_ci.render.comment.drift import Dangers
from rolemodel_ci.render.comment.fit import Part
from rolemodel_ci.render.comment.markup import alert, few, link, name, row, table_head, words
from rolemodel_ci.render.plans import describe

Links = Mapping[tuple[str, str], str]
"""By account and role: the page that switches into it."""


def outcome_headline(report: Report) -> str:
    """How a run ended, in numbers."""
    failed = sum(isinstance(outcome, Failed) for outcome in report.outcomes)
    skipped = sum(isinstance(outcome, Skipped) for outcome in report.outcomes)
    if not report.outcomes:
        return "applied, AWS was so already" if report.plan.is_whole else "nothing could be applied"
    told = sentence((f"{failed} failed" if failed else "", f"{skipped} skipped" if skipped else ""))
    made = f"applied, {_made(report)}"
    shown = f"incomplete, {told} of {counted(len(report.outcomes), 'change')}" if told else made
    return f"interrupted: {shown}" if report.interrupted else shown


def _made(report: Report) -> str:
    """What was made, in numbers: people first, and what is about no person only where there is nobody."""
    kinds = [type(outcome.change) for outcome in report.outcomes]
    gained, lost = kinds.count(AddMember), kinds.count(RemoveMember)
    told = sentence(
        (counted(gained, "grant") if gained else "", counted(lost, "revocation") if lost else "")
    )  # fmt: skip
    return told or counted(len(kinds), "change")


def outcome_parts(report: Report, links: Links, dangers: Dangers) -> Iterator[Part]:
    """The failures with what to do, then a row for each person who gained or lost something or was to."""
    yield from _failures(report)
    people = [outcome for outcome in report.outcomes if isinstance(outcome.change, AddMember | RemoveMember)]
    made = sum(isinstance(outcome, Done) for outcome in report.outcomes)
    made -= sum(isinstance(outcome, Done) for outcome in people)
    people.sort(key=lambda outcome: _ORDER[type(outcome)])
    if people:
        rows = tuple(_person(outcome, links, dangers) for outcome in people)
        yield Part(table_head(("", "who", "account", "role", "")), rows, rank=1, noun="row")
    if made:
        yield Part(
            f"{counted(made, 'change')} of stacks, groups and their policies {'was' if made == 1 else 'were'} made."
        )


def _failures(report: Report) -> Iterator[Part]:
    failed = [outcome for outcome in report.outcomes if isinstance(outcome, Failed)]
    skipped = [outcome for outcome in report.outcomes if isinstance(outcome, Skipped)]
    rows: list[str] = [
        f"> - **Failed:** {name(describe(f.change))}<br>{words(f.reason)}.<br>**To do:** {words(f.remedy)}"
        for f in failed
    ]
    waiting = [o.change.user for o in skipped if isinstance(o.change, AddMember)]
    unmade: list[Failed | Skipped] = [*failed, *skipped]
    keeping = [o.change.user for o in unmade if isinstance(o.change, RemoveMember)]
    if waiting:
        rows.append(f"> - {few(sorted(set(waiting)))} did **not** get what was granted, because of that.")
    if keeping:
        have = "has" if len(set(keeping)) == 1 else "have"
        rows.append(f"> - {few(sorted(set(keeping)))} **still {have}** what was to be taken away.")
    if report.interrupted:
        rows.insert(0, "> - The run was interrupted; what was done stays done.")
    if rows:
        rows.append("> - Running the workflow again finishes the job once the cause is mended.")
        yield Part(alert("WARNING"), tuple(rows), rank=0, noun="failure")


_ORDER = {Failed: 0, Skipped: 1, Done: 2}


def _person(outcome: Outcome, links: Links, dangers: Dangers) -> str:
    change = outcome.change
    assert isinstance(change, AddMember | RemoveMember)
    key = (change.account or "", change.role or "")
    role = name(change.role or "") + mark(dangers.get(key))
    tail = {Origin.DRIFT: "drift", Origin.EXPIRED: "its last day is over"}.get(change.origin or Origin.REQUESTED, "")
    match outcome:
        case Done() if isinstance(change, AddMember):
            sign = "✅ **gained**"
            role += f" until {change.expires}" if change.expires else ""
            tail = " · ".join(p for p in (link("switch role", links[key]) if key in links else "", tail) if p)
        case Done():
            sign = "✅ **lost**"
        case Failed():
            sign, tail = "❌ **failed**", words(outcome.reason)
        case _:
            sign, tail = "⏭️ **skipped**", words(outcome.because)
    return row((sign, name(change.user), name(change.account or change.group), role, tail))
