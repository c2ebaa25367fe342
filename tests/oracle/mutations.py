"""Small changes of policies, of the kinds that people make, by mistake or to deceive."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = Any
Statement = dict[str, Json]


@dataclass
class Site:
    """Where a mutation works: a role's properties, and what stands in the template for this role alone."""

    name: str
    properties: dict[str, Json]
    rng: random.Random
    rights: list[Json]
    trusts: list[Json]
    managed: list[str]
    resources: dict[str, Json] = field(default_factory=dict)
    parameters: dict[str, Json] = field(default_factory=dict)
    conditions: dict[str, Json] = field(default_factory=dict)

    def documents(self) -> list[Json]:
        """Every policy document that is an object, the trust policy among them more often than by chance."""
        found = [policy["PolicyDocument"] for policy in self.policies()]
        found += [body["Properties"]["PolicyDocument"] for body in self.resources.values()]
        trust = self.properties["AssumeRolePolicyDocument"]
        documents = [document for document in [*found, trust, trust] if is_document(document)]
        return documents

    def policies(self) -> list[Json]:
        """The inline policies that are objects."""
        return [policy for policy in self.properties.get("Policies", []) if "PolicyDocument" in policy]

    def document(self) -> Json | None:
        """One of the documents."""
        documents = self.documents()
        return self.rng.choice(documents) if documents else None

    def statement(self, having: str = "") -> Statement | None:
        """One of the statements, with this element."""
        found = [s for document in self.documents() for s in statements(document) if not having or having in s]
        return self.rng.choice(found) if found else None

    def is_trust(self, document: Json) -> bool:
        """Whether the document is the trust policy."""
        return document is self.properties["AssumeRolePolicyDocument"]

    def opaque(self) -> dict[str, str]:
        """A value that AWS alone knows."""
        name = f"{self.name}Open"
        self.parameters[name] = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/acme/open"}
        return {"Ref": name}

    def undecided(self) -> str:
        """The name of a condition that AWS alone can decide."""
        value = self.opaque()
        name = f"{self.name}Maybe"
        self.conditions[name] = {"Fn::Equals": [value, "*"]}
        return name


def is_document(node: Json) -> bool:
    """Whether it is a policy document that is written out."""
    return isinstance(node, dict) and "Statement" in node


def statements(document: Json) -> list[Statement]:
    """The statements that are objects and are written out; one alone becomes a list."""
    if not isinstance(document["Statement"], list):
        document["Statement"] = [document["Statement"]]
    return [s for s in document["Statement"] if isinstance(s, dict) and "Effect" in s]


Mutation = Callable[[Site], bool]
"""Changes the site; False where there is nothing of the kind."""

LISTED = ("Action", "NotAction", "Resource", "NotResource")


def holders(site: Site) -> Iterator[tuple[dict[str, Json], str]]:
    """Each place of a value or a list of values: the object and the key."""
    for document in site.documents():
        for statement in statements(document):
            for name in LISTED:
                if name in statement:
                    yield statement, name
            for name in ("Principal", "NotPrincipal"):
                if isinstance(statement.get(name), dict):
                    yield from ((statement[name], kind) for kind in statement[name])
            for keys in statement.get("Condition", {}).values():
                yield from ((keys, key) for key in keys)


def pick(site: Site, wanted: Callable[[Json], bool]) -> tuple[dict[str, Json], str] | None:
    """One such place with a value of this kind."""
    found = [(holder, key) for holder, key in holders(site) if wanted(holder[key])]
    return site.rng.choice(found) if found else None


def texts(value: Json) -> list[Json]:
    """The values as a list."""
    return list(value) if isinstance(value, list) else [value]


def _is_text(value: Json) -> bool:
    return any(isinstance(text, str) for text in texts(value))


def change_text(site: Site, change: Callable[[str, random.Random], Json]) -> bool:
    """Change one text somewhere."""
    place = pick(site, _is_text)
    if place is None:
        return False
    holder, key = place
    values = texts(holder[key])
    at = site.rng.choice([i for i, value in enumerate(values) if isinstance(value, str)])
    new = change(values[at], site.rng)
    if new == values[at]:
        return False
    values[at] = new
    holder[key] = values if isinstance(holder[key], list) else values[0]
    return True


