"""Small templates with one role, and what differs between two of them, in words and directions."""

from __future__ import annotations

from typing import Any

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate, StackContext, resolve
from rolemodel_ci.iam.declarations import declarations
from rolemodel_ci.iam.differences import TEXTS, Difference, Direction
from rolemodel_ci.iam.role_diff import differences
from rolemodel_ci.render.role_differences import change_lines

WHERE = StackContext("222222222222", "us-east-1", "RoleModel")
MASTER = "111111111111"

Body = dict[str, Any]


def document(*statements: Any, **parts: Any) -> Body:
    """A policy document in the newer language."""
    return {"Version": "2012-10-17", "Statement": [*statements], **parts}


def allow(*actions: Any, **parts: Any) -> Body:
    """An Allow on everything, unless something else is said."""
    about = {} if "NotResource" in parts or "Principal" in parts else {"Resource": "*"}
    return {"Effect": "Allow", "Action": [*actions], **about, **parts}


def deny(*actions: Any, **parts: Any) -> Body:
    """A Deny, likewise."""
    return allow(*actions, **parts) | {"Effect": "Deny"}


def trust(*statements: Any) -> Body:
    """A trust policy; without statements, one that lets the master account in."""
    return document(*(statements or (allow("sts:AssumeRole", Principal={"AWS": MASTER}),)))


def role(*statements: Any, **properties: Any) -> Body:
    """A role; statements make its one inline policy."""
    own = {"Policies": [{"PolicyName": "P", "PolicyDocument": document(*statements)}]} if statements else {}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust(), **own, **properties}}


def inline(written: Any) -> Body:
    """A role whose one inline policy has this document."""
    return role(Policies=[{"PolicyName": "P", "PolicyDocument": written}])


def template(resource: Any, others: Body | None = None, **sections: Any) -> Body:
    """A template with the role `R` and other resources."""
    return {"Resources": {"R": resource, **(others or {})}, **sections}


def meaning(body: Body, **parameters: str) -> EvaluatedTemplate:
    """What a template resolves to."""
    return resolve(body, parameters, WHERE)


def compared(before: Body, after: Body, **parameters: str) -> tuple[Difference, ...]:
    """What differs between two templates."""
    old, new = meaning(before, **parameters), meaning(after, **parameters)
    return (*differences(old, new), *declarations(old, new))


def told(before: Body, after: Body, **parameters: str) -> list[str]:
    """The same in words, with the direction of each change."""
    return [
        f"{change.direction.name} {line.sign} {line.part}: {line.text}"
        for difference in compared(before, after, **parameters)
        for change in difference.changes
        for line in change_lines(change)
    ]


def worst(before: Body, after: Body, **parameters: str) -> Direction | None:
    """The widest direction of all that differs; None where only texts do, or nothing."""
    found = [d for d in compared(before, after, **parameters) if d.kind != TEXTS]
    return next((way for way in Direction if any(d.direction is way for d in found)), None)
