"""A scheduled run, or one started by hand: compare AWS with the default branch, and put right what may be."""

from __future__ import annotations

from dataclasses import replace

from rolemodel_ci.cli.ci.ending import Ending, Result
from rolemodel_ci.cli.ci.overrides import by_input
from rolemodel_ci.cli.ci.rollout import UNFINISHED, Moved, carried_out, must_be_tip, refused
from rolemodel_ci.cli.ci.scene import Scene, failed_by
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.world import World
from rolemodel_ci.errors import CannotGoOn, UsageWrong
from rolemodel_ci.event import Look, Repair, text
from rolemodel_ci.model import Policy, are_usable
from rolemodel_ci.plan import Origin, Plan, RemoveMember, Report
from rolemodel_ci.render.blocks import Paragraph, Tone, counted
from rolemodel_ci.render.comment import Facts, cannot_tell, drift_found
from rolemodel_ci.render.json import plan_json, problems_json, report_json
from rolemodel_ci.render.plans import plan_blocks
from rolemodel_ci.render.results import problem_blocks, report_blocks
from rolemodel_ci.request import dangers_of
from rolemodel_ci.requested import attribute
from rolemodel_ci.run import EVERYTHING, Planned, make_plan, reviewed_plan
from rolemodel_ci.verdict import Overridden


def look(course: Look, scene: Scene) -> Ending:
    """What differs, and what came of putting it right. Exits with 6 while something differs."""
    facts = scene.facts()
    policy, problems = scene.policy()
    if policy is None or not are_usable(problems):
        blocks, document = tuple(problem_blocks(problems, None)), problems_json(problems)
        parts = cannot_tell("Drift: not looked for, the files have problems", "", facts, problems)
        return Ending(
            Result.PROBLEMS, 1, blocks, tuple(parts), problems, document=document, failure="the files have problems"
        )
    try:
        return replace(_looked(course.repair, scene, policy, facts), problems=problems)
    except Moved as moved:
        parts = cannot_tell("Drift: not put right by this run", failed_by(moved), facts)
        return Ending(Result.STALE, 0, (), tuple(parts), problems, remark=failed_by(moved))
    except CannotGoOn as error:
        parts = cannot_tell("Drift: not known", failed_by(error), facts)
        return Ending(Result.FAILED, error.exit_code, (), tuple(parts), problems, failure=failed_by(error))


def _looked(repair: Repair, scene: Scene, policy: Policy, facts: Facts) -> Ending:
    no_way = scene.no_way_in(policy)
    if no_way is not None:
        raise no_way
    assert policy.github_oidc is not None
    oidc = policy.github_oidc
    world = scene.aws(policy, oidc.plan_role if repair is Repair.NOTHING else oidc.apply_role)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=world.jobs)
    planned = replace(planned, plan=attribute(planned.plan, policy, policy, today()))
    scene.audit.note(plan=planned.plan)
    chosen = _chosen(planned.plan, repair)
    if chosen.is_empty:
        return _found(planned.plan, None, policy, facts)
    return _repaired(planned, chosen, scene, policy, world, facts)


def _chosen(plan: Plan, repair: Repair) -> Plan:
    """What of the plan this run is to make true."""
    match repair:
        case Repair.NOTHING:
            return replace(plan, changes=())
        case Repair.ENDED:
            ended = (c for c in plan.changes if isinstance(c, RemoveMember) and c.origin is Origin.EXPIRED)
            return replace(plan, changes=tuple(ended))
        case Repair.EVERYTHING:
            return plan


def _repaired(planned: Planned, chosen: Plan, scene: Scene, policy: Policy, world: World, facts: Facts) -> Ending:
    reviewed = reviewed_plan(EVERYTHING, replace(planned, plan=chosen), policy, by_input(scene))
    if isinstance(reviewed, tuple):
        return refused(planned, reviewed, scene, facts)
    must_be_tip(scene, _branch(scene))
    report = carried_out(reviewed, scene, policy, world)
    return _found(planned.plan, report, policy, facts, reviewed.overridden)


def _branch(scene: Scene) -> str:
    """The branch that the run is on: the default one, or `course` would not have looked. Raises UsageWrong."""
    ref = scene.runner.ref or text(scene.runner.payload, "ref")
    if not ref.startswith("refs/heads/"):
        raise UsageWrong("GITHUB_REF does not say which branch this run is on", "Leave it as the runner sets it.")
    return ref.removeprefix("refs/heads/")


def _found(
    plan: Plan, report: Report | None, policy: Policy, facts: Facts, overridden: tuple[Overridden, ...] = ()
) -> Ending:
    """The ending of a run that has looked; `report` is None where nothing was to be put right."""
    dangers = dangers_of(policy, today())
    left = len(plan.changes) - (len(report.outcomes) if report else 0)
    complete = plan.is_whole and (report is None or report.is_complete)
    failure = "" if complete else UNFINISHED
    if left and not failure:
        failure = (
            f"AWS differs from the repository in {left} place{'' if left == 1 else 's'}; the job summary names them"
        )
    blocks = [*(report_blocks(report) if report else plan_blocks(plan))]
    if left:
        said = f"{counted(left, 'change')} not made: the input `repair` says what a run may put right."
        blocks.append(Paragraph(said, Tone.CHANGE))
    result = Result.DRIFT if left else Result.APPLIED if report else Result.NO_DRIFT
    return Ending(
        result if complete else Result.INCOMPLETE,
        _code(complete, left, interrupted=report is not None and report.interrupted),
        tuple(blocks),
        tuple(drift_found(plan, dangers, facts, report, overridden)),
        plan=plan,
        document=report_json(report) if report else plan_json(plan),
        failure=failure,
        bugs=report.bugs if report else (),
    )


def _code(complete: bool, left: int, *, interrupted: bool) -> int:
    """The exit code: 130 as everywhere for a run that was interrupted, 6 where something was found and left."""
    if interrupted:
        return 130
    return (6 if left else 0) if complete else 5
