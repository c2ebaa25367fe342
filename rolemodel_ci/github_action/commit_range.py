"""What a run is about: every commit of the branch since the one that was last applied, with its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from rolemodel_ci.adapters.git.base_commit import base_tree
from rolemodel_ci.adapters.git.commit_history import Gap, Step, bypassed, steps_between
from rolemodel_ci.adapters.git.repository import CommitNotFoundError, Tree
from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.adapters.github.merges import pulls_of
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.github_action.context import RunContext
from rolemodel_ci.github_action.event import text
from rolemodel_ci.model.applied_state import AppliedState, Remembered, UnusableState
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.pending_commits import Segment, Since, Unproven
from rolemodel_ci.model.problem import are_usable
from rolemodel_ci.reconcile.guards.approve import is_as_strict, strictest
from rolemodel_ci.render.audit_record import policy_digest

_LAG = 50
"""Commits that change nothing of ours before the remembered commit is moved on: a run with nothing to do writes
nothing, and yet the way back must not grow for ever."""

_WHY = {
    Gap.GONE: Unproven.GONE,
    Gap.REWRITTEN: Unproven.REWRITTEN,
    Gap.NEWER: Unproven.NEWER,
    Gap.FAR: Unproven.FAR,
    Gap.UNKNOWN: Unproven.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class CommitRange:
    """The commits since the last applied one, the oldest first, and what they mean.

    `lags`: the commit that is remembered is better replaced by this one, although nothing has changed since.
    """

    since: Since
    steps: tuple[Step, ...] = ()
    lags: bool = False

    @property
    def is_news(self) -> bool:
        """Whether a run that finds nothing to do has a new commit to remember."""
        return self.lags or bool(self.since.segments) or self.since.unproven is not None

    @property
    def changing(self) -> frozenset[str]:
        """The commits that changed something of ours."""
        return frozenset(segment.commit for segment in self.since.segments)


@dataclass(frozen=True, slots=True)
class _State:
    """The policy of a commit, as far as it has one, and whether it may be applied."""

    policy: Policy | None
    usable: bool


def find_way(scene: RunContext, head: Policy, remembered: Remembered, before: str | None) -> CommitRange:
    """What the run is about. `before` is where the branch was before the push, if it was one.

    Raises GithubError where GitHub does not tell the history.
    """
    reader = _Reader(scene)
    applied = remembered.answer
    if not isinstance(applied, AppliedState):
        unusable = isinstance(applied, UnusableState)
        return _from_before(reader, head, before, Unproven.UNUSABLE if unusable else Unproven.NEVER)
    known = _same(head, applied)
    if applied.applied_commit is None:
        return known or _from_before(reader, head, before, _none_applied(applied))
    steps = steps_between(scene.checkout, scene.github, applied.applied_commit, scene.checkout.head)
    if isinstance(steps, Gap):
        return known or _from_before(reader, head, before, _WHY[steps])
    base = reader.at(applied.applied_commit)
    if base.policy is None:
        return known or _from_before(reader, head, before, Unproven.BROKEN)
    since = _along(reader, head, base.policy, steps)
    passed = _passed(reader, before, applied.applied_commit, steps)
    since = replace(since, on_the_way=(*since.on_the_way, *passed))
    since = replace(since, on_the_way=(*since.on_the_way, *_bypassed(reader, since, applied.applied_commit, steps)))
    return CommitRange(since, steps, lags=len(steps) > _LAG)


def _bypassed(reader: _Reader, since: Since, applied: str, steps: tuple[Step, ...]) -> Iterator[Policy]:
    """What the branch may have been at where a merge that somebody made by hand has its parents in another order.

    Only what would have guards judge more strictly is looked at: whether the other parent is the pull request that
    GitHub has merged is asked then.
    """
    if not steps:
        return
    scene = reader.scene
    guarded = strictest(since.head, *since.states)
    for commit, step in bypassed(scene.checkout, scene.github, applied, steps).items():
        policy = reader.at(commit).policy
        if policy is None or is_as_strict(guarded, policy) or _is_merged_by_github(scene, step):
            continue
        guarded = strictest(guarded, policy)
        yield policy


def _is_merged_by_github(scene: RunContext, step: Step) -> bool:
    """Whether a step is the merge of a pull request into the branch: GitHub has the branch as the first parent."""
    above = scene.checkout.parents_of(step.commit)
    if scene.github is None or len(above) != 2:
        return False
    if scene.runner.event == "pull_request" and step.commit == scene.checkout.head:
        return True  # the merge that GitHub tries out
    branch = text(scene.runner.payload, "repository", "default_branch")
    try:
        found = pulls_of(scene.github, step.commit, branch)
    except GithubError:
        return False
    return any(pull.is_exact and above == (step.before, pull.head) for pull in found)


def _passed(reader: _Reader, before: str | None, applied: str, steps: tuple[Step, ...]) -> tuple[Policy, ...]:
    """Where the branch was before the push, if the way does not lead by it: a force push, a merge with other parents.

    What was decided there counts as on the way, unless it is older than what was last applied, or not to be had.
    """
    checkout, github = reader.scene.checkout, reader.scene.github
    if not before or before in {applied, *(step.commit for step in steps)}:
        return ()
    found = steps_between(checkout, github, before, applied)
    if not isinstance(found, Gap) or found is Gap.GONE:
        return ()
    policy = reader.at(before).policy
    return (policy,) if policy else ()


def is_applied(scene: RunContext, world: World, commit: str) -> bool:
    """Whether what the files of a commit say is what is remembered as applied. Raises GithubError."""
    answer = world.remembers().read_state().answer
    if not isinstance(answer, AppliedState):
        return False
    policy = None if answer.applied_commit == commit else _Reader(scene).at(commit).policy
    return answer.applied_commit == commit or (policy is not None and answer.applied_digest == policy_digest(policy))


def _none_applied(applied: AppliedState) -> Unproven:
    """Why no commit is remembered as applied: none was, or what was applied was none."""
    return Unproven.NEVER if applied.applied_digest is None else Unproven.BY_HAND


def _same(head: Policy, applied: AppliedState) -> CommitRange | None:
    """The way where it has no length: what is to be applied is what was, under whatever commit."""
    return CommitRange(Since(head, head), lags=True) if applied.applied_digest == policy_digest(head) else None


def _from_before(reader: _Reader, head: Policy, before: str | None, why: Unproven) -> CommitRange:
    """What the push itself brought, where it is not known what was there before."""
    scene = reader.scene
    steps = steps_between(scene.checkout, scene.github, before, scene.checkout.head) if before else Gap.GONE
    if isinstance(steps, Gap):
        above = scene.checkout.parents_of(scene.checkout.head)
        steps = (Step(scene.checkout.head, above[0]),) if above else ()
        base = None
    else:
        base = reader.at(steps[0].before).policy if steps else head
    if base is None:
        first = (Segment(step.commit, None, head) for step in steps[-1:])
        return CommitRange(Since(head, None, why, tuple(first)), steps)
    return CommitRange(replace(_along(reader, head, base, steps), unproven=why), steps)


def _along(reader: _Reader, head: Policy, base: Policy, steps: tuple[Step, ...]) -> Since:
    """Every change of ours on the way. Where a state cannot be used, the next one that can counts for both commits."""
    segments: list[Segment] = []
    unusable: list[Policy] = []
    waiting: list[str] = []
    last, digest = base, policy_digest(base)
    for step in steps:
        is_head = step.commit == reader.scene.checkout.head
        state = _State(head, usable=True) if is_head else reader.at(step.commit)
        if state.policy is None or not state.usable:
            waiting.append(step.commit)
            unusable += [state.policy] if state.policy else []
            continue
        found = policy_digest(state.policy)
        if found != digest:
            segments += [Segment(commit, last, state.policy) for commit in (*waiting, step.commit)]
        last, digest, waiting = state.policy, found, []
    return Since(head, base, None, tuple(segments), tuple(unusable))


class _Reader:
    """Reads policies of commits; one that has the same files as another is read once."""

    def __init__(self, scene: RunContext) -> None:
        self.scene = scene
        self._known: list[tuple[Mapping[str, object], _State]] = []

    def at(self, commit: str) -> _State:
        """The policy of a commit; none where the commit cannot be had. Raises GithubError."""
        try:
            tree = base_tree(self.scene.checkout, commit, self.scene.github)
        except CommitNotFoundError:
            return _State(None, usable=False)
        entries = tree.entries()
        for read, state in self._known:
            if all(entries.get(path) == found for path, found in read.items()):
                return state
        noted = _Noted(tree, entries)
        policy, problems = read_files(self.scene.checkout.files(noted), self.scene.runner.inputs.config)
        state = _State(policy, policy is not None and are_usable(problems))
        self._known.append((noted.read, state))
        return state


class _Noted:
    """The files of a commit, and which of them were looked for."""

    def __init__(self, tree: Tree, entries: Mapping[str, tuple[str, str]]) -> None:
        self._tree, self._entries = tree, entries
        self.read: dict[str, tuple[str, str] | None] = {}

    def entries(self) -> Mapping[str, tuple[str, str]]:
        """Every file by path."""
        return self._entries

    def find(self, path: str) -> tuple[str, Callable[[], bytes]] | None:
        """What lies at a path of the commit."""
        self.read[path] = self._entries.get(path)
        return self._tree.find(path)
