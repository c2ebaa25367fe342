"""Which guards a run in GitHub Actions overrides, and who says so: the input `allow`, labels of the pull request."""

from __future__ import annotations

from rolemodel_ci.cli.ci.scene import Scene
from rolemodel_ci.event import PullRequest
from rolemodel_ci.guard.labels import overriding
from rolemodel_ci.verdict import Allowed, Guard


def by_input(scene: Scene) -> dict[Guard, str]:
    """What the workflow hands in, as a person who starts a run writes it there."""
    return {guard: "the input `allow`" for guard in scene.runner.inputs.allow}


def by_request(pull: PullRequest) -> Allowed:
    """What the labels of an open pull request would override, were it merged now."""
    return {guard: f"the label `{label}`" for guard, label in overriding(pull.labels).items()}
