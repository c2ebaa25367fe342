"""Requests worth asking about a change: aimed at the statements that only one side has, and near misses of them."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from oracle.conditions import listed, split
from oracle.evaluator import Ask, Caller, Document, Role, Statement, principals
from oracle.patterns import MODERN, tokens
from oracle.worlds import ACCOUNT, MASTER, OTHER

LIMIT = 70
"""Requests for one pair and world."""

_PROVIDERS = ("arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com",)

Value = str | tuple[str, ...] | None


def asks(before: Role, after: Role, rng: random.Random) -> Iterator[Ask]:
    """Requests for which the two may differ. Some come twice: to ask is cheaper than to remember."""
    yield from itertools.islice(_session(before, after, rng), LIMIT * 2)
    yield from itertools.islice(_taking(before, after, rng), LIMIT * 3)


def _key(statement: Statement) -> str:
    if statement.key is None:
        statement.key = json.dumps([statement.body, statement.version], sort_keys=True)
    return statement.key


def _only(one: Sequence[Statement], other: Sequence[Statement]) -> list[Statement]:
    theirs = {id(statement) for statement in other}
    mine = [statement for statement in one if id(statement) not in theirs]
    known = set(map(_key, other)) if mine else set()
    return [statement for statement in mine if _key(statement) not in known]


def _session(before: Role, after: Role, rng: random.Random) -> Iterator[Ask]:
    def whole(role: Role) -> list[Statement]:
        """A boundary that comes or goes counts with all that it says."""
        return [s for document in (*role.rights, role.boundary or Document({})) for s in document.statements]

    one, other = whole(before), whole(after)
    aimed = [*_only(one, other), *_only(other, one)]
    if (before.boundary is None) is not (after.boundary is None) or not aimed:
        aimed = [*aimed, *rng.sample(one, min(2, len(one))), *rng.sample(other, min(2, len(other)))]
    every = [*one, *other]
    yield from _aimed(aimed, every, rng, Ask)


def _taking(before: Role, after: Role, rng: random.Random) -> Iterator[Ask]:
    one, other = before.trust.statements, after.trust.statements
    aimed = [*_only(one, other), *_only(other, one)]
    if not aimed:
        return
    callers = list(dict.fromkeys(_callers([*one, *other])))
    rng.shuffle(callers)
    for caller in callers[:12]:
        for ask in itertools.islice(_aimed(aimed, [*one, *other], rng, lambda a, _, c: Ask(a, "*", c)), 24):
            yield Ask(ask.action, "*", ask.context, caller)


def _aimed(aimed: Sequence[Statement], every: Sequence[Statement], rng: random.Random, make: Any) -> Iterator[Ask]:
    """For each statement: a request that it is about, and the same with one thing different."""
    pool = _pool(aimed)
    allows = [statement for statement in every if statement.allows]
    share = max(8, LIMIT // max(1, len(aimed)))
    turns = [_around(s, aimed, allows, pool, rng, make) for s in rng.sample(aimed, min(6, len(aimed)))]
    for turn in turns:
        yield from itertools.islice(turn, share)


def _around(
    statement: Statement,
    aimed: Sequence[Statement],
    allows: Sequence[Statement],
    pool: dict[str, list[Value]],
    rng: random.Random,
    make: Any,
) -> Iterator[Ask]:
    partners = [statement, *rng.sample(allows, min(2, len(allows)))]
    multi = _several(aimed + partners if isinstance(aimed, list) else [*aimed, *partners])
    actions = _shuffled(rng, (a for s in (statement, *aimed[:4]) for a in _actions(s, rng)))[:6]
    actions = _actions(statement, rng)[:2] + actions
    for partner in partners:
        contexts = list(_contexts(statement, partner, pool, multi, rng))
        context = contexts[0]
        resources = list(
            dict.fromkeys([*_resources(statement, context, rng)[:4], *_resources(partner, context, rng)[:2]])
        )
        both = list(dict.fromkeys([*actions[:3], *_actions(partner, rng)[:2]]))
        for action, resource in itertools.product(both[:4], resources[:3]):
            yield make(action, resource, context)
        for other in contexts[1:]:
            yield make(rng.choice(both), rng.choice(resources), other)
        for resource in _shuffled(rng, (r for s in aimed for r in _resources(s, context, rng)))[:6]:
            yield make(rng.choice(actions), resource, rng.choice(contexts))
    for action in actions:
        yield make(action, rng.choice(resources), context)


def _shuffled(rng: random.Random, values: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(values))
    rng.shuffle(found)
    return found


def filled(text: str, by: str) -> str:
    """A value that a pattern fits, with this for `*`."""
    return text.replace("*", by).replace("?", "q")


def _actions(statement: Statement, rng: random.Random) -> list[str]:
    """Actions that the statement names, or that it just does not."""
    names = list(statement.actions)
    names = rng.sample(names, min(4, len(names)))
    found = []
    for name in names:
        if name == "*":
            found += ["s3:GetObject", "iam:CreateUser"]
        elif re.fullmatch(r"[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+", name):
            found += [filled(name, "Thing"), filled(name, "")] if "*" in name else [filled(name, "")]
    if "NotAction" in statement.body or not found:
        found.insert(0, "zz:Other")
    return [action for action in found if not action.endswith(":") and ":" in action] or ["zz:Other"]


def _resources(statement: Statement, context: Any, rng: random.Random) -> list[str]:
    found = []
    names = list(statement.resources)
    for name in rng.sample(names, min(4, len(names))):
        text = _plain(name, context, statement.version)
        if text == "*":
            found += ["arn:aws:s3:::some-bucket/key"]
        else:
            found += [filled(text, "x"), filled(text, "")] if "*" in text else [filled(text, "")]
            found += [text + "x"]
        if "${" in name:
            found.append(name)  # literally: what it is to the older version of the language
    if "NotResource" in statement.body or not found:
        found.insert(0, "arn:aws:zz:::other")
    return found


def _plain(text: str, context: Any, version: str) -> str:
    """The text with what the request has for its variables."""
    made = []
    for kind, part in tokens(text, version):
        value = context.get(part.split(",")[0].strip().lower()) if kind == "variable" else part
        made.append(value if isinstance(value, str) else "alice")
    return "".join(made)


def _several(statements: Iterable[Statement]) -> set[str]:
    """Keys for which a request may have several values: those that are only ever tested as a set.

    What AWS makes of several values where no set operator stands is not said.
    """
    sets: dict[str, set[bool]] = {}
    for statement in statements:
        for operator, keys in statement.condition.items():
            among, base, _ = split(operator)
            if base == "Null":
                continue
            for key in keys:
                sets.setdefault(key.lower(), set()).add(bool(among))
    return {key for key, found in sets.items() if found == {True}}


def _pool(statements: Iterable[Statement]) -> dict[str, list[Value]]:
    """For each key of the conditions: values that pass, values that do not, and none at all."""
    pool: dict[str, list[Value]] = {}
    for statement in statements:
        for operator, keys in statement.condition.items():
            for key, values in keys.items():
                found = pool.setdefault(key.lower(), [None])
                for text in listed(values)[:6]:
                    found += [value for value in _near(operator, text) if value not in found]
        for text in (
            *statement.resources,
            *(v for k in statement.condition.values() for x in k.values() for v in listed(x)),
        ):
            if "${" in text and statement.version == MODERN:
                for kind, part in tokens(text, statement.version):
                    if kind == "variable":
                        found = pool.setdefault(part.split(",")[0].strip().lower(), [None])
                        found += [value for value in ("alice", "bob") if value not in found]
    return pool


def _near(operator: str, text: str) -> Iterator[str]:
    """Values that fit, then values that do not."""
    base = split(operator)[1]
    if base == "Null":
        yield from ("there", "true", "false")
    elif base == "Bool":
        yield from ("true", "false")
    elif base.startswith(("Numeric",)):
        try:
            number = float(text)
        except ValueError:
            number = 7.0
        yield from (f"{number:g}", f"{number + 1:g}", f"{number - 1:g}")
    elif base.startswith("Date"):
        yield from (text, "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    elif base.endswith("IpAddress"):
        yield from (text.split("/")[0], "203.0.113.9", "10.1.2.3")
    elif "${" in text:
        yield from ("alice", "bob", text)
    else:
        yield filled(text, "x")
        yield text
        yield filled(text, "") + "z"
        if text.swapcase() != text:
            yield text.swapcase()
        yield from re.split(r",\s*|\s+and\s+|;\s*", text)[:3]


def _contexts(
    statement: Statement, partner: Statement, pool: dict[str, list[Value]], multi: set[str], rng: random.Random
) -> Iterator[dict[str, str | tuple[str, ...]]]:
    """One that passes the conditions of both, as far as they agree; then with one key another, or missing."""
    base: dict[str, Value] = {key: rng.choice(values) for key, values in pool.items()}
    base |= _passing(partner) | _passing(statement)
    alone: dict[str, Value] = {**_passing(statement)}
    for start in (base, alone):
        yield _whole(start, multi)
    for key, values in pool.items():
        for value in values[:7]:
            if base.get(key) != value:
                yield _whole({**base, key: value}, multi)
    for key in multi:
        several = [value for value in pool.get(key, []) if isinstance(value, str)]
        if len(several) > 1:
            yield _whole({**base, key: (several[0], several[1])}, multi)
            yield _whole({**base, key: (several[0], "zzz")}, multi)


def _whole(values: dict[str, Value], multi: set[str]) -> dict[str, str | tuple[str, ...]]:
    return {
        key: (value,) if key in multi and isinstance(value, str) else value
        for key, value in values.items()
        if value is not None
    }


def _passing(statement: Statement) -> dict[str, Value]:
    """A value for each key with which the condition holds, where that is easily said."""
    found: dict[str, Value] = {}
    for operator, keys in statement.condition.items():
        _, base, _ = split(operator)
        negative = "Not" in base
        for key, values in keys.items():
            texts = listed(values) or ("x",)
            text = texts[0]
            if base == "Null":
                if text.lower() == "true":
                    found[key.lower()] = None
                else:
                    found.setdefault(key.lower(), "there")
            elif negative:
                found.setdefault(key.lower(), "other" if "Ip" not in base else "203.0.113.9")
            elif "LessThan" in base or "GreaterThan" in base:
                near = list(_near(operator, text))
                found[key.lower()] = near[0] if base.endswith("Equals") else near[1 if "Greater" in base else -1]
                if base.startswith("Date"):
                    found[key.lower()] = "2099-01-01T00:00:00Z" if "Greater" in base else "2020-01-01T00:00:00Z"
            else:
                found[key.lower()] = next(iter(_near(operator, text)))
    return found


def _callers(statements: Iterable[Statement]) -> Iterator[Caller]:
    """Those that are named, their like, and everybody's usual examples."""
    for statement in statements:
        for element in (statement.body.get("Principal"), statement.body.get("NotPrincipal")):
            for kind, name in principals(element) if element is not None else ():
                yield from _named(kind, name)
    yield _user(MASTER, "alice")
    yield _user(OTHER, "mallory")
    yield _session_of(MASTER, "Deploy")
    yield _session_of(ACCOUNT, "Own")
    yield Caller("Service", "ec2.amazonaws.com")
    yield Caller("Federated", _PROVIDERS[0])


def _named(kind: str, name: str) -> Iterator[Caller]:
    account = re.search(r"\b(\d{12})\b", name)
    if kind != "AWS":
        yield Caller(kind, name)
        for other in {"AWS", "Service", "Federated"} - {kind}:
            yield Caller(other, name, account.group(1) if account else "")
        return
    if account:
        yield _user(account.group(1), "alice")
        yield _session_of(account.group(1), "Deploy")
    role = re.fullmatch(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)", name)
    if role:
        session = f"arn:aws:sts::{role.group(1)}:assumed-role/{role.group(2)}/session"
        yield Caller("AWS", session, role.group(1), name)
    for part in re.split(r",\s*", name):
        if part != "*":
            yield Caller("AWS", part, account.group(1) if account else "")


def _user(account: str, name: str) -> Caller:
    return Caller("AWS", f"arn:aws:iam::{account}:user/{name}", account)


def _session_of(account: str, name: str) -> Caller:
    session = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    return Caller("AWS", session, account, f"arn:aws:iam::{account}:role/{name}")
