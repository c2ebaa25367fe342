"""A company: an access repository in a directory, and the embedded AWS that it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.surroundings import DEV, MASTER, PROD, AwsFiles

from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, PLAN_ROLE, SandboxSpec, seed

from .running import Ran, run

USERS = ("alice", "bob", "carol", "dave", "erin")
Map = Mapping[str, Mapping[str, Any]]

MAP: Map = {
    "prod": {"AdminRole": ["carol"], "ReadRole": ["alice", "bob"]},
    "dev": {"AdminRole": ["alice", "bob", "carol"]},
}
"""Six memberships in four groups."""


def role(**properties: Any) -> dict[str, Any]:
    """A role that the master account may assume."""
    principal = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AssumingAccountID}:root"}}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, **properties}}


@dataclass
class Company:
    """The directory is the working directory; `aws` is what AWS_ENDPOINT_URL leads to."""

    aws: EmbeddedAws
    directory: Path
    files: AwsFiles
    key: tuple[str, str]

    @classmethod
    def found(cls, aws: EmbeddedAws, directory: Path, files: AwsFiles, people: tuple[str, ...] = USERS) -> Company:
        """Furnish the AWS, write the files."""
        furnished = seed(aws, SandboxSpec(MASTER, (PROD, DEV), people))
        company = cls(aws, directory, files, (furnished.access_key, furnished.secret_key))
        company.switch(APPLY_ROLE)
        company.config()
        company.roles(AdminRole=role(), ReadRole=role())
        company.users(MAP)
        aws.mark()
        return company

    def switch(self, name: str) -> None:
        """Let every profile switch into the role of that name."""
        self.files.switching(self.key, name, master=MASTER, prod=PROD, dev=DEV)

    def as_reader(self) -> None:
        """From now on runs may only read."""
        self.switch(PLAN_ROLE)

    def config(self, *, accounts: tuple[Mapping[str, Any], ...] | None = None, **settings: Any) -> None:
        """Write the config; `settings` come on top of the usual ones, None takes one away."""
        usual = ({"name": "prod", "account_id": PROD, "profile": "prod"},
                 {"name": "dev", "account_id": DEV, "profile": "dev"})  # fmt: skip
        content = {
            "assumable_roles": "roles.yml", "users": "users.yml", "master_account_id": MASTER,
            "master_account_profile": "master", "assumable_accounts": list(accounts or usual), **settings,
        }  # fmt: skip
        self.write(
            "config.yml", json.dumps({name: value for name, value in content.items() if value is not None}, indent=1)
        )

    def roles(self, **resources: Any) -> None:
        """Write the template."""
        parameters = {"AssumingAccountID": {"Type": "String"}}
        self.write("roles.yml", json.dumps({"Parameters": parameters, "Resources": resources}, indent=1))

    def users(self, content: Map) -> None:
        """Write the user map."""
        self.write("users.yml", json.dumps(content, indent=1))

    def write(self, name: str, text: str) -> None:
        """Write a file of the access directory."""
        path = self.directory / "access" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def applied(self) -> Company:
        """The company after a first run."""
        done = run("apply", "--yes")
        assert done.code == 0, done
        self.aws.mark()
        return self

    @property
    def iam(self) -> Any:
        """The root of the master account: somebody who changes things by hand."""
        return self.aws.client("iam", MASTER)

    def stacks(self, account: str = PROD) -> Any:
        """The root of an account, for CloudFormation."""
        return self.aws.client("cloudformation", account)

    def members(self) -> dict[str, set[str]]:
        """Who is in which group, of all groups there are."""
        details = self.iam.get_account_authorization_details(Filter=["User", "Group"], MaxItems=1000)
        found: dict[str, set[str]] = {group["GroupName"]: set() for group in details["GroupDetailList"]}
        for user in details["UserDetailList"]:
            for group in user["GroupList"]:
                found[group].add(user["UserName"])
        return found

    def assert_nothing_left(self) -> None:
        """The next run reads and writes nothing."""
        self.aws.mark()
        ran = run("apply", "--yes")
        assert (ran.code, ran.out) == (0, "Nothing to do: AWS is what the repository says.\n")
        assert self.aws.writes() == {}


def changes(ran: Ran) -> list[str]:
    """The changes of a plan or report in JSON, each as `kind account role user`."""
    document = ran.json
    found = document.get("changes") or [outcome["change"] for outcome in document.get("outcomes", [])]
    return [" ".join(filter(None, (c["kind"], c["account"], c["role"], c.get("user")))) for c in found]
