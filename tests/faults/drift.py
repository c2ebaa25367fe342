"""What people do to AWS by hand, drawn by a seed: the start of a storm is not what the last run left."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from rolemodel_ci.model.desired import GROUP_PATH

from .embedded import KeepingAws
from .wishes import ACCOUNTS, MASTER, PEOPLE
from .world import State

_NOBODY: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}  # a trust policy that IAM does not take


def disturb(aws: KeepingAws, random: Random, changes: int) -> None:
    """Make so many changes by hand, as the root of the account."""
    for _ in range(changes):
        random.choice(_DEEDS)(aws, State(aws.state(MASTER)), random)


def _join(aws: KeepingAws, state: State, random: Random) -> None:
    for name in random.sample(sorted(state.groups), min(1, len(state.groups))):
        _iam(aws).add_user_to_group(GroupName=name, UserName=random.choice(PEOPLE))


def _leave(aws: KeepingAws, state: State, random: Random) -> None:
    full = sorted(name for name, group in state.groups.items() if group["users"])
    for name in full[:1]:
        _iam(aws).remove_user_from_group(GroupName=name, UserName=state.groups[name]["users"][0])


def _open_more(aws: KeepingAws, state: State, random: Random) -> None:
    """A group that opens another role than its own as well."""
    arns = sorted(arn for arn in state.held["roles"] if "RoleModel-" in arn or "/Named" in arn)
    for name in random.sample(sorted(state.groups), min(1, len(state.groups))):
        for arn in random.sample(arns, min(1, len(arns))):
            policy = random.choice((f"{name}-Policy", "by-hand"))
            _iam(aws).put_group_policy(GroupName=name, PolicyName=policy, PolicyDocument=_document(arn))


def _stray(aws: KeepingAws, state: State, random: Random) -> None:
    name = f"RM.old.{random.randrange(10**6)}"
    _iam(aws).create_group(GroupName=name, Path=GROUP_PATH)
    _iam(aws).add_user_to_group(GroupName=name, UserName=random.choice(PEOPLE))
    arns = sorted(arn for arn in state.held["roles"] if "RoleModel-" in arn or "/Named" in arn)
    for arn in random.sample(arns, min(1, len(arns))):
        _iam(aws).put_group_policy(GroupName=name, PolicyName="p", PolicyDocument=_document(arn))


def _lose_policy(aws: KeepingAws, state: State, random: Random) -> None:
    for name in random.sample(sorted(state.groups), min(1, len(state.groups))):
        for policy in state.groups[name]["policies"]:
            if policy in _iam(aws).list_group_policies(GroupName=name)["PolicyNames"]:
                _iam(aws).delete_group_policy(GroupName=name, PolicyName=policy)


def _lose_stack(aws: KeepingAws, state: State, random: Random) -> None:
    for account in random.sample(sorted(state.stacks), min(1, len(state.stacks))):
        aws.client("cloudformation", account).delete_stack(StackName="RoleModel")


def _fail_stack(aws: KeepingAws, state: State, random: Random) -> None:
    """A first stack that was rolled back."""
    free = sorted({ACCOUNTS[name] for name in "abc"} - set(state.stacks))
    resources = {"Admin": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": _NOBODY}}}
    for account in free[:1]:
        client = aws.client("cloudformation", account)
        if not any(stack["StackStatus"] == "ROLLBACK_COMPLETE" for stack in client.describe_stacks()["Stacks"]):
            client.create_stack(
                StackName="RoleModel",
                TemplateBody=json.dumps({"Resources": resources}),
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )


_DEEDS: tuple[Callable[[KeepingAws, State, Random], None], ...] = (
    _join, _leave, _open_more, _stray, _lose_policy, _lose_stack, _fail_stack,
)  # fmt: skip


def _iam(aws: KeepingAws) -> Any:
    return aws.client("iam", MASTER)


def _document(arn: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
