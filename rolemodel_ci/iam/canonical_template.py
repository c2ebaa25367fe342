"""What a resolved template means, in canonical form: its roles with all of their policies, and its other resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.roles import properties_of, role_name, role_names
from rolemodel_ci.iam.canonical_policies import Atom, Document, Opaque, When, document, guarded, merged
from rolemodel_ci.iam.canonical_values import Canon, Entries, Items, Reference, Value, parts_of, unique
from rolemodel_ci.iam.differences import Carrier, Source

_MANAGED = "AWS::IAM::ManagedPolicy"
_NAMING = {"AWS::IAM::Policy": "Roles", _MANAGED: "Roles", "AWS::IAM::RolePolicy": "RoleName"}
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")

# What is told of a policy in another way, or that means nothing to IAM.
_OF_POLICIES = frozenset({"PolicyName", "ManagedPolicyName", "PolicyDocument", "Roles", "RoleName", "Description"})
_OF_ROLES = frozenset({"AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "Description"})

# No policy of another account can be attached, and AWS's own have another form.
_OWN_ARN = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:policy(/.*)\Z", re.DOTALL)
_KNOWN = {Reference("AWS::AccountId"): "0" * 12, Reference("AWS::Partition"): "aws"}

Property = tuple[str, Source | None]
_Held = tuple[Carrier, str, When]


@dataclass(frozen=True, slots=True)
class Role:
    """One role. `boundary` has the statements of its boundary, if that is a policy of the same template.

    `own` are the attached policies that surely are of the template: their statements are among the permissions.
    """

    trust: Document
    permissions: tuple[tuple[Source, Atom], ...]
    attached: tuple[tuple[Value, When], ...]
    boundary: Document | None
    properties: Mapping[Property, Value]
    own: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource that is no role, or is not only part of one."""

    kind: str
    permissions: tuple[tuple[Source, Atom], ...]
    properties: Mapping[Property, Value]


