"""Pairs by the thousand: what the comment missed, and what it said without need."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from oracle import judging, pairs
from oracle.judging import Widening
from oracle.pairs import Pair


@dataclass(frozen=True)
class Missed:
    """A pair that widens a role without the comment saying so."""

    pair: Pair
    widening: Widening
    comment: str

    def __str__(self) -> str:
        """Everything that is needed to look at it."""
        before, after = (json.dumps(pairs.template([site])) for site in (self.pair.before, self.pair.after))
        return (
            f"{self.pair.name} of pair {self.pair.number} ({', '.join(self.pair.done)}) now lets pass, "
            f"in {self.widening.world}, {self.widening.ask}\nBEFORE {before}\nAFTER {after}\n{self.comment}"
        )


@dataclass
class Count:
    """Sums over pairs. `widening` and `needless` are of those pairs alone that were asked about for them."""

    pairs: int = 0
    told: int = 0
    refused: int = 0
    asked: int = 0
    widening: int = 0
    needless: int = 0
    missed: list[Missed] = field(default_factory=list)
    needless_by: Counter[str] = field(default_factory=Counter)
    missed_by: Counter[str] = field(default_factory=Counter)

    def add(self, other: Count) -> None:
        """The sums of both."""
        for name in ("pairs", "told", "refused", "asked", "widening", "needless"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.missed += other.missed
        self.needless_by += other.needless_by
        self.missed_by += other.missed_by


Comments = Callable[[list[Pair]], tuple[str | None, str | None]]
"""The comments on a batch and on the way back; None where the files are refused."""


def comments_on(batch: list[Pair]) -> tuple[str | None, str | None]:
    """What the product says, from the text of both templates on."""
    base = judging.policy([pair.before for pair in batch])
    head = judging.policy([pair.after for pair in batch])
    if base is None or head is None:
        return None, None
    return judging.comment(base, head), judging.comment(head, base)


def count(numbers: Iterable[int], comments: Comments = comments_on, *, every: int = 0) -> Count:
    """Count over batches, there and back. A pair that is told needs no oracle.

    But for one batch of `every`: to count what is said without need.
    """
    sums = Count()
    for number in numbers:
        batch = pairs.batch(number)
        ways = (batch, [pair.turned() for pair in batch])
        for way, text in zip(ways, comments(batch), strict=True):
            sums.pairs += len(way)
            sums.refused += len(way) * (text is None)
            for pair in way:
                _count(sums, pair, text, bool(every) and number % every == 0)
    return sums


def _count(sums: Count, pair: Pair, text: str | None, asked: bool) -> None:
    told = text is None or judging.told(text, pair.name)
    sums.told += told
    if told and not asked:
        return
    found = judging.widening(pair)
    if asked:
        sums.asked += 1
        sums.widening += found is not None
    kind = "+".join(sorted(set(pair.done) - {pairs.BACK})) or "nothing"
    if found and not told:
        sums.missed.append(Missed(pair, found, text or ""))
        sums.missed_by[kind] += 1
    elif told and not found:
        sums.needless += 1
        sums.needless_by[kind] += 1
