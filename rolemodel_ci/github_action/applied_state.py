"""What a run in GitHub Actions remembers, and the lock: as that run, of that commit."""

from __future__ import annotations

import contextlib
import re
from functools import partial

from rolemodel_ci.adapters.git.checkout_identity import WorkingCopy
from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.adapters.github.workflow_runs import run_of
from rolemodel_ci.adapters.processes import is_over
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.run_lock import Memory
from rolemodel_ci.github_action.context import RunContext
from rolemodel_ci.model.applied_state import ForeignState, Holder, Identity, LockedError, UnusableState, fixed, foreign
from rolemodel_ci.model.desired import Policy


def remembering(scene: RunContext, policy: Policy, world: World) -> Memory:
    """What was last applied, read. Raises StateError where that cannot be read, ForeignStateError where it is another
    repository's: in GitHub Actions nothing goes on without it.
    """
    runner = scene.runner
    name = f"{runner.run_url or runner.repository or 'a run'} attempt {runner.attempt or '1'}"
    memory = Memory(
        world.store(name, partial(_has_ended, scene)),
        world.remembers(),
        lambda: WorkingCopy(identity(scene), scene.checkout.head),
        policy,
        scene.audit,
        lambda said: scene.commands.notice("What was last applied", said),
        required=True,
    )
    seen = memory.read()
    if seen.holder is not None and not memory.store.is_free(seen):
        with contextlib.suppress(LockedError):  # this run may have nothing to write; if it has, it is told then
            memory.wait(seen.holder)
        memory.read()
    answer = memory.recognised().answer
    if isinstance(answer, ForeignState):
        raise foreign(memory.store.name, policy.region, answer.state)
    if isinstance(answer, UnusableState) and (error := fixed(memory.store.name, policy.region, answer)):
        raise error
    return memory


def identity(scene: RunContext) -> Identity:
    """Whose state it is."""
    return Identity(scene.runner.repository, scene.runner.repository_id, scene.config)


def _has_ended(scene: RunContext, holder: Holder) -> bool:
    """Whether the run that holds the lock is over: GitHub knows, and an earlier attempt of this run is."""
    if is_over(holder):
        return True
    runner = scene.runner
    page = f"{runner.repository_url}/actions/runs/" if runner.repository_url else ""
    named = re.fullmatch(rf"{re.escape(page)}([0-9]+) attempt ([0-9]+)", holder.run) if page else None
    if named is None or scene.github is None:
        return False
    if named[1] == runner.run_id:
        return int(named[2]) < int(runner.attempt or "1")
    try:
        found = run_of(scene.github, named[1])
    except GithubError:
        return False
    return found.has_ended or found.attempt > int(named[2])
