"""Patterns of IAM, in which `*` stands for any characters and `?` for one."""

from __future__ import annotations

import re
import string
from fnmatch import fnmatchcase

_STARS = re.compile(r"\*{2,}")

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def caseless(text: str) -> str:
    """Text in lower case, but only letters of ASCII: the Kelvin sign is no k to IAM."""
    return text.translate(_LOWER)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern stands for the text, which is in lower case.

    A pattern of which more than the text has to be met is none for it: so time is bounded by the square of the text.
    """
    short = _STARS.sub("*", pattern)
    if len(short) - short.count("*") > len(text):
        return False
    return fnmatchcase(text, caseless(short).replace("[", "[[]"))
