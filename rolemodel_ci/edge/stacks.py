"""The CloudFormation stack of an account."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from rolemodel_ci.edge.calling import calling
from rolemodel_ci.edge.sessions import Sessions
from rolemodel_ci.errors import CallFailed
from rolemodel_ci.live import DEAD, Absent, LiveStack
from rolemodel_ci.model import Account
from rolemodel_ci.template import ROLE_TYPE, read_deployed

_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
"""Statuses of a stack with which an operation begins."""

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


class AwsStackReader:
    """Reads stacks: one DescribeStacks, and GetTemplate and ListStackResources where there is one to read."""

    def __init__(self, sessions: Sessions, stack_name: str) -> None:
        self._sessions = sessions
        self._name = stack_name

    def read(self, account: Account) -> LiveStack | Absent:
        """The stack of `account`, or that there is none. Raises NoAccess or CallFailed."""
        identity = self._sessions.identity(account.name)
        client = self._sessions.client(account.name, "cloudformation")
        label = self._sessions.label(account.name)
        stack = describe(client, self._name, label)
        if stack is None:
            return Absent(account.name, identity)
        status = stack["StackStatus"]
        if status in DEAD:
            return LiveStack(account.name, identity, status, None, {}, {})
        with calling("cloudformation:GetTemplate", label):
            template = client.get_template(StackName=self._name, TemplateStage="Original")["TemplateBody"]
        with calling("cloudformation:ListStackResources", label):
            pages = client.get_paginator("list_stack_resources").paginate(StackName=self._name)
            resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return LiveStack(
            account.name,
            identity,
            status,
            read_deployed(template),
            {p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters", [])},
            {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"]
                for resource in resources
                if resource["ResourceType"] == ROLE_TYPE
                and resource.get("PhysicalResourceId")
                and resource["ResourceStatus"] != "DELETE_COMPLETE"
            },
        )


def describe(client: Any, name: str, label: str) -> dict[str, Any] | None:
    """The stack as DescribeStacks tells of it; None where AWS says that there is none, which no other error means."""
    with calling("cloudformation:DescribeStacks", label):
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except client.exceptions.ClientError as error:
            said = error.response.get("Error", {})
            if said.get("Code") == "ValidationError" and "does not exist" in said.get("Message", ""):
                return None
            raise
        stack: dict[str, Any] = stacks[0]
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


class AwsStackWriter:
    """Starts changes of stacks and says how they go."""

    def __init__(self, sessions: Sessions, stack_name: str) -> None:
        self._sessions = sessions
        self._name = stack_name

    def create(self, account: Account, text: str, parameters: Mapping[str, str]) -> None:
        """Start making the stack."""
        with self._calling(account, "CreateStack") as client:
            client.create_stack(
                StackName=self._name,
                TemplateBody=text,
                Parameters=_listed(parameters),
                Capabilities=_CAPABILITIES,
                ClientRequestToken=_token(),
            )

    def update(self, account: Account, text: str, parameters: Mapping[str, str]) -> bool:
        """Start an update; False where CloudFormation finds nothing to update."""
        try:
            with self._calling(account, "UpdateStack") as client:
                client.update_stack(
                    StackName=self._name,
                    TemplateBody=text,
                    Parameters=_listed(parameters),
                    Capabilities=_CAPABILITIES,
                    ClientRequestToken=_token(),
                )
        except CallFailed as failed:
            if failed.code == "ValidationError" and "No updates are to be performed" in failed.message:
                return False
            raise
        return True

    def delete(self, account: Account) -> None:
        """Start deleting the stack."""
        with self._calling(account, "DeleteStack") as client:
            client.delete_stack(StackName=self._name, ClientRequestToken=_token())

    def continue_rollback(self, account: Account) -> None:
        """Go on with an update rollback that got stuck."""
        with self._calling(account, "ContinueUpdateRollback") as client:
            client.continue_update_rollback(StackName=self._name, ClientRequestToken=_token())

    def status(self, account: Account) -> str | None:
        """The stack's status now; None where there is none."""
        client = self._sessions.client(account.name, "cloudformation")
        stack = describe(client, self._name, self._sessions.label(account.name))
        return stack["StackStatus"] if stack else None

    def failure(self, account: Account) -> str:
        """The first failed resource of the last operation and its reason; empty where the events cannot be read."""
        try:
            with self._calling(account, "DescribeStackEvents") as client:
                events = client.describe_stack_events(StackName=self._name)["StackEvents"]
        except CallFailed:
            return ""
        first = ""
        for event in events:  # newest first
            status = event.get("ResourceStatus", "")
            if event["ResourceType"] == "AWS::CloudFormation::Stack" and status in _BEGINNINGS:
                break
            reason = event.get("ResourceStatusReason", "")
            if status.endswith("_FAILED") and "cancelled" not in reason.lower():
                first = f"{event['LogicalResourceId']} {status}: {reason}"
        return first

    @contextlib.contextmanager
    def _calling(self, account: Account, action: str) -> Iterator[Any]:
        """The account's client, for one call that may fail."""
        with calling(f"cloudformation:{action}", self._sessions.label(account.name)):
            yield self._sessions.client(account.name, "cloudformation")


def _listed(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(parameters.items())]


def _token() -> str:
    """By this, CloudFormation knows a call that botocore repeats after its answer was lost, and does it once.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    """
    return f"rolemodel-ci-{uuid.uuid4()}"
