"""What a change of the files asks of CloudFormation that it cannot do: told by the files before and after, without AWS.

The guard `taken-names` compares with the stack itself in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from rolemodel_ci.cloudformation.desired_stacks import evaluate_stacks
from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.roles import properties_of, role_path
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.config.json_schema import printable
from rolemodel_ci.model.desired import Account, Policy
from rolemodel_ci.model.problem import Place, Problem

CODE = "RM427"

REMEDY = (
    "CloudFormation makes the new one before it deletes the old one, finds the name taken and rolls the stack back. "
    "Give the new one another name, or none, or keep the logical id."
)

_NAMES = {ROLE_TYPE: "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}
"""Resources whose name the template may give, and IAM knows once in an account whatever the case."""

Held = Mapping[tuple[str, str], str]
"""By type and name in lower case, the logical id of what has the name."""


def compare(base: Policy | None, head: Policy) -> tuple[Problem, ...]:
    """Names that resources of the base have and other ones of the head are to have: every stack would roll back."""
    if base is None or not any(f"{name}Name" in head.template.text for name in ("Role", "Policy")):
        return ()
    before, after = evaluate_stacks(base, date.min).resolved, evaluate_stacks(head, date.min).resolved
    pairs: dict[
        tuple[int, int], tuple[EvaluatedTemplate, EvaluatedTemplate, str]
    ] = {}  # accounts of one kind are compared once
    for account in head.present:
        was = _before(base, account)
        if was:
            old, new = before[was.name], after[account.name]
            pairs.setdefault((id(old), id(new)), (old, new, account.name))
    found = set()
    for old, new, name in pairs.values():
        for logical, property_, said in collisions(old, new):
            place = _place(head, logical, property_)
            found.add(Problem(place, CODE, f"{said} before the change (account `{name}`)", REMEDY))
    return tuple(sorted(map(printable, found)))


def _before(base: Policy, account: Account) -> Account | None:
    """What the account was: known by its id, or by its name where an id is not known."""
    same = (a for a in base.present if account.account_id and a.account_id == account.account_id)
    was = next(same, None) or base.account(account.name)
    if was is None or was.absent or (was.account_id and account.account_id and was.account_id != account.account_id):
        return None
    return was


def collisions(
    now: EvaluatedTemplate, wanted: EvaluatedTemplate, held: Held | None = None
) -> Iterator[tuple[str, str, str]]:
    """Logical id and property of what cannot be made while `now` is there, and why. `held`: more names that are taken.

    A role that is made anew for its path has its own name in the way.
    """
    taken = {**(held or {}), **{(kind, name.lower()): logical for kind, name, logical in _named(now.resources)}}
    for kind, name, logical in _named(wanted.resources):
        holder = taken.get((kind, name.lower()), logical)
        if holder != logical:
            said = f"`{logical}` is to have the {_NAMES[kind]} `{name}`, which `{holder}` of the stack has"
            yield logical, _NAMES[kind], said
        elif kind == ROLE_TYPE and logical in now.resources and now.whole:
            same = properties_of(now.resources[logical]).get("RoleName") == name
            if same and role_path(now, logical) != role_path(wanted, logical):
                yield logical, "Path", f"`{logical}` is to be made anew for its Path, and keeps the RoleName `{name}`"


def _named(resources: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Type, name and logical id of what the template names."""
    for logical, resource in resources.items():
        kind = str(resource.get("Type"))
        name = properties_of(resource).get(_NAMES[kind]) if kind in _NAMES else None
        if name is not None:  # what only AWS can tell is the same name where it is said in the same way
            yield kind, name if isinstance(name, str) else json.dumps(name, sort_keys=True, default=str), logical


def _place(policy: Policy, logical: str, property_: str) -> Place:
    places = policy.template.places
    whole = places.get(("Resources", logical), Place(policy.template.file))
    return places.get(("Resources", logical, "Properties", property_), whole)
