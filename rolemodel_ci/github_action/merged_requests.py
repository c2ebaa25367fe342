"""The pull requests that brought what a run is about: their labels, who merged them and who approved them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rolemodel_ci.adapters.git.commit_history import Step
from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.merges import Merged, MergeReview, hands, pulls_of
from rolemodel_ci.github_action.context import RunContext, failed_by
from rolemodel_ci.reconcile.approval import Allowed, Guard
from rolemodel_ci.reconcile.guards.override_labels import overriding
from rolemodel_ci.render.audit_record import ApprovalRecord, MergeRecord


@dataclass(frozen=True, slots=True)
class Merge:
    """A pull request that brought commits to the branch, or a commit that was pushed there without one.

    `pull` is None for the latter, and where GitHub did not tell: `known` says which. `hands` is None where GitHub does
    not tell who had a hand in it. `as_shown`: its commits are what Git makes of the branch and the pull request; None
    where that is not known.
    """

    commits: tuple[str, ...]
    pull: Merged | None = None
    known: bool = True
    hands: MergeReview | None = None
    as_shown: bool | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"#{self.pull.number}" if self.pull else self.commits[-1][:7]

    @property
    def is_pushed(self) -> bool:
        """Whether it came without a pull request."""
        return self.pull is None and self.known

    @property
    def doubt(self) -> str:
        """What somebody should look at because nobody has reviewed it, in a sentence; empty where there is nothing."""
        if self.pull is None:
            return ""
        if self.as_shown is False:
            return _UNSHOWN.format(commit=self.commits[-1][:7], pull=self.name)
        return "" if self.pull.is_exact else _INEXACT.format(commit=self.commits[-1][:7], pull=self.name)


_UNSHOWN = (
    "**Not what was reviewed.** Commit `{commit}` holds something that neither {pull} nor the branch had: it was put "
    "into the merge by hand."
)
_INEXACT = (
    "**Which pull request?** GitHub lists {pull} for commit `{commit}`, and names another commit as its merge: perhaps "
    "nobody was asked."
)


def merges_of(scene: RunContext, branch: str, steps: Sequence[Step], wanted: Iterable[str]) -> tuple[Merge, ...]:
    """Who brought the wanted commits, the oldest first; several commits of one pull request are one merge."""
    wanted = frozenset(wanted)
    order = [step.commit for step in steps]
    found: dict[int | str, Merge] = {}
    waits = iter(range(_WAITS))
    for index, commit in enumerate(order):
        if commit not in wanted:
            continue
        pulls = _pulls(scene, branch, commit, order[index:], waits)
        if not pulls:
            found[commit] = Merge((commit,), known=pulls is not None)
        for pull in pulls or ():
            before = found.get(pull.number, Merge((), pull))
            found[pull.number] = replace(before, commits=(*before.commits, commit))
    return tuple(found.values())


_WAITS = 3
"""How often a run waits for GitHub to know of a merge, 1, 2 and 4 seconds: its answers lag behind the push."""

_NOREPLY = "noreply@github.com"
"""The committer of what is merged or edited on GitHub's pages:
https://docs.github.com/en/account-and-profile/reference/email-addresses-reference#your-noreply-email-address"""


def _pulls(
    scene: RunContext, branch: str, commit: str, onwards: Sequence[str], waits: Iterator[int]
) -> list[Merged] | None:
    """The pull requests that made a commit; None where GitHub does not tell.

    Where the commit looks as if there were one, and GitHub knows none yet, it is asked again: what a message says
    proves nothing.
    """
    if scene.github is None:
        return None
    try:
        found = pulls_of(scene.github, commit, branch, onwards)
        while not _is_settled(scene, commit, found) and (wait := next(waits, None)) is not None:
            scene.github.wait(wait)
            found = pulls_of(scene.github, commit, branch, onwards)
    except GithubError as failed:
        scene.commands.notice("Which pull request?", failed_by(failed))
        return None
    return found


def _is_settled(scene: RunContext, commit: str, found: Sequence[Merged]) -> bool:
    """Whether GitHub would say the same in some seconds: not if it lists none for what looks like a merge of its own,
    or one whose merge it has not noted yet.
    """
    if found:
        return all(pull.is_exact for pull in found)
    told = scene.checkout.committed(commit)
    if told is None:
        return False
    mail, message = told
    return mail != _NOREPLY and not re.search(r"Merge pull request #[0-9]+|\(#[0-9]+\)$", message.rstrip())


def with_hands(scene: RunContext, merges: Iterable[Merge]) -> tuple[Merge, ...]:
    """The same, with who merged and who approved."""
    return tuple(replace(merge, hands=_hands(scene, merge.pull)) if merge.pull else merge for merge in merges)


def _hands(scene: RunContext, pull: Merged) -> MergeReview | None:
    assert scene.github is not None
    try:
        return hands(scene.github, pull.number)
    except GithubError as failed:
        scene.commands.notice("Who approved?", failed_by(failed))
        return None


def recorded(merges: Iterable[Merge]) -> tuple[MergeRecord, ...]:
    """The merges as the record of the run has them."""
    return tuple(
        MergeRecord(
            merge.commits,
            merge.pull.number if merge.pull else None,
            merge.hands.merged_by if merge.hands else None,
            tuple(
                ApprovalRecord(one.login, one.commit, one.commit == merge.hands.head) for one in merge.hands.approvals
            )
            if merge.hands
            else None,
            merge.known,
            merge.as_shown,
        )
        for merge in merges
    )


def labels_of(scene: RunContext, merges: Iterable[Merge]) -> dict[str, Allowed]:
    """For each commit, the guards that labels of its pull request override now, with who gave them.

    Of a commit that several pull requests have brought at once, all of them have to have the label.
    """
    found: dict[str, dict[Guard, str]] = {}
    for merge in merges:
        if merge.pull is None or scene.github is None:
            continue
        given = {
            guard: f"the label `{label}` of #{merge.pull.number}{_giver(scene, scene.github, merge.pull, label)}"
            for guard, label in overriding(merge.pull.labels if merge.pull.is_exact else ()).items()
        }
        for commit in merge.commits:
            found[commit] = _both(found[commit], given) if commit in found else given
    return dict(found)


def _both(one: dict[Guard, str], other: dict[Guard, str]) -> dict[Guard, str]:
    return {guard: f"{one[guard]}, and {other[guard]}" for guard in one.keys() & other.keys()}


def _giver(scene: RunContext, github: Github, pull: Merged, label: str) -> str:
    """Who gave the label, for the record; a run does not fail because GitHub does not tell."""
    try:
        who = github.labelled_by(pull.number, label)
    except GithubError as failed:
        scene.commands.notice("Whose label?", failed_by(failed))
        return ""
    return f", given by {who}" if who else ""
