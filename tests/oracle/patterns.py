"""Texts of the policy language with wildcards and variables.

Written from AWS's pages, which each rule names, and from nothing of rolemodel-ci.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Context = Mapping[str, str | tuple[str, ...]]
"""Keys of a request, lower case (keys are not case sensitive), with one value or, where AWS gives a list, several."""

MODERN = "2012-10-17"
"""The version with variables; a document without one has 2008-10-17, in which `${...}` is text.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html"""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'(.*)'\s*")


@lru_cache(maxsize=65_536)
def tokens(text: str, version: str) -> tuple[tuple[str, str], ...]:
    """What a text is made of: `("text", …)`, `("variable", name)`, in the order of the text.

    `${*}`, `${?}` and `${$}` stand for the character itself, wherever variables are known.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if version != MODERN:
        return (("wild", text),) if text else ()
    found: list[tuple[str, str]] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > at:
            found.append(("wild", text[at : match.start()]))
        inner = match.group(1)
        found.append(("plain", inner) if inner in ("*", "?", "$") else ("variable", inner))
        at = match.end()
    if at < len(text):
        found.append(("wild", text[at:]))
    return tuple(found)


def value_of(variable: str, context: Context) -> str | None:
    """What stands for a variable in a request, its default, or None. A key with a list of values is no variable."""
    default = _DEFAULT.fullmatch(variable)
    name = default.group(1) if default else variable.strip()
    value = context.get(name.lower())
    if isinstance(value, str):
        return value
    return default.group(2) if default else None


@lru_cache(maxsize=65_536)
def _expression(text: str, version: str, wild: bool, fold: bool) -> re.Pattern[str] | None:
    """The text as an expression, or None where it has variables."""
    made = []
    for kind, part in tokens(text, version):
        if kind == "variable":
            return None
        made.append(_wild(part) if wild and kind == "wild" else re.escape(part))
    return re.compile("".join(made), re.DOTALL | (re.IGNORECASE if fold else 0))


def _wild(text: str) -> str:
    """`*` is any characters, `?` is one. Each stretch of `*` is one, so that nothing is tried exponentially."""
    pieces = re.split(r"(\*+|\?)", text)
    return "".join(".*" if p.startswith("*") else "." if p == "?" else re.escape(p) for p in pieces)


def matches(
    text: str, value: str, context: Context, version: str = MODERN, *, wild: bool = True, fold: bool = False
) -> bool:
    """Whether a value is what the text of a policy says. With a variable that the request lacks, nothing is."""
    expression = _expression(text, version, wild, fold)
    if expression is not None:
        return expression.fullmatch(value) is not None
    made = []
    for kind, part in tokens(text, version):
        if kind == "variable":
            stands = value_of(part, context)
            if stands is None:
                return False
            made.append(re.escape(stands))
        else:
            made.append(_wild(part) if wild and kind == "wild" else re.escape(part))
    return re.fullmatch("".join(made), value, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None
