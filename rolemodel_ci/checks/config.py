"""Checks of the config by itself and against the template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rolemodel_ci.checks.rule import Rule
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.cloudformation.evaluate import parameters_of
from rolemodel_ci.model.desired import GROUP_NAME_LIMIT, MASTER_PARAMETER, Account, Parameter, Protection
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.suggestions import Hints, Offers

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?\Z")
_POLICY_SUFFIX = "-Policy"
"""Behind the name of a group, the name of its policy; both have the same limit:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_GROUP_NAME = re.compile(r"[\w+=,.@-]+\Z", re.ASCII)


def account_twice(subject: DesiredStacks) -> Iterable[Problem]:
    """Two accounts of one name, or of names that IAM cannot tell apart."""
    first: dict[str, Account] = {}
    for account in subject.policy.accounts:
        other = first.setdefault(account.name.lower(), account)
        if other is account:
            continue
        if other.name == account.name:
            message = f"account `{account.name}` stands here a second time (first in line {other.place.line})"
            yield Problem(account.place, "RM201", message, "Keep one of the two.")
        else:
            message = f"`{other.name}` and `{account.name}` differ only in case: IAM takes their groups as one"
            yield Problem(account.place, "RM202", message, "Rename one of the two.")


def account_id_twice(subject: DesiredStacks) -> Iterable[Problem]:
    """Two names for one AWS account: the two would undo each other's stack."""
    first: dict[str, Account] = {}
    for account in subject.policy.accounts:
        if account.account_id is None:
            continue
        other = first.setdefault(account.account_id, account)
        if other is not account:
            yield Problem(
                account.place,
                "RM203",
                f"account `{account.name}` has the id {account.account_id} of `{other.name}` (line {other.place.line})",
                "Correct the id, or keep one of the two entries.",
            )


def group_names(subject: DesiredStacks) -> Iterable[Problem]:
    """Group names that IAM would not take."""
    policy = subject.policy
    for account in policy.present:
        for role in subject.roles[account.name]:
            name = policy.group_name(account.name, role)
            if len(name) > GROUP_NAME_LIMIT:
                yield Problem(
                    account.place,
                    "RM205",
                    f"group `{name}` would have {len(name)} characters; IAM takes {GROUP_NAME_LIMIT}",
                    "Shorten the account's name, the role's or `group_prefix`.",
                )
            elif len(name) + len(_POLICY_SUFFIX) > GROUP_NAME_LIMIT:
                yield Problem(
                    account.place,
                    "RM205",
                    f"policy `{name}{_POLICY_SUFFIX}` of a group would have {len(name) + len(_POLICY_SUFFIX)} "
                    f"characters; IAM takes {GROUP_NAME_LIMIT}",
                    "Shorten the account's name, the role's or `group_prefix`.",
                )
            elif not _GROUP_NAME.match(name):
                yield Problem(
                    account.place,
                    "RM205",
                    f"group `{name}` would have characters that IAM does not take",
                    "Use letters, digits and `_+=,.@-` in the names of accounts and roles.",
                )


def too_many_groups(subject: DesiredStacks) -> Iterable[Problem]:
    """More groups than the master account may hold."""
    policy = subject.policy
    count = sum(len(subject.roles[account.name]) for account in policy.present)
    quota = policy.guards.groups_quota
    if count > quota:
        yield Problem(
            Place(policy.config_file),
            "RM206",
            f"{count} groups would be needed ({len(policy.present)} accounts with their roles); the master account "
            f"may hold {quota}",
            "Have AWS raise the quota (at most 500) and set `guards: groups_quota:` to it, or use fewer roles.",
        )


def no_id_for_ci(subject: DesiredStacks) -> Iterable[Problem]:
    """Accounts that CI could not reach."""
    if subject.policy.github_oidc is None:
        return
    for account in subject.policy.accounts:
        if account.account_id is None:
            yield Problem(
                account.place,
                "RM207",
                f"account `{account.name}` has no `account_id`, which runs in CI need",
                "Add its 12 digits, or remove `github_oidc` if all runs are local.",
            )


