"""Pairs of roles, before and after a change, made from a number: the same number makes the same pairs."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oracle import conditioning, data, mutations, nesting, spelling
from oracle.mutations import Mutation, Site

Json = Any

NAMES = ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel")
"""Roles of one template: a pair is what becomes of one of them, and a template holds as many pairs."""

AFRESH = 700
"""Characters of AWS's policies that are taken: larger ones change in the same ways, and take longer."""

MUTATIONS: tuple[tuple[Mutation, int], ...] = (
    (mutations.add_statement, 3),
    (mutations.remove_statement, 3),
    (mutations.swap_effect, 2),
    (mutations.list_or_text, 1),
    (mutations.join_texts, 4),
    (mutations.split_text, 1),
    (mutations.move_wildcard, 4),
    (mutations.odd_text, 2),
    (mutations.change_case, 2),
    (mutations.escape, 3),
    (mutations.add_value, 3),
    (mutations.remove_value, 3),
    (mutations.shuffle, 1),
    (mutations.change_sid, 1),
    (mutations.invert, 3),
    (mutations.change_version, 3),
    (mutations.numbers, 1),
    (mutations.change_kind, 3),
    (mutations.change_caller, 3),
    (conditioning.add_condition, 2),
    (conditioning.remove_condition, 3),
    (conditioning.change_operator, 5),
    (conditioning.change_key, 3),
    (conditioning.hide_condition, 4),
    (conditioning.split_statement, 1),
    (conditioning.duplicate_policy, 1),
    (conditioning.rename_policy, 1),
    (conditioning.add_policy, 2),
    (conditioning.remove_policy, 2),
    (conditioning.change_managed, 2),
    (conditioning.change_boundary, 3),
    (conditioning.move_policy, 3),
    (conditioning.swap_boundary, 2),
    (conditioning.as_text, 2),
    (spelling.by_function, 2),
    (spelling.open_value, 3),
    (spelling.attribute, 4),
    (spelling.literal, 4),
    (spelling.text_with_variables, 4),
    (spelling.undecided, 5),
    (spelling.decided, 4),
    (spelling.change_parameter, 3),
    (spelling.effect_by_function, 1),
    (nesting.anywhere, 8),
    (nesting.dynamic, 3),
    (nesting.within, 3),
    (nesting.listed_parameter, 2),
    (nesting.joined_parameter, 2),
    (nesting.emptied, 3),
    (nesting.escaped_text, 1),
    (nesting.open_text, 3),
    (nesting.named, 3),
    (nesting.conditioned, 3),
    (nesting.detach, 3),
)
_KINDS, _WEIGHTS = zip(*MUTATIONS, strict=True)
_PREPARING = (
    spelling.by_function,
    spelling.attribute,
    spelling.open_value,
    spelling.undecided,
    spelling.text_with_variables,
    conditioning.move_policy,
    conditioning.as_text,
    conditioning.change_boundary,
    conditioning.add_policy,
    mutations.add_value,
    nesting.anywhere,
    nesting.dynamic,
    nesting.named,
    nesting.listed_parameter,
    nesting.open_text,
)


@dataclass(frozen=True)
class Sources:
    """What pairs are made from."""

    trusts: list[Json]
    rights: list[Json]
    managed: list[str]
    documents: Mapping[str, Json]


@cache
def sources() -> Sources:
    """The hand-written ones, and AWS's own."""
    own = yaml.safe_load((Path(__file__).parent / "sources.yml").read_text())
    documents = data.managed()
    small = [body for body in documents.values() if len(json.dumps(body)) <= AFRESH]
    return Sources(own["trust"], [*own["rights"] * 12, *small], own["managed"], documents)


@dataclass(frozen=True)
class Pair:
    """A role before and after, and what was done to it."""

    name: str
    seed: int
    done: tuple[str, ...]
    before: Site
    after: Site

    @property
    def number(self) -> int:
        """By which `--pair` shows it again: negative for the way back."""
        return -self.seed if self.done[-1:] == (BACK,) else self.seed

    def turned(self) -> Pair:
        """The way back."""
        return Pair(self.name, self.seed, (*self.done, BACK), self.after, self.before)


BACK = "backwards"


def pair(seed: int, name: str) -> Pair:
    """The pair of a number."""
    rng = random.Random(seed)
    while True:
        try:
            before, after, done = _made(name, rng)
            break
        except NO_PLACE:
            continue
    return Pair(name, seed, tuple(done), before, after)


NO_PLACE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""A mutation met what an earlier one had made, and has no place there: another one is made instead."""


def _made(name: str, rng: random.Random) -> tuple[Site, Site, list[str]]:
    before = _start(name, rng)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        rng.choice(_PREPARING)(before)
    after = _copied(before)
    done: list[str] = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        for _ in range(8):
            mutation = rng.choices(_KINDS, _WEIGHTS)[0]
            if mutation(after):
                done.append(mutation.__name__)
                break
    return before, after, done


def _start(name: str, rng: random.Random) -> Site:
    known = sources()
    properties: dict[str, Json] = {"AssumeRolePolicyDocument": copy.deepcopy(rng.choice(known.trusts))}
    if rng.randrange(10):
        properties["Policies"] = [
            {"PolicyName": f"P{at}", "PolicyDocument": copy.deepcopy(rng.choice(known.rights))}
            for at in range(rng.choice([1, 1, 2]))
        ]
    if not rng.randrange(4):
        properties["ManagedPolicyArns"] = [rng.choice(known.managed)]
    if not rng.randrange(6):
        properties["PermissionsBoundary"] = rng.choice(known.managed)
    return Site(name, properties, rng, known.rights, known.trusts, known.managed)


def _copied(site: Site) -> Site:
    return Site(
        site.name,
        copy.deepcopy(site.properties),
        site.rng,
        site.rights,
        site.trusts,
        site.managed,
        copy.deepcopy(site.resources),
        dict(site.parameters),
        dict(site.conditions),
    )


def template(sites: list[Site]) -> dict[str, Json]:
    """One template with all these roles."""
    parameters: dict[str, Json] = {"AssumingAccountID": {"Type": "String"}}
    resources: dict[str, Json] = {"Bucket": {"Type": "AWS::S3::Bucket"}}
    conditions: dict[str, Json] = {}
    for site in sites:
        resources[site.name] = {"Type": "AWS::IAM::Role", "Properties": site.properties}
        resources |= site.resources
        parameters |= site.parameters
        conditions |= site.conditions
    made = {"Parameters": parameters, "Resources": resources}
    return {**made, "Conditions": conditions} if conditions else made


def batch(number: int) -> list[Pair]:
    """The pairs of one template."""
    return [pair(number * len(NAMES) + at, name) for at, name in enumerate(NAMES)]
