"""The report of a run and the listing, as blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
from rolemodel_ci.render.blocks import Block, Heading, Paragraph, Row, Table, Tone, counted, sentence
from rolemodel_ci.render.plan import describe

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.inventory import Listing


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
