"""Say how a run ended in four places: the log, annotations, the job summary and outputs; and to the pull request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from rolemodel_ci import __version__
from rolemodel_ci.adapters.github.runner import Runner
from rolemodel_ci.adapters.github.sticky_comment import CommentNotUpdatedError, Join, Sticky
from rolemodel_ci.adapters.github.workflow_commands import (
    PLAN_FILE,
    RECORD_FILE,
    Commands,
    append_outputs,
    append_summary,
    write_workspace_file,
)
from rolemodel_ci.cli.output import tell as print_blocks
from rolemodel_ci.github_action.context import RunContext, failed_by, no_github
from rolemodel_ci.github_action.result import Message, RunResult
from rolemodel_ci.render.comment import OUTCOME_MARKER, Facts, as_comment, as_summary
from rolemodel_ci.render.comment.provenance import with_earlier_runs
from rolemodel_ci.render.json_document import as_text
from rolemodel_ci.render.text import visible

if TYPE_CHECKING:
    from rolemodel_ci.adapters.github.api import Github


def tell(ending: RunResult, runner: Runner, commands: Commands, scene: RunContext | None) -> RunResult:
    """Say everything that an ending has to say. What cannot be said in one place is said in the log.

    The pull request comes first: a run that leaves an older comment standing there is no success, and the ending that
    is returned says so.
    """
    facts = scene.facts() if scene else Facts(__version__)
    print_blocks(ending.blocks)
    commands.problems(ending.problems)
    ending = tell_merges(ending, runner, commands, scene) if ending.addresses is None else ending
    if ending.failure:
        commands.error("rolemodel-ci", ending.failure)
    if ending.remark:
        commands.notice("rolemodel-ci", ending.remark)
    outputs = ending.outputs()
    outputs["record-json"] = RECORD_FILE
    if ending.document is not None:
        with _surviving(commands, "the plan"):
            write_workspace_file(runner.workspace / PLAN_FILE, as_text(ending.document))
            outputs["plan-json"] = PLAN_FILE
    if ending.messages:
        outputs["comment-url"] = ending.addresses[-1] if ending.addresses else ""
    if runner.summary_file is not None and ending.parts:
        with _surviving(commands, "the job summary"):
            append_summary(runner.summary_file, as_summary(ending.parts, facts))
    if runner.output_file is not None:
        with _surviving(commands, "the outputs"):
            append_outputs(runner.output_file, outputs)
    return ending


def tell_merges(ending: RunResult, runner: Runner, commands: Commands, scene: RunContext | None) -> RunResult:
    """Have every pull request, and every commit without one, say what came of it; the ending with their addresses."""
    facts = scene.facts() if scene else Facts(__version__)
    addresses: list[str] = []
    for message in ending.messages:
        address, older = _comment(message, ending, runner, commands, scene.github if scene else None, facts)
        addresses += [address] if address else []
        ending = ending.left_standing(older) if older else ending
    return replace(ending, addresses=tuple(addresses))


@contextlib.contextmanager
def _surviving(commands: Commands, what: str) -> Iterator[None]:
    """What cannot be written is told of, and the rest is said: a request could put a directory in the plan's way."""
    try:
        yield
    except OSError as error:
        commands.notice("Not written", f"{what}: {error}")


def _comment(
    message: Message, ending: RunResult, runner: Runner, commands: Commands, github: Github | None, facts: Facts
) -> tuple[str, str]:
    """Keep the comment up to date: its address, and what is to be said of an older one that could not be replaced.

    Not to be allowed to comment is no failure by itself: forks never are.
    """
    if github is None or not (message.number or message.commit):
        why = no_github(runner) if github is None else None
        commands.notice("No comment", failed_by(why) if why else _NO_PULL_REQUEST)
        return "", ""
    author = runner.inputs.comment_author
    sticky = Sticky(message.number, message.marker, author, message.former, message.commit)
    body = as_comment(message.parts or ending.parts, facts)
    try:
        if message.once and (there := sticky.find(github)):
            return there.url, ""
        if message.held is not None:
            commands.notice("No comment", f"Whether the request has moved on is not known: {failed_by(message.held)}")
            unchanged = sticky.leave(github, body, message.held)
            return (unchanged.url if unchanged else ""), ""
        kept = sticky.keep(github, body, make=message.make, join=_joining(message, facts))
    except CommentNotUpdatedError as failed:
        return _not_kept(failed, message, commands)
    if kept is None:
        return "", ""
    comment, what = kept
    click.echo(visible(f"Comment {what}: {comment.url}"))
    if comment.author != author:
        commands.warning(
            "Whose comment?",
            f"The token writes as `{comment.author}`, and the input `comment-author` says `{author}`: the next run "
            "will not find this comment again. Correct the input.",
        )
    return comment.url, ""


def _joining(message: Message, facts: Facts) -> Join:
    """How a text takes the place of an older one: of an outcome, the runs before have made their part."""
    if not message.marker.startswith(OUTCOME_MARKER.removesuffix(" -->")):
        return lambda _, body: body
    return lambda older, body: with_earlier_runs(older, body, facts)


_NO_PULL_REQUEST = (
    "The event names no pull request. The job summary and the log have what there is to say; for a comment, let the "
    "workflow run on `pull_request`."
)


def _not_kept(failed: CommentNotUpdatedError, message: Message, commands: Commands) -> tuple[str, str]:
    """What to say where the comment could not be written: a notice, and that an older one is not to be believed."""
    excused = message.unwritable and failed.status in (401, 403, 404)
    why = f"{failed.message}. {message.unwritable}" if excused else failed_by(failed)
    if message.held is None:
        commands.notice("No comment", f"The pull request could not be told: {why}")
    if failed.older is not None:
        return failed.older.url, f"The comment {failed.older.url} is out of date and could not be changed: {why}"
    if not failed.looked and not message.first:
        what = f"A comment of an earlier run on #{message.number} may be out of date; it could not be looked for"
        return "", f"{what}: {why}"
    return "", ""
