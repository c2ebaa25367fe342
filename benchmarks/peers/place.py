"""Where a peer works: a directory of its own, and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

MASTER = "111111111111"
REGION = "us-east-1"
ROLE = "OrganizationAccountAccessRole"
STACK = "RoleModel"


@dataclass(frozen=True, slots=True)
class Place:
    """An empty directory, and how many accounts there are."""

    directory: Path
    accounts: int

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The ids of the accounts."""
        return tuple(str(200_000_000_000 + number) for number in range(self.accounts))

    def role(self, account: str) -> str:
        """The ARN of the role by which the peer gets into an account."""
        return f"arn:aws:iam::{account}:role/{ROLE}"

    def template(self) -> str:
        """The template of all measurements: four roles."""
        return resources.files("rolemodel_ci").joinpath("sample", "roles.yml").read_text(encoding="utf-8")
