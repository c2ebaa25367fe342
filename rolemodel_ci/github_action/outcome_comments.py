"""What each pull request is told of a run, and each commit that came without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rolemodel_ci.access_request.request import dangers_of
from rolemodel_ci.cli.options import today
from rolemodel_ci.github_action.commit_range import CommitRange
from rolemodel_ci.github_action.context import RunContext, now
from rolemodel_ci.github_action.merged_requests import Merge
from rolemodel_ci.github_action.result import Message
from rolemodel_ci.reconcile.approval import Overridden, Refusal
from rolemodel_ci.reconcile.attribution import Attributed
from rolemodel_ci.reconcile.merge_attribution import Share, share
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.render.comment import OUTCOME_MARKER, Facts, Told, outcome, refused_by_guard
from rolemodel_ci.render.comment.approvals import hands_said
from rolemodel_ci.render.comment.drift import Dangers
from rolemodel_ci.render.comment.truncate import Part

_Links = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes the comments of a run: what came of it for each merge that it was about."""

    scene: RunContext
    way: CommitRange
    merges: tuple[Merge, ...]
    found: Attributed
    facts: Facts

    def applied(
        self, report: Report, links: _Links, overridden: Sequence[Overridden], withheld: Sequence[Refusal] = ()
    ) -> tuple[tuple[Message, ...], tuple[Part, ...]]:
        """The comments after a run that has applied, and the job summary."""
        dangers, when = self._before_and_after(), now()

        def parts(one: Share, told: Told) -> list[Part]:
            assert one.report is not None
            return outcome(one.report, links, dangers, self.facts, when, overridden, told, withheld)

        shares = self._shares(report)
        messages = [self._message(merge, parts(one, self._told(merge, one, shares))) for merge, one in shares]
        if len(messages) == 1 and self.merges[-1] is shares[0][0]:
            return tuple(messages), messages[0].parts
        everything = share(self.found, self.way.since, self.way.changing, today(), report, newest=True)
        return tuple(messages), tuple(parts(everything, self._whole(everything)))

    def _before_and_after(self) -> Dangers:
        """Which roles are as good as an administrator in the head, or were before, for who has lost one."""
        base, head = self.way.since.base, self.way.since.head
        return (dangers_of(base, today()) if base else {}) | dangers_of(head, today())

    def refused(self, refusals: Sequence[Refusal]) -> tuple[tuple[Message, ...], tuple[Part, ...]]:
        """The comments after a run that a guard has stopped, and the job summary."""
        dangers, when = self._before_and_after(), now()
        shares = self._shares(None)
        messages = [
            self._message(merge, refused_by_guard(refusals, self.facts, when, self._told(merge, one, shares), dangers))
            for merge, one in shares
        ]
        if len(messages) == 1:
            return tuple(messages), messages[0].parts
        everything = share(self.found, self.way.since, self.way.changing, today(), None, newest=True)
        return tuple(messages), tuple(refused_by_guard(refusals, self.facts, when, self._whole(everything), dangers))

    def _shares(self, report: Report | None) -> list[tuple[Merge, Share]]:
        """Every merge that has something to be told, with its share."""
        found = []
        for merge in self.merges:
            newest = merge is self.merges[-1]
            one = share(self.found, self.way.since, frozenset(merge.commits), today(), report, newest=newest)
            if not one.is_empty and (merge.pull or merge.is_pushed):
                found.append((merge, one))
        return found

    def _told(self, merge: Merge, one: Share, shares: Sequence[tuple[Merge, Share]]) -> Told:
        return Told(
            said(merge),
            merge.commits[-1] if merge.is_pushed else "",
            one.earlier,
            one.undone,
            one.asked,
            tuple(other.name for other, _ in shares if other is not merge),
            (merge.doubt,) if merge.doubt else (),
            one.lacking,
            one.redated,
            one.narrowed,
        )

    def _whole(self, everything: Share) -> Told:
        """What the job summary tells, of all merges at once."""
        pushed = next((merge.commits[-1] for merge in self.merges if merge.is_pushed), "")
        names = tuple(merge.name for merge in self.merges if merge.pull)
        doubts = tuple(merge.doubt for merge in self.merges if merge.doubt)
        one = everything
        return Told(
            (), pushed, one.earlier, one.undone, one.asked, names, doubts, one.lacking, one.redated, one.narrowed
        )

    def _message(self, merge: Merge, parts: Sequence[Part]) -> Message:
        return replace(message(self.scene, merge), parts=tuple(parts))


def said(merge: Merge) -> tuple[str, ...]:
    """Who merged and who approved, as far as it is known."""
    if merge.hands is None:
        return ()
    approvals = ((one.login, one.commit) for one in merge.hands.approvals)
    return hands_said(merge.hands.merged_by, merge.hands.head, approvals)


def message(scene: RunContext, merge: Merge) -> Message:
    """The comment of a merge: on its pull request, or on its commit where there is none."""
    made = scene.message(merge.pull.number if merge.pull else 0, OUTCOME_MARKER)
    return made if merge.pull else replace(made, commit=merge.commits[-1])
