"""Patterns that a template gives for its parameters: matched only where that surely takes no time.

`re` tries one way after the other, and a few characters of a pattern can have more ways than the universe has atoms.
"""

from __future__ import annotations

import re

_STEPS = 20_000_000
"""Characters that may be looked at for one value: less than a second, and enough for a repetition in one of 4,096."""

# What a pattern is made of. Backreferences, comments, flags and conditions are nothing of it.
_PART = re.compile(
    r"(?P<one>\[\^?\]?(?:\\.|[^\]\\])*\]|\\[^1-9]|[^\\()|*+?])"
    r"|(?P<open>\((?:\?(?::|=|!|<=|<!|P<\w+>))?)"
    r"|(?P<close>\))"
    r"|(?P<either>\|)"
    r"|(?P<times>[*+?])",
    re.DOTALL,
)
_TIMES = re.compile(r"\{(?P<low>[0-9]{0,9})(?P<more>,(?P<high>[0-9]{0,9}))?\}")

_ENDLESS = float("inf")


def matches(pattern: str, value: str) -> bool:
    """Whether all of `value` matches; True for what is left to AWS: patterns of Java, and those that may take long."""
    try:
        return ways(pattern, len(value)) * len(value) > _STEPS or re.fullmatch(pattern, value) is not None
    except (re.error, OverflowError, RecursionError):
        return True


def ways(pattern: str, length: int) -> float:
    """In how many ways a text of this length can be tried, at most; infinite where it is not worth counting."""
    outer: list[tuple[float, float]] = []  # of the groups around: ways of earlier branches, ways of this one
    branches, branch, last = 0.0, 1.0, 0.0  # `last`: of what a repetition would be about; 0 where there is nothing
    at = 0
    while at < len(pattern):
        times = _TIMES.match(pattern, at)
        part = times or _PART.match(pattern, at)
        kind = "times" if times else part and part.lastgroup
        if part is None or (kind == "times" and not last) or (kind == "close" and not outer):
            return _ENDLESS
        at = part.end()
        if kind == "times":
            branch, last = branch * _repeated(last, part, length), 0.0
            at += pattern[at : at + 1] in ("?", "+")  # lazy, or possessive
            continue
        branch, last = branch * (last or 1.0), 1.0
        if kind == "open":
            outer.append((branches, branch))
            branches, branch, last = 0.0, 1.0, 0.0
        elif kind == "either":
            branches, branch, last = branches + branch, 1.0, 0.0
        elif kind == "close":
            inner = branches + branch
            branches, branch = outer.pop()
            last = inner
    return _ENDLESS if outer else branches + branch * (last or 1.0)


def _repeated(each: float, times: re.Match[str], length: int) -> float:
    """In how many ways something can be tried that stands some times, each in so many ways."""
    if times[0] in "*+?":
        low, high = int(times[0] == "+"), 1 if times[0] == "?" else None
    else:
        low = int(times["low"] or 0)
        high = (int(times["high"]) if times["high"] else None) if times["more"] else low
    if each == 1:
        return 1 + (length if high is None else min(max(high - low, 0), length))
    if high is None or high > 64 or each > _STEPS:
        return _ENDLESS
    return each**high * (high - low + 1)
