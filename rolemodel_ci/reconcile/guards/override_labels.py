"""The labels of a pull request by which guards are overridden for the run of its merge."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.suggestions import slip_of

QUOTA = "quota"
NO_QUOTA = "no run can override the quotas of AWS"
INSTEAD = "What does not fit is left out of the run and told, and the rest is made."


def label_of(guard: Guard) -> str:
    """The label that overrides a guard."""
    return f"allow: {guard}"


def guard_of(label: str) -> Guard | None:
    """The guard that a label overrides. GitHub tells labels apart whatever their case, so it does not count here."""
    return _GUARDS.get(label.strip().casefold())


def overriding(labels: Iterable[str]) -> dict[Guard, str]:
    """The guards that labels override, each with its label as it is written."""
    return {guard: label for label in labels if (guard := guard_of(label)) is not None}


def pointless(labels: Iterable[str]) -> tuple[str, ...]:
    """What to say of labels that look as if they overrode something, and override nothing; a sentence for each."""
    told = []
    for label in labels:
        kind, colon, what = label.strip().casefold().partition(":")
        if kind.strip() != "allow" or not colon or guard_of(label) is not None:
            continue
        if what.strip() == QUOTA:
            told.append(f"The label `{label}` overrides nothing: {NO_QUOTA}. {INSTEAD}")
        else:
            known = sorted(_GUARDS)
            hint = slip_of(label.strip().casefold(), known) or f"There are {', '.join(f'`{name}`' for name in known)}."
            told.append(f"The label `{label}` overrides nothing: there is no guard of that name. {hint}")
    return tuple(told)


_GUARDS = {label_of(guard): guard for guard in Guard}
