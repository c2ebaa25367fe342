"""Making a plan true: the order, what becomes of it when it is cut short, and what the next run does."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from applied import MAP, WANTED, came, effects, made, opened
from builders import policy
from fakes import FakeCloud, FakeGroup, refuse

from rolemodel_ci.model.desired import Account
from rolemodel_ci.reconcile.apply import apply
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.reconcile.changes import AddMember, CreateGroup, DeleteGroup, DeletePolicy, PutPolicy, RemoveMember
from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
from rolemodel_ci.reconcile.plan import Plan


def test_revoke_build_grant() -> None:
    cloud = made()
    report = cloud.run(policy("prod: {Admin: [bob]}", roles={"Admin": {}, "Ops": {}}, accounts=["prod"]))

    assert report.is_complete
    assert cloud.watch.steps == ["revoke", "build and grant"]
    assert effects(cloud) == [
        "RemoveUserFromGroup RM.dev.Admin alice",
        "DeleteGroupPolicy RM.dev.Admin RM.dev.Admin-Policy",
        "DeleteGroup RM.dev.Admin",
        "DeleteGroupPolicy RM.dev.Reader RM.dev.Reader-Policy",
        "DeleteGroup RM.dev.Reader",
        "RemoveUserFromGroup RM.prod.Admin alice",
        "RemoveUserFromGroup RM.prod.Reader bob",
        "DeleteGroupPolicy RM.prod.Reader RM.prod.Reader-Policy",
        "DeleteGroup RM.prod.Reader",
        "UPDATE_IN_PROGRESS prod",
        "UPDATE_COMPLETE prod",
        "AddUserToGroup RM.prod.Admin bob",
        "CreateGroup RM.prod.Ops",
        "PutGroupPolicy RM.prod.Ops RM.prod.Ops-Policy",
    ]


def test_only_the_phases_that_have_changes_are_told() -> None:
    cloud = made()
    cloud.run(policy(MAP.replace("bob", "carol")))

    assert cloud.watch.steps == ["revoke", "grant"]


def test_nothing_to_do_makes_no_write_call() -> None:
    cloud = made()
    report = apply(Approved(Plan(())), WANTED, cloud.tools())

    assert report == Report(Plan(()), ())
    assert report.is_complete
    assert (cloud.writes, cloud.watch.steps) == ([], [])


def test_the_policy_names_the_arn_that_the_stack_says() -> None:
    cloud = FakeCloud("alice bob")
    cloud.run(WANTED)
    role = cloud.accounts["prod"].stack.roles["Admin"]  # type: ignore[union-attr]

    assert cloud.groups["RM.prod.Admin"].policies == {
        "RM.prod.Admin-Policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Resource": f"arn:aws:iam::222222222222:role/{role.name}",
                }
            ],
        }
    }


def test_a_stack_that_cannot_be_read_after_it_was_made_fails() -> None:
    cloud = FakeCloud("alice bob")
    plan = cloud.plan(policy("prod: {Admin: [alice]}", accounts=["prod"]))

    class Blind:
        def read(self, account: object) -> Any:
            raise refuse("AccessDenied", "GetTemplate")

    tools = cloud.tools()
    report = apply(Approved(plan), WANTED, type(tools)(tools.groups, Blind(), tools.rollout, tools.watch, 1))

    assert {type(outcome) for outcome in report.outcomes} == {Failed, Skipped}
    assert cloud.groups == {}


def test_a_stack_that_is_gone_after_it_was_made_opens_nothing() -> None:
    cloud = FakeCloud("alice bob")
    plan = cloud.plan(policy("prod: {Admin: [alice]}", roles={"Admin": {"RoleName": "boss"}}, accounts=["prod"]))
    wanted = policy("prod: {Admin: [alice]}", roles={"Admin": {"RoleName": "boss"}}, accounts=["prod"])
    tools, other = cloud.tools(), FakeCloud().stack_reader()
    report = apply(Approved(plan), wanted, type(tools)(tools.groups, other, tools.rollout, tools.watch, 1))

    failed = came(report, PutPolicy)
    assert isinstance(failed, Failed)
    assert failed.reason == "the stack of `prod` has no role `Admin`"
    assert isinstance(came(report, AddMember), Skipped)
    assert cloud.access() == frozenset()


@pytest.mark.parametrize("jobs", [1, 8])
def test_a_bug_is_reported_and_stops_only_what_depends_on_it(jobs: int) -> None:
    cloud = FakeCloud("alice bob")
    bug = ZeroDivisionError("division by zero")
    cloud.fail("PutGroupPolicy", "RM.prod.Admin", error=bug)
    report = cloud.run(WANTED, jobs=jobs)
    failed = came(report, PutPolicy)

    assert report.bugs == (bug,)
    assert isinstance(failed, Failed)
    assert failed.reason == "ZeroDivisionError: division by zero"
    assert isinstance(came(report, AddMember), Skipped)
    assert isinstance(came(report, AddMember, "prod", "Reader"), Done)
    assert [outcome.change for outcome in report.outcomes] == list(report.plan.changes)


def test_an_interruption_is_told_and_what_was_not_started_is_skipped() -> None:
    cloud = FakeCloud("alice bob")
    plan = cloud.plan(WANTED)

    def interrupt(write: str) -> None:
        if write.startswith("CreateGroup RM.prod.Admin"):
            raise KeyboardInterrupt

    cloud.luck = interrupt
    report = apply(Approved(plan), WANTED, cloud.tools())

    assert report.interrupted
    assert not report.is_complete
    assert isinstance(came(report, AddMember, "dev"), Done)
    assert isinstance(came(report, CreateGroup), Failed)
    assert came(report, AddMember) == Skipped(came(report, AddMember).change, "the run was interrupted")
    cloud.luck = lambda write: None
    assert cloud.run(WANTED).is_complete


def test_half_of_a_group_is_finished_by_the_next_run() -> None:
    cloud = FakeCloud("alice bob")
    cloud.fail("PutGroupPolicy", "RM.prod.Admin", times=1)
    assert not cloud.run(WANTED).is_complete
    report = cloud.run(WANTED)

    assert [type(outcome.change) for outcome in report.outcomes] == [PutPolicy, AddMember]
    assert report.is_complete


def test_a_stack_under_way_is_waited_for_and_its_policies_follow_what_comes_of_it() -> None:
    cloud = made()
    stack = cloud.accounts["prod"].stack
    assert stack is not None
    stack.status, stack.polls, stack.finish = "DELETE_IN_PROGRESS", 3, lambda: "DELETE_COMPLETE"
    report = cloud.run(WANTED)

    assert report.is_complete
    assert cloud.accounts["prod"].stack is not stack
    assert cloud.plan(WANTED).is_empty
    assert ("alice", "prod", "Admin") in cloud.access()


def test_groups_of_one_account_and_of_none_are_worked_on_alike() -> None:
    cloud = made()
    cloud.groups["Odd"] = FakeGroup("Odd", members={"carol"}, policies={"P": opened("*")})
    report = cloud.run(WANTED, jobs=8)

    assert [type(outcome.change) for outcome in report.outcomes] == [RemoveMember, DeletePolicy, DeleteGroup]
    assert report.is_complete


# ---- a slow stack


class Slow:
    """The stack of prod comes to rest only when every group of the other accounts has what it is to have."""

    def __init__(self, cloud: FakeCloud, others: set[str]) -> None:
        self._cloud, self._writer, self._others = cloud, cloud.stack_writer(), others

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def status(self, account: Account) -> str | None:
        """The status, once the others are done."""
        if account.name == "prod" and self._writer.status(account) is not None:
            until = time.monotonic() + 10
            while missing := self._others - granted(self._cloud):
                assert time.monotonic() < until, f"the grants of the others wait for this stack: {missing}"
                time.sleep(0.001)
        return self._writer.status(account)


def granted(cloud: FakeCloud) -> set[str]:
    return {f"{e.action} {e.where} {e.what}" for e in list(cloud.history) if e.kind == "grant"}


@pytest.mark.parametrize("jobs", [2, 8])
def test_one_slow_stack_does_not_hold_up_grants_elsewhere(jobs: int) -> None:
    cloud = made()
    wanted = policy(
        "prod: {Admin: [alice], Reader: [bob], Ops: [bob]}\ndev: {Admin: [alice]}\ntest: {Admin: [bob]}",
        roles={"Admin": {}, "Reader": {}, "Ops": {}},
        accounts=["prod", "dev", "test"],
    )
    alone = made()
    alone.run(wanted)
    others = {grant for grant in granted(alone) if " RM.prod." not in grant}
    assert {grant.split()[1] for grant in others} >= {"RM.test.Admin", "RM.test.Reader", "RM.test.Ops", "RM.dev.Ops"}
    planned = cloud.planned(wanted)
    tools = cloud.tools(jobs)
    slow: Any = Slow(cloud, others)
    report = apply(Approved(planned.plan), wanted, replace(tools, rollout=replace(tools.rollout, writer=slow)))

    assert report.is_complete
    assert [e.where for e in cloud.history if e.kind == "grant"][-1] == "RM.prod.Ops"


def test_grants_of_accounts_whose_stack_stays_are_not_behind_any_stack() -> None:
    cloud = made()
    cloud.accounts["dev"].stack = None
    report = cloud.run(policy(MAP.replace("[alice], R", "[alice, carol], R")))
    told = [effect for effect in effects(cloud) if not effect.startswith("Delete")]

    assert report.is_complete
    assert told[:2] == ["AddUserToGroup RM.prod.Admin carol", "CREATE_IN_PROGRESS dev"]
