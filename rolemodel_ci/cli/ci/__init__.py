"""`rolemodel-ci ci`: what the container runs in GitHub Actions."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, assert_never

import click

from rolemodel_ci import __version__
from rolemodel_ci.errors import CannotGoOn, NoAccess

if TYPE_CHECKING:
    from rolemodel_ci.cli.audit import Audit
    from rolemodel_ci.cli.ci.ending import Ending
    from rolemodel_ci.cli.ci.scene import Scene
    from rolemodel_ci.edge.actions import Runner
    from rolemodel_ci.edge.sinks import Commands
    from rolemodel_ci.event import Check, Course, Look, Review, Rollout


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
    from rolemodel_ci.edge.actions import read_runner
    from rolemodel_ci.edge.sinks import Commands, NeutralStream
    from rolemodel_ci.edge.surroundings import Network, put_away, steering

    commands = Commands(sys.stdout)
    sys.stdout, sys.stderr = NeutralStream(sys.stdout), NeutralStream(sys.stderr)  # for good: the log is the runner's
    try:
        runner = read_runner(os.environ, config)
        for secret in (runner.inputs.token, runner.oidc.key if runner.oidc else ""):
            commands.mask(secret)
        if runner.inputs.network is Network.ENVIRONMENT:
            return _recorded(runner, commands)
        unheeded = steering(os.environ)
        with put_away(os.environ):
            code = _recorded(runner, commands)
        if code == NoAccess.exit_code and unheeded:
            click.echo(_UNHEEDED.format(", ".join(unheeded)))
        return code
    except CannotGoOn as error:
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


def _recorded(runner: Runner, commands: Commands) -> int:
    """Do it, tell it, and keep the record of it; the exit code."""
    from rolemodel_ci.cli.audit import Audit, recording
    from rolemodel_ci.cli.ci.tell import tell
    from rolemodel_ci.cli.options import tell_calls
    from rolemodel_ci.cli.output import tell_sums
    from rolemodel_ci.edge.actions import who
    from rolemodel_ci.edge.sinks import RECORD_FILE, leave
    from rolemodel_ci.event import course

    if runner.debug:
        tell_calls()
    way = course(runner.event, runner.payload, runner.ref, runner.inputs.repair)
    audit = Audit("ci", who(runner))
    with recording(audit, RECORD_FILE, partial(leave, runner.workspace / RECORD_FILE)):
        ending, scene = _gone(way, runner, commands, audit)
        audit.note(code=ending.code, error=ending.failure or None)
        ending = tell(ending, runner, commands, scene)
        audit.note(code=ending.code, error=ending.failure or None)
        for bug in ending.bugs:
            raise bug
    if runner.debug:
        tell_sums(audit.record.calls)
    return ending.code


def _gone(way: Course, runner: Runner, commands: Commands, audit: Audit) -> tuple[Ending, Scene | None]:
    """Go the way that the event asks for; the ending, and the scene as far as there was one."""
    from rolemodel_ci.cli.ci.ending import Ending, Result
    from rolemodel_ci.cli.ci.scene import Scene, failed_by
    from rolemodel_ci.event import Nothing
    from rolemodel_ci.render.blocks import Paragraph
    from rolemodel_ci.render.comment import Facts, cannot_tell

    if isinstance(way, Nothing):
        return Ending(Result.NOTHING, 0, (Paragraph(f"Nothing to do: {way.why}."),)), None
    scene = None
    try:
        scene = Scene.of(runner, commands, audit)
        return _played(way, scene), scene
    except CannotGoOn as error:
        why = failed_by(error)
        parts = cannot_tell("rolemodel-ci could not go on", why, scene.facts() if scene else Facts(__version__))
        return Ending(Result.FAILED, error.exit_code, parts=tuple(parts), failure=why), scene


def _played(way: Review | Rollout | Look | Check, scene: Scene) -> Ending:
    from rolemodel_ci.cli.ci.look import look
    from rolemodel_ci.cli.ci.review import check, review
    from rolemodel_ci.cli.ci.rollout import rollout
    from rolemodel_ci.event import Check, Look, Review, Rollout

    match way:
        case Review():
            return review(way, scene)
        case Rollout():
            return rollout(way, scene)
        case Look():
            return look(way, scene)
        case Check():
            return check(way, scene)
        case _:
            assert_never(way)
