"""What a template means in one account: references to parameters filled in, conditions decided.

Two templates are the same to the tool when they resolve to the same resources and outputs. That is what
CloudFormation acts on: formatting, comments, descriptions and metadata alone make it answer "No updates are to be
performed", and a plan that showed them would show them for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC, NO_VALUE, Evaluator, section
from rolemodel_ci.model.desired import MASTER_PARAMETER, Account, Policy

# Sections that are in what the others come to, and texts.
_EVALUATED = frozenset({
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs", "Resources",
})  # fmt: skip

_OF_SSM = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True, slots=True)
class StackContext:
    """What the pseudo parameters stand for. `account_id` None: not known yet, the reference stays as it is."""

    account_id: str | None
    region: str
    stack_name: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class EvaluatedTemplate:
    """Resources by logical id and outputs by name, as far as text can tell what they will be.

    `whole` is False where not all is known that text can tell: functions would make more of it than any role has.
    `stack` is the name of the stack, of which CloudFormation makes up names. `conditions` and `mappings` are the
    definitions on which something still hangs that text cannot tell. `declared` is the rest of the template, which
    CloudFormation takes for no update: parameters, rules and whatever else it has.
    """

    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]
    whole: bool = True
    stack: str = field(default="", compare=False)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Any] = field(default_factory=dict, compare=False)


def resolve(body: Mapping[str, Any], parameters: Mapping[str, str], where: StackContext) -> EvaluatedTemplate:
    """The meaning of template content `body` with these parameter values.

    What only AWS can know (attributes, imports) stays as it is written. Never raises, whatever the content: what is
    malformed stays as it is as well, for AWS to refuse.
    """
    evaluator = Evaluator(body, _names(body, parameters, where))
    resources = {
        name: evaluator.entry(resource)
        for name, resource in section(body, "Resources").items()
        if isinstance(resource, dict) and evaluator.exists(resource)
    }
    outputs = {
        name: evaluator.entry(output) for name, output in section(body, "Outputs").items() if evaluator.exists(output)
    }
    conditions, mappings = evaluator.conditions, evaluator.mappings
    declared = {name: content for name, content in body.items() if name not in _EVALUATED}
    return EvaluatedTemplate(
        resources, outputs, not evaluator.too_much, where.stack_name, conditions, mappings, declared
    )


def parameters_of(policy: Policy, account: Account) -> dict[str, str]:
    """The parameter values that the stack of `account` gets: the master's id, the account's own, the defaults."""
    own = dict(account.parameters)
    values = {}
    for parameter in policy.template.parameters:
        if parameter.name == MASTER_PARAMETER:
            values[parameter.name] = policy.master_account_id
        elif parameter.name in own:
            values[parameter.name] = own[parameter.name]
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    return values


def desired(policy: Policy, account: Account, account_id: str | None, partition: str = "aws") -> EvaluatedTemplate:
    """What the policy wants in one account."""
    where = StackContext(account_id, policy.region, policy.stack_name, partition)
    return resolve(policy.template.body, parameters_of(policy, account), where)


def value_in(policy: Policy, account: Account, content: Any) -> Any:
    """What a piece of the template comes to in one account."""
    where = StackContext(account.account_id, policy.region, policy.stack_name)
    body = policy.template.body
    return Evaluator(body, _names(body, parameters_of(policy, account), where)).kept(content)


def _names(body: Mapping[str, Any], parameters: Mapping[str, str], where: StackContext) -> dict[str, Any]:
    """What the parameters stand for, the template's and AWS's own."""
    names: dict[str, Any] = dict(parameters)
    for name, declared in section(body, "Parameters").items():
        kind = str(declared.get("Type", "")) if isinstance(declared, dict) else ""
        if name not in names:
            continue
        if kind.startswith(_OF_SSM):  # the value is the name of what only AWS knows
            names[name] = f"{DYNAMIC}ssm:{names[name]}}}}}"
        if "List" in kind:
            several = kind.startswith(_OF_SSM)
            names[name] = {"Fn::Split": [",", names[name]]} if several else [s.strip() for s in names[name].split(",")]
    names |= {
        "AWS::Region": where.region,
        "AWS::StackName": where.stack_name,
        "AWS::Partition": where.partition,
        "AWS::URLSuffix": "amazonaws.com.cn" if where.partition == "aws-cn" else "amazonaws.com",
        "AWS::NoValue": NO_VALUE,
    }
    if where.account_id:
        names["AWS::AccountId"] = where.account_id
    return names
