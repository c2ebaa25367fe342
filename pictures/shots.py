"""Which pictures there are."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"

WIDE, NARROW = 920, 400
"""CSS pixels: about a comment on a desktop, and on a telephone."""


class Shot(NamedTuple):
    """One picture of a comment. `unfolded` are beginnings of the folds that are open; GitHub shows them closed."""

    comment: str
    label: str
    width: int
    unfolded: tuple[str, ...] = ()


SHOTS = (
    Shot("planned", "planned", WIDE),
    Shot("planned", "planned-narrow", NARROW),
    Shot("planned", "planned-open", WIDE, ("Roles",)),
    Shot("problems", "problems", WIDE),
    Shot("problems", "problems-narrow", NARROW),
    Shot("applied", "applied", WIDE),
    Shot("applied", "applied-narrow", NARROW),
)


def picture(shot: Shot) -> Path:
    """The file of a picture."""
    return IMAGES / f"change-summary-{shot.label}.png"
