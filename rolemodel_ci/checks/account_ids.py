"""Checks that the accounts are not the master account, and not each other."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.checks.rule import Rule
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.model.desired import Account
from rolemodel_ci.model.problem import Problem, Severity


def master_as_account(subject: DesiredStacks) -> Iterable[Problem]:
    """Accounts that are the master: whoever holds a role there may decide about all the others."""
    policy = subject.policy
    for account in policy.accounts if not policy.master_is_assumable else ():
        by_id = account.account_id == policy.master_account_id
        by_profile = account.account_id is None and account.profile == policy.master_profile
        if by_id or by_profile:
            what = f"the id {account.account_id}" if by_id else f"the profile `{account.profile}`"
            yield Problem(
                account.place,
                "RM214",
                f"account `{account.name}` has {what} of the master account: its roles would be made there",
                "Correct it. If the master is meant to be one of the accounts, write `master_is_assumable: true`.",
            )


def profile_twice(subject: DesiredStacks) -> Iterable[Problem]:
    """Two accounts that one profile leads to, where no id tells them apart."""
    first: dict[str, Account] = {}
    for account in subject.policy.accounts:
        if account.profile is None:
            continue
        other = first.setdefault(account.profile, account)
        if other is not account and None in (account.account_id, other.account_id):
            yield Problem(
                account.place,
                "RM215",
                f"account `{account.name}` has the profile `{account.profile}` of `{other.name}` "
                f"(line {other.place.line}): both would be one AWS account",
                "Correct the profile, or give both accounts their `account_id`.",
                Severity.WARNING,
            )


def former_names(subject: DesiredStacks) -> Iterable[Problem]:
    """`was` of names that are still in use, or that two say, or said of a role that is not there."""
    policy = subject.policy
    accounts, roles = {a.name for a in policy.accounts}, {role.name for role in policy.template.roles}
    said = [(a.place, "account", a.name, a.was) for a in policy.accounts if a.was is not None]
    said += [(r.place, "role", name, r.was) for name, r in policy.renamed_roles.items()]
    first: dict[tuple[str, str], str] = {}
    for place, kind, name, was in said:
        other = first.setdefault((kind, was), name)
        if kind == "role" and name not in roles:
            message = f"`roles` names `{name}`, which the template does not make"
        elif was in (roles if kind == "role" else accounts):
            message = f"{kind} `{name}` says that it was `{was}`, which is still there"
        elif other != name:
            message = f"{kind} `{name}` and {kind} `{other}` both say that they were `{was}`"
        else:
            continue
        yield Problem(place, "RM216", message, "Correct the name, or take the entry out.")


APART_CHECKS = (
    Rule("RM214", "No account is the master account, unless that is meant.", master_as_account),
    Rule("RM215", "Every profile leads to one account.", profile_twice),
    Rule("RM216", "Former names are former.", former_names),
)
