"""Which roles are as good as an administrator."""

from __future__ import annotations

from rolemodel_ci.resolve import Resolved
from rolemodel_ci.rights import Answer, Rights, rights

ADMINISTRATOR = "allows every action"
IDENTITIES = "can give itself any right (IAM)"
PASSING = "can pass any role to a service (`iam:PassRole` on `*`)"

UNKNOWN = "has rights that cannot be told from the template"
ASSUMING = "can go on into any role that trusts its account (`sts:AssumeRole` on `*`)"

_SURE = (ADMINISTRATOR, IDENTITIES, PASSING)
_WORST_FIRST = (*_SURE, UNKNOWN, ASSUMING)

# Actions of IAM with which whoever holds them on every resource can get any other right. One for each way in:
# policies of users, groups and roles, new versions of policies, trust, keys, passwords, membership. The list is
# Rhino Security Labs' of 2018, narrowed to IAM:
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
_ESCALATING = (
    "iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy",
    "iam:createaccesskey", "iam:createloginprofile", "iam:createpolicyversion", "iam:putgrouppolicy",
    "iam:putrolepolicy", "iam:putuserpolicy", "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy",
    "iam:updateloginprofile",
)  # fmt: skip

# Those of them that are enough if they are allowed on the role itself, or on a policy that it has.
_ON_ITSELF = ("iam:attachrolepolicy", "iam:putrolepolicy")
_ON_ITS_POLICIES = ("iam:createpolicyversion", "iam:setdefaultpolicyversion")

_PASS, _ASSUME = "iam:passrole", "sts:assumerole"

_ANY_ACTION = "any:action"  # of a service that no policy names: only `*` allows it


def dangers(resolved: Resolved) -> dict[str, str]:
    """The roles of a resolved template that are as good as an administrator, or may be, with why; sorted by name.

    What only AWS can tell (a managed policy made elsewhere, a reference to another stack) may be anything.
    """
    found = {name: _danger(held) for name, held in sorted(rights(resolved).items())}
    return {name: why for name, why in found.items() if why}


def administrations(resolved: Resolved) -> frozenset[str]:
    """The roles that surely are as good as an administrator by themselves."""
    return frozenset(name for name, why in dangers(resolved).items() if why in _SURE)


def _danger(held: Rights) -> str | None:
    """The worst thing that the policies of one role allow."""
    by_action = {action: held.on_everything(action) for action in (*_ESCALATING, _PASS, _ASSUME, _ANY_ACTION)}
    escalating = [action for action in _ESCALATING if by_action[action] is Answer.YES]
    if len(escalating) == len(_ESCALATING) and by_action[_ANY_ACTION] is Answer.YES:
        return ADMINISTRATOR
    if escalating or any(map(held.on_itself, _ON_ITSELF)) or any(map(held.on_its_policies, _ON_ITS_POLICIES)):
        return IDENTITIES
    if by_action[_PASS] is Answer.YES:
        return PASSING
    if held.unknown or Answer.UNKNOWN in by_action.values():
        return UNKNOWN
    return ASSUMING if by_action[_ASSUME] is Answer.YES else None


def worse(now: str, before: str | None) -> bool:
    """Whether one of the reasons that `dangers` gives is worse than another; each is worse than none."""
    return before is None or _WORST_FIRST.index(now) < _WORST_FIRST.index(before)
