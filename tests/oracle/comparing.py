"""Where the two evaluators may be held to each other: what the simulator can be asked, and reads as AWS says."""

from __future__ import annotations

import json
import re

from oracle.conditions import NEGATED, listed, moment, network, number, split
from oracle.evaluator import Ask, Caller, Document, Role, Statement, principals
from oracle.patterns import MODERN, tokens, value_of

_RESOURCE = re.compile(r"\*|arn:[^*?:]+:(?:(?:s3|iam):[^*?]*|[^*?:]+:[^*?:]+:[^*?:]+:[^*?]*)", re.DOTALL)
_ELEMENT = re.compile(r"\*|arn:aws[a-z-]*:[^:]*:[^:]*:[^:]*:(?!\*/).*", re.DOTALL)
_CALLER = re.compile(r"arn:aws:iam::\d{12}:(?:user|saml-provider|oidc-provider)/.+|[a-z0-9.-]+\.amazonaws\.com")
_SEVERAL = {"aws:principalorgpaths", "aws:tagkeys", "aws:calledvia", "aws:principalservicenameslist"}
"""Keys of several values: without a set operator, no page says what they are held against."""

_PLAIN = re.compile(r"[ -~]*")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/[^/]+")

_OWN_RULES = ("kms:", "sts:", "iam:", "s3:")
"""Services for which the simulator has rules beside those of IAM; AWS has, where a resource has a policy of its own."""


def comparable(role: Role, ask: Ask) -> bool:
    """Whether both have to give the same answer."""
    if not all(_PLAIN.fullmatch(text) for values in ask.context.values() for text in listed(values)):
        return False
    if ask.caller is not None:
        said = json.dumps(role.trust.body)
        mixed = ask.caller.kind == "Federated" and '"AWS"' in said  # it reads an account in the provider's name
        like = ask.caller.role.lower()  # to it, roles are the same in upper and lower case
        mixed |= any(name != ask.caller.role and name.lower() == like for _, name in _names(role.trust))
        plain = not mixed and not _PATH.search(said) and all(_is_name(*name) for name in _names(role.trust))
        return plain and _is_real(ask.caller) and _is_read([role.trust], ask)
    if not _RESOURCE.fullmatch(ask.resource) or ask.action.startswith(_OWN_RULES[:2]):
        return False
    return _is_read([*role.rights, *([role.boundary] if role.boundary else [])], ask)


def _is_real(caller: Caller) -> bool:
    """The simulator goes by the name, so that a name of another kind is read as what it looks like.

    It leaves paths out of roles: one of a path and one without are the same to it.
    """
    session = _SESSION.fullmatch(caller.name)
    if session:
        return caller.role == f"arn:aws:iam::{session.group(1)}:role/{session.group(2)}"
    return _looks(caller.name) == caller.kind and _CALLER.fullmatch(caller.name) is not None


def _looks(name: str) -> str:
    """The kind that the simulator takes a name for."""
    if "-provider/" in name or name.startswith("cognito"):
        return "Federated"
    return "Service" if name.endswith(".amazonaws.com") else "AWS"


def _is_name(kind: str, name: str) -> bool:
    return _looks(name) == kind and re.fullmatch(r"\*|[\w+=.@:/-]+", name) is not None


def _names(document: Document) -> list[tuple[str, str]]:
    elements = [s.body.get(name) for s in document.statements for name in ("Principal", "NotPrincipal")]
    return [pair for element in elements if element is not None for pair in principals(element)]


_PATH = re.compile(r":role/[^\"]+/|CanonicalUser")


def _is_arn(value: str | tuple[str, ...] | None) -> bool:
    return all(text.count(":") >= 5 for text in ((value,) if isinstance(value, str) else value or ()))


def _variables(text: str, version: str) -> list[str]:
    return [part for kind, part in tokens(text, version) if kind == "variable"]


def _is_typed(statement: Statement, ask: Ask) -> bool:
    """Whether each value is of its operator's type, and has what it needs: no page says what others mean."""
    if any("*" in action.partition(":")[0] and action != "*" for action in statement.actions):
        return False
    for operator, keys in statement.condition.items():
        base = split(operator)[1]
        if not split(operator)[0] and base != "Null" and _SEVERAL & {key.lower() for key in keys}:
            return False
        if base.startswith("Arn") and not all(_is_arn(ask.context.get(key.lower())) for key in keys):
            return False
        for text in (text for values in keys.values() for text in listed(values)):
            wrong = (
                (base in ("Null", "Bool") and text.lower() not in ("true", "false"))
                or (base.startswith("Numeric") and number(text) is None)
                or (base.startswith("Date") and moment(text) is None)
                or (base.endswith("IpAddress") and network(text) is None)
                or (base.startswith("Arn") and not _ELEMENT.fullmatch(text))
                or base == "BinaryEquals"
                or (operator.startswith("ForAnyValue") and operator.endswith("IfExists"))
                or (
                    base in NEGATED
                    and any(value_of(v, ask.context) is None for v in _variables(text, statement.version))
                )
            )
            if wrong:
                return False
    return True


def _is_read(documents: list[Document], ask: Ask) -> bool:
    """It takes variables for variables in every version, and reads resources that IAM refuses in its own way."""
    for document in documents:
        if document.body.get("Version") != MODERN and "${" in json.dumps(document.body):
            return False
        for statement in document.statements:
            if not all(map(_ELEMENT.fullmatch, statement.resources)) or not _is_typed(statement, ask):
                return False
    return True
