"""What has to change in the stack of one account, and what its roles will be called after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, desired, parameters_of, resolve
from rolemodel_ci.cloudformation.roles import is_replaced, role_arn, role_name, role_names
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.live import DEAD, EMPTY, RESTING, Absent, LiveStack, LiveState, Stack, Unreadable
from rolemodel_ci.reconcile.changes import Change, CreateStack, DeleteStack, SettleStack, StackChange, UpdateStack

if TYPE_CHECKING:
    from rolemodel_ci.iam.differences import Difference

_NOTHING = EvaluatedTemplate({}, {})

HIDDEN = "****"
"""What CloudFormation shows instead of the value of a NoEcho parameter."""


@dataclass(frozen=True, slots=True)
class StackDiff:
    """`change` is None where the stack is right. `arns`: of each wanted role, where it is known before the run.

    `roles` are the roles that are to be there; None where the account could not be read. `live_arns` are those of
    the roles as they are now, without ones that another role is going to have.
    """

    change: StackChange | None
    roles: tuple[str, ...] | None
    arns: Mapping[str, str]
    live_arns: Mapping[str, str]


def stack_diff(policy: Policy, account: Account, stack: Stack) -> StackDiff:
    """Compare the stack of `account` with the policy."""
    if isinstance(stack, Unreadable):
        return StackDiff(None, None, {}, {})
    if account.absent:
        return StackDiff(removal(policy, account, stack), (), {}, {})
    where = _where(policy, stack)
    wanted = desired(policy, account, where.account_id, where.partition)
    roles = role_names(wanted)
    if isinstance(stack, Absent) or stack.status in DEAD:
        dead, seen = (None, "") if isinstance(stack, Absent) else (stack.status, stack.stack_id)
        going = _NOTHING if isinstance(stack, Absent) else _left_in(stack, wanted)
        change: StackChange | None = CreateStack(
            account.name, None, policy.stack_name, _differences(going, wanted), dead, stack_id=seen
        )
        return StackDiff(change, roles, _named_arns(wanted, roles, where), {})
    current = wanted if _is_same(policy, account, stack) else deployed(policy, account, stack)
    found = _differences(current, wanted)
    live = _physical_arns(current, stack, where)
    if stack.status not in RESTING:  # how it ends nobody knows: it may be rolled back, or be gone and made anew
        change = SettleStack(account.name, None, policy.stack_name, stack.status, found, stack_id=stack.stack_id)
        arns = _named_arns(wanted, roles, where)
    elif not current.whole:  # nobody knows which of its roles will be made anew either
        change = UpdateStack(account.name, None, policy.stack_name, found, stack_id=stack.stack_id)
        arns = _named_arns(wanted, roles, where)
    else:
        change = UpdateStack(account.name, None, policy.stack_name, found, stack_id=stack.stack_id) if found else None
        arns = _arns(current, wanted, roles, stack, where)
    return StackDiff(change, roles, arns, {role: arn for role, arn in live.items() if arn not in arns.values()})


def _differences(old: EvaluatedTemplate, new: EvaluatedTemplate) -> tuple[Difference, ...]:
    """How the two differ. Most stacks are what they should be: only where one is not, what tells it is imported."""
    if old == new:
        return ()
    from rolemodel_ci.iam.role_diff import differences

    return differences(old, new)


def _left_in(stack: LiveStack, wanted: EvaluatedTemplate) -> EvaluatedTemplate:
    """What a dead stack may still hold, and what comes to be in its place does not."""
    if stack.status in EMPTY:
        return _NOTHING
    return EvaluatedTemplate(
        {name: {"Type": kind} for name, kind in stack.others.items() if name not in wanted.resources}, {}
    )


def _is_same(policy: Policy, account: Account, stack: LiveStack) -> bool:
    """Whether template and parameters are those of the repository, as nearly always: then so is what they mean."""
    return stack.body == policy.template.body and stack.parameters == parameters_of(policy, account)


def deployed(policy: Policy, account: Account, stack: LiveStack) -> EvaluatedTemplate:
    """What the stack's own template and parameters mean; of a template that cannot be one of ours, bare resources.

    They then differ in everything from those that are wanted, and the update brings the stack back to ours.
    """
    types = dict.fromkeys(stack.physical, ROLE_TYPE) | dict(stack.others)
    bare = EvaluatedTemplate({name: {"Type": kind} for name, kind in types.items()}, {}, whole=False)
    if stack.body is None:
        return bare
    wanted = parameters_of(policy, account)
    hidden = {p.name for p in policy.template.parameters if p.hidden}
    # A NoEcho value cannot be read back, so that it cannot be told from the wanted one either.
    parameters = {
        name: wanted[name] if value == HIDDEN and name in hidden and name in wanted else value
        for name, value in stack.parameters.items()
    }
    meaning = resolve(stack.body, parameters, _where(policy, stack))
    return meaning if meaning.whole else bare


def live_arns(policy: Policy, account: Account, stack: LiveStack) -> dict[str, str]:
    """The ARNs of the roles that the stack has now, by logical id."""
    return _physical_arns(deployed(policy, account, stack), stack, _where(policy, stack))


def _where(policy: Policy, stack: Absent | LiveStack) -> StackContext:
    return StackContext(stack.identity.account_id, policy.region, policy.stack_name, stack.identity.partition)


def _physical_arns(current: EvaluatedTemplate, stack: LiveStack, where: StackContext) -> dict[str, str]:
    return {
        name: role_arn(current, name, where, stack.physical[name])
        for name in role_names(current)
        if stack.physical.get(name)
    }


def removal(policy: Policy, account: Account, stack: Stack) -> StackChange | None:
    """The change by which the stack goes with all that it holds; None where there is none, or it cannot be read."""
    if not isinstance(stack, LiveStack):
        return None
    gone = _differences(deployed(policy, account, stack), _NOTHING)
    return DeleteStack(account.name, None, policy.stack_name, gone, stack_id=stack.stack_id)


def _named_arns(wanted: EvaluatedTemplate, roles: tuple[str, ...], where: StackContext) -> dict[str, str]:
    """ARNs of the roles whose name the template gives."""
    return {role: role_arn(wanted, role, where, name) for role in roles if (name := role_name(wanted, role))}


def _arns(
    current: EvaluatedTemplate, wanted: EvaluatedTemplate, roles: tuple[str, ...], stack: LiveStack, where: StackContext
) -> dict[str, str]:
    """ARNs that will hold after the run: of roles that stay, under the name they have; of new ones, if named."""
    named = _named_arns(wanted, roles, where)
    stay = {
        role: role_arn(wanted, role, where, stack.physical[role])
        for role in roles
        if stack.physical.get(role) and role in current.resources and not is_replaced(current, wanted, role)
    }
    return named | stay


def named_roles_made(policy: Policy, account: Account, change: Change, live: LiveState) -> tuple[str, ...]:
    """Of the roles that a change of a stack makes, the names that the template gives, and the stack does not have."""
    stack = live.stacks.get(account.name)
    if not isinstance(change, CreateStack | UpdateStack) or stack is None or isinstance(stack, Unreadable):
        return ()
    where = _where(policy, stack)
    wanted = desired(policy, account, where.account_id, where.partition)
    held = {name.lower() for name in stack.physical.values()} if isinstance(stack, LiveStack) else set()
    made = {one.name for one in change.differences if one.is_role and (one.what == "added" or one.is_replaced)}
    names = (role_name(wanted, role) for role in role_names(wanted) if role in made)
    return tuple(name for name in names if name and name.lower() not in held)
