"""What the policies of a role allow, as far as the template tells.

Conditions of an Allow are taken as met, those of a Deny as not: what might be, counts; so with `Fn::If` where text
cannot tell which it is. A permissions boundary is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from rolemodel_ci.functions import PLACEHOLDER
from rolemodel_ci.policies import either, listed, policy_document
from rolemodel_ci.resolve import Resolved
from rolemodel_ci.roles import attachments, properties_of, role_names

# AWS's own policies that are about identities or everything, and what they allow on every resource; what the others
# allow is not looked at: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_MANAGED: Mapping[str, Mapping[str, Any]] = {
    "AdministratorAccess": {"Action": "*"},
    "IAMFullAccess": {"Action": "iam:*"},
    "PowerUserAccess": {"NotAction": ["iam:*", "organizations:*", "account:*"]},
}
_OF_AWS = re.compile(r"arn:[^:]*:iam::aws:policy/(.*)\Z", re.DOTALL)

_MANAGED_POLICY = "AWS::IAM::ManagedPolicy"

# A role, a user, a group and a policy that no template names: a resource that covers one of them covers all of a kind.
_ANY_IDENTITY = tuple(f"{kind}/any/thing" for kind in ("role", "user", "group", "policy"))

_KNOWN_TO_AWS = "known-to-aws"
_DYNAMIC = "{{resolve:"
"""Begins a text that AWS puts in from elsewhere:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""


class Answer(Enum):
    """Whether something is allowed."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "only AWS can tell"


class Rights(NamedTuple):
    """The statements of all policies of a role. `unknown`: it has policies, too, that the template does not tell.

    `itself` and `policies` are the role, and its policies of the template, as the last part of an ARN. `names` are what
    references of the template to the role stand for.
    """

    statements: tuple[Mapping[str, Any], ...]
    unknown: bool
    itself: str
    policies: tuple[str, ...]
    names: Mapping[str, str]

    def on_everything(self, action: str) -> Answer:
        """Whether an action is allowed on every resource, or on all roles, users, groups or policies."""
        return self._allowed(action, None)

    def on_itself(self, action: str) -> bool:
        """Whether an action is allowed on the role."""
        return self._allowed(action, self.itself) is Answer.YES

    def on_its_policies(self, action: str) -> bool:
        """Whether an action is allowed on one of the template's policies that the role has."""
        return any(self._allowed(action, policy) is Answer.YES for policy in self.policies)

    def _allowed(self, action: str, target: str | None) -> Answer:
        found = Answer.NO
        for statement in self.statements:
            named = _names(statement, action)
            covered = self._covers(statement, target) if named is not Answer.NO else Answer.NO
            surely = named is covered is Answer.YES
            if statement.get("Effect") == "Deny" and surely and "Condition" not in statement:
                return Answer.NO
            if statement.get("Effect") == "Allow" and covered is not Answer.NO and found is not Answer.YES:
                found = Answer.YES if surely else Answer.UNKNOWN
        return found

    def _covers(self, statement: Mapping[str, Any], target: str | None) -> Answer:
        """Whether a statement is about the target; without one, about everything or all identities of a kind."""
        denies = statement.get("Effect") == "Deny"
        if "NotResource" in statement:  # everything but a few is as good as everything
            return Answer.NO if denies else Answer.YES
        resources = [_written(resource, self.names) for resource in listed(statement.get("Resource", []))]
        texts = [text for text in resources if text is not None]
        if denies and target is None:
            return Answer.YES if "*" in texts else Answer.NO
        if any(_is_about(text, _ANY_IDENTITY if target is None else (target,)) for text in texts):
            return Answer.YES
        return Answer.NO if len(texts) == len(resources) else Answer.UNKNOWN


def rights(resolved: Resolved) -> dict[str, Rights]:
    """What each role of a resolved template is allowed, by logical id."""
    held: dict[str, list[Mapping[str, Any] | None]] = {name: [] for name in role_names(resolved)}
    policies: dict[str, list[str]] = {name: [] for name in held}
    by_name = {_last_part(resolved, name): name for name in resolved.resources if _is_managed(resolved, name)}
    for role in held:
        properties = properties_of(resolved.resources[role])
        for policy, sure in either(properties.get("Policies", [])):
            held[role] += _statements(policy.get("PolicyDocument"), sure) if _is_plain(policy) else _untold(policy)
        for entry, sure in either(properties.get("ManagedPolicyArns", [])):
            own = _logical_id(entry, by_name)
            if own is not None and _is_managed(resolved, own):
                policies[role].append(own)
                held[role] += _statements(properties_of(resolved.resources[own]).get("PolicyDocument"), sure)
            else:
                held[role] += _of_aws(entry)
    for attached in attachments(resolved):
        for owner in attached.owners:
            held[owner] += _statements(properties_of(attached.resource).get("PolicyDocument"))
            policies[owner] += [attached.name] if _is_managed(resolved, attached.name) else []
    return {
        role: Rights(
            tuple(statement for statement in found if statement is not None),
            None in found,
            itself := _last_part(resolved, role),
            tuple(_last_part(resolved, policy) for policy in policies[role]),
            {f"{role}.Arn": f"arn:aws:iam::{_KNOWN_TO_AWS}:{itself}", role: itself.rpartition("/")[2]},
        )
        for role, found in held.items()
    }


