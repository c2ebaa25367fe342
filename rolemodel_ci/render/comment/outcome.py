"""What was applied, failed or was skipped, as parts of a comment. Failures come first, then what happened to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request
from rolemodel_ci.access_request.role_changes import RoleChanges
from rolemodel_ci.iam.differences import Direction
from rolemodel_ci.reconcile.changes import AddMember, Change, Origin, PutPolicy, RemoveMember, StackChange
from rolemodel_ci.reconcile.gains import Regained
from rolemodel_ci.reconcile.outcome import Done, Failed, Outcome, Report, Skipped
from rolemodel_ci.render.blocks import counted, sentence
from rolemodel_ci.render.change import GroupShape, describe, others
from rolemodel_ci.render.comment.access import mark
from rolemodel_ci.render.comment.drift import Dangers
from rolemodel_ci.render.comment.markup import alert, few, link, name, row, table_head, words
from rolemodel_ci.render.comment.settings import setting_risks
from rolemodel_ci.render.comment.truncate import Part

Links = Mapping[tuple[str, str], str]
"""By account and role: the page that switches into it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of a merge besides what this run did for it.

    `hands` says who merged and who approved, in sentences. `pushed` is the commit that came without a pull request, or
    empty; `doubts` are sentences about what perhaps nobody has reviewed. `earlier`, `undone`, `lacking`, `redated` and
    `narrowed` as in a `Share`; `asked` is what the merge asked for, `others` are the merges of the same run.
    """

    hands: tuple[str, ...] = ()
    pushed: str = ""
    earlier: tuple[GrantChange, ...] = ()
    undone: tuple[GrantChange, ...] = ()
    asked: Request = field(default_factory=Request)
    others: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    lacking: tuple[GrantChange, ...] = ()
    redated: tuple[GrantChange, ...] = ()
    narrowed: frozenset[tuple[str, str]] = frozenset()


NOTHING_TOLD = Told()


def outcome_headline(report: Report, told: Told = NOTHING_TOLD) -> str:
    """How a run ended, in numbers; with what an earlier run has made of the same, and what cannot be made."""
    earlier, blocked = told.earlier, len(told.lacking)
    failed = sum(isinstance(outcome, Failed) for outcome in report.outcomes)
    skipped = sum(isinstance(outcome, Skipped) for outcome in report.outcomes)
    if told.undone and not (report.outcomes or earlier or blocked or told.redated):
        return "applied, a later merge takes it back"
    if not (report.outcomes or earlier or blocked or told.redated):
        return "applied, AWS was so already" if report.plan.is_whole else "nothing could be applied"
    pieces = ((failed, "failed"), (skipped, "skipped"), (blocked, "blocked"))
    short = sentence([f"{number} {what}" for number, what in pieces if number])
    made = f"applied, {_made(report, told)}"
    number = len(report.outcomes) + len(earlier) + blocked
    shown = f"incomplete, {short} of {counted(number, 'change')}" if short else made
    return f"interrupted: {shown}" if report.interrupted else shown


def _made(report: Report, of_the_merge: Told) -> str:
    """What was made, in numbers: people first, and what is about no person only where there is nobody."""
    kinds = [type(outcome.change) for outcome in report.outcomes]
    before = [one.touch for one in of_the_merge.earlier]
    dated = [one.touch for one in of_the_merge.redated]
    longer, shorter = dated.count(GrantChangeKind.LONGER), dated.count(GrantChangeKind.SHORTER)
    gained = kinds.count(AddMember) + before.count(GrantChangeKind.GAINS) + len(_regaining(report))
    lost = kinds.count(RemoveMember) + before.count(GrantChangeKind.LOSES)
    told = sentence(
        (
            counted(gained, "grant") if gained else "",
            counted(lost, "revocation") if lost else "",
            counted(longer, "grant") + " made longer" if longer else "",
            counted(shorter, "grant") + " made shorter" if shorter else "",
        )
    )
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
    rows = (*(_person(outcome, links, dangers) for outcome in people), *_back(report, dangers))
    rows += (*earlier_rows(told, dangers), *_other_rows(told, dangers))
    if rows:
        yield Part(table_head(("", "who", "account", "role", "")), rows, rank=1, noun="row")
    yield _roles(report, told)
    if made:
        yield Part(
            f"{counted(made, 'change')} of stacks, groups and their policies {'was' if made == 1 else 'were'} made."
        )
    if rest := others(done):
        yield Part("Also made:\n", tuple(f"- {name(describe(change))}" for change in rest), rank=2, noun="change")


def _regaining(report: Report) -> list[tuple[Regained, bool]]:
    """Who was to get into a role without joining its group by one of these changes, and whether that came true."""
    found = []
    for one in report.plan.regained:
        about = [outcome for outcome in report.outcomes if _opens(outcome.change, one)]
        if about:
            found.append((one, all(isinstance(outcome, Done) for outcome in about)))
    return found


def _opens(change: Change, one: Regained) -> bool:
    if isinstance(change, PutPolicy):
        return change.group == one.group
    return isinstance(change, StackChange) and change.account == one.account


def _back(report: Report, dangers: Dangers) -> Iterator[str]:
    """A row for each of them."""
    for one, done in _regaining(report):
        sign = "✅ **gained**" if done else "⏭️ **skipped**"
        tail = "in the group already" + ("" if done else "; the stack or the group's policy was not made")
        role = name(one.role) + mark(dangers.get((one.account, one.role)))
        yield row((sign, name(one.user), name(one.account), role, tail))


def earlier_rows(told: Told, dangers: Dangers) -> Iterator[str]:
    """A row for each grant that AWS had before this run, and for each that a later merge has taken back."""
    for rows, tail in ((told.earlier, "before this run"), (told.undone, "a later merge takes it back")):
        for one in rows:
            done = "gained" if one.touch is GrantChangeKind.GAINS else "lost"
            sign = f"✅ **{done}**" if rows is told.earlier else f"↩️ not {done}"
            role = name(one.role) + mark(dangers.get((one.account, one.role)))
            yield row((sign, name(one.user), name(one.account), role, tail))


def _other_rows(told: Told, dangers: Dangers) -> Iterator[str]:
    """A row for each grant that cannot be made, and for each that ends on another day."""
    for one in told.lacking:
        role = name(one.role) + mark(dangers.get((one.account, one.role)))
        yield row(("🚫 **blocked**", name(one.user), name(one.account), role, "the box above says why"))
    for one in told.redated:
        role = name(one.role) + mark(dangers.get((one.account, one.role)))
        days = f"{one.until_then or 'no end'} → {one.expires or 'no end'}"
        yield row((f"✅ **{one.touch}**", name(one.user), name(one.account), role, days))


_UNENDED = "this run did **not** bring that to an end"


def _narrowed(shape: RoleChanges) -> list[str]:
    """The roles that can do less, or be assumed by fewer, than before, and those that go."""
    roles = (difference for difference in shape.differences if difference.is_role)
    less = Direction.NARROWS
    return [d.name for d in roles if d.what == "removed" or any(change.direction is less for change in d.changes)]


def _roles(report: Report, told: Told) -> Part:
    """Which roles can do more than before now, in which accounts, and where their stacks were not changed; there, also
    which roles were to do less.
    """
    failed = {
        o.change.account for o in report.outcomes if not isinstance(o, Done) and isinstance(o.change, StackChange)
    }
    failed |= {account.account for account in report.plan.unreadable}
    rows = []
    for shape in told.asked.reshaped:
        for role in shape.widened():
            stand = [account for account in shape.accounts if (account, role) not in told.narrowed]
            done = [account for account in stand if account not in failed]
            left = [account for account in stand if account in failed]
            rows += [f"> - {name(role)} is **widened** in {few(done)}."] if done else []
            rows += [f"> - {name(role)} was to be widened in {few(left)}; {_UNENDED}."] if left else []
        for role in _narrowed(shape):
            left = [account for account in shape.accounts if account in failed]
            still = f"{name(role)} was to lose rights in {few(left)}; {_UNENDED}: it may **still have** them."
            rows += [f"> - {still}"] if left else []
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
