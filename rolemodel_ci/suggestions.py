"""What a word was meant to be: the nearest of the known ones, found without comparing each of them in full."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from operator import add

LOOKUPS = 20
"""Words that one `Hints` looks up: who misspelt more has another problem, and gets the general advice for the rest."""

ALIKE = 100
"""Names that may look so much like one word that they have to be compared with it; of more, none is the one meant."""

_SHORT = 8  # characters: `DevRole` and `OpsRole` differ by three, `QARole` and `HRRole` by two
_LONG = 128  # characters: no name that may be meant is longer
_BITS = 64  # of the letters of a word

# What one edit changes at most: putting one letter in place of another takes one away and brings one; swapping two
# takes three pairs of neighbours away and makes three.
_LETTERS_PER_EDIT, _PAIRS_PER_EDIT = 2, 6


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Offer the nearest of the known words in a sentence; the empty string where none is near, or the word is long."""
    names = list(known)
    if len(word) > _LONG:
        return ""
    lowered = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"Did you mean `{lowered[near[0]]}`?" if near else ""


def slip_of(word: str, known: Iterable[str]) -> str:
    """Do what `Hints.slip_of` does, for a single word."""
    return Hints(known).slip_of(word)


class Offers:
    """Does what `did_you_mean` does, for the first different words of a run: comparing takes milliseconds for each."""

    def __init__(self, lookups: int = LOOKUPS) -> None:
        self._left = lookups
        self._answers: dict[tuple[str, tuple[str, ...]], str] = {}

    def nearest(self, word: str, known: Iterable[str]) -> str:
        """Offer the nearest of the known words; the empty string where none is near, or too many were looked up."""
        asked = (word, tuple(known))
        if asked not in self._answers:
            if not self._left:
                return ""
            self._left -= 1
            self._answers[asked] = did_you_mean(*asked)
        return self._answers[asked]


class Hints:
    """Offers known names for misspelt ones, for names that give access.

    Who follows the advice has to get what was meant, not more than that: so only what one or two characters turn the
    word into is offered, and only if nothing else is as near. In a short word one character is enough to differ by.

    `compared` counts the names that were compared in full.
    """

    def __init__(self, known: Iterable[str], lookups: int = LOOKUPS) -> None:
        self._known = known
        self._marked: list[tuple[str, str, int]] | None = None
        self._pairs: dict[str, set[str]] = {}
        self._answers: dict[str, str] = {}
        self._left = lookups
        self.compared = 0

    def slip_of(self, word: str) -> str:
        """Offer the name that was meant in a sentence; the empty string where that cannot be told."""
        if word not in self._answers:
            if not self._left:
                return ""
            self._left -= 1
            self._answers[word] = self._found(word)
        return self._answers[word]

    def _found(self, word: str) -> str:
        if self._marked is None:
            self._marked = [(name, low := name.lower(), _letters(low)) for name in sorted(set(self._known))]
        low = word.lower()
        near = [name for name, other, _ in self._marked if other == low]
        for edits in (1,) if len(word) < _SHORT else (1, 2):
            alike = [] if near else self._alike(low, edits)
            if len(alike) > ALIKE:
                return ""
            self.compared += len(alike)
            near = near or [name for name, other in alike if _distance(low, other, edits) <= edits]
        return f"Did you mean `{near[0]}`?" if len(near) == 1 else ""

    def _alike(self, low: str, edits: int) -> list[tuple[str, str]]:
        """The names that may be within so many edits: those of about the same length, letters and pairs of letters."""
        assert self._marked is not None
        letters, pairs, length, differ = _letters(low), _pairs(low), len(low), edits * _LETTERS_PER_EDIT
        return [
            (name, other)
            for name, other, its in self._marked
            if (letters ^ its).bit_count() <= differ
            and -edits <= len(other) - length <= edits
            and len(pairs ^ self._pairs_of(other)) <= edits * _PAIRS_PER_EDIT
        ]

    def _pairs_of(self, low: str) -> set[str]:
        if low not in self._pairs:
            self._pairs[low] = _pairs(low)
        return self._pairs[low]


def _letters(word: str) -> int:
    """A bit for each letter of the word; some share one."""
    bits = 0
    for letter in set(word):
        bits |= 1 << ord(letter) % _BITS
    return bits


def _pairs(word: str) -> set[str]:
    return set(map(add, word, word[1:]))


def _distance(one: str, other: str, most: int) -> int:
    """How many characters have to be put in, left out, replaced or swapped with the next; or more than `most`."""
    one, other = _middles(one, other)
    if abs(len(one) - len(other)) > most:
        return most + 1
    far = most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        # Only what is near the diagonal can be within `most`.
        earlier, before, row = before, row, [far] * (len(other) + 1)
        row[0] = i
        for j in range(max(1, i - most), min(len(other), i + most) + 1):
            b = other[j - 1]
            row[j] = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], earlier[j - 2] + 1)
        if min(*before, *row) > most:  # it never gets less again
            return far
    return min(row[-1], far)


def _middles(one: str, other: str) -> tuple[str, str]:
    """Both without what they begin and end with in common, which costs nothing."""
    shorter = min(len(one), len(other))
    start = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    one, other = one[start:], other[start:]
    shorter -= start
    end = next((i for i in range(shorter) if one[-1 - i] != other[-1 - i]), shorter)
    return one[: len(one) - end], other[: len(other) - end]
