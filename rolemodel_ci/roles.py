"""What the roles of a resolved template allow, line by line, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from rolemodel_ci.policies import listed, statements, value_text
from rolemodel_ci.resolve import Resolved, Where
from rolemodel_ci.template import ROLE_TYPE

# Properties that make CloudFormation replace the role when they change, so that its ARN changes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
REPLACING = ("RoleName", "Path")

KEEPING = ("DeletionPolicy", "UpdateReplacePolicy")
"""Attributes by which a resource can outlast its stack, its place in the template, or its replacement:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""

OUTPUTS, TEXTS = "outputs of the stack", "texts that grant nothing"
"""Kinds of a difference that is about no resource."""

_ATTACHED = {"AWS::IAM::Policy": "Roles", "AWS::IAM::ManagedPolicy": "Roles", "AWS::IAM::RolePolicy": "RoleName"}

_POLICY_PROPERTIES = frozenset({"PolicyName", "ManagedPolicyName", "PolicyDocument", "Roles", "RoleName"})


class Line(NamedTuple):
    """One line of a difference. `part` is the part of the role it is about: `trust`, `policy NAME`, a property."""

    sign: Literal["+", "-"]
    part: str
    text: str


class Difference(NamedTuple):
    """How one role, or another resource of the template, differs. `kind` is its resource type."""

    name: str
    kind: str
    what: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...]

    @property
    def stays_behind(self) -> bool:
        """Whether it goes from the stack only: CloudFormation leaves it in the account."""
        kept = any(line.part == KEEPING[0] and line.text != "Delete" for line in self.lines)
        return self.what == "removed" and kept

    @property
    def is_role(self) -> bool:
        """Whether it is about a role rather than about something beside the roles."""
        return self.kind == ROLE_TYPE


Facts = dict[str, tuple[str, dict[tuple[str, str], None]]]
"""By logical id: resource type, and its lines as (part, text) in the order of the template."""


def differences(old: Resolved, new: Resolved) -> tuple[Difference, ...]:
    """What becomes of the resources on the way from `old` to `new`, roles first, each group sorted by name."""
    if old == new:
        return ()
    before, after = _facts(old), _facts(new)
    found = []
    for name in sorted(before.keys() | after.keys()):
        kind, lines_after = after.get(name, ("", {}))
        kind_before, lines_before = before.get(name, ("", {}))
        lines = [Line("-", *fact) for fact in lines_before if fact not in lines_after]
        lines += [Line("+", *fact) for fact in lines_after if fact not in lines_before]
        lines.sort(key=lambda line: (line.part, line.sign == "-"))
        if name not in before:
            found.append(Difference(name, kind, "added", tuple(lines)))
        elif name not in after:
            found.append(Difference(name, kind_before, "removed", tuple(lines)))
        elif lines or kind != kind_before:
            found.append(Difference(name, kind, "changed", tuple(lines)))
    if old.outputs != new.outputs:
        found.append(Difference("Outputs", OUTPUTS, "changed", ()))
    if not found:  # a description, a Sid, an order: AWS counts it as an update, nobody gains by it
        found.append(Difference("Template", TEXTS, "changed", ()))
    return tuple(sorted(found, key=lambda difference: (not difference.is_role, difference.name)))


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


def _facts(resolved: Resolved) -> Facts:
    facts: Facts = {}
    for name in role_names(resolved):
        resource = resolved.resources[name]
        facts[name] = (ROLE_TYPE, dict.fromkeys(_role(properties_of(resource), resource)))
    whole = [attached for attached in attachments(resolved) if not attached.elsewhere]
    for attached in whole:
        for owner in attached.owners:
            facts[owner][1].update(dict.fromkeys(_attached(attached.name, attached.resource)))
    shown = {attached.name for attached in whole}
    for name, resource in resolved.resources.items():
        if name not in facts and name not in shown:
            facts[name] = (str(resource.get("Type")), dict.fromkeys(_plain("", resource)))
    return facts


def properties_of(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a resource; none where they are no map."""
    properties = resource.get("Properties", {})
    return properties if isinstance(properties, dict) else {}


def _owner(entry: Any, names: Mapping[Any, str]) -> str:
    """Logical id of the role that an attachment names, by reference or by its RoleName."""
    if isinstance(entry, dict):
        return str(entry.get("Ref", ""))
    return names.get(entry, "") if isinstance(entry, str) else ""


def _role(properties: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The lines of one role: whom it trusts, what it may do, its other properties."""
    for name, value in properties.items():
        if name == "AssumeRolePolicyDocument":
            yield from (("trust", line) for line in statements(value))
        elif name == "Policies":
            for policy in listed(value):
                if isinstance(policy, dict):
                    label = f"policy {value_text(policy.get('PolicyName', '?'))}"
                    yield from ((label, line) for line in statements(policy.get("PolicyDocument")))
        elif name == "ManagedPolicyArns":
            yield from (("managed policies", value_text(arn)) for arn in listed(value))
        elif name != "Description":
            yield from _plain(name, value)
    for name, value in resource.items():
        if name not in ("Type", "Properties"):
            yield from _plain(name, value)


def _attached(name: str, resource: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The lines that a policy resource adds to the roles it names."""
    properties = properties_of(resource)
    label = f"policy {value_text(properties.get('PolicyName', properties.get('ManagedPolicyName', name)))}"
    yield from ((label, line) for line in statements(properties.get("PolicyDocument")))
    for key, value in properties.items():
        if key not in _POLICY_PROPERTIES and key != "Description":
            yield from _plain(f"{label} {key}", value)
    for key in KEEPING:
        if key in resource:
            yield from _plain(f"{label} {key}", resource[key])


def _plain(part: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and not part:
        for key in sorted(value):
            if key != "Type":
                yield from _plain(key, value[key])
    else:
        yield part, value_text(value)
