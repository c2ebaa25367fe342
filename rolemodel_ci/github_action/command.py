"""`rolemodel-ci ci`: what the container runs in GitHub Actions."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, assert_never

import click

from rolemodel_ci import __version__
from rolemodel_ci.errors import CredentialsError, RolemodelError

if TYPE_CHECKING:
    from rolemodel_ci.adapters.github.runner import Runner
    from rolemodel_ci.adapters.github.workflow_commands import Commands
    from rolemodel_ci.cli.audit import Audit
    from rolemodel_ci.github_action.context import RunContext
    from rolemodel_ci.github_action.event import ApplyPush, DriftCheck, EventAction, ReviewPullRequest, ValidateOnly
    from rolemodel_ci.github_action.result import RunResult


@click.command()
@click.option(
    "--config",
    default="access/config.yml",
    show_default=True,
    envvar="ROLEMODEL_CONFIG",
    show_envvar=True,
    metavar="FILE",
    help="The config of the access repository, unless the input `config` names one.",
)
def ci(config: str) -> int:
    """Do what an event of GitHub Actions asks for.

    Reads the environment that the runner makes, and decides by the event: a pull request is validated, planned and
    told; a push to the default branch is applied; a scheduled run, or one started by hand, looks for drift.
    """
    from rolemodel_ci.adapters.github.environment import Network, put_away, steering
    from rolemodel_ci.adapters.github.runner import read_runner
    from rolemodel_ci.adapters.github.workflow_commands import Commands, NeutralStream

    commands = Commands(sys.stdout)
    sys.stdout, sys.stderr = NeutralStream(sys.stdout), NeutralStream(sys.stderr)  # for good: the log is the runner's
    try:
        runner = read_runner(os.environ, config)
        for secret in (runner.inputs.token, runner.oidc.key if runner.oidc else ""):
            commands.mask(secret)
        if runner.inputs.network is Network.ENVIRONMENT:
            return _run_with_audit(runner, commands)
        unheeded = steering(os.environ)
        with put_away(os.environ):
            code = _run_with_audit(runner, commands)
        if code == CredentialsError.exit_code and unheeded:
            click.echo(_UNHEEDED.format(", ".join(unheeded)))
        return code
    except RolemodelError as error:
        commands.error("rolemodel-ci", f"{error.message}. {error.remedy}")
        raise
    except Exception as bug:
        commands.error("rolemodel-ci", f"A bug, {type(bug).__name__}: the log says where, and where to report it")
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


_UNHEEDED = (
    "{} would lead calls to AWS or GitHub elsewhere, or let others read them, and does not count. If this runner "
    "reaches the network in no other way, give the action the input `network: environment`."
)


def _run_with_audit(runner: Runner, commands: Commands) -> int:
    """Do it, tell it, and keep the record of it; the exit code."""
    from rolemodel_ci.adapters.github.runner import who
    from rolemodel_ci.adapters.github.workflow_commands import RECORD_FILE, write_workspace_file
    from rolemodel_ci.cli.audit import Audit, recording
    from rolemodel_ci.cli.options import tell_calls
    from rolemodel_ci.cli.output import tell_sums
    from rolemodel_ci.github_action.event import action_for
    from rolemodel_ci.github_action.publish import tell

    if runner.debug:
        tell_calls()
    way = action_for(runner.event, runner.payload, runner.ref, runner.inputs.repair)
    audit = Audit("ci", who(runner))
    with recording(audit, RECORD_FILE, partial(write_workspace_file, runner.workspace / RECORD_FILE)):
        ending, scene = _run_event(way, runner, commands, audit)
        audit.note(code=ending.code, error=ending.failure or None)
        ending = tell(ending, runner, commands, scene)
        audit.note(code=ending.code, error=ending.failure or None)
        for bug in ending.bugs:
            raise bug
    if runner.debug:
        tell_sums(audit.record.calls)
    return ending.code


def _run_event(
    way: EventAction, runner: Runner, commands: Commands, audit: Audit
) -> tuple[RunResult, RunContext | None]:
    """Go the way that the event asks for; the ending, and the scene as far as there was one."""
    from rolemodel_ci.github_action.context import RunContext, failed_by
    from rolemodel_ci.github_action.event import Ignored
    from rolemodel_ci.github_action.result import Result, RunResult
    from rolemodel_ci.render.blocks import Paragraph
    from rolemodel_ci.render.comment import Facts, cannot_tell

    if isinstance(way, Ignored):
        return RunResult(Result.NOTHING, 0, (Paragraph(f"Nothing to do: {way.why}."),)), None
    scene = None
    try:
        scene = RunContext.of(runner, commands, audit)
        return _dispatch(way, scene), scene
    except RolemodelError as error:
        why = failed_by(error)
        parts = cannot_tell("rolemodel-ci could not go on", why, scene.facts() if scene else Facts(__version__))
        return RunResult(Result.FAILED, error.exit_code, parts=tuple(parts), failure=why), scene


def _dispatch(way: ReviewPullRequest | ApplyPush | DriftCheck | ValidateOnly, scene: RunContext) -> RunResult:
    from rolemodel_ci.github_action.event import ApplyPush, DriftCheck, ReviewPullRequest, ValidateOnly
    from rolemodel_ci.github_action.pull_request import check, review
    from rolemodel_ci.github_action.push import rollout
    from rolemodel_ci.github_action.schedule import look

    match way:
        case ReviewPullRequest():
            return review(way, scene)
        case ApplyPush():
            return rollout(way, scene)
        case DriftCheck():
            return look(way, scene)
        case ValidateOnly():
            return check(way, scene)
        case _:
            assert_never(way)
