"""Changes in which something that AWS alone can decide stands deep inside, or a text holds more than it shows."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from oracle.mutations import Site, change_text, pick, statements, texts, wildcard
from oracle.spelling import as_text_of

Json = Any
Place = tuple[Any, Any]

_NOTHING = {"Ref": "AWS::NoValue"}


def _places(node: Json) -> Iterator[Place]:
    """Every place of a value at or below a node, but for what is within functions."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(key, str) and (key.startswith("Fn::") or key in ("Ref", "Effect", "Version", "PolicyName")):
            continue
        yield node, key
        yield from _places(value)


def anywhere(site: Site) -> bool:
    """Some part of the role, large or small, stands under an `Fn::If` that AWS alone can decide."""
    holder, key = site.rng.choice(list(_places(site.properties)))
    value, condition = holder[key], site.undecided()
    other: Json = copy.deepcopy(value)
    how = site.rng.randrange(4)
    if how == 0 and not isinstance(key, str):
        other = _NOTHING
    elif how == 1 and isinstance(value, dict) and site.rng.randrange(2):
        other = _NOTHING if key not in ("AssumeRolePolicyDocument", "PolicyDocument") else copy.deepcopy(value)
    elif isinstance(other, str):
        other = wildcard(other, site.rng)
    elif isinstance(other, list) and len(other) > 1:
        other.pop(site.rng.randrange(len(other)))
    else:
        inner = [(h, k) for h, k in _places(other) if isinstance(h[k], str)]
        if inner:
            h, k = site.rng.choice(inner)
            h[k] = site.rng.choice(["*", h[k] + "x"])
    holder[key] = {"Fn::If": [condition, *site.rng.sample([value, other], 2)]}
    return True


def dynamic(site: Site) -> bool:
    """A text has a dynamic reference in it."""
    name = f"{{{{resolve:ssm:/acme/{site.name}}}}}"
    return change_text(site, lambda text, rng: rng.choice([name, text + name, name + text[1:]]))


def within(site: Site) -> bool:
    """A value that AWS alone knows is a part of a text."""

    def change(text: str, rng: Any) -> Json:
        name = site.opaque()["Ref"]
        escaped = text.replace("${", "${!")
        at = rng.choice([0, len(escaped)])
        return {"Fn::Sub": escaped[:at] + f"${{{name}}}" + escaped[at:]}

    return change_text(site, change)


def listed_parameter(site: Site) -> bool:
    """A list of values is a parameter."""
    place = pick(site, lambda value: all(isinstance(text, str) and "," not in text for text in texts(value)))
    if place is None:
        return False
    holder, key = place
    name = f"{site.name}List{site.rng.randrange(100)}"
    site.parameters[name] = {"Type": "CommaDelimitedList", "Default": ",".join(texts(holder[key]))}
    holder[key] = {"Ref": name}
    return True


def joined_parameter(site: Site) -> bool:
    """A parameter that is a list is one text, or the other way."""
    found = [name for name, body in site.parameters.items() if body["Type"] in ("CommaDelimitedList", "String")]
    if not found:
        return False
    body = site.parameters[site.rng.choice(sorted(found))]
    body["Type"] = "String" if body["Type"] == "CommaDelimitedList" else "CommaDelimitedList"
    return True


def emptied(site: Site) -> bool:
    """A list of values of a condition has none left, or an operator has no key left."""
    conditions = [
        s["Condition"] for d in site.documents() for s in statements(d) if isinstance(s.get("Condition"), dict)
    ]
    found = [keys for condition in conditions for keys in condition.values() if isinstance(keys, dict) and keys]
    if not found:
        return False
    keys = site.rng.choice(found)
    key = site.rng.choice(sorted(keys))
    if site.rng.randrange(2):
        keys[key] = []
    else:
        del keys[key]
    return True


def escaped_text(site: Site) -> bool:
    """A document is JSON as text, with characters as their numbers: nothing changes."""
    holder, key = site.properties, "AssumeRolePolicyDocument"
    if site.policies() and site.rng.randrange(2):
        holder, key = site.rng.choice(site.policies()), "PolicyDocument"
    if not isinstance(holder[key], str) and not (isinstance(holder[key], dict) and as_text_of(holder, key)):
        return False
    for character in site.rng.sample("*:aAlE", 2):
        if character in "*:" or f'"{character}' not in holder[key]:
            holder[key] = (
                holder[key].replace(character, f"\\u{ord(character):04x}") if character == "*" else holder[key]
            )
    return True


def open_text(site: Site) -> bool:
    """A document is text with a value that AWS alone knows in it."""
    holder, key = site.properties, "AssumeRolePolicyDocument"
    if site.policies() and site.rng.randrange(2):
        holder, key = site.rng.choice(site.policies()), "PolicyDocument"
    was = holder[key]
    if not isinstance(was, str) and not (isinstance(was, dict) and as_text_of(holder, key)):
        return False
    strings = [
        text for text in _strings(json.loads(holder[key])) if len(text) > 3 and '"' not in text and "\\" not in text
    ]
    if not strings:
        return False
    chosen = site.rng.choice(strings)
    escaped = holder[key].replace("${", "${!")
    holder[key] = {"Fn::Sub": escaped.replace(chosen.replace("${", "${!"), f"${{{site.opaque()['Ref']}}}")}
    return True


def _strings(node: Json) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _strings(value)


def named(site: Site) -> bool:
    """The role has a name, and a policy of its own is attached by that name."""
    name = f"named-{site.name.lower()}"
    site.properties["RoleName"] = name
    kind = site.rng.choice(["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"])
    properties = {
        "PolicyDocument": copy.deepcopy(site.rng.choice(site.rights)),
        "PolicyName": "Named",
        "Roles": [site.rng.choice([name, {"Fn::Sub": name}, {"Ref": site.name}])],
    }
    properties |= {"ManagedPolicyName": properties.pop("PolicyName")} if kind.endswith("ManagedPolicy") else {}
    site.resources[f"{site.name}Policy{site.rng.randrange(1000)}"] = {"Type": kind, "Properties": properties}
    return True


def conditioned(site: Site) -> bool:
    """A policy that is a resource exists, or not, as AWS decides; or no longer hangs on that."""
    if not site.resources:
        return False
    body = site.resources[site.rng.choice(sorted(site.resources))]
    if body.pop("Condition", None) is None:
        body["Condition"] = site.undecided()
    return True


def detach(site: Site) -> bool:
    """A policy that is a resource is attached to nobody, or to this role as well."""
    if not site.resources:
        return False
    properties = site.resources[site.rng.choice(sorted(site.resources))]["Properties"]
    properties["Roles"] = [] if properties.get("Roles") else [{"Ref": site.name}]
    return True
