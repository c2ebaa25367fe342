"""The runs of a workflow, as GitHub tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rolemodel_ci.adapters.github.api import Github, read


@dataclass(frozen=True, slots=True)
class Run:
    """A run. `conclusion` is empty while it goes on: queued, waiting for somebody, under way."""

    id: int
    workflow: int
    event: str
    conclusion: str
    url: str
    attempt: int = 1

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return bool(self.conclusion)


def run_of(github: Github, number: str) -> Run:
    """A run by its number. Raises GithubError."""
    doing = f"looking up run {number}"
    return read(doing, _run, github.item(f"/actions/runs/{number}", doing))


def runs_at(github: Github, commit: str) -> list[Run]:
    """The runs that are about a commit, of every workflow. Raises GithubError."""
    doing = f"looking up the runs of {commit[:7]}"
    found = github.items(f"/actions/runs?head_sha={commit}", doing, "workflow_runs")
    return [read(doing, _run, one) for one in found]


def _run(found: Any) -> Run:
    ended = found["status"] == "completed"
    return Run(
        int(found["id"]),
        int(found["workflow_id"]),
        str(found["event"]),
        str(found["conclusion"] or "unknown") if ended else "",
        str(found["html_url"]),
        int(found.get("run_attempt") or 1),
    )
