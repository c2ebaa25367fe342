"""An AWS in memory behind the ports of the core. Where AWS is strict, it is stricter."""

from __future__ import annotations

from datetime import date
from typing import Any

from builders import TODAY
from fake_groups import FakeGroupWriter, FakeMasterReader
from fake_stacks import FakeStackReader, FakeStackWriter
from fake_state import (
    Access,
    CloudState,
    Effect,
    FakeAccount,
    FakeClock,
    FakeGroup,
    FakeRole,
    FakeStack,
    Killed,
    RecordingWatch,
    opens,
    refuse,
)

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.apply import Tools
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, Operation, Planned, Readers, carry_out, make_plan
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.reconcile.ports import Clock, GroupWriter, MasterReader, StackReader, StackWriter, Watch
from rolemodel_ci.reconcile.stack_operations import StackOperations

__all__ = [
    "Access",
    "CloudState",
    "Effect",
    "FakeAccount",
    "FakeClock",
    "FakeCloud",
    "FakeGroup",
    "FakeRole",
    "FakeStack",
    "Killed",
    "RecordingWatch",
    "opens",
    "refuse",
]

ALL_GUARDS = dict.fromkeys(Guard, "a test")


class FakeCloud(CloudState):
    """Master account and assumable accounts, with a reader and a writer for each side."""

    def master_reader(self) -> MasterReader:
        """Reads the master account."""
        return FakeMasterReader(self)

    def stack_reader(self) -> StackReader:
        """Reads stacks."""
        return FakeStackReader(self)

    def group_writer(self) -> GroupWriter:
        """Changes groups."""
        return FakeGroupWriter(self)

    def stack_writer(self) -> StackWriter:
        """Changes stacks."""
        return FakeStackWriter(self)

    def readers(self) -> Readers:
        """What planning may touch."""
        return Readers(self.master_reader(), self.stack_reader())

    def tools(self, jobs: int = 1) -> Tools:
        """What applying needs."""
        watch: Watch = self.watch
        clock: Clock = self.clock
        return Tools(
            self.group_writer(), self.stack_reader(), StackOperations(self.stack_writer(), watch, clock), watch, jobs
        )

    def planned(
        self, policy: Policy, *, job: Operation = EVERYTHING, today: date = TODAY, only: str = "", jobs: int = 1
    ) -> Planned:
        """The plan of a job, and what it was made from. `only`: names of accounts, with spaces between."""
        return make_plan(job, policy, self.readers(), today, frozenset(only.split()), jobs)

    def plan(self, policy: Policy, **how: Any) -> Plan:
        """The plan of a job."""
        return self.planned(policy, **how).plan

    def run(self, policy: Policy, *, job: Operation = EVERYTHING, jobs: int = 1, **how: Any) -> Report:
        """Plan and apply with all guards overridden."""
        planned = self.planned(policy, job=job, jobs=jobs, **how)
        came = carry_out(job, planned, policy, self.tools(jobs), ALL_GUARDS)
        assert isinstance(came, Report), came
        return came
