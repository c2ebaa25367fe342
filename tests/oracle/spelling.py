"""Changes between values that are written out and functions that give them, or something else."""

from __future__ import annotations

import copy
import json
from typing import Any

from oracle.conditioning import as_text
from oracle.mutations import Site, change_text, is_document, statements

Json = Any


_NOTHING = {"Ref": "AWS::NoValue"}


def _spelled(text: str, site: Site) -> Json:
    """The same text by a function."""
    escaped = text.replace("${", "${!")
    how = site.rng.randrange(6)
    if how == 0 and "222222222222" in text:
        return {"Fn::Sub": escaped.replace("222222222222", "${AWS::AccountId}")}
    if how in (0, 1) and "111111111111" in text:
        return {"Fn::Sub": escaped.replace("111111111111", "${AssumingAccountID}")}
    if how == 2 and len(text) > 3:
        return {"Fn::Join": ["", [text[:3], text[3:]]]}
    if how == 3:
        name = f"{site.name}P{site.rng.randrange(1000)}"
        site.parameters[name] = {"Type": "String", "Default": text}
        return {"Ref": name}
    if how == 4 and len(text) > 3 and "$" not in text[-4:]:
        return {"Fn::Sub": [escaped[:-2] + "${End}", {"End": text[-2:]}]}
    return {"Fn::Sub": escaped}


def by_function(site: Site) -> bool:
    """A text is said by a function: nothing changes."""
    return change_text(site, lambda text, _: _spelled(text, site))


def open_value(site: Site) -> bool:
    """A text becomes a value that AWS alone knows."""
    return change_text(site, lambda text, rng: site.opaque())


_LITERAL = (
    "${Bucket.Arn}",
    "${Bucket}",
    "Bucket.Arn",
    "{'Ref': 'Bucket'}",
    "(known in AWS)",
    "*",
    "arn:aws:s3:::bucket",
)


def attribute(site: Site) -> bool:
    """A text becomes an attribute of a resource, or what reads like one."""

    def change(text: str, rng: Any) -> Json:
        return rng.choice(
            [
                {"Fn::GetAtt": ["Bucket", "Arn"]},
                {"Fn::GetAtt": "Bucket.Arn"},
                {"Fn::Sub": "${Bucket.Arn}/*"},
                {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]},
                {"Ref": "Bucket"},
                "${Bucket.Arn}",
                "${Bucket.Arn}/*",
                "${Bucket}",
                *_LITERAL[2:],
            ]
        )

    return change_text(site, change)


def literal(site: Site) -> bool:
    """A function becomes the text that it could be shown as."""
    found: list[tuple[Any, Any]] = []

    def walk(node: Json) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Fn::GetAtt", "Ref", "Fn::Sub"):
                found.extend([(node, key)] if value != _NOTHING else [])
            else:
                walk(value)

    for document in site.documents():
        walk(document)
    if not found:
        return False
    holder, key = site.rng.choice(found)
    match holder[key]:
        case {"Fn::GetAtt": [resource, name]}:
            holder[key] = f"${{{resource}.{name}}}"
        case {"Fn::GetAtt": str(path)}:
            holder[key] = f"${{{path}}}"
        case {"Ref": name}:
            holder[key] = f"${{{name}}}"
        case {"Fn::Sub": str(text)}:
            holder[key] = text
        case {"Fn::Sub": [text, _]}:
            holder[key] = text
    return True