def add_statement(site: Site) -> bool:
    """A statement of another policy."""
    document = site.document()
    if document is None:
        return False
    source = site.rng.choice(site.trusts if site.is_trust(document) else site.rights)
    statements(document)
    new = copy.deepcopy(
        site.rng.choice(source["Statement"] if isinstance(source["Statement"], list) else [source["Statement"]])
    )
    document["Statement"].insert(site.rng.randrange(len(document["Statement"]) + 1), new)
    return True


def remove_statement(site: Site) -> bool:
    """A statement goes; the last one stays."""
    document = site.document()
    if document is None or len(statements(document)) < 2:
        return False
    document["Statement"].pop(site.rng.randrange(len(document["Statement"])))
    return True


def swap_effect(site: Site) -> bool:
    """Allow becomes Deny, or the other way."""
    statement = site.statement()
    if statement is None or statement["Effect"] not in ("Allow", "Deny"):
        return False
    statement["Effect"] = "Deny" if statement["Effect"] == "Allow" else "Allow"
    return True


def list_or_text(site: Site) -> bool:
    """One value becomes a list of one, or the other way: nothing changes."""
    place = pick(site, lambda value: not isinstance(value, list) or len(value) == 1)
    if place is None:
        return False
    holder, key = place
    holder[key] = holder[key][0] if isinstance(holder[key], list) else [holder[key]]
    return True


def join_texts(site: Site) -> bool:
    """A list of texts becomes one text that reads like it."""
    place = pick(
        site, lambda value: isinstance(value, list) and len(value) > 1 and all(isinstance(v, str) for v in value)
    )
    if place is None:
        return False
    holder, key = place
    values = holder[key]
    separator = site.rng.choice([", ", ",", " or ", "; ", "\n", " and ", "`, `", '", "', "', '"])
    joined = separator.join(values)
    holder[key] = site.rng.choice([joined, [joined]])
    return True


def split_text(site: Site) -> bool:
    """A text in a list loses its end to one of its own."""
    return change_text(site, lambda text, rng: text[: rng.randrange(1, len(text))] if len(text) > 1 else text)


def wildcard(text: str, rng: random.Random) -> str:
    """A wildcard comes, goes, or moves."""
    kind = rng.randrange(6)
    if kind == 0:
        return text.replace("*", "", 1) or "*"
    if kind == 1:
        return text.replace("*", "?", 1)
    if kind == 2:
        at = rng.randrange(len(text) + 1)
        return text[:at] + "*" + text[at:]
    if kind == 3:
        cut = max(text.rfind("/"), text.rfind(":"))
        return text[: cut + 1] + "*"
    if kind == 4:
        return text.replace("?", "*", 1)
    return "*"


def move_wildcard(site: Site) -> bool:
    """A wildcard in some text."""
    return change_text(site, wildcard)


def odd_text(site: Site) -> bool:
    """A text gets a character that reads like another, or like nothing."""

    def change(text: str, rng: random.Random) -> str:
        new = rng.choice(
            [" ", "`", '"', "'", "\u00a0", "\u2028", "\u200b", "\u0430", ",", " on *", "…", "\\", "|", "\n"]
        )
        at = rng.choice([0, len(text), rng.randrange(len(text) + 1)])
        return text[:at] + new + text[at:]

    return change_text(site, change)


def change_case(site: Site) -> bool:
    """Upper and lower case."""
    return change_text(site, lambda text, rng: rng.choice([text.lower(), text.upper(), text.swapcase()]))


def escape(site: Site) -> bool:
    """A wildcard becomes its escaped form, or the other way; a variable comes."""

    def change(text: str, rng: random.Random) -> str:
        if "${*}" in text:
            return text.replace("${*}", "*")
        if "*" in text and rng.randrange(2):
            return text.replace("*", "${*}", 1)
        if "?" in text:
            return text.replace("?", "${?}", 1)
        if "${" in text:
            return text.replace("${", "${$}{", 1)
        cut = max(text.rfind("/"), text.rfind(":"))
        return text[: cut + 1] + rng.choice(["${aws:username}", "${aws:PrincipalTag/team}", "${aws:userid}"])

    return change_text(site, change)


