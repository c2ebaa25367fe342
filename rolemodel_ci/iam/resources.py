"""What the resources of a statement cover, as they are written in a template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from rolemodel_ci.cloudformation.intrinsics import DYNAMIC, NESTED, PLACEHOLDER
from rolemodel_ci.cloudformation.policies import as_list
from rolemodel_ci.iam.patterns import matches

KNOWN_TO_AWS = "known-to-aws"
"""Stands for a name or an id that AWS makes up, which is no pattern."""

# A role, a user, a group and a policy that no template names: a resource that covers one of them covers all of a kind.
_ANY_IDENTITY = tuple(f"{kind}/any/thing" for kind in ("role", "user", "group", "policy"))

# Services of which actions are about resources of others, beside their own or in place of them:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ABOUT = {
    "ec2-instance-connect": ("ec2",),
    "ssm": ("ssm", "ec2", "ecs"),
    "sso-directory": ("sso-directory", "identitystore"),
    "sts": ("iam",),
}

_ID_BEGINNINGS = frozenset({"", "i-", "lt-", "mi-"})
"""How the ids of all resources of a kind may begin: all of them begin so."""


class Reach(Enum):
    """How much of what an action can be about is covered."""

    EVERYTHING = "everything, or all of a kind"
    SOME = "what it names"
    NOTHING = "nothing"
    UNKNOWN = "only AWS can tell"


def reach(resource: str | None, service: str) -> Reach:
    """How much of what actions of a service are about a resource covers; None for one that only AWS can tell."""
    if resource is None:
        return Reach.UNKNOWN
    if resource == KNOWN_TO_AWS:  # something of the template, of whatever kind
        return Reach.SOME
    about = _ABOUT.get(service, (service,))
    pieces = resource.split(":", 5)
    if about == ("iam",):
        if is_about(resource, _ANY_IDENTITY):
            return Reach.EVERYTHING
        return Reach.SOME if len(pieces) == 6 and matches(pieces[2], "iam") else Reach.NOTHING
    if len(pieces) < 6:
        whole = f"arn:aws:{about[0]}:any-region:any-account:any/thing"
        return Reach.EVERYTHING if matches(resource, whole) else Reach.NOTHING
    if not any(matches(pieces[2], each) for each in about):
        return Reach.NOTHING
    return Reach.EVERYTHING if _is_wide(pieces[5]) else Reach.SOME


def _is_wide(rest: str) -> bool:
    """Whether the last part of an ARN covers all of a kind: nothing but wildcards stands behind the kind."""
    cut = min((i for i in (rest.find("/"), rest.find(":")) if i >= 0), default=-1)
    named = rest[cut + 1 :] if cut >= 0 else rest
    beginning = named.split("*", 1)[0]
    return "*" in named and beginning in _ID_BEGINNINGS and not named[len(beginning) :].strip("*?/:")


def is_about(resource: str, parts: Iterable[str]) -> bool:
    """Whether a resource is one of these of IAM, the last parts of ARNs, or a pattern for one, whatever the account."""
    pieces = resource.split(":", 5)
    if len(pieces) < 6:
        return any(matches(resource, f"arn:aws:iam::any-account:{part.lower()}") for part in parts)
    return matches(pieces[2], "iam") and any(matches(pieces[5], part.lower()) for part in parts)


def is_of_any_account(resource: str) -> bool:
    """Whether a resource of IAM is meant in whatever account it is, or in the own one, as AWS fills that in."""
    pieces = resource.split(":", 5)
    return len(pieces) < 6 or (
        pieces[1] in ("aws", "*") and pieces[3] in ("", "*") and pieces[4] in ("*", KNOWN_TO_AWS)
    )


def written(resource: Any, names: Mapping[str, str | None]) -> str | None:
    """A resource as it is written. What AWS makes up can widen nothing; None for what it takes from elsewhere.

    `names` has what references stand for: their text, or None for what may become anything.
    """
    if isinstance(resource, str):
        return None if DYNAMIC in resource else _filled(resource, names)
    if not isinstance(resource, dict) or len(resource) != 1:
        return None
    ((function, argument),) = resource.items()
    if function in ("Ref", "Fn::GetAtt"):
        return _referred(".".join(map(str, as_list(argument))), names)
    if function == "Fn::Sub":
        text, extra = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        own = {key: written(value, names) for key, value in extra.items()} if isinstance(extra, dict) else {}
        return _substituted(text, {**names, **own}) if isinstance(text, str) else None
    if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
        parts = [written(part, names) for part in as_list(argument[1])]
        untold = not isinstance(argument[0], str) or None in parts
        return None if untold else str(argument[0]).join(part or "" for part in parts)
    return None


def _filled(text: str, names: Mapping[str, str | None]) -> str:
    """Text with what its references stand for; those of a policy's own variables are no patterns."""
    return PLACEHOLDER.sub(lambda match: names.get(match[1].strip()) or KNOWN_TO_AWS, text)


def _substituted(text: str, names: Mapping[str, str | None]) -> str | None:
    named = (match[1].strip() for match in PLACEHOLDER.finditer(text))
    known = all(_referred(name, names) is not None for name in named) and DYNAMIC not in text
    return _filled(text, names) if known and not NESTED.search(text) else None


def _referred(name: str, names: Mapping[str, str | None]) -> str | None:
    """What a reference stands for. The pseudo parameters that are left are ids."""
    if name in names:
        return names[name]
    return KNOWN_TO_AWS if name.startswith("AWS::") else _attribute(name, names)


def _attribute(name: str, names: Mapping[str, str | None]) -> str | None:
    """An attribute that no name is given for: the ARN of something that is not in the template is one all the same."""
    return KNOWN_TO_AWS if name.endswith(".Arn") and name.partition(".")[0] not in names else None
