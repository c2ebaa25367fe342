"""Stacks that a change of region, stack name or account id leaves where they were, with their roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rolemodel_ci.model import Account, Policy

_SHOWN = 5  # accounts in one sentence


@dataclass(frozen=True, slots=True, order=True)
class LeftStack:
    """A stack of an earlier policy that no account of the head has. `now`: the account that can read it, by name."""

    region: str
    stack: str
    account: str
    account_id: str | None
    now: str | None


def left_stacks(bases: Iterable[Policy | None], head: Policy) -> tuple[LeftStack, ...]:
    """Those of all these earlier policies. An account that is not in the config any more is told of elsewhere."""
    kept = {_key(head, account) for account in head.accounts}
    by_id = {account.account_id: account.name for account in head.accounts if account.account_id}
    found: dict[tuple[str, str, str], LeftStack] = {}
    for base in bases:
        for account in base.present if base else ():
            named = head.account(account.name)
            now = by_id.get(account.account_id or "")
            if now is None and named and None in (named.account_id, account.account_id):
                now = named.name
            if base and (now or named) and not {_key(base, account), _key(base, account, now)} & kept:
                left = LeftStack(base.region, base.stack_name, account.name, account.account_id, now)
                found.setdefault(_key(base, account), left)
    return tuple(sorted(found.values()))


def _key(policy: Policy, account: Account, name: str | None = None) -> tuple[str, str, str]:
    return policy.region, policy.stack_name, name or account.account_id or account.name


def told_left(left: Mapping[LeftStack, bool | None]) -> tuple[str, ...]:
    """A sentence for each place: whether the stacks are there, None where that could not be looked at."""
    places: dict[tuple[str, str, bool], list[str]] = {}
    for one, is_there in left.items():
        if is_there is not False:
            name = f"`{one.account}`" + (f" ({one.account_id})" if one.account_id else "")
            places.setdefault((one.region, one.stack, bool(is_there)), []).append(name)
    return tuple(
        f"the former stack `{stack}` in {region} of {', '.join(names[:_SHOWN])}"
        + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        + (" is still there" if is_there else " could not be looked at, and may still be there")
        + ": its roles stay, with whom they trust, and no run deletes it. Delete it in the account "
        f"(`aws cloudformation delete-stack --stack-name {stack} --region {region}`)."
        for (region, stack, is_there), names in sorted(places.items())
    )
