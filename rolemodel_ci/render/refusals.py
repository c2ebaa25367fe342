"""What guards have to say, as blocks: why a plan is not applied, or not all of it, and what was set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rolemodel_ci.render.blocks import Block, Heading, Paragraph, Tone

if TYPE_CHECKING:
    from rolemodel_ci.reconcile.approval import Overridden, Refusal


def refusal_blocks(refusals: Iterable[Refusal]) -> Iterator[Block]:
    """Why a plan may not be applied."""
    yield Heading("Refused: nothing was changed.", 1, Tone.BAD)
    yield from _reasons(refusals)


def withheld_blocks(refusals: Sequence[Refusal]) -> Iterator[Block]:
    """What a run leaves alone, because a guard stops one account, while it does the rest."""
    if refusals:
        yield Heading(f"Refused in part: {_alone(refusals)}.", 1, Tone.BAD)
        yield from _reasons(refusals)


def _alone(refusals: Iterable[Refusal]) -> str:
    names = sorted({f"`{refusal.account}`" for refusal in refusals})
    return f"nothing is changed or given in {', '.join(names)}"


def foreseen_blocks(refusals: Sequence[Refusal]) -> Iterator[Block]:
    """Why a plan would not be applied, where somebody only looks."""
    if refusals:
        whole = any(refusal.account is None for refusal in refusals)
        yield Heading("`apply` would refuse " + ("this." if whole else f"a part: {_alone(refusals)}."), 1, Tone.BAD)
        yield from _reasons(refusals)


def _reasons(refusals: Iterable[Refusal]) -> Iterator[Block]:
    for refusal in refusals:
        yield Paragraph(f"{refusal.guard}: {refusal.message}.", Tone.BAD)
        yield Paragraph(refusal.remedy)


def override_blocks(overridden: Iterable[Overridden]) -> Iterator[Block]:
    """What would have stopped a run, had nobody set it aside."""
    for one in overridden:
        yield Paragraph(f"Overridden, by {one.by}: {one.refusal.guard}: {one.refusal.message}.", Tone.CHANGE)
