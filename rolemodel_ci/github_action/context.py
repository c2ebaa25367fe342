"""What every kind of run begins with: the runner, the checkout, GitHub, the policy of the commit and of its base."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rolemodel_ci import __version__
from rolemodel_ci.adapters.git.base_commit import base_tree, changed_paths
from rolemodel_ci.adapters.git.commit_history import Step
from rolemodel_ci.adapters.git.repository import Checkout
from rolemodel_ci.adapters.github.api import Github
from rolemodel_ci.adapters.github.oidc import RunnerTokens
from rolemodel_ci.adapters.github.runner import Runner
from rolemodel_ci.adapters.github.workflow_commands import PLAN_FILE, Commands
from rolemodel_ci.cli.audit import Audit
from rolemodel_ci.cli.environment import World, github_world
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.errors import CredentialsError, RolemodelError, UsageError
from rolemodel_ci.github_action.result import Message
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Place, Problem, are_usable
from rolemodel_ci.render.comment import Facts
from rolemodel_ci.render.comment.provenance import DEFAULT_CONFIG, marker_of
from rolemodel_ci.suggestions import slip_of

_CONFIGS = (".yml", ".yaml", ".json")
_TEXTS = ("*.yml", "*.yaml", "*.json", "*.template")
"""Files whose lines comments name."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a commit is compared with: its policy, where it has one that can be used, and what differs."""

    policy: Policy | None
    changed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RunContext:
    """The things of one run. `github` is None where `no_github` says why."""

    runner: Runner
    checkout: Checkout
    commands: Commands
    github: Github | None
    audit: Audit

    @classmethod
    def of(cls, runner: Runner, commands: Commands, audit: Audit) -> RunContext:
        """Open what the runner has laid out. Raises GitError, CommitNotFoundError."""
        known = no_github(runner) is None
        github = Github(runner.api_url, runner.repository, runner.inputs.token) if known else None
        return cls(runner, Checkout(runner.workspace), commands, github, audit)

    def policy(self) -> tuple[Policy | None, tuple[Problem, ...]]:
        """The policy of the commit that is checked out, and its problems: of the commit, whatever lies beside it."""
        files = self.checkout.files(self.checkout.tree(self.checkout.head))
        policy, problems = read_files(files, self.runner.inputs.config)
        self.audit.note(policy=policy if are_usable(problems) else None)
        return policy, tuple(self._of_the_input(problem) for problem in problems)

    def _of_the_input(self, problem: Problem) -> Problem:
        """A config that is not there is one that the input names wrongly, or that the change takes away."""
        if problem.code != "RM101" or problem.place != Place(self.runner.inputs.config):
            return problem
        known = [path for path in self.checkout.tree(self.checkout.head).entries() if path.endswith(_CONFIGS)]
        alike = [path for path in known if path.rpartition("/")[2] == self.config.rpartition("/")[2]]
        hint = slip_of(self.config, known) or (f"Did you mean `{alike[0]}`?" if alike else "")
        remedy = "Correct the input `config`, a path from the top of the repository, or put the file back."
        return replace(
            problem,
            message=f"{problem.message}, which the input `config` names",
            remedy=f"{hint} {remedy}".strip(),
        )

    def base(self, sha: str | None, *also: str) -> Base:
        """What stood there at a commit. Raises CommitNotFoundError or GithubError where that cannot be had."""
        if not sha:
            return Base(None)
        tree = base_tree(self.checkout, sha, self.github, *also)
        policy, problems = read_files(self.checkout.files(tree), self.runner.inputs.config)
        changed = changed_paths(tree, self.checkout.tree(self.checkout.head))
        return Base(policy if are_usable(problems) else None, changed, problems)

    def facts(self, base: str | None = None, head: str = "") -> Facts:
        """What a comment says of the run. `head` is the pull request's own commit, where a merge of it was read."""
        runner, read = self.runner, self.checkout.head
        hunks = self.checkout.hunks(head, *_TEXTS) if head else {}
        return Facts(
            __version__, runner.repository_url, head or read, base or "", runner.run_url, PLAN_FILE, self.config, hunks
        )

    @property
    def config(self) -> str:
        """The path of the config from the top of the workspace, one spelling for each file."""
        workspace = self.runner.workspace
        full = Path(os.path.normpath(workspace / self.runner.inputs.config))
        return full.relative_to(workspace).as_posix() if full.is_relative_to(workspace) else full.as_posix()

    def message(self, number: int, marker: str, *, make: bool = True, first: bool = False) -> Message:
        """A comment of this config on a pull request. `first`: the event is one that no run was about before.

        Comments from before they named their config may be this one's, where no other config can have made them.
        """
        own = marker_of(marker, self.config)
        alone = own != marker and DEFAULT_CONFIG not in self.checkout.tree(self.checkout.head).entries()
        first = first and self.runner.attempt in ("", "1")
        return Message(number, own, make, former=marker if alone else "", first=first)

    def own_step(self) -> tuple[Step, ...]:
        """The step of the branch that made the commit that is checked out; none where that was the first."""
        above = self.checkout.parents_of(self.checkout.head)
        return (Step(self.checkout.head, above[0] if above else ""),)

    def aws(self, policy: Policy, role: str) -> World:
        """The accounts as the role of that name sees them; there has to be a way in."""
        oidc = policy.github_oidc
        assert oidc is not None
        assert self.runner.oidc is not None
        tokens = RunnerTokens(self.runner.oidc, oidc.audience, self.commands.mask)
        self.audit.world = github_world(policy, role, self.runner, tokens, self.commands.mask)
        return self.audit.world

    def no_way_in(self, policy: Policy) -> CredentialsError | None:
        """Why AWS cannot be asked at all, with what to do; None where it can."""
        if policy.github_oidc is None:
            return CredentialsError(
                f"{policy.config_file} has no `github_oidc`, which says by which roles a run gets into AWS",
                "Add it as docs/setup.md describes.",
            )
        if self.runner.oidc is None:
            return CredentialsError(
                "the job may not ask for an OIDC token", "Give it the permission `id-token: write`."
            )
        return None


def no_github(runner: Runner) -> UsageError | None:
    """Why GitHub cannot be asked, with what to do; None where it can."""
    if not runner.inputs.token:
        return UsageError("the action was given no `github-token`", "Give it one.")
    missing = "GITHUB_API_URL" if not runner.api_url else "GITHUB_REPOSITORY" if not runner.repository else ""
    return UsageError(f"{missing} is not set", "Leave it as the runner sets it.") if missing else None


def failed_by(error: RolemodelError) -> str:
    """A failure in one sentence for an annotation."""
    return f"{error.message}. {error.remedy}"


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