def parameter_unknown(subject: DesiredStacks) -> Iterable[Problem]:
    """Values for parameters that the template does not have, or that are not the account's to set."""
    names = {p.name: None for p in subject.policy.template.parameters if p.name != MASTER_PARAMETER}
    offers = Offers()
    for account in subject.policy.accounts:
        for name, _ in account.parameters:
            if name == MASTER_PARAMETER:
                yield Problem(
                    account.place,
                    "RM208",
                    f"account `{account.name}` sets `{name}`, which always is the master account's id",
                    "Remove it from `parameters`.",
                )
            elif name not in names:
                message = f"account `{account.name}` sets `{name}`, which the template does not declare"
                remedy = offers.nearest(name, names) or "Remove it from `parameters`, or declare it in the template."
                yield Problem(account.place, "RM208", message, remedy)


def parameter_unfilled(subject: DesiredStacks) -> Iterable[Problem]:
    """Parameters that nothing fills."""
    policy = subject.policy
    for account in policy.present:
        filled = parameters_of(policy, account)
        for parameter in policy.template.parameters:
            if parameter.name not in filled:
                yield Problem(
                    account.place,
                    "RM209",
                    f"nothing fills the template's parameter `{parameter.name}` in account `{account.name}`",
                    f"Add it under the account's `parameters`, or give it a `Default` (line {parameter.place.line} of "
                    f"{parameter.place.file}).",
                )


def parameter_refused(subject: DesiredStacks) -> Iterable[Problem]:
    """Values that the template's own rules refuse."""
    policy = subject.policy
    for account in policy.present:
        for name, value in sorted(parameters_of(policy, account).items()):
            parameter = policy.template.parameter(name)
            rule = parameter and _broken_rule(parameter, value)
            if rule:
                yield Problem(
                    account.place,
                    "RM210",
                    f"account `{account.name}`: the template refuses this `{name}`: {rule}",
                    "Correct the value.",
                )


def protects_nothing(subject: DesiredStacks) -> Iterable[Problem]:
    """Protections of accounts or roles that are not there."""
    policy = subject.policy
    accounts = Hints(account.name for account in policy.accounts)
    roles = Hints(role.name for role in policy.template.roles)
    for entry in policy.protected:
        if entry.account is not None and policy.account(entry.account) is None:
            message = f"`protected` names account `{entry.account}`, which is not in the config"
            yield Problem(entry.place, "RM211", message, accounts.slip_of(entry.account) or _CORRECT)
        elif entry.role is not None and not _where_made(subject, entry):
            everywhere = [role.name for role in policy.template.roles]
            where = f"in account `{entry.account}`" if entry.role in everywhere and entry.account else "in any account"
            message = f"`protected` names role `{entry.role}`, which the template does not make {where}"
            hint = roles.slip_of(entry.role) if entry.role not in everywhere else ""
            yield Problem(entry.place, "RM211", message, hint or _CORRECT)


def protects_nobody(subject: DesiredStacks) -> Iterable[Problem]:
    """Protected users whom the map grants nothing there, or only for a time."""
    users = subject.policy.users
    if users is None:
        return
    told = {problem.place for problem in protects_nothing(subject)}
    names = {grant.user for grant in users.grants}
    hints = Hints(names)
    for entry in subject.policy.protected:
        if entry.user is None or entry.place in told:
            continue
        own = [grant for grant in users.grants if grant.user == entry.user and entry.covers(grant.account, grant.role)]
        if not own:
            message = f"the user map grants nothing that this entry could protect: {entry}"
            remedy = "" if entry.user in names else hints.slip_of(entry.user)
            yield Problem(entry.place, "RM212", message, remedy or "Grant it, or correct the entry.", Severity.WARNING)
        for grant in own:
            if grant.expires is not None:
                message = (
                    f"the grant of `{grant.account}` `{grant.role}` to `{grant.user}` is protected and ends with "
                    f"{grant.expires} ({grant.place}): after that day every run is refused"
                )
                remedy = "Take `expires` away there, or the entry here."
                yield Problem(entry.place, "RM212", message, remedy, Severity.WARNING)


