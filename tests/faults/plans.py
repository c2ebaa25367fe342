"""Which calls a fault befalls, from a seed and the identity of the call: the order of threads does not matter."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .kinds import DENIED, PASSING, Asked, Kind, ending, timing_out, under_way, unnoticed

READ_TIMEOUT = 0.3
"""Seconds after which the clients of these tests give up waiting for an answer."""

_KINDS = (*PASSING, *timing_out(READ_TIMEOUT * 1.5))
_WEIGHTS = tuple(1 if kind.name.startswith("timeout") else 4 for kind in _KINDS)


class Plan:
    """No faults at all."""

    page: int = 0  # items in a page of a list; 0: as many as are asked for

    def of(self, asked: Asked) -> Kind | None:
        """The fault that befalls a call, if one does."""
        return None


CALM = Plan()


@dataclass(frozen=True)
class Storm(Plan):
    """Faults by a seed. `passing`: share of the calls that a fault befalls once; `lasting`: share of the targets at
    which an action fails whenever it is tried.

    The seed also decides on what AWS is like in this storm: the size of its pages, how long it does not notice what it
    did, which action it denies where, and how long keys hold. `steady`: nothing times out, and keys hold: faults that
    do depend on the order of threads, for whoever comes first renews the keys.
    """

    seed: int
    passing: float = 0.1
    lasting: float = 0.015
    steady: bool = False

    @property
    def page(self) -> int:  # type: ignore[override]
        """Items in a page of a list."""
        return self._drawn("page").choice((0, 0, 1, 2, 3, 7))

    def of(self, asked: Asked) -> Kind | None:
        """The fault that befalls a call: what AWS is like first, then what lasts, then what passes."""
        return self._weather(asked) or self._lasting(asked) or self._passing(asked)

    def _weather(self, asked: Asked) -> Kind | None:
        if self._drawn("denied", asked.account, asked.name).random() < self.lasting / 3:
            return DENIED
        late = unnoticed(asked, self._drawn("unnoticed", asked.target).choice((0, 0, 1, 2, 4)))
        busy = under_way(asked, self._drawn("under way", asked.account).choice((0, 0, 1, 3)))
        if late or busy:
            return late or busy
        if asked.action == "AssumeRole" and not self.steady:
            seconds = self._drawn("ending").choice((0, 0, 0, 20, 200, 700))
            return ending(seconds) if seconds and asked.ordinal < 4 else None
        return None

    def _lasting(self, asked: Asked) -> Kind | None:
        drawn = self._drawn("lasting", asked.account, asked.name, asked.target)
        return self._chosen(drawn) if drawn.random() < self.lasting else None

    def _passing(self, asked: Asked) -> Kind | None:
        drawn = self._drawn("passing", asked.identity)
        return self._chosen(drawn) if drawn.random() < self.passing else None

    def _chosen(self, drawn: Random) -> Kind:
        return drawn.choice(PASSING) if self.steady else drawn.choices(_KINDS, _WEIGHTS)[0]

    def _drawn(self, *what: str) -> Random:
        return Random(f"{self.seed}/{'/'.join(what)}")
