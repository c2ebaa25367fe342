"""Inputs of the action that are more than text."""

from __future__ import annotations

from enum import StrEnum


class Repair(StrEnum):
    """What a scheduled run, or one started by hand, may change: nothing, grants whose last day is over, everything."""

    NOTHING = "nothing"
    ENDED = "ended"
    EVERYTHING = "everything"
