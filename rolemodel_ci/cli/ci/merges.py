"""The pull requests that brought what a run is about: their labels, who merged them and who approved them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rolemodel_ci.cli.ci.scene import Scene, failed_by
from rolemodel_ci.edge.github import Github, GithubFailed
from rolemodel_ci.edge.history import Step
from rolemodel_ci.edge.merges import Hands, Merged, hands, pulls_of
from rolemodel_ci.guard.labels import overriding
from rolemodel_ci.render.audit import ApprovalRecord, MergeRecord
from rolemodel_ci.verdict import Allowed, Guard


@dataclass(frozen=True, slots=True)
class Merge:
    """A pull request that brought commits to the branch, or a commit that was pushed there without one.

    `pull` is None for the latter, and where GitHub did not tell: `known` says which. `hands` is None where GitHub does
    not tell who had a hand in it.
    """

    commits: tuple[str, ...]
    pull: Merged | None = None
    known: bool = True
    hands: Hands | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"#{self.pull.number}" if self.pull else self.commits[-1][:7]

    @property
    def is_pushed(self) -> bool:
        """Whether it came without a pull request."""
        return self.pull is None and self.known


def merges_of(scene: Scene, branch: str, steps: Sequence[Step], wanted: Iterable[str]) -> tuple[Merge, ...]:
    """Who brought the wanted commits, the oldest first; several commits of one pull request are one merge."""
    wanted = frozenset(wanted)
    order = [step.commit for step in steps]
    found: dict[int | str, Merge] = {}
    for index, commit in enumerate(order):
        if commit not in wanted:
            continue
        pulls = _pulls(scene, branch, commit, order[index:])
        if not pulls:
            found[commit] = Merge((commit,), known=pulls is not None)
        for pull in pulls or ():
            before = found.get(pull.number, Merge((), pull))
            found[pull.number] = replace(before, commits=(*before.commits, commit))
    return tuple(found.values())


def _pulls(scene: Scene, branch: str, commit: str, onwards: Sequence[str]) -> list[Merged] | None:
    """The pull requests that made a commit; None where GitHub does not tell."""
    if scene.github is None:
        return None
    try:
        return pulls_of(scene.github, commit, branch, onwards)
    except GithubFailed as failed:
        scene.commands.notice("Which pull request?", failed_by(failed))
        return None


def with_hands(scene: Scene, merges: Iterable[Merge]) -> tuple[Merge, ...]:
    """The same, with who merged and who approved."""
    return tuple(replace(merge, hands=_hands(scene, merge.pull)) if merge.pull else merge for merge in merges)


def _hands(scene: Scene, pull: Merged) -> Hands | None:
    assert scene.github is not None
    try:
        return hands(scene.github, pull.number)
    except GithubFailed as failed:
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
        )
        for merge in merges
    )


def labels_of(scene: Scene, merges: Iterable[Merge]) -> dict[str, Allowed]:
    """For each commit, the guards that labels of its pull request override now, with who gave them."""
    found: dict[str, dict[Guard, str]] = {}
    for merge in merges:
        if merge.pull is None or scene.github is None:
            continue
        given = {
            guard: f"the label `{label}` of #{merge.pull.number}{_giver(scene, scene.github, merge.pull, label)}"
            for guard, label in overriding(merge.pull.labels).items()
        }
        for commit in merge.commits:
            found[commit] = given | found.get(commit, {})
    return dict(found)


def _giver(scene: Scene, github: Github, pull: Merged, label: str) -> str:
    """Who gave the label, for the record; a run does not fail because GitHub does not tell."""
    try:
        who = github.labelled_by(pull.number, label)
    except GithubFailed as failed:
        scene.commands.notice("Whose label?", failed_by(failed))
        return ""
    return f", given by {who}" if who else ""
