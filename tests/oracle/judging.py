"""What the two sides say of pairs: IAM's decision by our second evaluator, and the comment of the product."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from builders import MASTER_ID, TODAY
from loading import InMemory

from oracle import contexts
from oracle.evaluator import Ask, Role
from oracle.pairs import NAMES, NO_PLACE, Pair, sources, template
from oracle.worlds import ACCOUNT, MASTER, Deployed, World, role, worlds
from rolemodel_ci.access_request.request import request
from rolemodel_ci.config.loader import load
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.render.comment import Author, Facts, as_comment, requested_change

Json = Any

assert MASTER == MASTER_ID

_CONFIG = f"""\
assumable_roles: roles.yml
users: users.yml
master_account_id: "{MASTER}"
assumable_accounts:
  - {{name: prod, account_id: "{ACCOUNT}", profile: prod}}
"""
_USERS = "prod: {" + ", ".join(f"{name}: [alice]" for name in NAMES) + "}\n"
_FACTS = Facts(
    "1.0.0", "https://github.example/acme/access", "a" * 40, "b" * 40, "https://github.example/run", "x.json"
)


@dataclass(frozen=True)
class Widening:
    """A request that was denied before and is allowed after, in a world."""

    world: World
    ask: Ask


def widening(pair: Pair) -> Widening | None:
    """A request that shows that the change widens the role, if one was found."""
    before, after = template([pair.before]), template([pair.after])
    for world in worlds(before, after):
        was, now = _role(pair, before, world), _role(pair, after, world)
        if was is None or now is None:
            continue
        for ask in contexts.asks(was, now, random.Random(pair.seed)):
            if now.lets(ask) and not was.lets(ask):
                return Widening(world, ask)
    return None


def roles_in(pair: Pair, world: World) -> list[Role]:
    """The roles of a pair in a world: two, or fewer where AWS would refuse one."""
    found = (_role(pair, template([site]), world) for site in (pair.before, pair.after))
    return [role for role in found if role is not None]


def _role(pair: Pair, body: Json, world: World) -> Role | None:
    """The role in a world; None where what the template says there is no policy, so that AWS refuses it."""
    try:
        return role(Deployed(body, world), pair.name, sources().documents)
    except NO_PLACE:
        return None


def policy(sites: list[Any]) -> Policy | None:
    """What the product reads of a template with these roles; None where it refuses it."""
    files = {"config.yml": _CONFIG, "users.yml": _USERS, "roles.yml": json.dumps(template(sites))}
    loaded = load(InMemory(files), "config.yml")
    return None if loaded.problems else loaded.policy


def comment(base: Policy, head: Policy) -> str:
    """The comment on a change."""
    asked = request(base, head, TODAY)
    return as_comment(requested_change(asked, "AWS is not read here", _FACTS, Author("heidi"), ()), _FACTS)


def told(text: str, name: str) -> bool:
    """Whether a comment says of a role that it widens, or that this cannot be told.

    That is a line of the red box that names it, or what stands in the template for it alone.
    """
    named = re.compile(rf"`{name}(Policy\d+)?`")
    return any(line.startswith(">") and named.search(line) and "narrow" not in line for line in text.splitlines())
