"""What the roles of a resolved template allow, line by line, and how two of them differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from rolemodel_ci.resolve import Resolved, Where
from rolemodel_ci.template import ROLE_TYPE, read_deployed

# Properties that make CloudFormation replace the role when they change, so that its ARN changes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
REPLACING = ("RoleName", "Path")

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
    path = _properties(resolved.resources[role]).get("Path", "/")
    return path if isinstance(path, str) else None


def role_name(resolved: Resolved, role: str) -> str | None:
    """The name the template gives a role, or None where CloudFormation makes one up or only AWS can tell."""
    name = _properties(resolved.resources[role]).get("RoleName")
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
    before, after = _properties(old.resources[role]), _properties(new.resources[role])
    return any(before.get(name) != after.get(name) for name in REPLACING)


class Attachment(NamedTuple):
    """A policy resource that belongs to roles of the template. `elsewhere`: and to others, which it does not make."""

    owners: tuple[str, ...]
    name: str
    resource: Mapping[str, Any]
    elsewhere: bool


def attachments(resolved: Resolved) -> Iterator[Attachment]:
    """The policy resources that belong to roles of the template."""
    roles = role_names(resolved)
    by_name = {name: role for role in roles if (name := role_name(resolved, role))}
    for name, resource in resolved.resources.items():
        where = _ATTACHED.get(str(resource.get("Type")))
        named = [_owner(entry, by_name) for entry in listed(_properties(resource).get(where, []))] if where else []
        owners = tuple(owner for owner in named if owner in roles)
        if owners:
            yield Attachment(owners, name, resource, len(owners) < len(named))


def _facts(resolved: Resolved) -> Facts:
    facts: Facts = {}
    for name in role_names(resolved):
        resource = resolved.resources[name]
        facts[name] = (ROLE_TYPE, dict.fromkeys(_role(_properties(resource), resource)))
    whole = [attached for attached in attachments(resolved) if not attached.elsewhere]
    for attached in whole:
        for owner in attached.owners:
            facts[owner][1].update(dict.fromkeys(_attached(attached.name, attached.resource)))
    shown = {attached.name for attached in whole}
    for name, resource in resolved.resources.items():
        if name not in facts and name not in shown:
            facts[name] = (str(resource.get("Type")), dict.fromkeys(_plain("", resource)))
    return facts


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
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
    properties = _properties(resource)
    label = f"policy {value_text(properties.get('PolicyName', properties.get('ManagedPolicyName', name)))}"
    yield from ((label, line) for line in statements(properties.get("PolicyDocument")))
    for key, value in properties.items():
        if key not in _POLICY_PROPERTIES and key != "Description":
            yield from _plain(f"{label} {key}", value)


def _plain(part: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and not part:
        for key in sorted(value):
            if key != "Type":
                yield from _plain(key, value[key])
    else:
        yield part, value_text(value)


def policy_document(value: Any) -> Any:
    """A policy document as a map, where it is one or is written as JSON text (as `!Sub '{…}'`); else `value`."""
    text = value.get("Fn::Sub") if isinstance(value, dict) else value
    if isinstance(text, list) and text:
        text = text[0]
    read = read_deployed(text) if isinstance(text, str) else None
    return value if read is None else read


def statements(document: Any) -> Iterable[str]:
    """The statements of a policy document as lines, one for each action of each statement."""
    document = policy_document(document)
    if not isinstance(document, dict) or "Statement" not in document:
        yield value_text(document)
        return
    if document.get("Version") != "2012-10-17" and "${aws:" in str(document):  # the older one has no variables
        yield f"in the policy language of {value_text(document.get('Version', '2008-10-17'))}"
    for statement in listed(document["Statement"]):
        if not isinstance(statement, dict):
            yield value_text(statement)
            continue
        tail = "".join(_tail(statement))
        name = "NotAction" if "NotAction" in statement else "Action"
        actions = [value_text(action) for action in listed(statement.get(name, []))]
        effect = value_text(statement.get("Effect", "?"))
        if name == "NotAction":
            yield f"{effect} everything but {', '.join(sorted(actions))}{tail}"
        else:
            yield from (f"{effect} {action}{tail}" for action in actions)


def _tail(statement: Mapping[str, Any]) -> Iterable[str]:
    for key, word in (("Resource", " on "), ("NotResource", " on everything but ")):
        if key in statement:
            yield word + ", ".join(sorted(value_text(item) for item in listed(statement[key])))
    for key, word in (("Principal", " by "), ("NotPrincipal", " by everybody but ")):
        if key in statement:
            yield word + _principal(statement[key])
    if "Condition" in statement:
        yield " when " + condition_text(statement["Condition"])


def _principal(principal: Any) -> str:
    if not isinstance(principal, dict):
        return value_text(principal)
    if set(principal) <= {"AWS", "Service", "Federated", "CanonicalUser"}:
        return ", ".join(sorted(value_text(who) for value in principal.values() for who in listed(value)))
    return value_text(principal)


def condition_text(condition: Any) -> str:
    """The `Condition` of a statement on one line."""
    if not isinstance(condition, dict) or not all(isinstance(tests, dict) for tests in condition.values()):
        return value_text(condition)
    return " and ".join(
        f"{key} {operator} {', '.join(sorted(value_text(v) for v in listed(value)))}"
        for operator, tests in sorted(condition.items())
        for key, value in sorted(tests.items())
    )


def listed(value: Any) -> list[Any]:
    """A value as a list: policy documents write one thing without brackets."""
    return value if isinstance(value, list) else [value]


def value_text(value: Any) -> str:
    """A value on one line; what only AWS knows is shown as it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key == "Ref" and isinstance(inner, str):
            return f"${{{inner}}}"
        if key == "Fn::Sub" and isinstance(inner, str):
            return inner
        if key == "Fn::GetAtt":
            return "${" + ".".join(map(value_text, listed(inner))) + "}"
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
