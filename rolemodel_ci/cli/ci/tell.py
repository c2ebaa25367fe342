"""Say how a run ended in four places: the log, annotations, the job summary and outputs; and to the pull request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from rolemodel_ci import __version__
from rolemodel_ci.cli.ci.ending import Ending, Message
from rolemodel_ci.cli.ci.scene import Scene, failed_by, no_github
from rolemodel_ci.cli.output import tell as print_blocks
from rolemodel_ci.edge.actions import Runner
from rolemodel_ci.edge.github import Github, GithubFailed
from rolemodel_ci.edge.sinks import PLAN_FILE, RECORD_FILE, Commands, append_outputs, append_summary, leave
from rolemodel_ci.edge.sticky import Sticky
from rolemodel_ci.render.comment import Facts, as_comment, as_summary
from rolemodel_ci.render.json import as_text


def tell(ending: Ending, runner: Runner, commands: Commands, scene: Scene | None) -> None:
    """Say everything that an ending has to say. What cannot be said in one place is said in the log."""
    facts = scene.facts() if scene else Facts(__version__)
    github = scene.github if scene else None
    print_blocks(ending.blocks)
    commands.problems(ending.problems)
    if ending.failure:
        commands.error("rolemodel-ci", ending.failure)
    if ending.remark:
        commands.notice("rolemodel-ci", ending.remark)
    outputs = ending.outputs()
    outputs["record-json"] = RECORD_FILE
    if ending.document is not None:
        with _surviving(commands, "the plan"):
            leave(runner.workspace / PLAN_FILE, as_text(ending.document))
            outputs["plan-json"] = PLAN_FILE
    if runner.summary_file is not None and ending.parts:
        with _surviving(commands, "the job summary"):
            append_summary(runner.summary_file, as_summary(ending.parts, facts))
    for message in ending.messages:
        outputs["comment-url"] = _comment(message, ending, runner, commands, github, facts) or outputs.get(
            "comment-url", ""
        )
    if runner.output_file is not None:
        with _surviving(commands, "the outputs"):
            append_outputs(runner.output_file, outputs)


@contextlib.contextmanager
def _surviving(commands: Commands, what: str) -> Iterator[None]:
    """What cannot be written is told of, and the rest is said: a request could put a directory in the plan's way."""
    try:
        yield
    except OSError as error:
        commands.notice("Not written", f"{what}: {error}")


def _comment(
    message: Message, ending: Ending, runner: Runner, commands: Commands, github: Github | None, facts: Facts
) -> str:
    """Keep the comment up to date; its address. Not to be allowed to is no failure: forks never are."""
    if github is None or not message.number:
        why = no_github(runner) if github is None else None
        commands.notice("No comment", failed_by(why) if why else "The event names no pull request.")
        return ""
    author = runner.inputs.comment_author
    sticky = Sticky(message.number, message.marker, author, message.former)
    try:
        if message.once and (there := sticky.find(github)):
            return there.url
        kept = sticky.keep(github, as_comment(ending.parts, facts), make=message.make)
    except GithubFailed as failed:
        commands.notice("No comment", f"The pull request could not be told: {failed_by(failed)}")
        return ""
    if kept is None:
        return ""
    comment, what = kept
    click.echo(f"Comment {what}: {comment.url}")
    if comment.author != author:
        commands.warning(
            "Whose comment?",
            f"The token writes as `{comment.author}`, and the input `comment-author` says `{author}`: the next run "
            "will not find this comment again. Correct the input.",
        )
    return comment.url
