"""Reading all accounts: what fails is unreadable, never absent."""

from __future__ import annotations

import pytest
from builders import MASTER_ID, policy
from fakes import FakeCloud

from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.live import Absent, LiveStack, Unreadable
from rolemodel_ci.reconcile.observe import observe

POLICY = policy("prod: {Admin: [alice]}", accounts=("prod", "dev", "test"))


@pytest.mark.parametrize("jobs", [1, 8])
def test_what_is_there_what_is_absent_and_what_cannot_be_read(jobs: int) -> None:
    cloud = FakeCloud("alice")
    cloud.run(policy("prod: {Admin: [alice]}", accounts=("prod",)))
    cloud.fail("DescribeStacks", "test")
    live = observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, jobs)

    assert live.master.identity.account_id == MASTER_ID
    assert set(live.master.groups) == {"RM.prod.Admin", "RM.prod.Reader"}
    assert isinstance(live.stacks["prod"], LiveStack)
    assert isinstance(live.stacks["dev"], Absent)
    assert live.stacks["test"] == Unreadable("test", "DescribeStacks test: AccessDenied", "Mend it.")


def test_no_access_to_an_account_is_unreadable_too() -> None:
    cloud = FakeCloud()
    cloud.fail("DescribeStacks", error=CredentialsError("no profile `prod`", "Make it."))
    live = observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, 2)

    assert set(live.stacks.values()) == {Unreadable(name, "no profile `prod`", "Make it.") for name in live.stacks}
    assert set(live.stacks) == {"prod", "dev", "test"}


@pytest.mark.parametrize("jobs", [1, 8])
def test_a_master_that_cannot_be_read_ends_the_run(jobs: int) -> None:
    cloud = FakeCloud()
    cloud.fail("GetAccountAuthorizationDetails")

    with pytest.raises(CredentialsError, match="AccessDenied"):
        observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, jobs)


@pytest.mark.parametrize("jobs", [1, 8])
def test_a_bug_is_not_taken_for_an_unreadable_account(jobs: int) -> None:
    cloud = FakeCloud()
    cloud.fail("DescribeStacks", "dev", error=ZeroDivisionError("bug"))

    with pytest.raises(ZeroDivisionError):
        observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, jobs)


def test_two_names_of_one_account_are_not_trusted() -> None:
    cloud = FakeCloud()
    cloud.accounts["dev"].account_id = cloud.accounts["prod"].account_id
    live = observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, 1)
    prod, dev = live.stacks["prod"], live.stacks["dev"]

    assert isinstance(prod, Unreadable)
    assert isinstance(dev, Unreadable)
    assert prod.reason == "its credentials lead to account 222222222222, and so do those of `dev`"
    assert dev.reason == "its credentials lead to account 222222222222, and so do those of `prod`"
    assert isinstance(live.stacks["test"], Absent)


def test_three_names_of_one_account_name_the_other_two() -> None:
    cloud = FakeCloud()
    for account in cloud.accounts.values():
        account.account_id = "222222222222"
    live = observe(cloud.master_reader(), cloud.stack_reader(), POLICY.accounts, 1)

    assert all(isinstance(stack, Unreadable) for stack in live.stacks.values())
    dev = live.stacks["dev"]
    assert isinstance(dev, Unreadable)
    assert dev.reason.endswith("those of `prod`, `test`")


def test_an_interruption_stays_one() -> None:
    class Impatient:
        def read(self) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(Impatient(), FakeCloud().stack_reader(), POLICY.accounts, 1)  # type: ignore[arg-type]