def text_with_variables(site: Site) -> bool:
    """A document becomes `!Sub [text, {…}]`, or one with other variables."""
    places: list[tuple[dict[str, Json], str]] = [(policy, "PolicyDocument") for policy in site.policies()]
    places.append((site.properties, "AssumeRolePolicyDocument"))
    holder, key = site.rng.choice(places)
    match holder[key]:
        case {"Fn::Sub": [text, dict(variables)]}:
            name = site.rng.choice(sorted(variables))
            holder[key] = {
                "Fn::Sub": [text, {**variables, name: site.rng.choice(["*", "arn:aws:s3:::other", "iam:*"])}]
            }
            return True
        case dict() if not is_document(holder[key]):
            return False
    was = holder[key]
    if not isinstance(was, str) and not as_text_of(holder, key):
        return False
    escaped = holder[key].replace("${", "${!")
    words = [
        w
        for w in ('"*"', '"s3:*"', "arn:aws:iam::111111111111:root", "arn:aws:s3:::data", "sts:AssumeRole")
        if w in escaped
    ]
    if not words:
        holder[key] = {"Fn::Sub": escaped}
        return True
    word = site.rng.choice(words)
    value = word.strip('"')
    text = escaped.replace(word, '"${V}"' if word.startswith('"') else "${V}")
    holder[key] = {"Fn::Sub": [text, {"V": value}]}
    return True


def as_text_of(holder: dict[str, Json], key: str) -> bool:
    """A document without functions as text, in its place."""
    made = json.dumps(holder[key])
    if "Fn::" in made or '"Ref"' in made:
        return False
    holder[key] = made
    return True


def undecided(site: Site) -> bool:
    """Something stands under an `Fn::If` that AWS alone can decide."""
    condition = site.undecided()

    def either(one: Json, other: Json) -> Json:
        return {"Fn::If": [condition, *site.rng.sample([one, other], 2)]}

    how = site.rng.randrange(6)
    document = site.document()
    if how == 0 and site.policies():
        at = site.properties["Policies"].index(site.rng.choice(site.policies()))
        site.properties["Policies"][at] = either(site.properties["Policies"][at], _NOTHING)
    elif how == 1:
        new = {"PolicyName": "Perhaps", "PolicyDocument": copy.deepcopy(site.rng.choice(site.rights))}
        site.properties.setdefault("Policies", []).append(either(new, _NOTHING))
    elif how == 2 and document is not None and len(statements(document)) > 1:
        at = site.rng.randrange(len(document["Statement"]))
        document["Statement"][at] = either(document["Statement"][at], _NOTHING)
    elif how == 3:
        statement = site.statement()
        if statement is None or not isinstance(statement["Effect"], str):
            return False
        statement["Effect"] = either("Allow", "Deny")
    elif how == 4:
        return change_text(site, lambda text, rng: either(text, rng.choice(["*", text + "x"])))
    else:
        arns = site.properties.setdefault("ManagedPolicyArns", [])
        arns.append(either(site.rng.choice(site.managed), _NOTHING))
    return True


def decided(site: Site) -> bool:
    """An `Fn::If` goes, for one of its branches."""
    found: list[tuple[Any, Any]] = []

    def walk(node: Json) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            if isinstance(value, dict) and "Fn::If" in value:
                found.append((node, key))
            walk(value)

    walk(site.properties)
    if not found:
        return False
    holder, key = site.rng.choice(found)
    holder[key] = site.rng.choice(holder[key]["Fn::If"][1:])
    return True


def change_parameter(site: Site) -> bool:
    """A parameter has another default, or gets its value from AWS."""
    if not site.parameters:
        return False
    name = site.rng.choice(sorted(site.parameters))
    body = site.parameters[name]
    if body["Type"] != "String":
        return False
    if site.rng.randrange(2):
        site.parameters[name] = {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": body["Default"].replace(" ", "") or "/x",
        }
    else:
        site.parameters[name] = {**body, "Default": site.rng.choice(["*", body["Default"] + "x"])}
    return True


def effect_by_function(site: Site) -> bool:
    """`Effect` by a parameter."""
    statement = site.statement()
    if statement is None or not isinstance(statement["Effect"], str):
        return False
    name = f"{site.name}Effect{site.rng.randrange(100)}"
    site.parameters[name] = {"Type": "String", "Default": statement["Effect"]}
    statement["Effect"] = {"Ref": name}
    return True


__all__ = ["as_text", "statements"]
