"""Checks of the user map against the config and the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter, itemgetter

from rolemodel_ci.checks.rule import Rule
from rolemodel_ci.cloudformation.desired_stacks import DesiredStacks
from rolemodel_ci.model.desired import GROUPS_PER_USER, Grant
from rolemodel_ci.model.problem import Problem, Severity
from rolemodel_ci.suggestions import Hints


def unknown_account(subject: DesiredStacks) -> Iterable[Problem]:
    """Accounts of the map that the config does not have, or has as absent."""
    policy = subject.policy
    hints = Hints(account.name for account in policy.accounts)
    for name, place in policy.users.accounts if policy.users else ():
        account = policy.account(name)
        if account is None:
            yield Problem(
                place,
                "RM301",
                f"account `{name}` is not in the config",
                hints.slip_of(name) or f"Add it to {policy.config_file}, or remove it here.",
            )
        elif account.absent:
            message = f"account `{name}` is `state: absent` in the config, so nobody can be granted a role in it"
            yield Problem(place, "RM302", message, "Remove it here.")


def unknown_role(subject: DesiredStacks) -> Iterable[Problem]:
    """Roles of the map that the template does not make, at all or in that account."""
    policy = subject.policy
    everywhere = {role.name for role in policy.template.roles}
    hints: dict[tuple[str, ...], Hints] = {}
    for mapped in policy.users.roles if policy.users else ():
        here = subject.roles.get(mapped.account)
        if here is None or mapped.role in here:
            continue
        if mapped.role in everywhere:
            yield Problem(
                mapped.role_place,
                "RM304",
                f"role `{mapped.role}` is not made in account `{mapped.account}`: its condition does not hold there",
                "Remove it here, or set the account's `parameters` so that the condition holds.",
            )
        else:
            yield Problem(
                mapped.role_place,
                "RM303",
                f"role `{mapped.role}` is not in the template",
                hints.setdefault(here, Hints(here)).slip_of(mapped.role)
                or f"Add it to {policy.template.file}, or remove it here.",
            )


def user_twice(subject: DesiredStacks) -> Iterable[Problem]:
    """A user who stands twice in one role."""
    grants = subject.policy.users.grants if subject.policy.users else ()
    if len(set(map(itemgetter(0, 1, 2), grants))) == len(grants):  # as a rule, and fast
        return
    first: dict[tuple[str, str, str], Grant] = {}
    for grant in grants:
        key = grant[:3]
        if key in first:
            yield Problem(
                grant.place,
                "RM305",
                f"`{grant.user}` stands a second time in `{grant.account}` `{grant.role}` "
                f"(first in line {first[key].place.line})",
                "Keep one of the two.",
            )
        else:
            first[key] = grant


def user_by_case(subject: DesiredStacks) -> Iterable[Problem]:
    """Names of users that differ only in case: IAM has one user for both."""
    grants = subject.policy.users.grants if subject.policy.users else ()
    names = {grant.user for grant in grants}
    if len({name.lower() for name in names}) == len(names):
        return
    spelled: dict[str, Grant] = {}
    for grant in grants:
        other = spelled.setdefault(grant.user.lower(), grant)
        if other.user != grant.user:
            yield Problem(
                grant.place,
                "RM306",
                f"`{grant.user}` differs only in case from `{other.user}` in line {other.place.line}",
                "Write the name as IAM has it, in both places.",
            )


def too_many_roles(subject: DesiredStacks) -> Iterable[Problem]:
    """A user in more groups than IAM allows, told at the first grant too many."""
    grants = subject.policy.users.grants if subject.policy.users else ()
    count = Counter(map(attrgetter("user"), grants))
    if max(count.values(), default=0) <= GROUPS_PER_USER:
        return
    by_user: dict[str, dict[tuple[str, str], Grant]] = {}
    for grant in grants:
        if count[grant.user] > GROUPS_PER_USER and grant.holds(subject.today):
            by_user.setdefault(grant.user, {}).setdefault((grant.account, grant.role), grant)
    for user, own in sorted(by_user.items()):
        if len(own) > GROUPS_PER_USER:
            held = list(own.values())
            yield Problem(
                held[GROUPS_PER_USER].place,
                "RM307",
                f"`{user}` would be in {len(own)} groups; AWS allows a user {GROUPS_PER_USER}, and it cannot be raised",
                "Give some of these up: " + ", ".join(f"`{g.account}` `{g.role}`" for g in held) + ".",
            )


def expired(subject: DesiredStacks) -> Iterable[Problem]:
    """Grants that have ended; they count as absent and only clutter the map."""
    for grant in subject.policy.users.grants if subject.policy.users else ():
        if grant.expires is not None and not grant.holds(subject.today):
            yield Problem(
                grant.place,
                "RM310",
                f"the grant of `{grant.account}` `{grant.role}` to `{grant.user}` ended with {grant.expires}",
                "Remove it, or give it a later day.",
                Severity.WARNING,
            )


USER_CHECKS = (
    Rule("RM301", "Every account of the user map is in the config, and present.", unknown_account),
    Rule("RM303", "Every role of the user map is made in that account.", unknown_role),
    Rule("RM305", "Every user stands once in a role.", user_twice),
    Rule("RM306", "Users differ by more than case.", user_by_case),
    Rule("RM307", "No user is in more groups than IAM allows.", too_many_roles),
    Rule("RM310", "No grant has ended.", expired),
)
