"""Whether a merge brought what its pull request showed to whoever approved it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rolemodel_ci.adapters.git.base_commit import ApiTree, base_tree
from rolemodel_ci.adapters.git.commit_history import fork_of
from rolemodel_ci.adapters.git.repository import CommitNotFoundError, Tree
from rolemodel_ci.adapters.git.three_way import ConflictError, ThreeWayTree
from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.github_action.commit_range import CommitRange
from rolemodel_ci.github_action.context import RunContext, failed_by
from rolemodel_ci.github_action.merged_requests import Merge
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.approval import Allowed
from rolemodel_ci.render.audit_record import policy_digest


def compare_with_pulls(scene: RunContext, merges: Iterable[Merge], way: CommitRange) -> tuple[Merge, ...]:
    """The merges, with what is known of whether they are what their pull requests showed."""
    return tuple(replace(merge, as_shown=_as_shown(scene, merge, way)) for merge in merges)


def without_unshown(labels: dict[str, Allowed], merges: Sequence[Merge]) -> dict[str, Allowed]:
    """The labels of merges that surely are not something else than what was labelled."""
    unshown = {commit for merge in merges if merge.as_shown is False for commit in merge.commits}
    return {commit: given for commit, given in labels.items() if commit not in unshown}


def _as_shown(scene: RunContext, merge: Merge, way: CommitRange) -> bool | None:
    """None where that cannot be told, or where there is no pull request."""
    if merge.pull is None or not merge.pull.is_exact:
        return None
    changing = [segment for segment in way.since.segments if segment.commit in merge.commits]
    if not changing:
        return True  # nothing of ours
    first, after = changing[0].commit, changing[-1].commit
    before = next((step.before for step in way.steps if step.commit == first), "")
    if merge.pull.head == after:
        return True
    try:
        return _is_merge(scene, before, merge.pull.head, after, changing[-1].after)
    except (GithubError, CommitNotFoundError) as failed:
        scene.commands.notice("Is it what was reviewed?", f"{merge.name}: {failed_by(failed)}")
        return None


def _is_merge(scene: RunContext, before: str, head: str, after: str, policy: Policy) -> bool | None:
    """Whether a commit is what Git makes of the branch before it and the pull request's head."""
    fork = fork_of(scene.checkout, scene.github, before, head)
    if fork is None:
        return None
    merged = _tree(scene, after)
    expected = ThreeWayTree(_tree(scene, before), _tree(scene, fork), _tree(scene, head))
    files = {scene.config, policy.config_file, policy.template.file, *([policy.users.file] if policy.users else [])}
    if not any(expected.differs(path, merged) for path in files):
        return True
    try:
        found, _ = read_files(scene.checkout.files(expected), scene.runner.inputs.config)
    except ConflictError:
        return False
    return found is not None and policy_digest(found) == policy_digest(policy)


def _tree(scene: RunContext, commit: str) -> Tree:
    """The files of a commit. A whole checkout is not made a shallow one by fetching it. Raises as `base_tree`."""
    checkout, github = scene.checkout, scene.github
    if checkout.has(commit) or checkout.is_shallow or github is None:
        return base_tree(checkout, commit, github)
    return ApiTree(github, commit)
