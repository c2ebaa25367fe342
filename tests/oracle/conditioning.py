"""Changes of conditions, and of where policies stand."""

from __future__ import annotations

import copy
import json
from typing import Any

from oracle.conditions import NEGATED, TESTS
from oracle.mutations import Site, Statement, is_document, statements, texts

Json = Any

_BASES = sorted([*TESTS, *NEGATED, "Null"])

_CONDITIONS: tuple[Json, ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}},
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:*"}},
    {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc123/*"]}},
    {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": 900}},
)


def _conditioned(site: Site) -> tuple[Statement, str, str] | None:
    """A statement with a condition, an operator and a key of it."""
    found = [
        (statement, operator, key)
        for document in site.documents()
        for statement in statements(document)
        for operator, keys in statement.get("Condition", {}).items()
        for key in keys
    ]
    return site.rng.choice(found) if found else None


def add_condition(site: Site) -> bool:
    """One more condition."""
    statement = site.statement()
    if statement is None:
        return False
    condition = statement.setdefault("Condition", {})
    for operator, keys in copy.deepcopy(site.rng.choice(_CONDITIONS)).items():
        condition.setdefault(operator, {}).update(keys)
    return True


def remove_condition(site: Site) -> bool:
    """A key, an operator or all of it goes."""
    found = _conditioned(site)
    if found is None:
        return False
    statement, operator, key = found
    how = site.rng.randrange(3)
    if how == 0:
        del statement["Condition"]
    elif how == 1:
        _drop(statement, operator, key)
    else:
        del statement["Condition"][operator]
        if not statement["Condition"]:
            del statement["Condition"]
    return True


def _drop(statement: Statement, operator: str, key: str) -> Json:
    value = statement["Condition"][operator].pop(key)
    if not statement["Condition"][operator]:
        del statement["Condition"][operator]
    if not statement["Condition"]:
        del statement["Condition"]
    return value


def change_operator(site: Site) -> bool:
    """Another operator, `IfExists`, a set operator."""
    found = _conditioned(site)
    if found is None:
        return False
    statement, operator, key = found
    among, _, base = operator.rpartition(":")
    exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    how = site.rng.randrange(4)
    if how == 0 and base != "Null":
        exists = not exists
    elif how == 1 and base != "Null":
        among = site.rng.choice([a for a in ("", "ForAllValues", "ForAnyValue") if a != among])
    elif how == 2:
        family = [b for b in _BASES if b[:4] == base[:4] and b != base] or ["StringNotEquals"]
        base = site.rng.choice(family)
    else:
        base = site.rng.choice(_BASES)
    if base == "Null":
        among, exists = "", False
    value = _drop(statement, operator, key)
    new = f"{among}:{base}" if among else base
    new += "IfExists" * exists
    statement.setdefault("Condition", {}).setdefault(new, {})[key] = value
    return True


_KEYS = (
    "aws:PrincipalTag/team",
    "aws:RequestTag/team",
    "aws:ResourceTag/team",
    "aws:username",
    "aws:userid",
    "aws:SourceIp",
    "aws:MultiFactorAuthPresent",
    "sts:ExternalId",
    "aws:PrincipalAccount",
)


def change_key(site: Site) -> bool:
    """Another key, or another case of it (which changes nothing)."""
    found = _conditioned(site)
    if found is None:
        return False
    statement, operator, key = found
    new = site.rng.choice([key.lower(), key.upper(), site.rng.choice(_KEYS), key + "x"])
    if new.lower() in map(str.lower, statement["Condition"][operator]) and new.lower() != key.lower():
        return False
    value = statement["Condition"][operator].pop(key)
    statement["Condition"][operator][new] = value
    return True


def hide_condition(site: Site) -> bool:
    """A condition goes, and another one's text says it."""
    found = [
        statement
        for document in site.documents()
        for statement in statements(document)
        if sum(map(len, statement.get("Condition", {}).values())) > 1
    ]
    if not found:
        return False
    statement = site.rng.choice(found)
    pairs = [(operator, key) for operator, keys in statement["Condition"].items() for key in keys]
    (operator, key), (other, beside) = site.rng.sample(pairs, 2)
    hidden = texts(_drop(statement, operator, key))[0]
    values = texts(statement["Condition"][other][beside])
    if not isinstance(values[-1], str) or not isinstance(hidden, str):
        return True
    said = site.rng.choice(
        [
            f"{operator} {key} {hidden}",
            f"{operator} {key} = {hidden}",
            f"{key} {operator} {hidden}",
            f"{key} = {hidden}",
            f"{operator}({key}, {hidden})",
            f"{operator}: {key}: {hidden}",
            f"{operator} {key}: {hidden}",
            f'{{"{operator}": {{"{key}": "{hidden}"}}}}',
        ]
    )
    values[-1] = values[-1] + site.rng.choice([" and ", ", ", "; ", " if ", "\n", ",", " "]) + said
    statement["Condition"][other][beside] = values if len(values) > 1 else values[0]
    return True


def split_statement(site: Site) -> bool:
    """A statement of two actions or resources becomes two statements: nothing changes, for Action and Resource."""
    for document in site.documents():
        for statement in statements(document):
            for name in ("Action", "Resource"):
                if isinstance(statement.get(name), list) and len(statement[name]) > 1:
                    second = copy.deepcopy(statement)
                    cut = site.rng.randrange(1, len(statement[name]))
                    second[name], statement[name] = statement[name][cut:], statement[name][:cut]
                    second.pop("Sid", None)
                    document["Statement"].append(second)
                    return True
    return False


def duplicate_policy(site: Site) -> bool:
    """The same policy twice, by another name: nothing changes."""
    if not site.policies():
        return False
    policy = copy.deepcopy(site.rng.choice(site.policies()))
    policy["PolicyName"] = f"Copy{site.rng.randrange(1000)}"
    site.properties["Policies"].append(policy)
    return True


def rename_policy(site: Site) -> bool:
    """Another name of an inline policy: nothing changes."""
    if not site.policies():
        return False
    site.rng.choice(site.policies())["PolicyName"] = f"Named{site.rng.randrange(1000)}"
    return True


def add_policy(site: Site) -> bool:
    """One more inline policy."""
    new = {
        "PolicyName": f"More{site.rng.randrange(1000)}",
        "PolicyDocument": copy.deepcopy(site.rng.choice(site.rights)),
    }
    site.properties.setdefault("Policies", []).append(new)
    return True


def remove_policy(site: Site) -> bool:
    """One inline policy less."""
    if not site.properties.get("Policies"):
        return False
    site.properties["Policies"].pop(site.rng.randrange(len(site.properties["Policies"])))
    return True


def change_managed(site: Site) -> bool:
    """An attached policy of AWS comes or goes."""
    arns = site.properties.setdefault("ManagedPolicyArns", [])
    if arns and site.rng.randrange(2):
        arns.pop(site.rng.randrange(len(arns)))
    else:
        new = site.rng.choice(site.managed)
        if new in arns:
            return False
        arns.append(new)
    return True


def change_boundary(site: Site) -> bool:
    """A boundary of AWS's comes, goes, or is another."""
    if "PermissionsBoundary" in site.properties and site.rng.randrange(2):
        del site.properties["PermissionsBoundary"]
        return True
    new = site.rng.choice(site.managed)
    old = site.properties.get("PermissionsBoundary")
    site.properties["PermissionsBoundary"] = new
    return bool(old != new)


def move_policy(site: Site) -> bool:
    """An inline policy becomes one by itself, attached or as the boundary, or comes back."""
    if site.resources and site.rng.randrange(2):
        name = site.rng.choice(sorted(site.resources))
        body = site.resources.pop(name)
        if {"Ref": name} in site.properties.get("ManagedPolicyArns", []):
            site.properties["ManagedPolicyArns"].remove({"Ref": name})
        if site.properties.get("PermissionsBoundary") == {"Ref": name}:
            del site.properties["PermissionsBoundary"]
        policy = {
            "PolicyName": f"Back{site.rng.randrange(1000)}",
            "PolicyDocument": body["Properties"]["PolicyDocument"],
        }
        site.properties.setdefault("Policies", []).append(policy)
        return True
    if not site.policies():
        return False
    policy = site.rng.choice(site.policies())
    site.properties["Policies"].remove(policy)
    name = f"{site.name}Policy{site.rng.randrange(1000)}"
    kind = site.rng.choice(["AWS::IAM::ManagedPolicy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"])
    properties = {"PolicyDocument": policy["PolicyDocument"]}
    how = site.rng.randrange(3)
    if kind == "AWS::IAM::Policy":
        properties |= {"PolicyName": policy["PolicyName"], "Roles": [{"Ref": site.name}]}
    elif how == 0:
        properties["Roles"] = [{"Ref": site.name}]
    elif how == 1:
        site.properties.setdefault("ManagedPolicyArns", []).append({"Ref": name})
    else:
        site.properties["PermissionsBoundary"] = {"Ref": name}
    site.resources[name] = {"Type": kind, "Properties": properties}
    return True


def swap_boundary(site: Site) -> bool:
    """What is attached becomes the boundary, or the other way."""
    boundary = site.properties.pop("PermissionsBoundary", None)
    if boundary is not None:
        if boundary not in site.properties.setdefault("ManagedPolicyArns", []):
            site.properties["ManagedPolicyArns"].append(boundary)
        return True
    arns = site.properties.get("ManagedPolicyArns")
    if not arns:
        return False
    site.properties["PermissionsBoundary"] = arns.pop()
    return True


def as_text(site: Site) -> bool:
    """A document becomes JSON as text, or the other way: nothing changes."""
    places: list[tuple[dict[str, Json], str]] = [(policy, "PolicyDocument") for policy in site.policies()]
    places += [(body["Properties"], "PolicyDocument") for body in site.resources.values()]
    places.append((site.properties, "AssumeRolePolicyDocument"))
    holder, key = site.rng.choice(places)
    if isinstance(holder[key], str):
        holder[key] = json.loads(holder[key])
        return True
    if not is_document(holder[key]) or "Fn::" in json.dumps(holder[key]) or '"Ref"' in json.dumps(holder[key]):
        return False
    holder[key] = json.dumps(holder[key], indent=site.rng.choice([None, 1]))
    return True
