"""The labels of a pull request by which guards are overridden for the run of its merge."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.verdict import Guard


def label_of(guard: Guard) -> str:
    """The label that overrides a guard."""
    return f"allow: {guard}"


def guard_of(label: str) -> Guard | None:
    """The guard that a label overrides. GitHub tells labels apart whatever their case, so it does not count here."""
    return _GUARDS.get(label.strip().casefold())


def overriding(labels: Iterable[str]) -> dict[Guard, str]:
    """The guards that labels override, each with its label as it is written."""
    return {guard: label for label in labels if (guard := guard_of(label)) is not None}


_GUARDS = {label_of(guard): guard for guard in Guard}
