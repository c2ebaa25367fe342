"""Whether what a run is about is what the branch is at: an older state would give back what was taken away since."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rolemodel_ci.adapters.git.commit_history import Gap, steps_between
from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.workflow_runs import Run, run_of, runs_at
from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.github_action.context import RunContext, failed_by, no_github

_ATTEMPTS = 4
"""How often GitHub is asked again, after 1, 2, 4 and 8 seconds: its answers about a branch lag, and a run is made some
seconds after the push that it is about."""


class StaleCommitError(RolemodelError):
    """The branch has another tip by now, and a run that is known applies it: nothing is left to do here."""

    exit_code: ClassVar[int] = 0


class NotTipError(RolemodelError):
    """The branch has another tip than this run is about, and nobody is known to apply that one."""

    exit_code: ClassVar[int] = 5


def must_be_tip(scene: RunContext, branch: str, is_applied: Callable[[str], bool]) -> None:
    """Make sure that what is checked out is what the branch is at now.

    `is_applied` says whether a commit is what was last applied: the run of a newer tip may have succeeded without that,
    if its job was skipped. Raises Moved where the run of the tip does it, NotTipError where none is known to;
    GithubError, UsageError.
    """
    head = scene.checkout.head
    if scene.runner.commit and head != scene.runner.commit:
        raise UsageError(
            f"the checkout is at {head[:7]}, and the run is about {scene.runner.commit[:7]}",
            "Leave `ref` of actions/checkout as it is.",
        )
    if scene.github is None:
        why = no_github(scene.runner)
        assert why is not None
        raise UsageError(f"{why.message}, without which the branch's tip is not known", why.remedy)
    for attempt in range(_ATTEMPTS + 1):
        tip = scene.github.tip(branch)
        if tip == head:
            return
        last = attempt == _ATTEMPTS
        if not _is_behind(scene, tip):
            _find_run(scene, scene.github, branch, tip, is_applied, last=last)
        elif last:
            raise NotTipError(
                f"GitHub says that `{branch}` is at {tip[:7]}, which is older than {head[:7]}, which this run is about",
                f"If `{branch}` was set back, start the workflow there by hand. If not, run this job again: GitHub's "
                "answers may lag.",
            )
        scene.github.wait(attempt)


def _is_behind(scene: RunContext, tip: str) -> bool:
    """Whether the tip that GitHub names is an ancestor of this commit: its answer is an old one."""
    return not isinstance(steps_between(scene.checkout, scene.github, tip, scene.checkout.head), Gap)


def _find_run(
    scene: RunContext, github: Github, branch: str, tip: str, is_applied: Callable[[str], bool], *, last: bool
) -> None:
    """Raise Moved where a run of the tip is known to apply it; return where it is worth while to ask again."""
    what = f"`{branch}` is at {tip[:7]} by now, and this run is about {scene.checkout.head[:7]}"
    try:
        own = run_of(github, scene.runner.run_id) if scene.runner.run_id else None
        runs = [] if own is None else [run for run in runs_at(github, tip) if _is_like(run, own)]
    except GithubError as failed:
        raise NotTipError(
            f"{what}; whether a run of {tip[:7]} applies it is not known: {failed_by(failed)}",
            "Give the job the permission `actions: read`, and look whether the newest run has applied everything.",
        ) from failed
    going = next((run for run in runs if not run.has_ended), None)
    going = going or next((run for run in runs if run.conclusion == "success" and is_applied(tip)), None)
    if going is not None:
        scene.audit.note(left_to=going.url)
        raise StaleCommitError(what, f"The run of {tip[:7]} applies everything up to it. {going.url}")
    if not last:
        return
    by_hand = "start the workflow by hand with `repair: everything`"
    if runs:
        raise NotTipError(
            f"{what}; the run of {tip[:7]} ended without applying it ({runs[0].conclusion}): {runs[0].url}",
            f"Start that run again, or {by_hand}: it applies everything up to there.",
        )
    raise NotTipError(
        f"{what}; no run of this workflow is about {tip[:7]} (a path filter, `[skip ci]`, or a push by GITHUB_TOKEN), "
        "so that nobody applies it",
        f"On `{branch}`, {by_hand}: it applies everything up to there.",
    )


def _is_like(run: Run, own: Run) -> bool:
    """Whether a run is one of the same workflow that applies, and not this one."""
    return run.id != own.id and run.workflow == own.workflow and run.event == "push"
