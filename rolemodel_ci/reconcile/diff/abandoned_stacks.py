"""Stacks that a change of region, stack name or account id leaves where they were, with their roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rolemodel_ci.model.applied_state import Left
from rolemodel_ci.model.desired import Policy

_SHOWN = 5  # accounts in one sentence


@dataclass(frozen=True, slots=True)
class LeftStack:
    """A stack of an earlier policy that no account of the head has. `now`: the account that can read it, by name."""

    region: str
    stack: str
    account: str
    account_id: str | None
    now: str | None

    @property
    def place(self) -> Left:
        """What is remembered of it."""
        return Left(self.region, self.stack, self.account_id or self.account)


def left_stacks(bases: Iterable[Policy | None], head: Policy, remembered: Iterable[Left] = ()) -> tuple[LeftStack, ...]:
    """Those of all these earlier policies, and those that earlier runs have seen.

    An account that is not in the config any more is told of elsewhere.
    """
    here = head.region, head.stack_name
    by_id = {account.account_id: account.name for account in head.accounts if account.account_id}
    found: dict[Left, LeftStack] = {}
    for base in bases:
        for account in base.present if base else ():
            named = head.account(account.name)
            now = by_id.get(account.account_id or "")
            if now is None and named and None in (named.account_id, account.account_id):
                now = named.name
            if base and (now or named) and not (now and (base.region, base.stack_name) == here):
                left = LeftStack(base.region, base.stack_name, account.name, account.account_id, now)
                found.setdefault(left.place, left)
    for place in remembered:
        now = by_id.get(place.account) or (place.account if head.account(place.account) else None)
        if not (now and (place.region, place.stack) == here):
            account_id = place.account if place.account.isdecimal() else None
            found.setdefault(place, LeftStack(place.region, place.stack, now or place.account, account_id, now))
    return tuple(sorted(found.values(), key=lambda one: (one.region, one.stack, one.account, one.place)))


def told_left(left: Mapping[LeftStack, bool | None]) -> tuple[str, ...]:
    """A sentence for each place: whether the stacks are there, None where that could not be looked at."""
    places: dict[tuple[str, str, bool], list[str]] = {}
    for one, is_there in left.items():
        if is_there is not False:
            name = f"`{one.account}`" + (f" ({one.account_id})" if one.account_id not in (None, one.account) else "")
            places.setdefault((one.region, one.stack, bool(is_there)), []).append(name)
    return tuple(
        f"the former stack `{stack}` in {region} of {', '.join(names[:_SHOWN])}"
        + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        + (" is still there" if is_there else " could not be looked at, and may still be there")
        + ": its roles stay, with whom they trust, and no run deletes it. Delete it in the account "
        f"(`aws cloudformation delete-stack --stack-name {stack} --region {region}`)."
        + ("" if is_there else " An account that is in no config can be listed with `state: absent` for that.")
        for (region, stack, is_there), names in sorted(places.items())
    )
