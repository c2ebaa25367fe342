"""How long answers from outside are waited for, and how long a thread has been waiting for the one under way."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rolemodel_ci.errors import CredentialsError


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds are waited for one answer, and for all the answers that one item needs. `now` is a clock."""

    now: Callable[[], float]
    answer: float
    total: float


class SilentError(CredentialsError):
    """Something was not answered in time."""


class Wait:
    """How long one item has been waiting for answers. Its own thread writes this, the one that collects reads it.

    Only time in which a question is under way counts: not that in which a person types a code.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._what = ""
        self._since: float | None = None
        self._silent = self._answered = 0.0
        self.given_up = False

    def begin(self, what: str) -> None:
        """A question goes out."""
        self._what, self._since = what, self._patience.now()

    def end(self, *, answered: bool) -> None:
        """The question is over; without an answer the next one adds to the same wait."""
        silent, self._since = self.silence(), None
        self._silent = 0.0 if answered else silent
        self._answered += silent if answered else 0.0

    def silence(self) -> float:
        """Seconds since the last answer."""
        since = self._since
        return self._silent + (self._patience.now() - since if since is not None else 0.0)

    def is_slow(self) -> bool:
        """Whether it takes so long that others need not wait for its place."""
        return self.silence() > self._patience.answer / 5

    def given_up_for(self) -> SilentError | None:
        """Give it up if it has taken too long; with the reason."""
        silence, total = self.silence(), self._patience.total
        if silence > self._patience.answer:
            why = f"no answer to {self._what} within {self._patience.answer:g} s"
        elif self._answered + silence > total:
            why = f"its answers take more than {total:g} s in all; {self._what} was not answered by then"
        else:
            return None
        self.given_up = True
        return SilentError(why, "Look at the network, at proxies and at AWS_ENDPOINT_URL, then run again.")


class _Here(threading.local):
    wait: Wait | None = None


HERE = _Here()


def asks(what: str) -> None:
    """Tell that the work of this thread has asked something and waits for the answer."""
    if HERE.wait is not None:
        HERE.wait.begin(what)


def hears(*, answered: bool) -> None:
    """Tell that the answer is here, or that it is not waited for any longer."""
    if HERE.wait is not None:
        HERE.wait.end(answered=answered)


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Ask something and hear its answer."""
    asks(what)
    try:
        yield
    finally:
        hears(answered=True)


def is_given_up() -> bool:
    """Tell whether nobody waits any longer for the work of this thread."""
    return HERE.wait is not None and HERE.wait.given_up
