"""What was applied, failed or was skipped, as parts of a comment. Failures come first, then what happened to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rolemodel_ci.plan import AddMember, Done, Failed, Origin, Outcome, RemoveMember, Report, Skipped, StackChange
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.comment.asked import mark
from rolemodel_ci.render.comment.config import setting_risks
from rolemodel_ci.render.comment.drift import Dangers
from rolemodel_ci.render.comment.fit import Part
from rolemodel_ci.render.comment.markup import alert, few, link, name, row, table_head, words
from rolemodel_ci.render.described import GroupShape, describe, others
from rolemodel_ci.request import Asked, Request, Touch

Links = Mapping[tuple[str, str], str]
"""By account and role: the page that switches into it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of a merge besides what this run did for it.

    `hands` says who merged and who approved, in sentences. `pushed` is the commit that came without a pull request, or
    empty; `doubts` are sentences about what perhaps nobody has reviewed. `earlier` and `undone` as in a `Share`;
    `asked` is what the merge asked for. `others` are the merges that the same run was about.
    """

    hands: tuple[str, ...] = ()
    pushed: str = ""
    earlier: tuple[Asked, ...] = ()
    undone: tuple[Asked, ...] = ()
    asked: Request = field(default_factory=Request)
    others: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


NOTHING_TOLD = Told()


def outcome_headline(report: Report, earlier: Sequence[Asked] = ()) -> str:
    """How a run ended, in numbers; with what an earlier run has made of the same."""
    failed = sum(isinstance(outcome, Failed) for outcome in report.outcomes)
    skipped = sum(isinstance(outcome, Skipped) for outcome in report.outcomes)
    if not report.outcomes and not earlier:
        return "applied, AWS was so already" if report.plan.is_whole else "nothing could be applied"
    told = sentence((f"{failed} failed" if failed else "", f"{skipped} skipped" if skipped else ""))
    made = f"applied, {_made(report, earlier)}"
    shown = f"incomplete, {told} of {counted(len(report.outcomes) + len(earlier), 'change')}" if told else made
    return f"interrupted: {shown}" if report.interrupted else shown


def _made(report: Report, earlier: Sequence[Asked]) -> str:
    """What was made, in numbers: people first, and what is about no person only where there is nobody."""
    kinds = [type(outcome.change) for outcome in report.outcomes]
    before = [one.touch for one in earlier]
    gained = kinds.count(AddMember) + before.count(Touch.GAINS)
    lost = kinds.count(RemoveMember) + before.count(Touch.LOSES)
    told = sentence(
        (counted(gained, "grant") if gained else "", counted(lost, "revocation") if lost else "")
    )  # fmt: skip
    return told or counted(len(kinds), "change")


def pushed_part(told: Told) -> Part:
    """The box of a commit without a pull request, or that is not what one showed; with the settings that it weakens."""
    rows = [f"> - {doubt}" for doubt in told.doubts]
    if told.pushed:
        what = f"Commit {name(told.pushed[:7])} was pushed to the branch itself: nobody was asked."
        rows.append(f"> - **No pull request.** {what}")
    rows += [f"> - {risk}" for risk in setting_risks(told.asked)] if rows else []
    return Part(alert("CAUTION") if rows else "", tuple(rows), rank=0, noun="warning")


def unapplied_part(merges: Sequence[str], unproven: str) -> Part:
    """Which merges nobody has applied, and why it is not known what was last applied; empty where neither is so."""
    rows = [f"> - **Merged, and not applied:** {few(merges)}."] if merges else []
    rows += [f"> - What was last applied is not known: {words(unproven)}."] if unproven else []
    return Part(alert("WARNING") if rows else "", tuple(rows), rank=0, noun="warning")


def hands_part(told: Told) -> Part:
    """Who merged and who approved, and what else the same run was about."""
    also = (f"This run was also about {few(sorted(told.others))}.",) if told.others else ()
    return Part(" ".join((*told.hands, *also)), rank=1)


def outcome_parts(report: Report, links: Links, dangers: Dangers, told: Told = NOTHING_TOLD) -> Iterator[Part]:
    """The failures with what to do, then a row for each person who gained or lost something or was to."""
    yield from _failures(report)
    people = [outcome for outcome in report.outcomes if isinstance(outcome.change, AddMember | RemoveMember)]
    done = [outcome.change for outcome in report.outcomes if isinstance(outcome, Done)]
    made = sum(isinstance(change, StackChange | GroupShape) for change in done)
    people.sort(key=lambda outcome: _ORDER[type(outcome)])
    rows = (*(_person(outcome, links, dangers) for outcome in people), *earlier_rows(told, dangers))
    if rows:
        yield Part(table_head(("", "who", "account", "role", "")), rows, rank=1, noun="row")
    yield _roles(report, told)
    if made:
        yield Part(
            f"{counted(made, 'change')} of stacks, groups and their policies {'was' if made == 1 else 'were'} made."
        )
    if rest := others(done):
        yield Part("Also made:\n", tuple(f"- {name(describe(change))}" for change in rest), rank=2, noun="change")


def earlier_rows(told: Told, dangers: Dangers) -> Iterator[str]:
    """A row for each grant that AWS had before this run, and for each that a later merge has taken back."""
    for rows, tail in ((told.earlier, "before this run"), (told.undone, "a later merge takes it back")):
        for one in rows:
            done = "gained" if one.touch is Touch.GAINS else "lost"
            sign = f"✅ **{done}**" if rows is told.earlier else f"↩️ not {done}"
            role = name(one.role) + mark(dangers.get((one.account, one.role)))
            yield row((sign, name(one.user), name(one.account), role, tail))


def _roles(report: Report, told: Told) -> Part:
    """Which roles can do more than before now, and in which accounts; where their stacks were not changed, that too."""
    failed = {
        o.change.account for o in report.outcomes if not isinstance(o, Done) and isinstance(o.change, StackChange)
    }
    rows = []
    for shape in told.asked.reshaped:
        done = [account for account in shape.accounts if account not in failed]
        left = [account for account in shape.accounts if account in failed]
        for role in shape.widened():
            rows += [f"> - {name(role)} is **widened** in {few(done)}."] if done else []
            rows += [f"> - {name(role)} was to be widened in {few(left)}, and is **not**."] if left else []
    return Part(alert("WARNING") if rows else "", tuple(rows), rank=0, noun="role")


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
