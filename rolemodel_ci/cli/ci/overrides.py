"""Which guards a run in GitHub Actions overrides, and who says so: the input `allow`, labels of the pull request."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.cli.ci.scene import Scene, failed_by
from rolemodel_ci.edge.github import Github, GithubFailed, Merged
from rolemodel_ci.event import PullRequest
from rolemodel_ci.guard.labels import overriding
from rolemodel_ci.verdict import Allowed, Guard


def by_input(scene: Scene) -> dict[Guard, str]:
    """What the workflow hands in, as a person who starts a run writes it there."""
    return {guard: "the input `allow`" for guard in scene.runner.inputs.allow}


def by_merge(scene: Scene, merged: Iterable[Merged]) -> Allowed:
    """The same, and the labels that the merged pull requests have now, with who gave them."""
    found: dict[Guard, str] = {}
    for pull in merged:
        assert scene.github is not None
        for guard, label in overriding(pull.labels).items():
            found.setdefault(guard, f"the label `{label}` of #{pull.number}{_giver(scene, scene.github, pull, label)}")
    return found | by_input(scene)


def by_request(pull: PullRequest) -> Allowed:
    """What the labels of an open pull request would override, were it merged now."""
    return {guard: f"the label `{label}`" for guard, label in overriding(pull.labels).items()}


def _giver(scene: Scene, github: Github, pull: Merged, label: str) -> str:
    """Who gave the label, for the record; a run does not fail because GitHub does not tell."""
    try:
        who = github.labelled_by(pull.number, label)
    except GithubFailed as failed:
        scene.commands.notice("Whose label?", failed_by(failed))
        return ""
    return f", given by {who}" if who else ""
