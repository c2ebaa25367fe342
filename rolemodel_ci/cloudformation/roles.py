"""The roles of a resolved template: their names, and the policies that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext
from rolemodel_ci.cloudformation.template import ROLE_TYPE

# Properties that make CloudFormation replace the role when they change, so that its ARN changes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
REPLACING = ("RoleName", "Path")

KEEPING = ("DeletionPolicy", "UpdateReplacePolicy")
"""Attributes by which a resource can outlast its stack, its place in the template, or its replacement:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""


def role_path(resolved: EvaluatedTemplate, role: str) -> str | None:
    """The IAM path of a role, or None where only AWS can tell."""
    path = properties_of(resolved.resources[role]).get("Path", "/")
    return path if isinstance(path, str) else None


def role_name(resolved: EvaluatedTemplate, role: str) -> str | None:
    """The name the template gives a role, or None where CloudFormation makes one up or only AWS can tell."""
    name = properties_of(resolved.resources[role]).get("RoleName")
    return name if isinstance(name, str) else None


def role_arn(resolved: EvaluatedTemplate, role: str, where: StackContext, physical_name: str) -> str:
    """The ARN of a role that exists under `physical_name` in the account that `where` names."""
    path = role_path(resolved, role) or "/"
    return f"arn:{where.partition}:iam::{where.account_id}:role{path}{physical_name}"


def role_names(resolved: EvaluatedTemplate) -> tuple[str, ...]:
    """Logical ids of the roles, in the order of the template."""
    return tuple(name for name, resource in resolved.resources.items() if resource.get("Type") == ROLE_TYPE)


def is_replaced(old: EvaluatedTemplate, new: EvaluatedTemplate, role: str) -> bool:
    """Whether CloudFormation makes the role anew, so that its ARN changes."""
    before, after = properties_of(old.resources[role]), properties_of(new.resources[role])
    return any(before.get(name) != after.get(name) for name in REPLACING)


def properties_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a resource; none where they are no map."""
    properties = resource.get("Properties", {})
    return properties if isinstance(properties, dict) else {}