class Meaning:
    """Makes the parts of one resolved template canonical, each when it is asked for."""

    def __init__(self, resolved: EvaluatedTemplate) -> None:
        self.resolved = resolved
        self._canon = Canon(resolved.conditions, resolved.mappings)
        self._loose = _loose(resolved)
        self._of_role: dict[str, list[_Held]] = {name: [] for name in role_names(resolved)}
        self._elsewhere: set[str] = set()
        self._managed = tuple(name for name in resolved.resources if self._is_managed(name))
        paths = [path for name in self._managed if (path := self._path(name))]
        self._paths = {path: name for name in self._managed if (path := self._path(name)) and paths.count(path) == 1}
        self.within: set[str] = set()
        self._attach()
        for name in self._of_role:
            arns = properties_of(resolved.resources[name]).get("ManagedPolicyArns", [])
            self.within |= {own for policy, _ in guarded(self._canon.value(arns)) if (own := self._named(policy))}
        self.within -= self._elsewhere

    def _attach(self) -> None:
        """Find the policies that name roles of the template, and those that name somebody else as well."""
        given = {name: role for role in self._of_role if (name := role_name(self.resolved, role))}
        for name, resource in self.resolved.resources.items():
            key = _NAMING.get(str(resource.get("Type")))
            properties = properties_of(resource)
            for entry, when in guarded(self._canon.value(properties.get(key, []))) if key else ():
                is_text = isinstance(entry, str)
                owner = given.get(str(entry)) if is_text else getattr(entry, "name", "")
                if owner in self._of_role and (is_text or entry == Reference(owner)):
                    self._of_role[owner].append((self._carrier(name), name, when))
                    self.within.add(name)
                else:
                    self._elsewhere.add(name)
            if key and (properties.get("Users") or properties.get("Groups")):
                self._elsewhere.add(name)

    def inputs(self, role: str) -> list[Any]:
        """Everything in the template that `role` comes from, as it is written."""
        resources = self.resolved.resources
        properties = properties_of(resources[role])
        arns = [each for each, _ in guarded(self._canon.value(properties.get("ManagedPolicyArns", [])))]
        arns.append(self._canon.value(properties.get("PermissionsBoundary", "")))
        named = sorted({name for arn in arns if (name := self._own(arn))})
        attached = [(held, resources[held[1]]) for held in self._of_role[role]]
        return [resources[role], attached, [(name, resources[name]) for name in named]]

    def role(self, name: str) -> Role:
        """A role with everything that belongs to it."""
        resource = self.resolved.resources[name]
        said = {key: self._canon.value(value) for key, value in properties_of(resource).items()}
        attached = _attached(said.get("ManagedPolicyArns"))
        listed_here = [(Carrier.LISTED, own, when) for policy, when in attached if (own := self._own(policy))]
        properties: dict[Property, Value] = {
            (key, None): _ordered(key, value) for key, value in said.items() if key not in _OF_ROLES
        }
        properties |= self._attributes(resource)
        permissions = list(self._inline(said.get("Policies")))
        for carrier, policy, when in dict.fromkeys((*self._of_role[name], *listed_here)):
            source = self._source(carrier, policy)
            permissions += [(source, atom) for atom in self._statements(policy, when)]
            properties |= self._details(policy, source)
        bounding = self._own(said["PermissionsBoundary"]) if "PermissionsBoundary" in said else None
        return Role(
            trust_of(self.resolved, name),
            unique(permissions),
            attached,
            self._statements(bounding) if bounding else None,
            properties,
            frozenset(policy for policy, _ in attached if self._named(policy)),
        )

    def thing(self, name: str) -> Thing:
        """A resource that is no role."""
        resource = self.resolved.resources[name]
        said = {key: self._canon.value(value) for key, value in properties_of(resource).items()}
        kind = str(resource.get("Type"))
        told = _DOCUMENTS if _is_of_aws(kind) else ()  # to others, an order and a Sid may mean something
        permissions = [
            (Source(Carrier.PROPERTY, key), atom)
            for key in told
            if key in said
            for atom in document(said[key], loose=self._loose)
        ]
        silent = (*told, "Description") if kind.startswith("AWS::IAM::") else told
        properties: dict[Property, Value] = {
            (key, None): _ordered(key, value) if told else value for key, value in said.items() if key not in silent
        }
        return Thing(kind, unique(permissions), properties | self._attributes(resource))

    def outputs(self) -> dict[str, Value]:
        """The outputs, each as a whole but for its description."""
        return {
            name: self._canon.value(
                {k: v for k, v in output.items() if k != "Description"} if isinstance(output, dict) else output
            )
            for name, output in self.resolved.outputs.items()
        }

    def value(self, raw: Any) -> Value:
        """Anything else in canonical form."""
        return self._canon.value(raw)

    def _attributes(self, resource: Mapping[str, Any]) -> dict[Property, Value]:
        """What a resource says beside its type and properties; its properties as well, where they are no map."""
        odd = not isinstance(resource.get("Properties", {}), dict)
        found: dict[Property, Value] = {}
        for key, value in resource.items():
            if key == "Condition" and isinstance(value, str):
                found[key, None] = self._canon.value({"Fn::If": [value, "present", {"Ref": "AWS::NoValue"}]})
            elif key != "Type" and (key != "Properties" or odd):
                found[key, None] = self._canon.value(value)
        return found

    def _details(self, policy: str, source: Source) -> dict[Property, Value]:
        """What a policy resource says beside its document."""
        resource = self.resolved.resources[policy]
        properties = properties_of(resource).items()
        said: dict[Property, Value] = {
            (k, source): self._canon.value(v) for k, v in properties if k not in _OF_POLICIES
        }
        return said | {(key, source): value for (key, _), value in self._attributes(resource).items()}

    def _inline(self, policies: Value | None) -> Iterator[tuple[Source, Atom]]:
        """The inline policies of a role. IAM keeps one for each name; of two, nobody knows which."""
        seen: list[tuple[Value, When]] = []
        for policy, when in guarded(policies) if policies is not None else ():
            if not isinstance(policy, Entries):
                yield Source(Carrier.INLINE, ""), Opaque(policy, when)
                continue
            name = policy.get("PolicyName") or ""
            same = sum(each == name and not _exclude_each_other(under, when) for each, under in seen)
            seen.append((name, when))
            source = Source(Carrier.INLINE, name, number=same + 1)
            written = policy.get("PolicyDocument")
            odd = tuple(pair for pair in policy.pairs if pair[0] not in ("PolicyName", "PolicyDocument"))
            if odd or written is None:
                yield source, Opaque(Entries(odd), when)
            if written is not None:
                yield from ((source, atom) for atom in document(written, when, self._loose))

    def _statements(self, policy: str, when: When = ()) -> Document:
        """What a policy resource says, where it is attached under some conditions."""
        resource = self.resolved.resources[policy]
        condition = resource.get("Condition")
        if isinstance(condition, str):
            when = unique((*when, (self._canon.condition(condition), True)))
        written = properties_of(resource).get("PolicyDocument", {})
        return document(self._canon.value(written), when, self._loose)

    def _source(self, carrier: Carrier, policy: str) -> Source:
        properties = properties_of(self.resolved.resources[policy])
        name = properties.get("PolicyName", properties.get("ManagedPolicyName", policy))
        return Source(carrier, self._canon.value(name), policy)

    def _is_managed(self, name: str) -> bool:
        resource = self.resolved.resources.get(name)
        return isinstance(resource, dict) and resource.get("Type") == _MANAGED

    def _path(self, name: str) -> str | None:
        """Path and name of a managed policy, as the end of its ARN; None where AWS makes up a part of it.

        The logical id is no name: `policy/ID` is a policy that somebody else made.
        """
        properties = properties_of(self.resolved.resources[name])
        path, given = properties.get("Path", "/"), properties.get("ManagedPolicyName")
        return path + given if isinstance(path, str) and isinstance(given, str) else None

    def _named(self, policy: Value) -> str | None:
        """The logical id of a managed policy of the template that a value refers to."""
        if not isinstance(policy, Reference) or policy.attribute not in ("", "PolicyArn"):
            return None
        return policy.name if self._is_managed(policy.name) else None

    def _carrier(self, policy: str) -> Carrier:
        return Carrier.MANAGED if self._is_managed(policy) else Carrier.RESOURCE

    def _own(self, policy: Value) -> str | None:
        """The logical id of a managed policy of the template that a value names."""
        if isinstance(policy, Reference):
            return self._named(policy)
        parts = (_KNOWN.get(part) if isinstance(part, Reference) else part for part in parts_of(policy))
        told = [part for part in parts if isinstance(part, str)]
        match = _OWN_ARN.match("".join(told)) if len(told) == len(parts_of(policy)) else None
        return self._paths.get(match[1]) if match else None


