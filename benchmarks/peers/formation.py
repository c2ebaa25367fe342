"""org-formation: a template bound to the accounts of an organization, and a state file in S3 that it trusts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.place import MASTER, REGION, STACK, Place
from rolemodel_ci.sandbox.embedded import EmbeddedAws

PROGRAM = "node_modules/.bin/org-formation"

_HEAD = 'AWSTemplateFormatVersion: "2010-09-09"\n'
_BOUND_HEAD = f"""AWSTemplateFormatVersion: "2010-09-09-OC"

Organization: !Include ./organization.yml

DefaultOrganizationBinding:
  Region: {REGION}
  Account: "*"
"""
_PARAMETER = "  AssumingAccountID:\n    Type: String\n"
_ORGANIZATION = f"""AWSTemplateFormatVersion: "2010-09-09-OC"
Organization:
  ManagementAccount:
    Type: OC::ORG::MasterAccount
    Properties: {{AccountName: master, AccountId: "{MASTER}"}}
  OrganizationRoot:
    Type: OC::ORG::OrganizationRoot
    Properties: {{DefaultOrganizationAccessRoleName: OrganizationAccountAccessRole}}
"""


def commands(place: Place, home: Path) -> Sequence[Sequence[str]]:
    """One `update-stacks`."""
    template = place.template().replace(_HEAD, _BOUND_HEAD)
    template = template.replace(_PARAMETER, f'{_PARAMETER}    Default: "{MASTER}"\n')
    (place.directory / "roles.yml").write_text(template, encoding="utf-8")
    accounts = (
        f'  {_logical(account)}:\n    Type: OC::ORG::Account\n    Properties: {{AccountName: "{account}", '
        f'AccountId: "{account}"}}\n'
        for account in place.account_ids
    )
    (place.directory / "organization.yml").write_text(_ORGANIZATION + "".join(accounts), encoding="utf-8")
    program = str(home / PROGRAM)
    return [[program, "update-stacks", "roles.yml", "--stack-name", STACK, "--max-concurrent-stacks", "16"]]


def keep_state(aws: EmbeddedAws, place: Place) -> None:
    """The state as `init` would leave it: the embedded AWS cannot make accounts in an organization by their ids."""
    kinds = {
        "OC::ORG::MasterAccount": {"ManagementAccount": MASTER},
        "OC::ORG::OrganizationRoot": {"OrganizationRoot": "r-root"},
        "OC::ORG::Account": {_logical(account): account for account in place.account_ids},
    }
    bindings = {
        kind: {
            name: {"type": kind, "logicalId": name, "physicalId": known, "lastCommittedHash": "-"}
            for name, known in of_kind.items()
        }
        for kind, of_kind in kinds.items()
    }
    state = {"masterAccountId": MASTER, "bindings": bindings, "stacks": {}, "values": {}, "trackedTasks": {}}
    s3 = aws.client("s3", MASTER)
    bucket = f"organization-formation-{MASTER}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="state.json", Body=json.dumps(state).encode())


def _logical(account: str) -> str:
    return f"Account{account}"
