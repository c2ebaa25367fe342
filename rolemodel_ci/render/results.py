"""What came of a run, what is listed, and what is wrong with the files, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rolemodel_ci.listing import Listing
from rolemodel_ci.model import Policy, Problem, Severity
from rolemodel_ci.plan import Done, Failed, Report, Skipped
from rolemodel_ci.render.blocks import Block, Heading, Paragraph, Row, Table, Tone, counted, sentence
from rolemodel_ci.render.plans import describe


def report_blocks(report: Report) -> Iterator[Block]:
    """Failures first; what is done is only counted, for the plan above has told it."""
    failed = [outcome for outcome in report.outcomes if isinstance(outcome, Failed)]
    skipped = [outcome for outcome in report.outcomes if isinstance(outcome, Skipped)]
    done = sum(isinstance(outcome, Done) for outcome in report.outcomes)
    words = (
        counted(done, "change") + " made",
        f"{len(failed)} failed" if failed else "",
        f"{len(skipped)} skipped" if skipped else "",
    )
    tone = Tone.BAD if failed or skipped else Tone.GOOD
    yield Heading(("Interrupted: " if report.interrupted else "Applied: ") + sentence(words) + ".", 1, tone)
    if failed:
        yield Table(
            ("", "what", "why", "what to do"),
            tuple(Row(("failed", describe(f.change), f.reason, f.remedy), Tone.BAD) for f in failed),
        )
    if skipped:
        yield Table(
            ("", "what", "because"),
            tuple(Row(("skipped", describe(s.change), s.because), Tone.CHANGE) for s in skipped),
        )
    if failed or skipped or report.plan.unreadable:
        yield Paragraph("Running again finishes the job once the cause is mended.")


def listing_blocks(found: Listing) -> Iterator[Block]:
    """Every role, its group, and the page that switches into it."""
    accounts = len({entry.account for entry in found.entries})
    yield Heading(f"{counted(len(found.entries), 'role')} in {counted(accounts, 'account')}", 1)
    if found.entries:
        yield Table(
            ("account", "role", "arn", "group", "members"),
            tuple(Row((e.account, e.role, e.arn, e.group, str(len(e.members)))) for e in found.entries),
        )
        yield Heading("Switch-role links")
        yield Table(("account", "role", "link"), tuple(Row((e.account, e.role, e.link)) for e in found.entries))
    for name in found.missing:
        yield Paragraph(f"Account `{name}` has no stack: run `apply` or `update`.", Tone.CHANGE)
    for account in found.unreadable:
        yield Paragraph(f"Account `{account.account}` cannot be read: {account.reason}. {account.remedy}", Tone.BAD)


def problem_blocks(problems: Sequence[Problem], policy: Policy | None) -> Iterator[Block]:
    """What is wrong with the files, or what good files hold."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if problems:
        told = (counted(errors, "problem") if errors else "", counted(warnings, "warning") if warnings else "")
        yield Heading(f"The files have {sentence(told)}.", 1, Tone.BAD if errors else Tone.CHANGE)
        rows = tuple(
            Row(
                (str(p.place), p.code, ("" if p.severity is Severity.ERROR else "warning: ") + p.message, p.remedy),
                Tone.BAD if p.severity is Severity.ERROR else Tone.CHANGE,
            )
            for p in problems
        )
        yield Table(("where", "code", "problem", "what to do"), rows)
    if policy is not None and not errors:
        grants = len(policy.users.grants) if policy.users else 0
        yield Heading(
            f"The files are good: {counted(len(policy.accounts), 'account')}, "
            f"{counted(len(policy.template.roles), 'role')}, {counted(grants, 'grant')}.",
            1,
            Tone.GOOD,
        )
