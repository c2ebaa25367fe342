"""What the guards would say to the merge of a pull request: to everything that it and nobody before it has applied."""

from __future__ import annotations

from dataclasses import dataclass

from rolemodel_ci.adapters.git.base_commit import base_of_merge
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.run_lock import Memory
from rolemodel_ci.github_action.commit_range import CommitRange, find_way
from rolemodel_ci.github_action.context import RunContext
from rolemodel_ci.github_action.event import PullRequest
from rolemodel_ci.github_action.guard_results import judge
from rolemodel_ci.github_action.merged_requests import labels_of, merges_of
from rolemodel_ci.github_action.overrides import by_request
from rolemodel_ci.github_action.reviewed_merge import compare_with_pulls, without_unshown
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED, Allowed, Approved, Refusal
from rolemodel_ci.reconcile.attribution import attribute_since
from rolemodel_ci.reconcile.pipeline import Planned


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The verdict of a merge now, and the merges before it that it would apply as well, by name.

    `planned` is the plan that the verdict is about: without the accounts that the merge would leave alone.
    """

    verdict: Approved | tuple[Refusal, ...]
    planned: Planned
    waiting: tuple[str, ...]


def foreseen(scene: RunContext, pull: PullRequest, policy: Policy, memory: Memory, planned: Planned) -> Foreseen:
    """What the guards would say. Its labels count for its own commits, those of merged ones that wait for theirs.

    Raises StateError where it cannot be read what was last applied, ForeignStateError; GithubError.
    """
    assert memory.seen is not None
    base = base_of_merge(scene.checkout, pull.head_sha, pull.base_sha) if pull.base_sha else None
    way = find_way(scene, policy, memory.seen, base)
    own = _own(way, base)
    waiting = merges_of(scene, pull.base_ref, way.steps, way.changing - own) if way.changing - own else ()
    waiting = compare_with_pulls(scene, waiting, way)
    given = without_unshown(labels_of(scene, waiting), waiting)
    labels: dict[str, Allowed] = {**given, **dict.fromkeys(own, by_request(pull))}
    found = attribute_since(planned.plan, way.since, today())
    judgement = judge(planned, found, way.since, labels, NOTHING_ALLOWED)
    known = way.since.unproven is None
    names = tuple(merge.name for merge in waiting) if known else ()
    return Foreseen(judgement.reviewed, judgement.planned, names)


def _own(way: CommitRange, base: str | None) -> frozenset[str]:
    """The commits that the pull request itself would bring: those after its base."""
    commits = [step.commit for step in way.steps]
    return frozenset(commits[commits.index(base) + 1 :] if base in commits else commits)
