"""Checks of what would stay in an account after it was taken away."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.checks.rule import Rule
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.policies import value_text
from rolemodel_ci.cloudformation.roles import KEEPING
from rolemodel_ci.model.problem import Problem


def kept_after_removal(subject: DesiredStacks) -> Iterable[Problem]:
    """Roles and policies that CloudFormation would leave behind, with everybody's access through them."""
    template = subject.policy.template
    for name, resource in template.body["Resources"].items():
        if not resource["Type"].startswith("AWS::IAM::"):
            continue
        for attribute in KEEPING:
            if resource.get(attribute, "Delete") != "Delete":
                yield Problem(
                    template.places[("Resources", name, attribute)],
                    "RM419",
                    f"`{name}` would stay in the account when it is taken away: its {attribute} is "
                    f"`{value_text(resource[attribute])}`",
                    f"Take {attribute} out, or write `Delete`.",
                )


LASTING_CHECKS = (Rule("RM419", "No role and no policy outlasts its removal.", kept_after_removal),)
