"""Which settings of the config a change alters, one by one, and which of them weaken something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from rolemodel_ci.model.desired import Account, GithubOidc, Policy, Protection
from rolemodel_ci.model.problem import Place

_OTHERS_APPROVE = "who has to approve changes of the new file may be others"
_STAYS = "the stacks are made anew, and those that are there stay, with their roles"

# Why a setting deserves a second look, whatever it was before.
_RISKS = {
    "assumable_roles": _OTHERS_APPROVE,
    "users": _OTHERS_APPROVE,
    "master_account_id": "it is the users of that account who get in",
    "stack_name": _STAYS,
    "region": _STAYS,
    "master_is_assumable": "who gets into a role of the master account may change users and groups there",
    "owner": "stacks and groups under the former name count as somebody else's",
    "group_prefix": "all groups are made anew under other names",
    "github_oidc: plan_role": "by this role CI reads every account",
    "github_oidc: apply_role": "by this role CI changes every account",
    "github_oidc: audience": "it says which tokens CI asks for",
    "github_oidc: via": "it says by which trust CI gets into the accounts",
}

_GUARDED = ("guards: revoke_percent", "guards: revoke_floor", "guards: revoke_most")
_LOOSER = "one run may take away more"

TOLD_ELSEWHERE: Mapping[str, str] = {
    "assumable_accounts: was": "the account is told as renamed, and its groups as going on",
    "assumable_accounts: name": "accounts that join and go are told by name",
    "assumable_accounts: state": "an account that becomes absent goes, one that becomes present joins",
}
"""Keys of the config whose change is no setting here, and how it is told instead."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a change alters. `account` names the account that it is of, if it is of one.

    `before` and `after` are None where it is not set. `risk` says why it deserves a second look; empty: it does not.
    """

    key: str
    before: str | None
    after: str | None
    account: str | None = None
    risk: str = ""


def settings(base: Policy | None, head: Policy) -> tuple[Setting, ...]:
    """What a change alters in the config; nothing where there was none before, for then all of it is new."""
    if base is None:
        return ()
    return (*_of_all(base, head), *_of_accounts(base, head), *_of_roles(base, head), *_protection(base, head))


def _of_all(base: Policy, head: Policy) -> Iterator[Setting]:
    before, after = _values(base), _values(head)
    for key in before:
        given_up = key == "users" and after[key] is None  # told as such, and not as a file of another name
        if before[key] != after[key] and not given_up:
            yield Setting(key, before[key], after[key], risk=_risk(key, before[key], after[key]))


def _values(policy: Policy) -> dict[str, str | None]:
    """Everything that is set once, with defaults filled in."""
    oidc = policy.github_oidc or GithubOidc("", "")
    guards = policy.guards
    return {
        "assumable_roles": policy.template.file,
        "users": policy.users.file if policy.users else None,
        "master_account_id": policy.master_account_id,
        "master_account_profile": policy.master_profile,
        "stack_name": policy.stack_name,
        "region": policy.region,
        "master_is_assumable": "true" if policy.master_is_assumable else "false",
        "owner": policy.owner,
        "stack_deadline": str(policy.stack_deadline),
        "group_prefix": policy.group_prefix,
        "github_oidc: plan_role": oidc.plan_role or None,
        "github_oidc: apply_role": oidc.apply_role or None,
        "github_oidc: audience": oidc.audience,
        "github_oidc: via": oidc.via,
        "guards: revoke_percent": str(guards.revoke_percent),
        "guards: revoke_floor": str(guards.revoke_floor),
        "guards: revoke_most": None if guards.revoke_most is None else str(guards.revoke_most),
        "guards: groups_quota": str(guards.groups_quota),
    }


def _risk(key: str, before: str | None, after: str | None) -> str:
    if key in _GUARDED:
        looser = before is not None and (after is None or int(after) > int(before))
        return _LOOSER if looser else ""
    harmless = (key == "users" and before is None) or (key == "master_is_assumable" and after == "false")
    return "" if harmless else _RISKS.get(key, "")


def _of_accounts(base: Policy, head: Policy) -> Iterator[Setting]:
    """Of accounts that the config has before and after, under whatever name."""
    former = {account.name: account for account in base.accounts}
    ids = {account.account_id: account for account in base.accounts if account.account_id}
    for account in head.accounts:
        was = former.get(account.name) or ids.get(account.account_id or "")
        if was is None:
            continue
        if was.account_id != account.account_id:
            holder = ids.get(account.account_id or "")
            risk = _risk_of_id(was, account, holder, head)
            yield Setting("account_id", was.account_id, account.account_id, account.name, risk)
        if was.profile != account.profile:
            risk = "" if account.account_id else "without an id, the profile alone says which AWS account it is"
            yield Setting("profile", was.profile, account.profile, account.name, risk)
        yield from _parameters(was, account, (base, head))


def _risk_of_id(was: Account, now: Account, holder: Account | None, head: Policy) -> str:
    """What another id means. `holder` is the account that had it before."""
    if now.account_id is None:
        return "nothing says any more which AWS account it is"
    if holder is None:
        return "its grants then are grants in another AWS account" if was.account_id else ""
    other = head.account(holder.name)
    if was.account_id and other is not None and other.account_id == was.account_id:
        return f"`{now.name}` and `{holder.name}` swap their ids, and so everybody's grants in them"
    return f"it was the id of `{holder.name}`, and the grants of `{now.name}` then are grants there"


def _of_roles(base: Policy, head: Policy) -> Iterator[Setting]:
    """Former names of roles."""
    before, after = ({name: one.was for name, one in policy.renamed_roles.items()} for policy in (base, head))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            risk = "who is in the group of the former role goes on into this one" if name in after else ""
            yield Setting(f"roles: {name}: was", before.get(name), after.get(name), risk=risk)


def _parameters(was: Account, now: Account, policies: tuple[Policy, Policy]) -> Iterator[Setting]:
    before, after = dict(was.parameters), dict(now.parameters)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            hidden = any(parameter.hidden for p in policies if (parameter := p.template.parameter(name)))
            old, new = (value and "****" if hidden else value for value in (before.get(name), after.get(name)))
            yield Setting(f"parameters: {name}", old, new, now.name)


def _protection(base: Policy, head: Policy) -> Iterator[Setting]:
    before, after = ({_protected(entry): None for entry in policy.protected} for policy in (base, head))
    for entry in before:
        if entry not in after:
            yield Setting("protected", entry, None, risk="a run may take it away from then on")
    for entry in after:
        if entry not in before:
            yield Setting("protected", None, entry)


def _protected(entry: Protection) -> str:
    return ", ".join(f"{key}: {value}" for key, value in entry.named)


def decisions(policy: Policy) -> dict[str, object]:
    """Everything that the config says, wherever it stands in it."""
    said: dict[str, object] = {field.name: getattr(policy, field.name) for field in fields(policy)}
    accounts = (replace(a, place=_NOWHERE, parameters=tuple(sorted(a.parameters))) for a in policy.accounts)
    return said | {
        "accounts": frozenset(accounts),
        "protected": frozenset(replace(entry, place=_NOWHERE) for entry in policy.protected),
        "renamed_roles": {name: renamed.was for name, renamed in policy.renamed_roles.items()},
        "template": policy.template.file,
        "users": policy.users.file if policy.users else None,
    }


_NOWHERE = Place("")
