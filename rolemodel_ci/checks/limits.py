"""Checks of what IAM and CloudFormation take at most. What only AWS can tell breaks no limit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rolemodel_ci.checks.rule import Rule, each_role, once, place_of, told_in
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.intrinsics import PLACEHOLDER
from rolemodel_ci.cloudformation.policies import either, policy_document
from rolemodel_ci.cloudformation.roles import properties_of
from rolemodel_ci.iam.attachments import Attached, attached
from rolemodel_ci.model.desired import Account, Role
from rolemodel_ci.model.problem import Place, Problem, Severity

# Quotas of IAM; the second number is the most that AWS raises them to. White space does not count:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MANAGED_POLICIES = 10, 20
_TRUST = 2_048, 4_096
_INLINE = 10_240
_MANAGED = 6_144
_TAGS, _TAG_KEY, _TAG_VALUE, _DESCRIPTION = 50, 128, 256, 1_000

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_SECTIONS = {"Resources": 500, "Outputs": 200, "Parameters": 200, "Mappings": 200}
_TEMPLATE_DESCRIPTION = 1_024  # bytes

_MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
_RAISE = "Use fewer or shorter ones. If AWS has raised the quota of that account, nothing is wrong."

Found = tuple[Role, Account, Mapping[str, Any], list[Attached]]


def too_many_policies(subject: DesiredStacks) -> Iterable[Problem]:
    """Managed policies that IAM attaches to no role, and as many as it attaches on request only."""
    usual, most = _MANAGED_POLICIES
    for role, account, properties, resources in _each(subject):
        listed = {_key(arn) for arn, sure in either(properties.get("ManagedPolicyArns", [])) if sure}
        count = len(listed | {_key({"Ref": name.name}) for name in resources if _is_managed(name)})
        if count > usual:
            yield _sized(
                subject,
                role,
                "ManagedPolicyArns",
                ("RM422", "RM423")[count <= most],
                f"role `{role.name}` has {count} managed policies; IAM attaches {usual} to a role, and "
                f"{most} where AWS has raised the quota" + told_in(account),
                count > most,
            )


def trust_too_long(subject: DesiredStacks) -> Iterable[Problem]:
    """Trust policies that IAM does not take, or takes on request only."""
    usual, most = _TRUST
    for role, account, properties, _ in _each(subject):
        size = _size(properties.get("AssumeRolePolicyDocument"))
        if size > usual:
            yield _sized(
                subject,
                role,
                "AssumeRolePolicyDocument",
                ("RM424", "RM423")[size <= most],
                f"the trust policy of role `{role.name}` has {size:,} characters without white space; IAM takes "
                f"{usual:,}, and {most:,} where AWS has raised the quota" + told_in(account),
                size > most,
            )


def policies_too_long(subject: DesiredStacks) -> Iterable[Problem]:
    """Inline policies that are too long together, and managed ones that are too long each."""
    for role, account, properties, resources in _each(subject):
        listed = (policy for policy, sure in either(properties.get("Policies", [])) if sure)
        inline: list[Mapping[str, Any]] = [policy for policy in listed if isinstance(policy, dict)]
        inline += [properties_of(each.resource) for each in resources if not _is_managed(each)]
        size = sum(_size(policy.get("PolicyDocument")) for policy in inline)
        if size > _INLINE:
            message = (
                f"the inline policies of role `{role.name}` have {size:,} characters without white space; IAM takes "
                f"{_INLINE:,} in all" + told_in(account)
            )
            yield _sized(subject, role, "Policies", "RM424", message, True)
    yield from _managed_too_long(subject)


def _managed_too_long(subject: DesiredStacks) -> Iterator[Problem]:
    template = subject.policy.template
    for account in subject.policy.present:
        for name, resource in subject.resolved[account.name].resources.items():
            size = (
                _size(properties_of(resource).get("PolicyDocument")) if resource.get("Type") == _MANAGED_POLICY else 0
            )
            if size > _MANAGED:
                yield Problem(
                    template.places.get(("Resources", name), Place(template.file)),
                    "RM424",
                    f"the managed policy `{name}` has {size:,} characters without white space; IAM takes {_MANAGED:,}"
                    + told_in(account),
                    "Split it into several policies.",
                )


def details(subject: DesiredStacks) -> Iterable[Problem]:
    """Tags and descriptions that IAM does not take."""
    for role, account, properties in each_role(subject):
        tags = [tag for tag, sure in either(properties.get("Tags", [])) if sure and isinstance(tag, dict)]
        keys = [tag.get("Key") for tag in tags]
        lower = [key.lower() for key in keys if isinstance(key, str)]
        values = [tag.get("Value") for tag in tags]
        description = properties.get("Description")
        for is_so, name, fault in (
            (len(tags) > _TAGS, "Tags", f"has {len(tags)} tags; IAM takes {_TAGS}"),
            (_longest(keys) > _TAG_KEY, "Tags", f"has a key of a tag with more than {_TAG_KEY} characters"),
            (_longest(values) > _TAG_VALUE, "Tags", f"has a value of a tag with more than {_TAG_VALUE} characters"),
            (len(set(lower)) < len(lower), "Tags", "has a tag twice, or two that differ only in case"),
            (
                any(key.startswith("aws:") for key in lower),
                "Tags",
                "has a tag that begins with `aws:`, as only AWS's do",
            ),
            (
                _longest([description]) > _DESCRIPTION,
                "Description",
                f"has a description of more than {_DESCRIPTION:,} characters",
            ),
        ):
            if is_so:
                yield _sized(subject, role, name, "RM425", f"role `{role.name}` {fault}" + told_in(account), True)


def counts(subject: DesiredStacks) -> Iterable[Problem]:
    """More resources, outputs, parameters or mappings than CloudFormation takes in a template."""
    template = subject.policy.template
    for section, most in _SECTIONS.items():
        count = len(template.body.get(section) or {})
        if count > most:
            yield Problem(
                template.places.get((section,), Place(template.file)),
                "RM426",
                f"the template has {count} entries under `{section}`; CloudFormation takes {most}",
                "Leave some out.",
            )
    description = template.body.get("Description")
    size = len(description.encode("utf-8", "surrogatepass")) if isinstance(description, str) else 0
    if size > _TEMPLATE_DESCRIPTION:
        yield Problem(
            template.places.get(("Description",), Place(template.file)),
            "RM426",
            f"the template's description has {size:,} bytes; CloudFormation takes {_TEMPLATE_DESCRIPTION:,}",
            "Shorten it, or make it a comment.",
        )


def _each(subject: DesiredStacks) -> Iterator[Found]:
    """Every role with its properties and the policy resources that are attached to it for sure, in every account."""
    of_account: dict[int, dict[str, list[Attached]]] = {}
    for role, account, properties in each_role(subject):
        resolved = subject.resolved[account.name]
        if id(resolved) not in of_account:
            owned: dict[str, list[Attached]] = {}
            for each in attached(resolved):
                for owner, sure in each.owners:
                    owned.setdefault(owner, []).extend([each] if sure else [])
            of_account[id(resolved)] = owned
        yield role, account, properties, of_account[id(resolved)].get(role.name, [])


def _is_managed(policy: Attached) -> bool:
    return policy.resource.get("Type") == _MANAGED_POLICY


def _sized(subject: DesiredStacks, role: Role, name: str, code: str, message: str, is_error: bool) -> Problem:
    severity = Severity.ERROR if is_error else Severity.WARNING
    remedy = "Use fewer or shorter ones." if is_error else _RAISE
    return Problem(place_of(subject, role, name), code, message, remedy, severity)


def _key(arn: Any) -> str:
    return json.dumps(arn, sort_keys=True)


def _longest(texts: Iterable[Any]) -> int:
    return max((len(_known(text)) for text in texts if isinstance(text, str)), default=0)


def _size(document: Any) -> int:
    """Characters of a policy without white space, at least: what only AWS can tell counts nothing."""
    if document is None:
        return 0
    text = json.dumps(_least(policy_document(document)), separators=(",", ":"), ensure_ascii=False)
    return len("".join(text.split()))


def _least(value: Any) -> Any:
    """The value with nothing where a function stands."""
    if isinstance(value, str):
        return _known(value)
    if isinstance(value, list):
        return [_least(each) for each in value]
    if isinstance(value, dict):
        unknown = any(key == "Ref" or key.startswith("Fn::") for key in value)
        return "" if unknown else {key: _least(each) for key, each in value.items()}
    return value


def _known(text: str) -> str:
    return PLACEHOLDER.sub("", text)


LIMIT_CHECKS = (
    Rule("RM422", "IAM attaches the managed policies.", once(too_many_policies)),
    Rule("RM423", "No role needs a raised quota.", once(trust_too_long)),
    Rule("RM424", "IAM takes the policies by their size.", once(policies_too_long)),
    Rule("RM425", "IAM takes tags and descriptions.", once(details)),
    Rule("RM426", "CloudFormation takes the template by its counts.", counts),
)
