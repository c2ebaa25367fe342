"""Which guards a run in GitHub Actions overrides, and who says so: the input `allow`, labels of the pull request."""

from __future__ import annotations

from rolemodel_ci.github_action.context import RunContext
from rolemodel_ci.github_action.event import PullRequest
from rolemodel_ci.reconcile.approval import Allowed, Guard
from rolemodel_ci.reconcile.guards.override_labels import overriding


def by_input(scene: RunContext) -> dict[Guard, str]:
    """What the workflow hands in, as a person who starts a run writes it there."""
    return {guard: "the input `allow`" for guard in scene.runner.inputs.allow}


def by_request(pull: PullRequest) -> Allowed:
    """What the labels of an open pull request would override, were it merged now."""
    return {guard: f"the label `{label}`" for guard, label in overriding(pull.labels).items()}