def one_role_for_both(subject: DesiredStacks) -> Iterable[Problem]:
    """Runs that only look would have the role of those that change."""
    oidc = subject.policy.github_oidc
    if oidc and oidc.plan_role.lower() == oidc.apply_role.lower():  # as IAM compares them
        yield Problem(
            oidc.place,
            "RM213",
            f"`plan_role` and `apply_role` are both `{oidc.apply_role}`: runs of pull requests could change everything",
            "Name two roles; bootstrap/ makes both.",
        )


_CORRECT = "Correct it, or take the entry out: as it is, it protects nothing."


def _where_made(subject: DesiredStacks, entry: Protection) -> list[str]:
    """The accounts in which a protected role is made."""
    return [name for name, roles in subject.roles.items() if entry.account in (None, name) and entry.role in roles]


def _broken_rule(parameter: Parameter, value: str) -> str:
    """The rule of the template that `value` breaks, or the empty string. What cannot be told here is left to AWS."""
    rules = parameter.rules
    listed = rules["Type"] == "CommaDelimitedList" or rules["Type"].startswith("List<")
    broken = (
        _broken_item_rule(rules, item.strip() if listed else item) for item in (value.split(",") if listed else [value])
    )
    return next(filter(None, broken), "")


def _matches(pattern: str, value: str) -> bool:
    """Whether a value is what a pattern allows; few templates have one."""
    from rolemodel_ci.checks.allowed_pattern import matches

    return matches(pattern, value)


def _broken_item_rule(rules: Mapping[str, Any], value: str) -> str:
    allowed, pattern = rules.get("AllowedValues"), rules.get("AllowedPattern")
    if isinstance(allowed, list) and value not in allowed:
        return f"it is none of {', '.join(map(str, allowed))}"
    if isinstance(pattern, str) and not _matches(pattern, value):
        return str(rules.get("ConstraintDescription") or f"it does not match {pattern}")
    if rules["Type"] in ("Number", "List<Number>"):
        number, low, high = (_number(text) for text in (value, rules.get("MinValue"), rules.get("MaxValue")))
        if number is None:
            return "it is no number"
        if low is not None and number < low:
            return f"it is less than {rules['MinValue']}"
        if high is not None and number > high:
            return f"it is more than {rules['MaxValue']}"
    short, long = _number(rules.get("MinLength")), _number(rules.get("MaxLength"))
    if short is not None and len(value) < short:
        return f"its length is {len(value)}, MinLength is {rules['MinLength']}"
    if long is not None and len(value) > long:
        return f"its length is {len(value)}, MaxLength is {rules['MaxLength']}"
    return ""


def _number(text: Any) -> float | None:
    return float(text) if isinstance(text, str) and _NUMBER.match(text) else None


CONFIG_CHECKS = (
    Rule("RM201", "Every account stands in the config once.", account_twice),
    Rule("RM203", "Every account id stands in the config once.", account_id_twice),
    Rule("RM205", "IAM takes the group names.", group_names),
    Rule("RM206", "The master account may hold the groups.", too_many_groups),
    Rule("RM207", "CI can reach every account.", no_id_for_ci),
    Rule("RM208", "The template declares every parameter that is set.", parameter_unknown),
    Rule("RM209", "Every parameter of the template has a value.", parameter_unfilled),
    Rule("RM210", "The template takes every parameter's value.", parameter_refused),
    Rule("RM211", "What is protected is there.", protects_nothing),
    Rule("RM212", "Who is protected has what is protected, for good.", protects_nobody),
    Rule("RM213", "Runs that only look have a role that can only look.", one_role_for_both),
)
