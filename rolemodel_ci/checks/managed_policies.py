"""Checks of the policies of AWS that a template names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rolemodel_ci.checks.rule import Rule, each_role, once, place_of, told_in
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.policies import branches
from rolemodel_ci.model.desired import Account, Role
from rolemodel_ci.model.problem import Place, Problem, Severity


def unknown_policies(subject: DesiredStacks) -> Iterable[Problem]:
    """Names of policies of AWS that the table of this version does not have: nobody can tell what they allow."""
    for role, account, arn in _named(subject):
        from rolemodel_ci.iam.managed_policies import is_of_aws

        if not is_of_aws(arn):
            yield Problem(
                place_of(subject, role, "ManagedPolicyArns"),
                "RM420",
                f"role `{role.name}` has `{arn}`, which is no policy of AWS that this version knows: what it allows "
                "cannot be told, and it counts as rights unknown" + told_in(account),
                "Correct the name if it is misspelt. If AWS has made the policy lately, use a newer version of "
                "rolemodel-ci, or write out what it allows.",
                Severity.WARNING,
            )


def old_table(subject: DesiredStacks) -> Iterable[Problem]:
    """What is known of the policies of AWS is old, and the template names some."""
    template = subject.policy.template
    if next(_named(subject), None) is None:
        return
    from rolemodel_ci.iam.managed_policies import OLD_DAYS, origin

    if not origin().is_old(subject.today):
        return
    yield Problem(
        Place(template.file),
        "RM420",
        f"the template names policies of AWS; what this version knows of them is of {origin().published}, more than "
        f"{OLD_DAYS} days ago: AWS may have changed what they allow",
        "Use a newer version of rolemodel-ci.",
        Severity.WARNING,
    )


def _named(subject: DesiredStacks) -> Iterator[tuple[Role, Account, str]]:
    for role, account, properties in each_role(subject):
        for arn in branches(properties.get("ManagedPolicyArns", [])):
            if isinstance(arn, str) and _looks_like_aws(arn):
                yield role, account, arn


def _looks_like_aws(arn: str) -> bool:
    from rolemodel_ci.iam.managed_policies import looks_like_aws

    return looks_like_aws(arn)


def _both(subject: DesiredStacks) -> Iterator[Problem]:
    yield from once(unknown_policies)(subject)
    yield from old_table(subject)


MANAGED_CHECKS = (Rule("RM420", "Policies of AWS are known, and not of long ago.", _both),)
