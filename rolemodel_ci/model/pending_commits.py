"""What a run is about: everything that the repository has decided since what was last applied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rolemodel_ci.model.desired import Policy


class Unproven(StrEnum):
    """Why it is not known which state of the repository AWS was last made."""

    NEVER = "no run has remembered what it applied"
    UNUSABLE = "what was remembered cannot be used"
    BY_HAND = "what was last applied was no commit"
    GONE = "the commit that was last applied is not in this repository"
    REWRITTEN = "the commit that was last applied is not in the history of the branch any more"
    NEWER = "the commit that was last applied is newer than this one"
    FAR = "the commit that was last applied is too many commits back"
    UNKNOWN = "the history back to the commit that was last applied cannot be had"
    BROKEN = "the files of the commit that was last applied cannot be used"


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of the branch that changed something of ours: the policies before and after. `commit` names it.

    `before` is None where there was none.
    """

    commit: str
    before: Policy | None
    after: Policy


@dataclass(frozen=True, slots=True)
class Since:
    """Everything between what was last applied and `head`, which is to be applied now.

    `base` is the policy that was last applied, where `unproven` is None; otherwise what the branch was at before the
    push, as far as that is known. `segments` lead from there to `head`, and `on_the_way` has every other policy that
    the branch was at meanwhile.
    """

    head: Policy
    base: Policy | None = None
    unproven: Unproven | None = None
    segments: tuple[Segment, ...] = ()
    on_the_way: tuple[Policy, ...] = ()

    @property
    def states(self) -> tuple[Policy, ...]:
        """Every policy that guards are to be judged by besides that of the head."""
        given = (self.base, *(segment.before for segment in self.segments), *self.on_the_way)
        given = (*given, *(segment.after for segment in self.segments))
        return tuple(state for state in given if state is not None)
