"""What CloudFormation makes of a template of these tests, in each world that it can be deployed in.

It knows the functions that the tests use, as AWS describes them:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from oracle.evaluator import Document, Role

Json = Any

MASTER, ACCOUNT, OTHER = "111111111111", "222222222222", "999999999999"

PSEUDO: Mapping[str, Json] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "RoleModel",
    "AssumingAccountID": MASTER,
}

SSM = "AWS::SSM::Parameter::Value<String>"
"""The type of a parameter whose value AWS alone knows."""

DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")

SURPRISES = ("*", "opaque")
"""What a value that AWS alone knows may be."""


class Nothing:
    """`AWS::NoValue`: the property, or the element of a list, is as if it were not there."""


NOTHING = Nothing()


_NO_VALUES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class World:
    """One way in which things that the template leaves open turn out: parameters of SSM, by name."""

    opaque: Mapping[str, str]


def worlds(*templates: Mapping[str, Json]) -> Iterator[World]:
    """Every combination of what the open parameters of the templates may be; the same for all of them."""
    names = sorted(
        {
            *(
                name
                for template in templates
                for name, body in template.get("Parameters", {}).items()
                if body.get("Type") == SSM
            ),
            *(found for template in templates for found in DYNAMIC.findall(json.dumps(template))),
        }
    )
    for values in itertools.product(SURPRISES, repeat=len(names)):
        yield World(dict(zip(names, values, strict=True)))


class Deployed:
    """A template in a world."""

    def __init__(
        self, template: Mapping[str, Json], world: World, given: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`given`: values of parameters that an account gives, and AWS's own where they are others."""
        self._template, self._world, self._given = template, world, given
        self.resources: Mapping[str, Json] = {
            name: body
            for name, body in template["Resources"].items()
            if "Condition" not in body or self._condition(body["Condition"])
        }

    def resolve(self, node: Json) -> Json:
        """The value of a node."""
        match node:
            case {"Ref": "AWS::NoValue"}:
                return NOTHING
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Condition": str(name)} if len(node) == 1:
                return self._condition(name)
            case dict() if len(node) == 1 and next(iter(node)).startswith("Fn::"):
                name, argument = next(iter(node.items()))
                made = self._function(name, argument)
                return self._dynamic(made) if isinstance(made, str) else made
            case dict():
                found = {key: self.resolve(value) for key, value in node.items()}
                return {key: value for key, value in found.items() if value is not NOTHING}
            case list():
                return [value for value in map(self.resolve, node) if value is not NOTHING]
        return self._dynamic(node) if isinstance(node, str) else node

    def _ref(self, name: str) -> Json:
        parameter = self._template.get("Parameters", {}).get(name)
        if name in self._given and (parameter is None or parameter["Type"] != SSM):
            return self._given[name]
        if name in PSEUDO:
            return PSEUDO[name]
        if parameter is not None:
            return self._value(name, parameter)
        return f"made-{name}"

    def _value(self, name: str, parameter: Mapping[str, Json]) -> Json:
        if parameter["Type"] == SSM:
            return self._world.opaque[name]
        given = self._dynamic(parameter["Default"])
        return given.split(",") if parameter["Type"] == "CommaDelimitedList" else given

    def _dynamic(self, text: str) -> str:
        """The text with what AWS has for its dynamic references.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
        """
        return DYNAMIC.sub(lambda match: self._world.opaque[match.group()], text) if "{{" in text else text

    def _attribute(self, path: str) -> str:
        name, _, attribute = path.partition(".")
        return f"arn:aws:made:us-east-1:{ACCOUNT}:{attribute}/{name}" if attribute == "Arn" else f"made-{path}"

    def _condition(self, name: str) -> bool:
        return bool(self.resolve(self._template["Conditions"][name]))

    def _function(self, name: str, argument: Json) -> Json:
        match name, argument:
            case "Fn::If", [condition, then, otherwise]:
                return self.resolve(then if self._condition(condition) else otherwise)
            case "Fn::GetAtt", [str(resource), str(attribute)]:
                return self._attribute(f"{resource}.{attribute}")
            case "Fn::GetAtt", str():
                return self._attribute(argument)
            case "Fn::Join", [str(separator), parts]:
                return separator.join(str(part) for part in self.resolve(parts))
            case "Fn::Sub", str():
                return self._substitute(argument, {})
            case "Fn::Sub", [str(text), dict(variables)]:
                return self._substitute(text, variables)
            case "Fn::FindInMap", [_, _, _]:
                table, first, second = map(self.resolve, argument)
                return self._template["Mappings"][table][first][second]
            case "Fn::Select", [index, parts]:
                return self.resolve(parts)[int(index)]
            case "Fn::Split", [str(separator), text]:
                return self.resolve(text).split(separator)
            case "Fn::Equals", [one, other]:
                return str(self.resolve(one)) == str(self.resolve(other))
            case "Fn::Not", [condition]:
                return not self.resolve(condition)
        raise ValueError(f"AWS refuses {name}: {argument}")

    def _substitute(self, text: str, variables: Mapping[str, Json]) -> str:
        def stands(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._attribute(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]*)\}", stands, text)


def role(deployed: Deployed, name: str, managed: Mapping[str, Json]) -> Role | None:
    """What IAM has of a role then; None where the template has it not. `managed`: AWS's own policies by ARN."""
    body = deployed.resources.get(name)
    if body is None:
        return None
    properties = deployed.resolve(body.get("Properties", {}))
    called = {f"made-{name}", properties.get("RoleName", f"made-{name}")}
    rights = [_document(policy["PolicyDocument"]) for policy in properties.get("Policies", [])]
    attached = {_arn_of(deployed, resource): body for resource, body in _of(deployed, "AWS::IAM::ManagedPolicy")}
    for arn in dict.fromkeys(properties.get("ManagedPolicyArns", [])):
        rights += _by_arn(arn, attached, managed)
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for _, policy in _of(deployed, kind):
            if called & set(policy.get("Roles", [])):
                rights.append(_document(policy["PolicyDocument"]))
    boundary = properties.get("PermissionsBoundary")
    limits = _by_arn(boundary, attached, managed) if boundary is not None else [None]
    return Role(_document(properties["AssumeRolePolicyDocument"]), tuple(rights), limits[0] if limits else Document({}))


def _of(deployed: Deployed, kind: str) -> list[tuple[str, Json]]:
    return [
        (name, deployed.resolve(body["Properties"]))
        for name, body in deployed.resources.items()
        if body["Type"] == kind
    ]


def _arn_of(deployed: Deployed, resource: str) -> str:
    return str(deployed.resolve({"Ref": resource}))


def _by_arn(arn: str, attached: Mapping[str, Json], managed: Mapping[str, Json]) -> list[Document]:
    if arn in attached:
        return [_document(attached[arn]["PolicyDocument"])]
    if arn not in managed:
        return []
    if arn not in _KNOWN:
        _KNOWN[arn] = _document(managed[arn])
    return [_KNOWN[arn]]


_KNOWN: dict[str, Document] = {}


def _document(body: Json) -> Document:
    return Document(json.loads(body) if isinstance(body, str) else body)
