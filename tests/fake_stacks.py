"""Stacks of the AWS in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fake_state import CloudState, FakeAccount, FakeRole, FakeStack, refuse

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, resolve
from rolemodel_ci.cloudformation.roles import REPLACING, role_name, role_names, role_path
from rolemodel_ci.cloudformation.template import read_deployed
from rolemodel_ci.model.desired import DEFAULT_OWNER, Account
from rolemodel_ci.model.live import DEAD, Absent, Identity, LiveStack

UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_FAILED",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
EMPTY = frozenset({"ROLLBACK_COMPLETE", "DELETE_COMPLETE"})


class FakeStackReader:
    """StackReader of a CloudState."""

    def __init__(self, cloud: CloudState) -> None:
        self._cloud = cloud

    def read(self, account: Account) -> LiveStack | Absent:
        """The stack of an account; of a dead one only the status, as the real reader has it."""
        with self._cloud.lock:
            self._cloud.called("DescribeStacks", account.name, write=False)
            found = self._cloud.accounts[account.name]
            identity = Identity(found.account_id, f"arn:aws:iam::{found.account_id}:user/ci")
            stack = found.stack
            if stack is None:
                return Absent(account.name, identity)
            if stack.status in DEAD:
                return LiveStack(
                    account.name, identity, stack.status, None, {}, {}, stack.owner, stack.others, stack.stack_id
                )
            physical = {logical: role.name for logical, role in stack.roles.items()}
            return LiveStack(
                account.name, identity, stack.status, read_deployed(stack.text), dict(stack.parameters), physical,
                stack.owner, stack.others, stack.stack_id,
            )  # fmt: skip


class FakeStackWriter:
    """StackWriter of a CloudState. Operations take some polls and end as the account's `endings` say."""

    def __init__(self, cloud: CloudState) -> None:
        self._cloud = cloud

    def create(self, account: Account, text: str, parameters: Mapping[str, str]) -> None:
        """Start making the stack."""
        with self._cloud.lock:
            self._cloud.called("CreateStack", account.name)
            there = self._cloud.accounts[account.name]
            if there.stack is not None:
                raise refuse("AlreadyExistsException", self._cloud.stack_name)
            there.stack = FakeStack("CREATE_IN_PROGRESS", text, dict(parameters))
            wanted = self._wanted(there, text, parameters)
            self._begin(account.name, there.stack, lambda: self._made(account.name, wanted))

    def update(self, account: Account, text: str, parameters: Mapping[str, str]) -> bool:
        """Start an update, unless there is nothing to update."""
        with self._cloud.lock:
            self._cloud.called("UpdateStack", account.name)
            there, stack = self._found(account)
            if stack.status not in UPDATABLE:
                raise refuse("ValidationError", f"the stack is in {stack.status} state and can not be updated")
            old, new = self._wanted(there, stack.text, stack.parameters), self._wanted(there, text, parameters)
            if stack.status != "UPDATE_FAILED" and old == new:
                return False
            stack.status = "UPDATE_IN_PROGRESS"
            self._begin(account.name, stack, lambda: self._updated(account.name, old, new, (text, dict(parameters))))
            return True

    def delete(self, account: Account) -> None:
        """Start deleting the stack."""
        with self._cloud.lock:
            self._cloud.called("DeleteStack", account.name)
            _, stack = self._found(account)
            if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
                raise refuse("ValidationError", f"the stack is in {stack.status}")
            stack.status = "DELETE_IN_PROGRESS"
            self._begin(account.name, stack, lambda: self._ending(account.name, "DELETE_COMPLETE"))

    def continue_rollback(self, account: Account) -> None:
        """Go on with an update rollback that got stuck."""
        with self._cloud.lock:
            self._cloud.called("ContinueUpdateRollback", account.name)
            _, stack = self._found(account)
            if stack.status != "UPDATE_ROLLBACK_FAILED":
                raise refuse("ValidationError", f"the stack is in {stack.status}")
            stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
            self._begin(account.name, stack, lambda: self._ending(account.name, "UPDATE_ROLLBACK_COMPLETE"))

    def status(self, account: Account) -> str | None:
        """The status now; looking is what makes time pass."""
        with self._cloud.lock:
            self._cloud.called("DescribeStacks", account.name, write=False)
            there = self._cloud.accounts[account.name]
            stack = there.stack
            if stack is None:
                return None
            if stack.finish and stack.polls > 0:
                stack.polls -= 1
            elif stack.finish:
                finish, stack.finish = stack.finish, None
                stack.status = finish()
                if stack.status in EMPTY:
                    stack.roles = {}
                if stack.status == "DELETE_COMPLETE":
                    there.stack = None
                self._cloud.effect("build", stack.status, account.name)
            return stack.status if there.stack else None

    def is_own(self, account: Account, stack_id: str = "") -> bool:
        """Whether the stack has the owner's tag, or is that one and has none."""
        stack = self._cloud.accounts[account.name].stack
        return stack is not None and (stack.owner == DEFAULT_OWNER or stack.stack_id == stack_id)

    def failure(self, account: Account) -> str:
        """What went wrong first."""
        stack = self._cloud.accounts[account.name].stack
        return stack.failure if stack else ""

    def _found(self, account: Account) -> tuple[FakeAccount, FakeStack]:
        there = self._cloud.accounts[account.name]
        if there.stack is None:
            raise refuse("ValidationError", "the stack does not exist")
        return there, there.stack

    def _wanted(self, there: FakeAccount, text: str, parameters: Mapping[str, str]) -> EvaluatedTemplate:
        where = StackContext(there.account_id, self._cloud.region, self._cloud.stack_name)
        return resolve(read_deployed(text) or {}, parameters, where)

    def _begin(self, account: str, stack: FakeStack, finish: Callable[[], str]) -> None:
        stack.polls, stack.finish, stack.failure = self._cloud.polls, finish, ""
        self._cloud.effect("build", stack.status, account)

    def _ending(self, account: str, planned: str) -> str:
        """The status in which an operation ends: what the test wants, or what was planned."""
        endings = self._cloud.accounts[account].endings
        wanted = endings.pop(0) if endings else None
        stack = self._cloud.accounts[account].stack
        if wanted and stack:
            stack.failure = f"Admin {wanted}: as the test says"
        return wanted or planned

    def _made(self, account: str, wanted: EvaluatedTemplate) -> str:
        status = self._ending(account, "CREATE_COMPLETE")
        if status == "CREATE_COMPLETE":
            status = self._put_roles(account, EvaluatedTemplate({}, {}), wanted, "ROLLBACK_COMPLETE") or status
        return status

    def _updated(
        self, account: str, old: EvaluatedTemplate, new: EvaluatedTemplate, template: tuple[str, dict[str, str]]
    ) -> str:
        status = self._ending(account, "UPDATE_COMPLETE")
        if status == "UPDATE_COMPLETE":
            status = self._put_roles(account, old, new, "UPDATE_ROLLBACK_COMPLETE") or status
        stack = self._cloud.accounts[account].stack
        if stack and status == "UPDATE_COMPLETE":
            stack.text, stack.parameters = template
        return status

    def _put_roles(self, account: str, old: EvaluatedTemplate, new: EvaluatedTemplate, failed: str) -> str | None:
        """Make, keep and replace roles; `failed` where a name is taken, be it by a role that would go afterwards."""
        there = self._cloud.accounts[account]
        assert there.stack is not None
        roles: dict[str, FakeRole] = {}
        taken = there.other_roles | {role.name for role in there.stack.roles.values()}
        for name in role_names(new):
            if name in there.stack.roles and not _replaced(old, new, name):
                roles[name] = there.stack.roles[name]
                continue
            there.made += 1
            physical = role_name(new, name) or f"{self._cloud.stack_name}-{name}-{there.made:06X}"
            if physical in taken:
                there.stack.failure = f"{name}: {physical} already exists"
                return failed
            taken.add(physical)
            roles[name] = FakeRole(physical, role_path(new, name) or "/")
        there.stack.roles = roles
        return None


def _replaced(old: EvaluatedTemplate, new: EvaluatedTemplate, role: str) -> bool:
    before, after = old.resources.get(role, {}), new.resources[role]
    return any(before.get("Properties", {}).get(key) != after.get("Properties", {}).get(key) for key in REPLACING)
