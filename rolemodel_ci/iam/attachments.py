"""Which policies of a template may be those of its roles: by what is written in a role, and by what names roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.intrinsics import PLACEHOLDER
from rolemodel_ci.cloudformation.policies import either
from rolemodel_ci.cloudformation.roles import properties_of, role_name, role_names
from rolemodel_ci.iam.resources import KNOWN_TO_AWS, written

MANAGED_POLICY = "AWS::IAM::ManagedPolicy"

_NAMING = {"AWS::IAM::Policy": "Roles", MANAGED_POLICY: "Roles", "AWS::IAM::RolePolicy": "RoleName"}

# A name that CloudFormation makes up begins with those of stack and resource, and is cut where the whole would
# be longer than IAM takes: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
# Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
_NAME_LIMIT, _POLICY_NAME_LIMIT, _SUFFIX = 64, 128, 13
_STACK_BEGINS = 10  # characters of the stack's name that are there even so

UNGUESSABLE = "\1" * 12
"""Stands for what CloudFormation makes up in a name: no text of a template has it, so that only a wildcard meets it."""

_MARK = "\0"  # before the logical id of a role, where its name stands: no name of IAM has it


class Attached(NamedTuple):
    """A policy resource, and the roles of the template that have it, or may have it: only AWS can tell."""

    name: str
    resource: Mapping[str, Any]
    owners: tuple[tuple[str, bool], ...]
    """Logical ids, and whether the policy is there for sure."""
    perhaps: tuple[str, ...]


def attached(resolved: EvaluatedTemplate) -> Iterator[Attached]:
    """Every policy resource that is, or may be, attached to a role of the template."""
    roles = role_names(resolved)
    given = {role: role_name(resolved, role) for role in roles}
    marks: Mapping[str, str | None] = {role: f"{_MARK}{role}" for role in roles}
    for name, resource in resolved.resources.items():
        key = _NAMING.get(str(resource.get("Type")))
        if key is None:
            continue
        owners: dict[str, bool] = {}
        perhaps: dict[str, None] = {}
        for entry, sure in either(properties_of(resource).get(key, []), is_there(resource)):
            known, others = _roles_named(written(entry, marks), given, resolved.stack)
            owners |= {role: sure or owners.get(role, False) for role in known}
            perhaps |= dict.fromkeys(others)
        if owners or perhaps:
            yield Attached(name, resource, tuple(owners.items()), tuple(perhaps))


def is_there(resource: Mapping[str, Any]) -> bool:
    """Whether a resource is there for sure: a condition that is left is one that text cannot decide."""
    return "Condition" not in resource


def _roles_named(text: str | None, given: Mapping[str, str | None], stack: str) -> tuple[list[str], list[str]]:
    """The roles that a name is that of, and those that it may be that of."""
    if text is not None and text.startswith(_MARK) and text[1:] in given:
        return [text[1:]], []
    if text is None or _MARK in text or KNOWN_TO_AWS in text:
        return [], list(given)
    same = [role for role, name in given.items() if name is not None and name.casefold() == text.casefold()]
    others = (role for role, name in given.items() if name is None and not same)
    return same, [role for role in others if text.casefold().startswith(name_begins(stack, role).casefold())]


def name_begins(stack: str, name: str, is_policy: bool = False) -> str:
    """How the name begins that CloudFormation makes up for a role or a managed policy; empty without a stack."""
    if not stack:
        return ""
    whole = f"{stack}-{name}-"
    limit = _POLICY_NAME_LIMIT if is_policy else _NAME_LIMIT
    return whole if len(whole) + _SUFFIX <= limit else stack[:_STACK_BEGINS]


def last_part(resolved: EvaluatedTemplate, name: str) -> str:
    """A role or a managed policy of the template as the last part of its ARN: kind, path and name."""
    is_policy = is_managed_policy(resolved, name)
    kind, key = ("policy", "ManagedPolicyName") if is_policy else ("role", "RoleName")
    properties = properties_of(resolved.resources[name])
    path, given = properties.get("Path", "/"), properties.get(key)
    made_up = (name_begins(resolved.stack, name, is_policy) or f"{KNOWN_TO_AWS}-{name}-") + UNGUESSABLE
    return f"{kind}{path if isinstance(path, str) else '/'}{given if isinstance(given, str) else made_up}"


def is_managed_policy(resolved: EvaluatedTemplate, name: str) -> bool:
    """Whether the template has a managed policy of this logical id."""
    return bool(resolved.resources.get(name, {}).get("Type") == MANAGED_POLICY)


def managed_policy_of(entry: Any, by_name: Mapping[str, str]) -> str | None:
    """The logical id of the policy that an entry of `ManagedPolicyArns` names, if it is one of the template.

    `by_name` has logical ids by the last part of the ARN.
    """
    if isinstance(entry, str):
        return by_name.get(entry.split(":", 5)[-1])
    if not isinstance(entry, dict):
        return None
    attribute, text = entry.get("Fn::GetAtt"), entry.get("Fn::Sub", "")
    reference = PLACEHOLDER.fullmatch(text) if isinstance(text, str) else None
    named = entry.get("Ref", attribute[0] if isinstance(attribute, list) and attribute else None)
    named = reference[1].partition(".")[0].strip() if reference else named
    return named if isinstance(named, str) and named in by_name.values() else None
