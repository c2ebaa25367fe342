"""Whole templates, before and after a change: whatever deploys something else has to be shown.

Beside roles there is what templates have: resources of all kinds, parameters with values of accounts, mappings,
conditions, outputs.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loading import InMemory

from oracle import judging, pairs
from oracle.worlds import ACCOUNT, MASTER, SSM, Deployed, World, worlds
from rolemodel_ci.config.loader import load

Json = Any
Rng = random.Random

DEV = "333333333333"
ACCOUNTS: Mapping[str, str] = {"prod": ACCOUNT, "dev": DEV}


@dataclass
class Whole:
    """A template, and the parameters that the accounts give."""

    template: dict[str, Json]
    given: dict[str, dict[str, str]]

    def text(self) -> str:
        """The config."""
        lines = [
            "assumable_roles: roles.yml",
            "users: users.yml",
            f'master_account_id: "{MASTER}"',
            "assumable_accounts:",
        ]
        for name, account in ACCOUNTS.items():
            lines += [f"  - name: {name}", f'    account_id: "{account}"', f"    profile: {name}"]
            if self.given[name]:
                lines.append(f"    parameters: {json.dumps(self.given[name])}")
        return "\n".join(lines) + "\n"


def start(rng: Rng) -> Whole:
    """A template with a bit of everything."""
    made = pairs.template([pairs.pair(rng.randrange(10**6), name).before for name in pairs.NAMES[:2]])
    made["Parameters"] |= {
        "Env": {"Type": "String", "Default": "dev"},
        "Size": {"Type": "Number", "Default": "3600"},
        "Unused": {"Type": "String", "Default": "x"},
    }
    made["Mappings"] = {
        "ByEnv": {"dev": {"Bucket": "dev-data", "Arn": "arn:aws:s3:::dev"}, "prod": {"Bucket": "p", "Arn": "*"}}
    }
    made["Conditions"] = made.get("Conditions", {}) | {
        "IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
    }
    made["Resources"] |= copy.deepcopy(_BESIDE)
    made["Outputs"] = {
        "Name": {"Value": {"Ref": "Bucket"}},
        "Shown": {"Value": {"Ref": "Env"}, "Export": {"Name": "shown"}},
    }
    mapped = {"Fn::FindInMap": ["ByEnv", {"Ref": "Env"}, "Arn"]}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": mapped}
    policy = {"PolicyName": "Mapped", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    made["Resources"]["Alpha"]["Properties"].setdefault("Policies", []).append(policy)
    if rng.randrange(2):
        made["Resources"]["Bravo"]["Condition"] = rng.choice(["IsProd", "NotProd"])
    return Whole(made, {"prod": {"Env": "prod"}, "dev": {}})


_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
_BESIDE: Json = {
    "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "t-${Env}"}}},
    "Person": {"Type": "AWS::IAM::User", "Properties": {"UserName": "person"}, "Condition": "IsProd"},
    "Team": {"Type": "AWS::IAM::Group", "Properties": {"Policies": [{"PolicyName": "T", "PolicyDocument": _POLICY}]}},
    "Code": {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Role": {"Fn::GetAtt": ["Alpha", "Arn"]}, "Runtime": "python3.12", "MemorySize": 128},
    },
    "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Alpha"}]}},
    "Open": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]},
        },
    },
    "Provider": {
        "Type": "AWS::IAM::OIDCProvider",
        "Properties": {"Url": "https://token.actions.githubusercontent.com", "ClientIdList": ["sts.amazonaws.com"]},
    },
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}, "DeletionPolicy": "Delete"},
}

Change = Callable[[Whole, Rng], None]


def _leaf(node: Json, rng: Rng) -> tuple[Json, Json] | None:
    """The place of some text or number."""
    found: list[tuple[Json, Json]] = []

    def walk(here: Json) -> None:
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, value in items:
            if isinstance(value, dict | list):
                walk(value)
            elif key not in ("Effect", "Version", "Type") and not (isinstance(here, dict) and "Fn::FindInMap" in here):
                found.append((here, key))

    walk(node)
    return rng.choice(found) if found else None


def _resource(whole: Whole, rng: Rng) -> dict[str, Json]:
    chosen: dict[str, Json] = whole.template["Resources"][rng.choice(sorted(whole.template["Resources"]))]
    return chosen


def a_value(whole: Whole, rng: Rng) -> None:
    """Some value of a resource."""
    place = _leaf(_resource(whole, rng).get("Properties", {}), rng)
    if place and not isinstance(place[0], list):
        holder, key = place
        if key not in ("Ref", "Fn::Sub", "Fn::GetAtt"):
            holder[key] = rng.choice([str(holder[key]) + "x", {"Ref": "Env"}, {"Fn::Sub": "x-${AWS::Region}"}, "*"])


def a_default(whole: Whole, rng: Rng) -> None:
    """A default of a parameter."""
    name = rng.choice(["Env", "Size", "Unused"])
    whole.template["Parameters"][name]["Default"] = rng.choice(["prod", "7200", "dev"] if name != "Size" else ["7200"])


def a_type(whole: Whole, rng: Rng) -> None:
    """A parameter gets its value from AWS."""
    name = rng.choice(["Env", "Unused"])
    whole.template["Parameters"][name] = {"Type": SSM, "Default": "/acme/env"}


def a_given(whole: Whole, rng: Rng) -> None:
    """An account gives another value."""
    whole.given[rng.choice(sorted(whole.given))] = rng.choice([{}, {"Env": "prod"}, {"Env": "dev"}, {"Size": "7200"}])


def a_mapping(whole: Whole, rng: Rng) -> None:
    """A value of a mapping."""
    table = whole.template["Mappings"]["ByEnv"]
    table[rng.choice(sorted(table))][rng.choice(["Bucket", "Arn"])] = rng.choice(
        ["*", "arn:aws:s3:::other", "dev-data"]
    )


def a_condition(whole: Whole, rng: Rng) -> None:
    """What a condition says."""
    conditions = whole.template["Conditions"]
    name = rng.choice(["IsProd", "NotProd"])
    conditions[name] = rng.choice(
        [
            {"Fn::Equals": [{"Ref": "Env"}, "dev"]},
            {"Fn::Equals": [{"Ref": "AWS::AccountId"}, ACCOUNT]},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "3600"]}]},
            {"Fn::Equals": ["a", "a"]},
        ]
    )


def a_conditioned(whole: Whole, rng: Rng) -> None:
    """A resource comes under a condition, or under none."""
    resource = _resource(whole, rng)
    if resource.pop("Condition", None) is None:
        resource["Condition"] = rng.choice(["IsProd", "NotProd"])


def a_resource(whole: Whole, rng: Rng) -> None:
    """A resource comes or goes, or is of another type."""
    resources = whole.template["Resources"]
    beside = [name for name in _BESIDE if name in resources]
    how = rng.randrange(3)
    if how == 0 and beside:
        del resources[rng.choice(beside)]
    elif how == 1:
        resources["New"] = copy.deepcopy(rng.choice(list(_BESIDE.values())))
    elif beside:
        resources[rng.choice(beside)]["Type"] = rng.choice(["AWS::SNS::Topic", "AWS::IAM::User", "Custom::Thing"])


def an_output(whole: Whole, rng: Rng) -> None:
    """An output."""
    outputs = whole.template["Outputs"]
    outputs[rng.choice(["Name", "Shown", "More"])] = rng.choice(
        [{"Value": "x"}, {"Value": {"Ref": "Env"}}, {"Value": {"Ref": "AWS::Region"}, "Export": {"Name": "more"}}]
    )


def a_role(whole: Whole, rng: Rng) -> None:
    """A property of a role that is no policy."""
    properties = whole.template["Resources"][rng.choice(["Alpha", "Bravo"])]["Properties"]
    properties |= rng.choice(
        [
            {"MaxSessionDuration": {"Ref": "Size"}},
            {"MaxSessionDuration": 43200},
            {"Tags": [{"Key": "team", "Value": {"Ref": "Env"}}]},
            {"Path": "/app/"},
            {"RoleName": {"Fn::Sub": "name-${Env}"}},
            {"Description": "another"},
        ]
    )


def a_policy(whole: Whole, rng: Rng) -> None:
    """A policy of a role, in one of the ways of the pairs."""
    name = rng.choice(pairs.NAMES[:2])
    pair = pairs.pair(rng.randrange(10**6), name)
    whole.template["Resources"][name]["Properties"] |= {
        key: copy.deepcopy(pair.after.properties[key])
        for key in rng.sample(sorted(pair.after.properties), 1)
        if "Ref" not in json.dumps(pair.after.properties[key])
        and "Fn::If" not in json.dumps(pair.after.properties[key])
    }


CHANGES: tuple[Change, ...] = (
    a_value,
    a_value,
    a_value,
    a_default,
    a_type,
    a_given,
    a_mapping,
    a_condition,
    a_conditioned,
    a_resource,
    a_resource,
    an_output,
    a_role,
    a_policy,
)


@dataclass(frozen=True)
class Silent:
    """A change of a template that deploys something else, of which the comment says nothing."""

    number: int
    done: tuple[str, ...]
    account: str
    names: tuple[str, ...]
    comment: str


def change(number: int) -> tuple[Whole, Whole, tuple[str, ...]]:
    """The two templates of a number, and what was done."""
    rng = random.Random(number)
    before = start(rng)
    after = copy.deepcopy(before)
    done = []
    for _ in range(rng.choice([1, 1, 1, 2])):
        chosen = rng.choice(CHANGES)
        chosen(after, rng)
        done.append(chosen.__name__)
    return (after, before, (*done, pairs.BACK)) if rng.randrange(2) else (before, after, tuple(done))


def silent(number: int, comment: Callable[..., str] = judging.comment) -> Silent | None:
    """What the comment on the change of a number does not show, if there is something."""
    before, after, done = change(number)
    policies = [_policy(whole) for whole in (before, after)]
    if policies[0] is None or policies[1] is None:
        return None
    text = comment(policies[0], policies[1])
    for account, names in _different(before, after):
        hidden = tuple(name for name in (*names, account) if not re.search(rf"\b{name}\b", text))
        if hidden:
            return Silent(number, done, account, hidden, text)
    return None


def _policy(whole: Whole) -> Any:
    users = "prod: {Alpha: [alice]}\n"
    files = {"config.yml": whole.text(), "users.yml": users, "roles.yml": json.dumps(whole.template)}
    loaded = load(InMemory(files), "config.yml")
    return None if loaded.problems else loaded.policy


def _different(before: Whole, after: Whole) -> Iterator[tuple[str, tuple[str, ...]]]:
    """By account, the resources that differ in some world, and `Outputs`."""
    for account in ACCOUNTS:
        names: set[str] = set()
        for world in worlds(before.template, after.template):
            try:
                was, now = (_deployed(whole, account, world) for whole in (before, after))
            except KeyError:  # no such entry of a mapping: CloudFormation refuses the template in this world
                continue
            names |= {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
        if names:
            yield account, tuple(sorted(names))


def _deployed(whole: Whole, account: str, world: World) -> dict[str, Json]:
    """What is made, and what it says, with what makes no difference to AWS left out."""
    deployed = Deployed(whole.template, world, whole.given[account] | {"AWS::AccountId": ACCOUNTS[account]})
    made = {name: _plain({**deployed.resolve(body), "Condition": None}) for name, body in deployed.resources.items()}
    return {**made, "Outputs": _plain(deployed.resolve(whole.template["Outputs"]))}


def _plain(node: Json, key: str = "") -> Json:
    """One value as a list of one, texts as texts, in one order, without descriptions and names of statements."""
    if isinstance(node, str) and node.startswith("{") and key in ("PolicyDocument", "AssumeRolePolicyDocument"):
        with contextlib.suppress(ValueError):  # no JSON: then it is as it is
            node = json.loads(node)
    if isinstance(node, dict):
        kept = {name: value for name, value in node.items() if name not in ("Sid", "Description", "Condition")}
        made = {name: _plain(value, name) for name, value in kept.items()}
        return made | {"Condition": _plain(node["Condition"])} if isinstance(node.get("Condition"), dict) else made
    if isinstance(node, list):
        several = sorted((_plain(value) for value in node), key=lambda value: json.dumps(value, sort_keys=True))
        return several[0] if len(several) == 1 else several
    if isinstance(node, bool):
        return str(node).lower()
    return node if node is None else str(node)
