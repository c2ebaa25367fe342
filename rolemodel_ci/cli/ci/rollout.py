"""A push to the default branch: apply it, if it still is the tip, and tell the pull request that was merged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rolemodel_ci.apply import apply
from rolemodel_ci.cli.ci.ending import Ending, Result
from rolemodel_ci.cli.ci.overrides import by_merge
from rolemodel_ci.cli.ci.scene import Base, Scene, failed_by, no_github, now
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.output import tell
from rolemodel_ci.cli.world import World, watching
from rolemodel_ci.edge.github import GithubFailed, Merged
from rolemodel_ci.errors import CannotGoOn, UsageWrong
from rolemodel_ci.event import Rollout
from rolemodel_ci.guard import strictest
from rolemodel_ci.listing import switch_links
from rolemodel_ci.model import Policy, Severity, are_usable
from rolemodel_ci.plan import AddMember, Done, Report, StackChange
from rolemodel_ci.render.comment import OUTCOME_MARKER, Facts, left_to_another, not_applied, outcome, refused_by_guard
from rolemodel_ci.render.json import problems_json, refusals_json, report_json
from rolemodel_ci.render.plans import override_blocks, plan_blocks, refusal_blocks
from rolemodel_ci.render.results import problem_blocks, report_blocks
from rolemodel_ci.request import dangers_of
from rolemodel_ci.requested import attribute
from rolemodel_ci.run import EVERYTHING, Planned, make_plan, reviewed_plan
from rolemodel_ci.verdict import Approved, Refusal

UNFINISHED = "some changes failed or were skipped, or something could not be read or made"
"""Why a run that has made what it could is no success."""


class Moved(CannotGoOn):
    """The branch has another tip by now: what this run would apply is no longer what was decided."""

    exit_code = 0


def rollout(course: Rollout, scene: Scene) -> Ending:
    """Apply the commit. Whatever comes of it, the pull request that brought it is told."""
    merged = _merged(course, scene)
    scene.audit.note_who(pull_request=" ".join(f"#{pull.number}" for pull in merged))
    messages = tuple(scene.message(pull.number, OUTCOME_MARKER) for pull in merged)
    facts = scene.facts(course.before)
    try:
        ending = _applied(course, scene, facts, merged)
    except Moved as moved:
        parts = left_to_another(failed_by(moved), facts, now())
        ending = Ending(Result.STALE, 0, parts=tuple(parts), remark=failed_by(moved))
    except CannotGoOn as error:
        parts = not_applied("not applied", [(error.message, error.remedy)], facts, now())
        ending = Ending(Result.FAILED, error.exit_code, parts=tuple(parts), failure=failed_by(error))
    again = ending.result is Result.APPLIED and ending.plan is not None and ending.plan.is_empty
    if again or ending.result is Result.STALE:  # the job was run again: what came of it then is there already
        messages = tuple(replace(message, once=True) for message in messages)
    return replace(ending, messages=messages)


def must_be_tip(scene: Scene, branch: str) -> None:
    """Make sure that what is checked out is what the branch is at now.

    An older state would give back what was taken away since. Raises Moved, GithubFailed, UsageWrong.
    """
    if scene.runner.commit and scene.checkout.head != scene.runner.commit:
        raise UsageWrong(
            f"the checkout is at {scene.checkout.head[:7]}, and the run is about {scene.runner.commit[:7]}",
            "Leave `ref` of actions/checkout as it is.",
        )
    if scene.github is None:
        why = no_github(scene.runner)
        assert why is not None
        raise UsageWrong(f"{why.message}, without which the branch's tip is not known", why.remedy)
    tip = scene.github.tip(branch)
    if tip != scene.checkout.head:
        raise Moved(
            f"`{branch}` is at {tip[:7]} by now, and this run is about {scene.checkout.head[:7]}",
            f"The run of {tip[:7]} applies everything up to it.",
        )


def _applied(course: Rollout, scene: Scene, facts: Facts, merged: Sequence[Merged]) -> Ending:
    policy, problems = scene.policy()
    if policy is None or not are_usable(problems):
        told = [(f"{p.place}: {p.message}", p.remedy) for p in problems if p.severity is Severity.ERROR]
        parts = not_applied("not applied, the files have problems", told, facts, now())
        blocks, document = tuple(problem_blocks(problems, None)), problems_json(problems)
        return Ending(
            Result.PROBLEMS, 1, blocks, tuple(parts), problems, document=document, failure="the files have problems"
        )
    no_way = scene.no_way_in(policy)
    if no_way is not None:
        raise no_way
    must_be_tip(scene, course.branch)
    assert policy.github_oidc is not None
    world = scene.aws(policy, policy.github_oidc.apply_role)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=world.jobs)
    base = _base(course, scene)
    if base is not None:
        planned = replace(planned, plan=attribute(planned.plan, base.policy, policy, today()))
    guarded = strictest(policy, base.policy if base else None)
    reviewed = reviewed_plan(EVERYTHING, planned, guarded, by_merge(scene, merged))
    if isinstance(reviewed, tuple):
        return replace(refused(planned, reviewed, scene, facts), problems=problems)
    must_be_tip(scene, course.branch)
    report = carried_out(reviewed, scene, policy, world)
    return replace(_reported(report, reviewed, planned, policy, world, facts), problems=problems)


def carried_out(reviewed: Approved, scene: Scene, policy: Policy, world: World) -> Report:
    """Make the plan true. The log has the plan before anything is changed, and then how it goes."""
    scene.audit.begin(reviewed)
    tell((*plan_blocks(reviewed.plan), *override_blocks(reviewed.overridden)))
    with watching() as watch:
        report = apply(reviewed, policy, world.tools(watch))
    scene.audit.note(report=report)
    return report


def refused(planned: Planned, refusals: tuple[Refusal, ...], scene: Scene, facts: Facts) -> Ending:
    """The end of a run that a guard stopped."""
    scene.audit.note(plan=planned.plan, refusals=refusals)
    return Ending(
        Result.REFUSED,
        4,
        (*plan_blocks(planned.plan), *refusal_blocks(refusals)),
        tuple(refused_by_guard(refusals, facts, now())),
        plan=planned.plan,
        document=refusals_json(planned.plan, refusals),
        failure="; ".join(refusal.message for refusal in refusals),
    )


def _base(course: Rollout, scene: Scene) -> Base | None:
    """What the push changed; None where it cannot be had, so that requested is not told from drift."""
    try:
        return scene.base(course.before)
    except CannotGoOn as error:
        scene.commands.notice("Requested or drift?", f"That cannot be told: {failed_by(error)}")
        return None


def _reported(
    report: Report, reviewed: Approved, planned: Planned, policy: Policy, world: World, facts: Facts
) -> Ending:
    dangers, links = dangers_of(policy, today()), _links(report, planned, policy, world)
    failure = "" if report.is_complete else UNFINISHED
    return Ending(
        Result.INCOMPLETE if failure else Result.APPLIED,
        130 if report.interrupted else 5 if failure else 0,
        tuple(report_blocks(report)),
        tuple(outcome(report, links, dangers, facts, now(), reviewed.overridden)),
        plan=planned.plan,
        document=report_json(report),
        failure=failure,
        bugs=report.bugs,
    )


def _links(report: Report, planned: Planned, policy: Policy, world: World) -> Mapping[tuple[str, str], str]:
    """Links for those who gained something; stacks that have changed are read once more, for their roles' names."""
    gained = {o.change.account for o in report.outcomes if isinstance(o, Done) and isinstance(o.change, AddMember)}
    changed = {change.account for change in planned.plan.changes if isinstance(change, StackChange)}
    stacks = {name: stack for name, stack in planned.live.stacks.items() if name in gained - changed}
    reader = world.readers().stacks
    for account in policy.accounts:
        if account.name in gained & changed:
            with contextlib.suppress(CannotGoOn):  # a link less
                stacks[account.name] = reader.read(account)
    return switch_links(policy, stacks)


def _merged(course: Rollout, scene: Scene) -> list[Merged]:
    """The pull requests that the pushed commit merged, if there are any and GitHub tells."""
    if scene.github is None:
        return []
    try:
        return scene.github.merged_as(scene.checkout.head, course.branch)
    except GithubFailed as failed:
        scene.commands.notice("Which pull request?", failed_by(failed))
        return []
