"""Checks of the texts that a template makes, and of policies that are written as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rolemodel_ci.checks.rule import Rule, at, once, told_in
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.evaluate import value_in
from rolemodel_ci.cloudformation.intrinsics import TEXT_LIMIT, TEXTS_LIMIT
from rolemodel_ci.cloudformation.policies import branches, policy_text, read_policy
from rolemodel_ci.model.problem import Place, Problem

_POLICIES = ("AssumeRolePolicyDocument", "PolicyDocument")


def texts_too_long(subject: DesiredStacks) -> Iterable[Problem]:
    """Functions that make more text than is worth comparing, so that nobody can tell what the template grants."""
    template = subject.policy.template
    for account in subject.policy.present:
        if not subject.resolved[account.name].whole:
            yield Problem(
                Place(template.file),
                "RM417",
                f"the functions of the template make a text of more than {TEXT_LIMIT:,} characters, or more than "
                f"{TEXTS_LIMIT:,} in all" + told_in(account),
                "Write less with Fn::Sub, Fn::Join, Fn::FindInMap and Ref: IAM takes 10,240 characters in a policy.",
            )


def policy_texts(subject: DesiredStacks) -> Iterable[Problem]:
    """Policies written as text that IAM cannot read, or of which nobody knows how it reads them."""
    policy = subject.policy
    for path, place in policy.template.places.items():
        if not _is_policy(policy.template.body, path):
            continue
        written = at(policy.template.body, path)
        if isinstance(written, dict) and not any(key.startswith("Fn::") or key == "Ref" for key in written):
            continue
        for account in policy.present:
            if path[1] in subject.resolved[account.name].resources:
                texts = map(policy_text, branches(value_in(policy, account, written)))
                faults = (read_policy(text).fault for text in texts if text is not None)
                yield from (
                    Problem(
                        policy.template.places.get((*path, "Fn::Sub"), place),
                        "RM418",
                        f"the text of `{path[-1]}` in `{path[1]}` {fault}" + told_in(account),
                        "Write the policy as a map of the template, or mend its JSON.",
                    )
                    for fault in faults
                    if fault
                )


def _is_policy(body: Mapping[str, Any], path: tuple[str | int, ...]) -> bool:
    """Whether a policy document of IAM stands at `path`."""
    if path[0:1] != ("Resources",) or path[2:3] != ("Properties",) or path[-1] not in _POLICIES:
        return False
    of_resource = len(path) == 4 or path[3] == "Policies"
    return of_resource and body["Resources"][path[1]]["Type"].startswith("AWS::IAM::")


TEXT_CHECKS = (
    Rule("RM417", "What the functions make can be read through.", once(texts_too_long)),
    Rule("RM418", "Every policy that is written as text can be read.", once(policy_texts)),
)
