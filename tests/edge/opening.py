"""Sessions and a small policy for the tests of the edge."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rolemodel_ci.adapters.aws.credential_sources import MASTER, AccountCredentials, Profile
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.cloudformation.template import read_template
from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.problem import Place
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .surroundings import DEV, PROD, AwsFiles
from .surroundings import MASTER as MASTER_ID

ACCOUNT = Account("prod", Place("access/config.yml", 5, 5), profile="prod", account_id=PROD)


def open_sessions(files: AwsFiles, jobs: int = 4) -> Sessions:
    """Sessions as the root of the master account, of prod and of dev; for ministack and for the scripted server."""
    accounts = {MASTER: MASTER_ID, "prod": PROD, "dev": DEV}
    files.keys(**{name or "master": account_id for name, account_id in accounts.items()})
    doors = {
        name: AccountCredentials(
            f"account `{name}`" if name else "the master account", account_id, Profile(name or "master")
        )
        for name, account_id in accounts.items()
    }
    return Sessions(doors, "us-east-1", jobs)


def template(*roles: str, **properties: Any) -> str:
    """A template with these roles. `properties` go into each."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MASTER_ID}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}
    return json.dumps({"Resources": dict.fromkeys(roles, role)})


def small_policy(text: str) -> Policy:
    """A policy of one account with this template."""
    read, problems = read_template(text, "access/roles.json")
    assert read is not None
    assert problems == []
    return Policy("access/config.yml", MASTER_ID, (ACCOUNT,), read)


def stack_of(aws: EmbeddedAws, text: str, account: str = PROD) -> None:
    """Make the stack as somebody else would."""
    client = aws.client("cloudformation", account)
    client.create_stack(StackName="RoleModel", TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName="RoleModel", WaiterConfig={"Delay": 1})


@dataclass
class Seen:
    """A watch that remembers, and a clock that passes only when it is slept on."""

    statuses: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    time: float = 0.0

    def stack(self, account: str, status: str) -> None:
        self.statuses.append(status)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def stop(self) -> None:
        """Nobody waits."""
