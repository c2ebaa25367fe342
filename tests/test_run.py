"""The order of the steps: what each job reads, plans and guards."""

from __future__ import annotations

import pytest
from builders import TODAY, policy
from fakes import FakeCloud

from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.pipeline import DELETION, EVERYTHING, MEMBERSHIP, STRUCTURE, Operation, carry_out, make_plan

MAP = "prod: {Admin: [alice, bob]}"
WANTED = policy(MAP)
ALL = {"everything": EVERYTHING, "structure": STRUCTURE, "membership": MEMBERSHIP, "deletion": DELETION}


def made() -> FakeCloud:
    """A cloud to which the policy was applied."""
    cloud = FakeCloud("alice bob")
    assert cloud.run(WANTED).is_complete
    cloud.writes.clear()
    return cloud


@pytest.mark.parametrize("job", ALL.values(), ids=ALL.keys())
def test_planning_writes_nothing(job: Operation) -> None:
    cloud = made()
    cloud.groups["RM.prod.Admin"].members.clear()
    planned = make_plan(job, WANTED, cloud.readers(), TODAY)

    assert not planned.plan.is_empty or job is STRUCTURE
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("job", "read"), [(EVERYTHING, {"dev"}), (STRUCTURE, {"dev"}), (DELETION, {"dev"}), (MEMBERSHIP, set())]
)
def test_only_the_accounts_that_are_needed_are_read(job: Operation, read: set[str]) -> None:
    planned = make_plan(job, WANTED, made().readers(), TODAY, frozenset({"dev"}))

    assert set(planned.live.stacks) == read


@pytest.mark.parametrize("job", ALL.values(), ids=ALL.keys())
def test_a_master_that_cannot_be_read_ends_every_job(job: Operation) -> None:
    cloud = made()
    cloud.fail("GetAccountAuthorizationDetails")

    with pytest.raises(CredentialsError):
        make_plan(job, WANTED, cloud.readers(), TODAY)


def test_a_refused_plan_changes_nothing() -> None:
    cloud = made()
    emptied = policy("prod: {Admin: []}")
    planned = make_plan(EVERYTHING, emptied, cloud.readers(), TODAY)
    came = carry_out(EVERYTHING, planned, emptied, cloud.tools())

    assert isinstance(came, tuple)
    assert [type(refusal) for refusal in came] == [Refusal]
    assert came[0].guard is Guard.EMPTY_MAP
    assert cloud.writes == []


def test_a_guard_that_is_overridden_lets_it_pass() -> None:
    cloud = made()
    emptied = policy("prod: {Admin: []}")
    planned = make_plan(EVERYTHING, emptied, cloud.readers(), TODAY)
    came = carry_out(EVERYTHING, planned, emptied, cloud.tools(), {Guard.EMPTY_MAP: "a test"})

    assert isinstance(came, Report)
    assert came.is_complete
    assert cloud.access() == frozenset()


@pytest.mark.parametrize("job", [MEMBERSHIP, STRUCTURE])
def test_the_jobs_of_2015_are_guarded_too(job: Operation) -> None:
    cloud = made()
    other = policy("prod: {Admin: []}") if job is MEMBERSHIP else policy("dev: {}", accounts=["dev"])
    planned = make_plan(job, other, cloud.readers(), TODAY)

    assert isinstance(carry_out(job, planned, other, cloud.tools()), tuple)
    assert cloud.writes == []


def test_deletion_is_what_was_asked_for() -> None:
    cloud = made()
    planned = make_plan(DELETION, WANTED, cloud.readers(), TODAY)
    came = carry_out(DELETION, planned, WANTED, cloud.tools(4))

    assert isinstance(came, Report)
    assert came.is_complete
    assert cloud.groups == {}


def test_membership_needs_no_account_to_be_readable() -> None:
    cloud = made()
    cloud.fail("DescribeStacks")
    report = cloud.run(policy("prod: {Admin: [alice]}"), job=MEMBERSHIP)

    assert report.is_complete
    assert cloud.groups["RM.prod.Admin"].members == {"alice"}


def test_a_run_is_not_complete_while_an_account_cannot_be_read() -> None:
    cloud = made()
    cloud.fail("DescribeStacks", "dev")
    report = cloud.run(WANTED)

    assert report.plan.is_empty
    assert not report.is_complete