def trust_of(resolved: EvaluatedTemplate, role: str) -> Document:
    """The trust policy of a role."""
    written = properties_of(resolved.resources[role]).get("AssumeRolePolicyDocument")
    if written is None:
        return ()
    return document(Canon(resolved.conditions, resolved.mappings).value(written), loose=_loose(resolved))


def _loose(resolved: EvaluatedTemplate) -> frozenset[str]:
    """What somebody may give any text as its name or ARN: a parameter, a resource that AWS does not make itself, and
    one with a path of IAM, which may hold any character.
    """
    parameters = resolved.declared.get("Parameters")
    return frozenset(parameters if isinstance(parameters, dict) else ()) | {
        name
        for name, resource in resolved.resources.items()
        if not _is_of_aws(str(resource.get("Type"))) or "$" in str(properties_of(resource).get("Path", ""))
    }


def _is_of_aws(kind: str) -> bool:
    """Whether AWS alone makes what a resource of this type returns."""
    return kind.startswith("AWS::") and kind not in (
        "AWS::CloudFormation::CustomResource",
        "AWS::CloudFormation::Stack",
    )


def _ordered(key: str, value: Value) -> Value:
    """A property without an order that means nothing."""
    return Items(unique(value.values)) if key == "Tags" and isinstance(value, Items) else value


def _attached(arns: Value | None) -> tuple[tuple[Value, When], ...]:
    """Managed policies, each with the conditions under which the role has it."""
    if arns is None:
        return ()
    atoms = merged(Opaque(policy, when) for policy, when in guarded(arns))
    return tuple((atom.value, atom.when) for atom in atoms if isinstance(atom, Opaque))


def _exclude_each_other(one: When, other: When) -> bool:
    """Whether what is there under one set of conditions is never there under the other."""
    return any((condition, not held) in other for condition, held in one)
