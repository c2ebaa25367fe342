"""A pull request: validate, say what it asks for, plan with the role that may only read, and tell the reviewer."""

from __future__ import annotations

import re
from dataclasses import replace

from rolemodel_ci.access_request.request import GrantChangeKind, Request, already_there, request
from rolemodel_ci.adapters.git.base_commit import base_of_merge
from rolemodel_ci.adapters.github.api import GithubError
from rolemodel_ci.checks.base_comparison import compare
from rolemodel_ci.cli.abandoned_stacks import with_left_stacks
from rolemodel_ci.cli.options import today
from rolemodel_ci.cli.taken_roles import with_taken_roles
from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.github_action.applied_state import remembering
from rolemodel_ci.github_action.context import Base, RunContext, failed_by
from rolemodel_ci.github_action.event import PullRequest, ReviewPullRequest, ValidateOnly
from rolemodel_ci.github_action.guard_forecast import foreseen
from rolemodel_ci.github_action.overrides import by_request
from rolemodel_ci.github_action.result import Message, Result, RunResult
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem, Severity, are_usable
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.guards.override_labels import label_of, pointless
from rolemodel_ci.reconcile.guards.quota_headroom import headroom
from rolemodel_ci.reconcile.pipeline import EVERYTHING, make_plan
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.comment import (
    SUMMARY_MARKER,
    Author,
    Facts,
    Judged,
    cannot_tell,
    problems_found,
    requested_change,
)
from rolemodel_ci.render.comment.provenance import marker_of
from rolemodel_ci.render.comment.truncate import Part
from rolemodel_ci.render.json import plan_json
from rolemodel_ci.render.plan import plan_blocks
from rolemodel_ci.render.problems import problem_blocks, problems_json

UNWRITABLE = "The job summary has it all. No setting of the workflow gives such a run more, and none needs to."
PLAN_FOR_OUTSIDERS = (
    "To see what the merge would do in AWS, somebody who may push opens the same change from a branch of this "
    "repository."
)
"""What there is to do about a run that is let in nowhere: nothing that the workflow or its permissions could give."""


def review(course: ReviewPullRequest, scene: RunContext) -> RunResult:
    """What a pull request asks for, and what its merge would do. Raises RolemodelError where that cannot be told.

    The comment tells of the newest commit: an old run that is started again must not put its own story there.
    """
    scene.audit.note_who(pull_request=f"#{course.pull.number}")
    ending = _reviewed(course, scene)
    if course.pull.outsider:
        told = tuple(replace(message, unwritable=UNWRITABLE) for message in ending.messages)
        ending = replace(ending, messages=told)
    if not any(message.number for message in ending.messages) or scene.github is None:
        return ending
    try:
        head = scene.github.head(course.pull.number)
    except GithubError as failed:
        return replace(ending, messages=tuple(replace(message, held=failed) for message in ending.messages))
    if head == course.pull.head_sha:
        return ending
    why = f"#{course.pull.number} is at {head[:7]} by now, and this run is about {course.pull.head_sha[:7]}"
    remark = f"{why}. The run of {head[:7]} tells of it."
    return replace(ending, result=Result.STALE, code=0, messages=(), failure="", remark=remark)


def _reviewed(course: ReviewPullRequest, scene: RunContext) -> RunResult:
    pull = course.pull
    policy, problems = scene.policy()
    sha = base_of_merge(scene.checkout, pull.head_sha, pull.base_sha) if pull.base_sha else None
    usable = policy is not None and are_usable(problems)
    try:
        base = scene.base(sha, *((pull.head_sha,) if pull.head_sha else ()))
    except RolemodelError as error:
        if usable:
            return _incomparable(scene, problems, error, unread=course.unread, pull=pull)
        base = Base(None)  # then no problem is known to be an old one
    if policy is not None and usable:
        problems = tuple(sorted({*problems, *_compared(base, policy, pull)}))
        usable = are_usable(problems)
    told, old = _told_apart(problems, base, pull.base_ref)
    if policy is None or not usable:
        return _unusable(told, scene.facts(sha, pull.head_sha), (_message(pull, scene),), old)
    asked = request(base.policy, policy, today(), base.changed)
    judged, code, failure = _judgement(course, scene, policy, base)
    plan = None if isinstance(judged, str) else judged.plan
    if plan is not None and (lacking := _lacking(asked, plan)):
        code, failure = 5, f"{lacking} of what is asked for cannot be made; the summary says why"
    return RunResult(
        Result.FAILED if failure else Result.VALID if plan is None else Result.PLANNED,
        code,
        tuple(plan_blocks(plan)) if plan else tuple(problem_blocks(told, policy)),
        tuple(
            requested_change(
                asked, judged, scene.facts(sha, pull.head_sha), _author(pull, scene), told, pointless(pull.labels)
            )
        ),
        told,
        plan,
        asked,
        plan_json(plan) if plan else None,
        (_message(pull, scene, make=bool(not asked.is_empty or failure or (plan and plan.changes))),),
        failure,
        judged if isinstance(judged, str) and not failure else "",
    )


def check(course: ValidateOnly, scene: RunContext) -> RunResult:
    """Validate only, and say what the change asks for where there is something to compare with."""
    policy, problems = scene.policy()
    if policy is None or not are_usable(problems):
        return _unusable(problems, scene.facts(course.base), ())
    try:
        base = scene.base(course.base) if course.base else Base(policy)
    except RolemodelError as error:
        return _incomparable(scene, problems, error, unread=course.why)
    problems = tuple(sorted({*problems, *compare(base.policy, policy)}))
    if not are_usable(problems):
        return _unusable(problems, scene.facts(course.base), ())
    asked = request(base.policy, policy, today(), base.changed)
    parts = requested_change(asked, course.why, scene.facts(course.base), warnings=problems)
    return RunResult(
        Result.VALID, 0, tuple(problem_blocks(problems, policy)), tuple(parts), problems, request=asked,
        remark=course.why,
    )  # fmt: skip


