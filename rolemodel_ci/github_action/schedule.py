"""A scheduled run, or one started by hand: compare AWS with the default branch, and put right what may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from rolemodel_ci.access_request.request import dangers_of
from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.cli.abandoned_stacks import with_left_stacks
from rolemodel_ci.cli.environment import World
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.run_lock import Memory
from rolemodel_ci.cli.taken_roles import with_taken_roles
from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.github_action.applied_state import remembering
from rolemodel_ci.github_action.branch_tip import StaleCommitError, must_be_tip
from rolemodel_ci.github_action.commit_range import CommitRange, find_way, is_applied
from rolemodel_ci.github_action.context import RunContext, failed_by
from rolemodel_ci.github_action.event import DriftCheck, text
from rolemodel_ci.github_action.guard_results import judge
from rolemodel_ci.github_action.merged_requests import Merge, merges_of, with_hands
from rolemodel_ci.github_action.outcome_comments import Teller
from rolemodel_ci.github_action.overrides import by_input
from rolemodel_ci.github_action.publish import tell_merges
from rolemodel_ci.github_action.push import UNFINISHED, carried_out, not_remembered, note_merges, note_way, refused
from rolemodel_ci.github_action.result import Message, Result, RunResult
from rolemodel_ci.github_action.reviewed_merge import compare_with_pulls
from rolemodel_ci.model.applied_state import LockedError, StateError
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import are_usable
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.reconcile.attribution import Attributed, attribute_since
from rolemodel_ci.reconcile.changes import Change, Origin, RemoveMember
from rolemodel_ci.reconcile.guards.approve import review_since
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Planned, make_plan
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.blocks import Paragraph, Tone, counted
from rolemodel_ci.render.comment import cannot_tell, drift_found
from rolemodel_ci.render.comment.outcome import unapplied_part
from rolemodel_ci.render.json import plan_json, report_json
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.problems import problem_blocks, problems_json
from rolemodel_ci.render.report import report_blocks


def look(course: DriftCheck, scene: RunContext) -> RunResult:
    """What differs, and what came of putting it right. Exits with 6 while something differs."""
    facts = scene.facts()
    policy, problems = scene.policy()
    if policy is None or not are_usable(problems):
        blocks, document = tuple(problem_blocks(problems, None)), problems_json(problems)
        parts = cannot_tell("Drift: not looked for, the files have problems", "", facts, problems)
        return RunResult(
            Result.PROBLEMS, 1, blocks, tuple(parts), problems, document=document, failure="the files have problems"
        )
    try:
        return replace(_looked(course.repair, scene, policy), problems=problems)
    except StaleCommitError as moved:
        parts = cannot_tell("Drift: not put right by this run", failed_by(moved), facts)
        return RunResult(Result.STALE, 0, (), tuple(parts), problems, remark=failed_by(moved))
    except RolemodelError as error:
        parts = cannot_tell("Drift: not known", failed_by(error), facts)
        return RunResult(Result.FAILED, error.exit_code, (), tuple(parts), problems, failure=failed_by(error))


@dataclass(frozen=True, slots=True)
class _Look:
    """What a run has found: the plan and its origins, the merges that were not applied, what is remembered."""

    scene: RunContext
    policy: Policy
    world: World
    memory: Memory
    way: CommitRange
    merges: tuple[Merge, ...]
    planned: Planned
    found: Attributed

    @property
    def teller(self) -> Teller:
        """Who tells the merges."""
        return Teller(self.scene, self.way, self.merges, self.found, self.scene.facts())


def _looked(repair: Repair, scene: RunContext, policy: Policy) -> RunResult:
    no_way = scene.no_way_in(policy)
    if no_way is not None:
        raise no_way
    assert policy.github_oidc is not None
    oidc = policy.github_oidc
    world = scene.aws(policy, oidc.plan_role if repair is Repair.NOTHING else oidc.apply_role)
    memory = remembering(scene, policy, world)
    assert memory.seen is not None
    way = find_way(scene, policy, memory.seen, None)
    note_way(scene, memory, way)
    merges = _merges(scene, way)
    note_merges(scene, merges)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=world.jobs)
    planned = with_left_stacks(with_taken_roles(planned, world), world, memory.seen.answer, way.since.base)
    memory.left = planned.left
    found = attribute_since(planned.plan, way.since, today())
    scene.audit.note(plan=found.plan)
    seen = _Look(scene, policy, world, memory, way, merges, planned, found)
    chosen = frozenset(_chosen(found.plan, repair))
    if chosen:
        return _repaired(seen, found if repair is Repair.EVERYTHING else found.only(chosen), repair)
    if found.plan.is_empty and found.plan.is_whole and repair is not Repair.NOTHING:
        must_be_tip(scene, _branch(scene), partial(is_applied, scene, world)) if way.steps or way.lags else None
        return _so_already(seen)
    return _found(seen, None)


def _so_already(seen: _Look) -> RunResult:
    """The end of a run that found everything applied. Merges whose own run could not say so are told now."""
    ending = _found(seen, None)
    if seen.merges:
        messages, _ = seen.teller.applied(Report(seen.found.plan, ()), {}, ())
        ending = tell_merges(replace(ending, messages=messages), seen.scene.runner, seen.scene.commands, seen.scene)
    seen.memory.remember(whole=True, anyway=seen.way.is_news)
    return ending


def _merges(scene: RunContext, way: CommitRange) -> tuple[Merge, ...]:
    """The merges that changed something of ours and were never applied; GitHub is asked only where there are any."""
    if not way.changing or way.since.unproven is not None:
        return ()
    return compare_with_pulls(scene, with_hands(scene, merges_of(scene, _branch(scene), way.steps, way.changing)), way)


def _chosen(plan: Plan, repair: Repair) -> Sequence[Change]:
    """What of the plan this run is to make true."""
    match repair:
        case Repair.NOTHING:
            return ()
        case Repair.ENDED:
            return [c for c in plan.changes if isinstance(c, RemoveMember) and c.origin is Origin.EXPIRED]
        case Repair.EVERYTHING:
            return plan.changes


def _repaired(seen: _Look, chosen: Attributed, repair: Repair) -> RunResult:
    """Make the chosen changes. What a guard has refused needs the input `allow`: no label counts for such a run."""
    scene, whole = seen.scene, repair is Repair.EVERYTHING
    since, allowed = seen.way.since, by_input(scene)
    reviewed = (
        judge(seen.planned, chosen, since, {}, allowed).reviewed
        if whole
        else review_since(chosen, since, seen.planned.live, {}, allowed)
    )
    if not isinstance(reviewed, Approved):
        return refused(seen.found.plan, reviewed, scene, seen.teller)
    whole = whole and not reviewed.withheld
    must_be_tip(scene, _branch(scene), partial(is_applied, scene, seen.world))
    ending: RunResult | None = None
    try:
        with seen.memory.locking(whole=whole) as lock:
            report = carried_out(reviewed, scene, seen.policy, seen.world, lock)
            messages: tuple[Message, ...] = ()
            if whole and seen.merges:
                messages, _ = seen.teller.applied(report, {}, reviewed.overridden, reviewed.withheld)
            ending = replace(_found(seen, report, reviewed), messages=messages)
            ending = tell_merges(ending, scene.runner, scene.commands, scene)
            lock.close(complete=report.is_complete)
    except (StateError, LockedError) as error:
        return not_remembered(ending, error)
    return ending


def _branch(scene: RunContext) -> str:
    """The branch that the run is on: the default one, or `course` would not have looked. Raises UsageError."""
    ref = scene.runner.ref or text(scene.runner.payload, "ref")
    if not ref.startswith("refs/heads/"):
        raise UsageError("GITHUB_REF does not say which branch this run is on", "Leave it as the runner sets it.")
    return ref.removeprefix("refs/heads/")


def _found(seen: _Look, report: Report | None, reviewed: Approved | None = None) -> RunResult:
    """The ending of a run that has looked; `report` is None where nothing was to be put right."""
    plan = seen.found.plan
    dangers = dangers_of(seen.policy, today())
    left = len(plan.changes) - (len(report.outcomes) if report else 0)
    complete = plan.is_whole and (report is None or report.is_complete)
    failure = "; ".join(one.message for one in reviewed.withheld) if reviewed else ""
    failure = failure or ("" if complete else UNFINISHED)
    if left and not failure:
        failure = (
            f"AWS differs from the repository in {left} place{'' if left == 1 else 's'}; the job summary names them"
        )
    blocks = [*(report_blocks(report) if report else plan_blocks(plan))]
    if left:
        said = f"{counted(left, 'change')} not made: the input `repair` says what a run may put right."
        blocks.append(Paragraph(said, Tone.CHANGE))
    result = Result.DRIFT if left else Result.APPLIED if report else Result.NO_DRIFT
    overridden, withheld = (reviewed.overridden, reviewed.withheld) if reviewed else ((), ())
    parts = drift_found(plan, dangers, seen.scene.facts(), report, overridden, withheld)
    unapplied = unapplied_part([merge.name for merge in seen.merges] if left else [], seen.way.since.unproven or "")
    return RunResult(
        result if complete else Result.INCOMPLETE,
        _code(complete, left, report, reviewed),
        tuple(blocks),
        (*parts[:1], unapplied, *parts[1:]),
        plan=plan,
        document=report_json(report, reviewed.withheld if reviewed else ()) if report else plan_json(plan),
        failure=failure,
        bugs=report.bugs if report else (),
    )


def _code(complete: bool, left: int, report: Report | None, reviewed: Approved | None) -> int:
    """The exit code: 130 as everywhere for a run that was interrupted, 6 where something was found and left."""
    if report is not None and report.interrupted:
        return 130
    if reviewed and reviewed.withheld:
        return 4
    return (6 if left else 0) if complete else 5
