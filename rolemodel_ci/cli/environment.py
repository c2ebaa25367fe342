"""Open the AWS that a command works on: the person's own accounts, or an embedded one."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.credential_sources import github_doors, local_doors, session_name
from rolemodel_ci.adapters.aws.iam_groups import AwsGroupWriter, AwsMasterReader
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.adapters.aws.stacks import AwsStackReader, AwsStackWriter
from rolemodel_ci.adapters.processes import is_over
from rolemodel_ci.cli.output import tell_sums
from rolemodel_ci.errors import InterruptedRunError
from rolemodel_ci.model.applied_state import Holder, Remembered, UnreadableState, state_name
from rolemodel_ci.reconcile.concurrency import Returned, each_within
from rolemodel_ci.reconcile.deadlines import Patience, SilentError
from rolemodel_ci.reconcile.observe import patience_for
from rolemodel_ci.reconcile.pipeline import Readers

if TYPE_CHECKING:  # nothing of GitHub is needed on a person's machine, and its HTTP client takes long to import
    from rolemodel_ci.adapters.github.oidc import RunnerTokens
    from rolemodel_ci.adapters.github.runner import Runner
    from rolemodel_ci.cli.options import CommonOptions
    from rolemodel_ci.model.desired import Policy
    from rolemodel_ci.reconcile.apply import Tools
    from rolemodel_ci.reconcile.ports import StateReader, Watch
    from rolemodel_ci.render.audit_record import Called


class SystemClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped when `stop` is called, before or meanwhile."""
        if self._stopped.wait(seconds):
            raise InterruptedRunError(
                "the run was interrupted while it waited for the stack; CloudFormation goes on by itself",
                "Run again: it waits for what is under way.",
            )

    def stop(self) -> None:
        """End every wait, in all threads."""
        self._stopped.set()


@dataclass(frozen=True, slots=True)
class Impatient:
    """Reads what was last applied, and gives it up where nobody answers, as everything else that a plan reads."""

    store: ParameterStore
    patience: Patience

    def read_state(self) -> Remembered:
        """What is remembered; that it cannot be read where it is not answered in time. Raises CredentialsError."""
        (answer,) = each_within(ParameterStore.read_state, [self.store], 1, lambda _: self.patience)
        if isinstance(answer, Returned):
            return answer.value
        if isinstance(answer.error, SilentError):
            said = f"what was last applied ({self.store.name}) cannot be read: {answer.error.message}"
            return Remembered(UnreadableState(said, answer.error.remedy))
        raise answer.error


@dataclass(frozen=True, slots=True)
class World:
    """Sessions to read with and sessions to write with; the same ones where one set of credentials does both.

    Both count their calls in one place.
    """

    reading: Sessions
    writing: Sessions
    policy: Policy
    jobs: int

    def readers(self) -> Readers:
        """What planning needs."""
        return _readers(self.reading, self.policy)

    def stacks(self, name: str, region: str) -> AwsStackReader:
        """Reads stacks of another name or region, with the sessions that plan."""
        return AwsStackReader(self.reading if region == self.reading.region else self.reading.at(region), name)

    def called(self) -> tuple[Called, ...]:
        """What was called so far, by action, whatever the sessions."""
        return self.writing.calls.tallies()

    def remembers(self) -> StateReader:
        """Reads what was last applied, with the sessions that plan."""
        return Impatient(ParameterStore(self.reading, state_name(self.policy)), patience_for(time.monotonic)(None))

    def store(self, run: str, over: Callable[[Holder], bool] = is_over) -> ParameterStore:
        """Remembers what `run` applies, and locks out others. `over` says of another run that it has ended."""
        return ParameterStore(self.writing, state_name(self.policy), run, over)

    def tools(self, watch: Watch, may_write: Callable[[], None] = lambda: None) -> Tools:
        """What applying needs; it reads with the sessions that write. `may_write` as in `Tools`."""
        from rolemodel_ci.reconcile.apply import Tools
        from rolemodel_ci.reconcile.stack_operations import StackOperations

        writer = AwsStackWriter(self.writing, self.policy.stack_name, self.policy.owner)
        return Tools(
            AwsGroupWriter(self.writing),
            _readers(self.writing, self.policy).stacks,
            StackOperations(writer, watch, SystemClock(), self.policy.stack_deadline * 60.0),
            watch,
            self.jobs,
            may_write,
        )


def _readers(sessions: Sessions, policy: Policy) -> Readers:
    return Readers(AwsMasterReader(sessions), AwsStackReader(sessions, policy.stack_name), patience_for(time.monotonic))


def local_world(policy: Policy, jobs: int) -> World:
    """The accounts that the profiles of the config lead to."""
    sessions = Sessions(local_doors(policy), policy.region, jobs)
    return World(sessions, sessions, policy, jobs)


@contextlib.contextmanager
def sandbox_world(policy: Policy, jobs: int) -> Iterator[World]:
    """An embedded AWS with the accounts and users that the files name, and nothing else in it."""
    from rolemodel_ci.sandbox.sessions import furnished_world

    click.echo("Sandbox: an embedded AWS, empty at the start and gone at the end. Yours is not touched.", err=True)
    with furnished_world(policy, jobs) as (reading, writing):
        yield World(reading, writing, policy, jobs)


@contextlib.contextmanager
def world(policy: Policy, told: CommonOptions) -> Iterator[World]:
    """The world that the command line chooses; with `--verbose` the sums of its calls are told at the end."""
    with (
        sandbox_world(policy, told.jobs)
        if told.sandbox
        else contextlib.nullcontext(local_world(policy, told.jobs)) as opened
    ):
        try:
            yield opened
        finally:
            if told.verbose:
                tell_sums(opened.called())


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Progress on standard error: live lines on a terminal, plain ones elsewhere."""
    from rolemodel_ci.adapters.terminal import LiveWatch, PlainWatch

    if sys.stderr.isatty():
        from rich.console import Console

        watch: LiveWatch | PlainWatch = LiveWatch(Console(stderr=True))
    else:
        watch = PlainWatch()
    try:
        yield watch
    finally:
        watch.close()


def github_world(policy: Policy, role: str, runner: Runner, tokens: RunnerTokens, hide: Callable[[str], None]) -> World:
    """The accounts as a role that trusts GitHub sees them."""
    doors = github_doors(policy, role, session_name(runner.repository, runner.run_id), tokens.fresh)
    sessions = Sessions(doors, policy.region, runner.inputs.jobs, runner.local_aws, hide)
    return World(sessions, sessions, policy, runner.inputs.jobs)
