"""The roles of a resolved template: their names, and the policies that belong to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rolemodel_ci.policies import listed
from rolemodel_ci.resolve import Resolved, Where
from rolemodel_ci.template import ROLE_TYPE

# Properties that make CloudFormation replace the role when they change, so that its ARN changes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
REPLACING = ("RoleName", "Path")

_ATTACHED = {"AWS::IAM::Policy": "Roles", "AWS::IAM::ManagedPolicy": "Roles", "AWS::IAM::RolePolicy": "RoleName"}


def role_path(resolved: Resolved, role: str) -> str | None:
    """The IAM path of a role, or None where only AWS can tell."""
    path = properties_of(resolved.resources[role]).get("Path", "/")
    return path if isinstance(path, str) else None


def role_name(resolved: Resolved, role: str) -> str | None:
    """The name the template gives a role, or None where CloudFormation makes one up or only AWS can tell."""
    name = properties_of(resolved.resources[role]).get("RoleName")
    return name if isinstance(name, str) else None


def role_arn(resolved: Resolved, role: str, where: Where, physical_name: str) -> str:
    """The ARN of a role that exists under `physical_name` in the account that `where` names."""
    path = role_path(resolved, role) or "/"
    return f"arn:{where.partition}:iam::{where.account_id}:role{path}{physical_name}"


def role_names(resolved: Resolved) -> tuple[str, ...]:
    """Logical ids of the roles, in the order of the template."""
    return tuple(name for name, resource in resolved.resources.items() if resource.get("Type") == ROLE_TYPE)


def is_replaced(old: Resolved, new: Resolved, role: str) -> bool:
    """Whether CloudFormation makes the role anew, so that its ARN changes."""
    before, after = properties_of(old.resources[role]), properties_of(new.resources[role])
    return any(before.get(name) != after.get(name) for name in REPLACING)


class Attachment(NamedTuple):
    """A policy resource that belongs to roles of the template. `elsewhere`: and to others, which it does not make."""

    owners: tuple[str, ...]
    name: str
    resource: Mapping[str, Any]
    elsewhere: bool


def attachments(resolved: Resolved) -> Iterator[Attachment]:
    """The policy resources that belong to roles of the template."""
    roles = dict.fromkeys(role_names(resolved))
    by_name = {name: role for role in roles if (name := role_name(resolved, role))}
    for name, resource in resolved.resources.items():
        where = _ATTACHED.get(str(resource.get("Type")))
        named = [_owner(entry, by_name) for entry in listed(properties_of(resource).get(where, []))] if where else []
        owners = tuple(owner for owner in named if owner in roles)
        if owners:
            yield Attachment(owners, name, resource, len(owners) < len(named))


def properties_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a resource; none where they are no map."""
    properties = resource.get("Properties", {})
    return properties if isinstance(properties, dict) else {}


def _owner(entry: Any, names: Mapping[Any, str]) -> str:
    """Logical id of the role that an attachment names, by reference or by its RoleName."""
    if isinstance(entry, dict):
        return str(entry.get("Ref", ""))
    return names.get(entry, "") if isinstance(entry, str) else ""