def _judgement(
    course: ReviewPullRequest, scene: RunContext, policy: Policy, base: Base
) -> tuple[Judged | str, int, str]:
    """The plan, or why there is none; the exit code; what to say of a failure. It is none not to be let in at all."""
    if course.unread:
        return f"{course.unread}. {PLAN_FOR_OUTSIDERS}" if course.pull.outsider else course.unread, 0, ""
    no_way = scene.no_way_in(policy)
    if no_way is not None:
        return failed_by(no_way), 0, ""
    try:
        return _judged(course, scene, policy, base), 0, ""
    except RolemodelError as error:
        return failed_by(error), error.exit_code, failed_by(error)


def _judged(course: ReviewPullRequest, scene: RunContext, policy: Policy, base: Base) -> Judged:
    assert policy.github_oidc is not None
    world = scene.aws(policy, policy.github_oidc.plan_role)
    planned = make_plan(EVERYTHING, policy, world.readers(), today(), jobs=world.jobs)
    memory = remembering(scene, policy, world)
    assert memory.seen is not None
    planned = with_left_stacks(with_taken_roles(planned, world), world, memory.seen.answer, base.policy)
    plan = attribute(planned.plan, base.policy, policy, today())
    scene.audit.note(plan=plan)
    found = foreseen(scene, course.pull, policy, memory, planned)
    room = headroom(plan, planned.live.master)
    verdict = found.verdict
    if isinstance(verdict, tuple):
        return Judged(plan, verdict, room, waiting=found.waiting)
    if verdict.withheld:
        plan = attribute(found.planned.plan, base.policy, policy, today())
    return Judged(
        plan, verdict.withheld, room, verdict.overridden, partly=bool(verdict.withheld), waiting=found.waiting
    )


def _lacking(asked: Request, plan: Plan) -> int:
    """How many of the grants that are asked for cannot be made. What was so before is no fault of this request."""
    wanted = {(one.place, one.user) for one in asked.grants if one.touch is GrantChangeKind.GAINS}
    return sum((block.place, block.user) in wanted for block in plan.blocked)


def _incomparable(
    scene: RunContext,
    problems: tuple[Problem, ...],
    error: RolemodelError,
    *,
    unread: str,
    pull: PullRequest | None = None,
) -> RunResult:
    """The files are good, but not what they are compared with; that is no failure of a run that may not read AWS.

    A comment that is there already is not left to tell of an older commit.
    """
    what = "Access change: the files are good, but what the request changes is not known"
    marker, facts = marker_of(SUMMARY_MARKER, scene.config), scene.facts(head=pull.head_sha if pull else "")
    failure = "" if unread else failed_by(error)
    return RunResult(
        Result.FAILED if failure else Result.VALID, error.exit_code if failure else 0,
        parts=(Part(marker), *cannot_tell(what, failed_by(error), facts, problems)),
        problems=problems, failure=failure, remark="" if failure else failed_by(error),
        messages=(_message(pull, scene, make=bool(failure)),) if pull else (),
    )  # fmt: skip


def _unusable(problems: tuple[Problem, ...], facts: Facts, messages: tuple[Message, ...], old: str = "") -> RunResult:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return RunResult(
        Result.PROBLEMS,
        1,
        tuple(problem_blocks(problems, None)),
        tuple(problems_found(problems, facts, old)),
        problems,
        document=problems_json(problems),
        messages=messages,
        failure=f"the files have {errors} problem{'' if errors == 1 else 's'}{old}",
    )


def _told_apart(problems: tuple[Problem, ...], base: Base, branch: str) -> tuple[tuple[Problem, ...], str]:
    """The problems, with it said of those that the branch has already; and what to say behind the number of errors."""
    where = f"`{branch}`" if re.fullmatch(r"[\w./-]+", branch, re.ASCII) else "the branch it is aimed at"
    old = already_there(problems, base.problems)
    told = tuple(
        replace(p, message=f"{p.message} (also on {where}, not from this change)") if p in old else p for p in problems
    )
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    known = sum(problem.severity is Severity.ERROR for problem in old)
    every = "it is" if errors == 1 else "all of them are" if known == errors else f"{known} of them"
    return told, f"; {every} on {where} already" if known else ""


def _compared(base: Base, policy: Policy, pull: PullRequest) -> tuple[Problem, ...]:
    """What stacks that are as the base says could not be brought to; a warning where the label lets that pass.

    The base may never have been applied: then the label is the way back.
    """
    severity = Severity.WARNING if Guard.TAKEN_NAMES in by_request(pull) else Severity.ERROR
    more = f" If what was before was never applied, label the pull request `{label_of(Guard.TAKEN_NAMES)}`."
    found = compare(base.policy, policy)
    return tuple(replace(p, severity=severity, remedy=p.remedy + more) for p in found)


def _message(pull: PullRequest, scene: RunContext, *, make: bool = True) -> Message:
    return scene.message(pull.number, SUMMARY_MARKER, make=make, first=pull.opened)


def _author(pull: PullRequest, scene: RunContext) -> Author:
    """Who asks, and the mail address of the last commit, if the checkout has it."""
    mail = scene.checkout.mail(pull.head_sha) if pull.head_sha else ""
    return Author(pull.author, (mail,) if mail else ())
