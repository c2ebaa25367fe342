"""A push to the default branch: apply everything since the last applied commit, and tell every merge of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.cli.abandoned_stacks import with_left_stacks
from rolemodel_ci.cli.environment import World, watching
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.output import tell
from rolemodel_ci.cli.run_lock import Locked, Memory
from rolemodel_ci.cli.taken_roles import with_taken_roles
from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.github_action.applied_state import remembering
from rolemodel_ci.github_action.branch_tip import StaleCommitError, must_be_tip
from rolemodel_ci.github_action.commit_range import CommitRange, find_way, is_applied
from rolemodel_ci.github_action.context import RunContext, failed_by, now
from rolemodel_ci.github_action.event import ApplyPush
from rolemodel_ci.github_action.guard_results import judge
from rolemodel_ci.github_action.merged_requests import Merge, labels_of, merges_of, recorded, with_hands
from rolemodel_ci.github_action.outcome_comments import Teller, message
from rolemodel_ci.github_action.overrides import by_input
from rolemodel_ci.github_action.publish import tell_merges
from rolemodel_ci.github_action.result import Message, Result, RunResult
from rolemodel_ci.github_action.reviewed_merge import compare_with_pulls, without_unshown
from rolemodel_ci.model.applied_state import AppliedState, LockedError, NoState, Remembered, StateError
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem, Severity, are_usable
from rolemodel_ci.reconcile.apply import apply
from rolemodel_ci.reconcile.approval import Approved, Refusal
from rolemodel_ci.reconcile.attribution import attribute_since
from rolemodel_ci.reconcile.changes import AddMember, StackChange
from rolemodel_ci.reconcile.inventory import switch_links
from rolemodel_ci.reconcile.outcome import Done, Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Planned, make_plan
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.comment import left_to_another, not_applied
from rolemodel_ci.render.json import refusals_json, report_json
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.problems import problem_blocks, problems_json
from rolemodel_ci.render.refusals import override_blocks, refusal_blocks, withheld_blocks
from rolemodel_ci.render.report import report_blocks

UNFINISHED = "some changes failed or were skipped, or something could not be read or made"
"""Why a run that has made what it could is no success."""


def rollout(course: ApplyPush, scene: RunContext) -> RunResult:
    """Apply the commit. Whatever comes of it, the pull requests that brought it are told."""
    policy, problems = scene.policy()
    facts = scene.facts(course.before)
    try:
        if policy is None or not are_usable(problems):
            return _unusable(course, scene, policy, problems)
        return replace(_applied(course, scene, policy), problems=problems)
    except StaleCommitError as moved:
        parts = left_to_another(failed_by(moved), facts, now())
        ending = RunResult(Result.STALE, 0, parts=tuple(parts), remark=failed_by(moved))
    except RolemodelError as error:
        parts = not_applied("not applied", [(error.message, error.remedy)], facts, now())
        ending = RunResult(Result.FAILED, error.exit_code, parts=tuple(parts), failure=failed_by(error))
    # What came of an earlier run is known there, and here it is not.
    told = tuple(replace(one, once=True) for one in _pushed(course, scene, policy))
    return replace(ending, problems=problems, messages=told)


def carried_out(reviewed: Approved, scene: RunContext, policy: Policy, world: World, lock: Locked) -> Report:
    """Make the plan true. The log has the plan before anything is changed, and then how it goes."""
    scene.audit.begin(reviewed)
    told = (*override_blocks(reviewed.overridden), *withheld_blocks(reviewed.withheld))
    tell((*plan_blocks(reviewed.plan), *told))
    with watching() as watch:
        report = apply(reviewed, policy, world.tools(watch, lock.check), scene.audit.go_by)
    scene.audit.note(report=report)
    return report


def refused(plan: Plan, refusals: tuple[Refusal, ...], scene: RunContext, teller: Teller) -> RunResult:
    """The end of a run that a guard stopped."""
    scene.audit.note(plan=plan, refusals=refusals)
    messages, parts = teller.refused(refusals)
    return RunResult(
        Result.REFUSED,
        4,
        (*plan_blocks(plan), *refusal_blocks(refusals)),
        parts,
        plan=plan,
        document=refusals_json(plan, refusals),
        failure="; ".join(refusal.message for refusal in refusals),
        messages=messages,
    )


def note_way(scene: RunContext, memory: Memory, way: CommitRange) -> None:
    """Have the record say since when the run is about the branch."""
    seen = memory.seen.answer if memory.seen else NoState()
    known = seen.applied_commit if isinstance(seen, AppliedState) else None
    scene.audit.note(since=known, unproven=way.since.unproven)
    if way.since.unproven is not None:
        said = f"Guards are strict in this run: {way.since.unproven}. docs/github.md says what that means."
        scene.commands.notice("What was last applied is not known", said)


def note_merges(scene: RunContext, merges: tuple[Merge, ...]) -> None:
    """Have the record name every merge that the run is about."""
    scene.audit.note(merges=recorded(merges))
    scene.audit.note_who(pull_request=" ".join(merge.name for merge in merges if merge.pull))


def _applied(course: ApplyPush, scene: RunContext, policy: Policy) -> RunResult:
    no_way = scene.no_way_in(policy)
    if no_way is not None:
        raise no_way
    assert policy.github_oidc is not None
    world = scene.aws(policy, policy.github_oidc.apply_role)
    must_be_tip(scene, course.branch, partial(is_applied, scene, world))
    memory = remembering(scene, policy, world)
    assert memory.seen is not None
    way = find_way(scene, policy, memory.seen, course.before)
    note_way(scene, memory, way)
    merges = _merges(course.branch, scene, way)
    note_merges(scene, merges)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=world.jobs)
    planned = with_left_stacks(with_taken_roles(planned, world), world, memory.seen.answer, way.since.base)
    found = attribute_since(planned.plan, way.since, today())
    labels = without_unshown(labels_of(scene, merges), merges)
    memory.left = planned.left
    judged = judge(planned, found, way.since, labels, by_input(scene))
    reviewed, planned, found = judged.reviewed, judged.planned, judged.found
    teller = Teller(scene, way, merges, found, scene.facts(course.before))
    if isinstance(reviewed, tuple):
        return refused(found.plan, reviewed, scene, teller)
    if found.plan.is_empty:
        return _nothing_to_do(reviewed, way, memory, teller, scene)
    must_be_tip(scene, course.branch, partial(is_applied, scene, world))
    ending: RunResult | None = None
    try:
        with memory.locking(whole=not reviewed.withheld) as lock:
            report = carried_out(reviewed, scene, policy, world, lock)
            ending = _reported(report, reviewed, teller, _links(report, planned, policy, world))
            # Before it is remembered as applied: a run that is killed between the two is told again, not forgotten.
            ending = tell_merges(ending, scene.runner, scene.commands, scene)
            lock.close(complete=report.is_complete)
    except (StateError, LockedError) as error:
        return not_remembered(ending, error)
    return ending


def _nothing_to_do(
    reviewed: Approved, way: CommitRange, memory: Memory, teller: Teller, scene: RunContext
) -> RunResult:
    """The end of a run that found AWS as it is to be. A README is no news to anybody."""
    report = Report(reviewed.plan, ())
    scene.audit.begin(reviewed)
    scene.audit.note(report=report)
    tell((*plan_blocks(reviewed.plan), *override_blocks(reviewed.overridden)))
    ending = tell_merges(_reported(report, reviewed, teller, {}), scene.runner, scene.commands, scene)
    try:
        if report.is_complete:
            memory.remember(whole=True, anyway=way.is_news)
    except (StateError, LockedError) as error:
        return not_remembered(ending, error)
    return ending


def not_remembered(ending: RunResult | None, error: StateError | LockedError) -> RunResult:
    """The ending of a run that has done its work and could not remember it: no success. Raises the error otherwise."""
    if ending is None:
        raise error
    said = " ".join(filter(None, (ending.failure and f"{ending.failure}.", failed_by(error))))
    return replace(ending, result=Result.INCOMPLETE, code=ending.code or error.exit_code, failure=said)


def _reported(report: Report, reviewed: Approved, teller: Teller, links: Mapping[tuple[str, str], str]) -> RunResult:
    failure = "; ".join(one.message for one in reviewed.withheld) or ("" if report.is_complete else UNFINISHED)
    messages, parts = teller.applied(report, links, reviewed.overridden, reviewed.withheld)
    if not messages and teller.merges and teller.merges[-1].pull:
        messages = (replace(message(teller.scene, teller.merges[-1]), make=False, once=True),)
    return RunResult(
        Result.INCOMPLETE if failure else Result.APPLIED,
        130 if report.interrupted else 4 if reviewed.withheld else 5 if failure else 0,
        (*report_blocks(report), *withheld_blocks(reviewed.withheld)),
        parts,
        plan=reviewed.plan,
        document=report_json(report, reviewed.withheld),
        messages=messages,
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
            with contextlib.suppress(RolemodelError):  # a link less
                stacks[account.name] = reader.read(account)
    return switch_links(policy, stacks)


def _merges(branch: str, scene: RunContext, way: CommitRange) -> tuple[Merge, ...]:
    """The merges that changed something of ours since the last applied commit, and the newest one."""
    head = scene.checkout.head
    steps = way.steps or scene.own_step()
    return compare_with_pulls(scene, with_hands(scene, merges_of(scene, branch, steps, way.changing | {head})), way)


def _pushed(course: ApplyPush, scene: RunContext, policy: Policy | None) -> tuple[Message, ...]:
    """The comments on what the push itself brought, where the run did not get so far as to know more."""
    try:
        way = find_way(scene, policy, Remembered(NoState()), course.before) if policy else None
        steps = (way.steps if way else ()) or scene.own_step()
        wanted = way.changing if way else {scene.checkout.head}
        merges = merges_of(scene, course.branch, steps, wanted)
    except (RolemodelError, GithubError) as failed:
        scene.commands.notice("Which pull request?", failed_by(failed))
        return ()
    note_merges(scene, merges)
    return tuple(message(scene, merge) for merge in merges if merge.pull or merge.is_pushed)


def _unusable(course: ApplyPush, scene: RunContext, policy: Policy | None, problems: tuple[Problem, ...]) -> RunResult:
    told = [(f"{p.place}: {p.message}", p.remedy) for p in problems if p.severity is Severity.ERROR]
    parts = not_applied("not applied, the files have problems", told, scene.facts(course.before), now())
    return RunResult(
        Result.PROBLEMS,
        1,
        tuple(problem_blocks(problems, None)),
        tuple(parts),
        problems,
        document=problems_json(problems),
        messages=_pushed(course, scene, None),
        failure="the files have problems",
    )
