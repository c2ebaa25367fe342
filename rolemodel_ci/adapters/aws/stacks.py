"""The CloudFormation stack of an account."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.cloudformation.intrinsics import section
from rolemodel_ci.cloudformation.template import ROLE_TYPE, read_deployed
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.desired import DEFAULT_OWNER, OWNER_TAG, Account
from rolemodel_ci.model.live import DEAD, Absent, LiveStack

_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
"""Statuses of a stack with which an operation begins."""

Held = Mapping[str, tuple[str, str]]
"""By logical id: resource type and physical id."""

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


class AwsStackReader:
    """Reads stacks: one DescribeStacks, and GetTemplate and ListStackResources where there is one to read."""

    def __init__(self, sessions: Sessions, stack_name: str) -> None:
        self._sessions = sessions
        self._name = stack_name

    def read(self, account: Account) -> LiveStack | Absent:
        """The stack of `account`, or that there is none. Raises CredentialsError or AwsCallError."""
        identity = self._sessions.identity(account.name)
        client = self._sessions.client(account.name, "cloudformation")
        label = self._sessions.label(account.name)
        stack = describe(client, self._name, label)
        if stack is None:
            return Absent(account.name, identity)
        status = stack["StackStatus"]
        if status in DEAD:
            held = self._held(client, label, gone=True) or self._meant(client, label)
            return LiveStack(account.name, identity, status, None, {}, _roles(held), *_marks(stack, held))
        body = read_deployed(self._template(client, label))
        held = self._held(client, label)
        parameters = {p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters", [])}
        return LiveStack(account.name, identity, status, body, parameters, _roles(held), *_marks(stack, held))

    def exists(self, account: Account) -> bool:
        """Whether there is one, in one call. Raises CredentialsError or AwsCallError."""
        self._sessions.identity(account.name)
        client = self._sessions.client(account.name, "cloudformation")
        return describe(client, self._name, self._sessions.label(account.name)) is not None

    def _template(self, client: Any, label: str) -> Any:
        with calling("cloudformation:GetTemplate", label):
            return client.get_template(StackName=self._name, TemplateStage="Original")["TemplateBody"]

    def _held(self, client: Any, label: str, *, gone: bool = False) -> Held:
        """The resources of the stack; with `gone` also those that it does not hold any more."""
        with calling("cloudformation:ListStackResources", label):
            pages = client.get_paginator("list_stack_resources").paginate(StackName=self._name)
            resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return {
            resource["LogicalResourceId"]: (resource["ResourceType"], resource.get("PhysicalResourceId") or "")
            for resource in resources
            if gone or (resource.get("PhysicalResourceId") and resource["ResourceStatus"] != "DELETE_COMPLETE")
        }

    def _meant(self, client: Any, label: str) -> Held:
        """What a dead stack was to hold, by its template; nothing where that cannot be had."""
        try:
            body = read_deployed(self._template(client, label))
        except AwsCallError:  # a stack that only was to be made has no template
            return {}
        resources = section(body or {}, "Resources")
        return {name: (str(r.get("Type", "")), "") for name, r in resources.items() if isinstance(r, dict)}


def _roles(held: Held) -> dict[str, str]:
    return {name: physical for name, (kind, physical) in held.items() if kind == ROLE_TYPE}


def _others(held: Held) -> dict[str, str]:
    return {name: kind for name, (kind, _) in held.items() if kind != ROLE_TYPE}


def _marks(stack: Mapping[str, Any], held: Held) -> tuple[str | None, dict[str, str], str]:
    """Whose a stack says it is, what it holds beside roles, and its id."""
    return owner_of(stack), _others(held), str(stack.get("StackId", ""))


def owner_of(stack: Mapping[str, Any]) -> str | None:
    """Whose a stack says it is, as DescribeStacks tells of it."""
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == OWNER_TAG), None)


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
    """Starts changes of stacks and says how they go. What it makes and updates has the tag of its owner."""

    def __init__(self, sessions: Sessions, stack_name: str, owner: str = DEFAULT_OWNER) -> None:
        self._sessions = sessions
        self._name = stack_name
        self._owner = owner
        self._seen: dict[str, Mapping[str, Any]] = {}  # by account, as DescribeStacks told of the stack last

    def create(self, account: Account, text: str, parameters: Mapping[str, str]) -> None:
        """Start making the stack."""
        with self._calling(account, "CreateStack") as client:
            client.create_stack(**self._content(text, parameters), Tags=self._tags(()))

    def update(self, account: Account, text: str, parameters: Mapping[str, str]) -> bool:
        """Start an update; False where CloudFormation finds nothing to update."""
        # UpdateStack replaces all tags, if it is given any:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
        tags = self._tags((self._seen.get(account.name) or self._described(account)).get("Tags", ()))
        try:
            with self._calling(account, "UpdateStack") as client:
                client.update_stack(**self._content(text, parameters), Tags=tags)
        except AwsCallError as failed:
            if failed.code == "ValidationError" and "No updates are to be performed" in failed.message:
                return False
            raise
        return True

    def _content(self, text: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return {
            "StackName": self._name,
            "TemplateBody": text,
            "Parameters": _listed(parameters),
            "Capabilities": _CAPABILITIES,
            "ClientRequestToken": _token(),
        }

    def _tags(self, others: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Our tag, and those of others, which stay."""
        return [*(tag for tag in others if tag["Key"] != OWNER_TAG), {"Key": OWNER_TAG, "Value": self._owner}]

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
        return self._described(account).get("StackStatus")

    def is_own(self, account: Account, stack_id: str = "") -> bool:
        """Whether the stack, as `status` saw it last, says that it is this owner's, or is the one of that id."""
        stack = self._seen.get(account.name) or self._described(account)
        return owner_of(stack) == self._owner or (bool(stack_id) and stack.get("StackId") == stack_id)

    def _described(self, account: Account) -> Mapping[str, Any]:
        client = self._sessions.client(account.name, "cloudformation")
        self._seen[account.name] = describe(client, self._name, self._sessions.label(account.name)) or {}
        return self._seen[account.name]

    def failure(self, account: Account) -> str:
        """The first failed resource of the last operation and its reason; empty where the events cannot be read."""
        try:
            with self._calling(account, "DescribeStackEvents") as client:
                events = client.describe_stack_events(StackName=self._name)["StackEvents"]
        except AwsCallError:
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