def add_value(site: Site) -> bool:
    """One more value."""
    place = pick(site, _is_text)
    if place is None:
        return False
    holder, key = place
    values = [value for value in texts(holder[key]) if isinstance(value, str)]
    new = site.rng.choice([values[0] + "-2", wildcard(values[-1], site.rng), values[0]])
    holder[key] = [*texts(holder[key]), new]
    return True


def remove_value(site: Site) -> bool:
    """One value less."""
    place = pick(site, lambda value: isinstance(value, list) and len(value) > 1)
    if place is None:
        return False
    holder, key = place
    holder[key] = list(holder[key])
    holder[key].pop(site.rng.randrange(len(holder[key])))
    return True


def shuffle(site: Site) -> bool:
    """Another order of values, statements, policies: nothing changes."""
    document = site.document()
    if document is not None:
        statements(document)
        site.rng.shuffle(document["Statement"])
    place = pick(site, lambda value: isinstance(value, list) and len(value) > 1)
    if place:
        holder, key = place
        holder[key] = site.rng.sample(holder[key], len(holder[key]))
    return True


def change_sid(site: Site) -> bool:
    """A name of a statement: nothing changes."""
    statement = site.statement()
    if statement is None:
        return False
    statement["Sid"] = f"S{site.rng.randrange(100)}"
    return True


_INVERSE = {"Action": "NotAction", "Resource": "NotResource", "Principal": "NotPrincipal"}
_INVERSE |= {second: first for first, second in _INVERSE.items()}


def invert(site: Site) -> bool:
    """Action becomes NotAction, and the like."""
    statement = site.statement()
    if statement is None:
        return False
    there = [name for name in _INVERSE if name in statement]
    name = site.rng.choice(there)
    statement[_INVERSE[name]] = statement.pop(name)
    return True


def change_version(site: Site) -> bool:
    """The version of the language comes, goes, or changes."""
    document = site.document()
    if document is None:
        return False
    new = site.rng.choice(["2012-10-17", "2008-10-17", None])
    if new == document.get("Version"):
        return False
    document.pop("Version", None)
    if new:
        document["Version"] = new
    return True


def numbers(site: Site) -> bool:
    """`"true"` becomes true, `"5"` becomes 5, and the other way: nothing changes."""
    place = pick(site, lambda value: str(value).lower() in ("true", "false") or str(value).isdigit())
    if place is None:
        return False
    holder, key = place
    value = holder[key]
    if isinstance(value, str):
        holder[key] = {"true": True, "false": False}.get(
            value.lower(), int(value) if value.isdigit() and len(value) < 9 else value
        )
    else:
        holder[key] = json.dumps(value)
    return True


def change_kind(site: Site) -> bool:
    """A principal of one kind becomes one of another."""
    found = (
        [s for s in statements(site.properties["AssumeRolePolicyDocument"]) if isinstance(s.get("Principal"), dict)]
        if is_document(site.properties["AssumeRolePolicyDocument"])
        else []
    )
    if not found:
        return False
    principal = site.rng.choice(found)["Principal"]
    kind = site.rng.choice(sorted(principal))
    others = sorted({"AWS", "Service", "Federated", "CanonicalUser"} - set(principal))
    if others:
        principal[site.rng.choice(others)] = principal.pop(kind)
    return bool(others)


_CALLERS = (
    {"AWS": "*"},
    "*",
    {"AWS": "arn:aws:iam::111111111111:root"},
    {"AWS": "111111111111"},
    {"AWS": "arn:aws:iam::111111111111:user/bob"},
    {"AWS": "arn:aws:iam::999999999999:root"},
    {"AWS": ["arn:aws:iam::111111111111:role/Other", "arn:aws:iam::222222222222:root"]},
    {"AWS": "arn:aws:sts::111111111111:assumed-role/Deploy/session"},
    {"Service": "lambda.amazonaws.com"},
    {"Federated": "arn:aws:iam::222222222222:oidc-provider/evil.example.com"},
    {"Federated": "cognito-identity.amazonaws.com"},
)


def change_caller(site: Site) -> bool:
    """Another principal."""
    trust = site.properties["AssumeRolePolicyDocument"]
    if not is_document(trust):
        return False
    found = [s for s in statements(trust) if "Principal" in s]
    if not found:
        return False
    site.rng.choice(found)["Principal"] = copy.deepcopy(site.rng.choice(_CALLERS))
    return True
