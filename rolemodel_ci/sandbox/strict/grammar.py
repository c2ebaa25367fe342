"""The grammar of IAM policies, as far as AWS refuses a document that breaks it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[\w*?]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_SID = re.compile(r"[A-Za-z0-9]*")
_STATEMENT = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"}
_PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}


class MalformedPolicyError(Exception):
    """AWS would answer MalformedPolicyDocument."""


def check_identity_policy(document: str) -> None:
    """Raise `Malformed` unless `document` may be the policy of a user, group or role."""
    for statement in _statements(document):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyError("Policy document should not specify a principal.")
        resources = _one_of(statement, "Resource", "NotResource", "Policy statement must contain resources.")
        for resource in resources:
            if not _RESOURCE.fullmatch(resource):
                raise MalformedPolicyError(f'Resource {resource} must be in ARN format or "*".')


def check_trust_policy(document: str, exists: Callable[[str], bool]) -> None:
    """Raise `Malformed` unless `document` may say who assumes a role. `exists` knows the ARNs of users and roles."""
    for statement in _statements(document):
        if "Resource" in statement or "NotResource" in statement:
            raise MalformedPolicyError("Has prohibited field Resource.")
        if "NotPrincipal" in statement:
            raise MalformedPolicyError("AssumeRole policy must not contain NotPrincipal field.")
        actions = _strings(statement.get("Action", statement.get("NotAction")))
        if not all(action == "*" or action.lower().startswith("sts:") for action in actions):
            raise MalformedPolicyError("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principal(statement.get("Principal"), exists)


def _check_principal(principal: Any, exists: Callable[[str], bool]) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or not set(principal) <= _PRINCIPALS:
        raise MalformedPolicyError("AssumeRolepolicy must contain a valid Principal.")
    for name in _strings(principal.get("AWS", [])):
        if not (name == "*" or re.fullmatch(r"\d{12}|arn:aws:iam::\d{12}:root", name) or exists(name)):
            raise MalformedPolicyError(f'Invalid principal in policy: "AWS":"{name}"')


def _statements(document: str) -> list[dict[str, Any]]:
    try:
        policy = json.loads(document)
    except ValueError:
        raise MalformedPolicyError("Syntax errors in policy.") from None
    if not isinstance(policy, dict) or not set(policy) <= {"Version", "Id", "Statement"}:
        raise MalformedPolicyError("Syntax errors in policy.")
    if policy.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise MalformedPolicyError("The policy must contain a valid version string.")
    statements = policy.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyError("Syntax errors in policy.")
    for statement in statements:
        _check_statement(statement)
    return statements


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or not set(statement) <= _STATEMENT | {"Condition"}:
        raise MalformedPolicyError("Syntax errors in policy.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyError("Syntax errors in policy.")
    if not _SID.fullmatch(str(statement.get("Sid", ""))):
        raise MalformedPolicyError("Statement IDs (SID) in a single policy must be alpha numeric.")
    if not isinstance(statement.get("Condition", {}), dict):
        raise MalformedPolicyError("Syntax errors in policy.")
    for action in _one_of(statement, "Action", "NotAction", "Policy statement must contain actions."):
        if not _ACTION.fullmatch(action):
            raise MalformedPolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")


def _one_of(statement: dict[str, Any], name: str, negated: str, absent: str) -> list[str]:
    if name in statement and negated in statement:
        raise MalformedPolicyError("Syntax errors in policy.")
    values = _strings(statement.get(name, statement.get(negated, [])))
    if not values:
        raise MalformedPolicyError(absent)
    return values


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise MalformedPolicyError("Syntax errors in policy.")
    return values