def _is_managed(resolved: Resolved, name: str) -> bool:
    resource = resolved.resources.get(name)
    return isinstance(resource, dict) and resource.get("Type") == _MANAGED_POLICY


def _last_part(resolved: Resolved, name: str) -> str:
    """A role or a managed policy of the template as the last part of its ARN: kind, path and name."""
    kind, key = ("policy", "ManagedPolicyName") if _is_managed(resolved, name) else ("role", "RoleName")
    properties = properties_of(resolved.resources[name])
    path, given = properties.get("Path", "/"), properties.get(key)
    made_up = f"{resolved.stack or _KNOWN_TO_AWS}-{name}-{'x' * 12}"  # as CloudFormation does it
    return f"{kind}{path if isinstance(path, str) else '/'}{given if isinstance(given, str) else made_up}"


def _logical_id(entry: Any, by_name: Mapping[str, str]) -> str | None:
    """The logical id of the policy that an entry of `ManagedPolicyArns` names, if it is one of the template."""
    if isinstance(entry, str):
        return by_name.get(entry.split(":", 5)[-1])
    if not isinstance(entry, dict):
        return None
    attribute, text = entry.get("Fn::GetAtt"), entry.get("Fn::Sub", "")
    reference = PLACEHOLDER.fullmatch(text) if isinstance(text, str) else None
    named = entry.get("Ref", attribute[0] if isinstance(attribute, list) and attribute else None)
    named = reference[1].partition(".")[0] if reference else named
    return named if isinstance(named, str) else None


def _of_aws(entry: Any) -> Iterator[Mapping[str, Any] | None]:
    """The statements of a policy of AWS, as far as they are known here; None for one of which nobody knows."""
    match = _OF_AWS.match(entry) if isinstance(entry, str) else None
    if match is None:
        yield from _untold(entry)
    elif match[1] in _MANAGED:
        yield {"Effect": "Allow", "Resource": "*", **_MANAGED[match[1]]}


def _statements(document: Any, sure: bool = True) -> Iterator[Mapping[str, Any] | None]:
    """The statements of a policy document, without a Deny that may not be there; None for what nobody can tell."""
    for chosen, certain in either(policy_document(document), sure):
        read = policy_document(chosen)
        if not _is_plain(read):
            yield from _untold(read)
            continue
        for statement, there in either(read.get("Statement", []), certain):
            if not _is_plain(statement):
                yield from _untold(statement)
            elif there or statement.get("Effect") != "Deny":
                yield statement


def _is_plain(value: Any) -> bool:
    """Whether it is a map that is no function."""
    return isinstance(value, dict) and not _is_function(value)


def _is_function(value: Any) -> bool:
    return isinstance(value, dict) and any(key == "Ref" or str(key).startswith("Fn::") for key in value)


def _untold(value: Any) -> list[None]:
    """None for text or a function where something else has to stand, so that only AWS can tell what it comes to."""
    return [None] if isinstance(value, str) or _is_function(value) else []


def _names(statement: Mapping[str, Any], action: str) -> Answer:
    """Whether the statement is about the action; IAM compares without case."""
    others = "NotAction" in statement
    patterns = [pattern for pattern, _ in either(statement.get("NotAction" if others else "Action", []))]
    if any(_matches(pattern, action) for pattern in patterns):
        return Answer.NO if others else Answer.YES
    if any(_is_function(pattern) or (isinstance(pattern, str) and _DYNAMIC in pattern) for pattern in patterns):
        return Answer.UNKNOWN
    return Answer.YES if others else Answer.NO


def _written(resource: Any, names: Mapping[str, str]) -> str | None:
    """A resource as it is written. What AWS makes up can widen nothing; None for what it takes from elsewhere."""
    if isinstance(resource, str):
        known = PLACEHOLDER.sub(lambda match: names.get(match[1].strip(), _KNOWN_TO_AWS), resource)
        return None if _DYNAMIC in resource else known
    if not isinstance(resource, dict) or len(resource) != 1:
        return ""
    ((function, argument),) = resource.items()
    if function in ("Ref", "Fn::GetAtt"):
        return names.get(".".join(map(str, listed(argument))), _KNOWN_TO_AWS)
    if function == "Fn::Sub":
        text, extra = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        own = {key: _written(value, names) for key, value in extra.items()} if isinstance(extra, dict) else {}
        untold = not isinstance(text, str) or None in own.values()
        return None if untold else _written(text, {**names, **{key: value or "" for key, value in own.items()}})
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        parts = [_written(part, names) for part in listed(argument[1])]
        untold = not isinstance(argument[0], str) or None in parts
        return None if untold else str(argument[0]).join(part or "" for part in parts)
    return None if _is_function(resource) else ""


def _is_about(resource: str, parts: Iterable[str]) -> bool:
    """Whether a resource is one of these, or a pattern for one, whatever the account."""
    pieces = resource.split(":", 5)
    if len(pieces) < 6:
        return any(_matches(resource, f"arn:aws:iam::any-account:{part.lower()}") for part in parts)
    return _matches(pieces[2], "iam") and any(_matches(pieces[5], part.lower()) for part in parts)


def _matches(pattern: Any, text: str) -> bool:
    """Whether a pattern with `*` and `?` stands for the text, which is in lower case.

    Time is at most the product of both lengths: fnmatch never goes back behind a part that it has found.
    """
    return isinstance(pattern, str) and fnmatchcase(text, pattern.lower().replace("[", "[[]"))
