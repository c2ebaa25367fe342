"""What guards say of several merges at once: whose label counts for what, and what an unknown past means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolemodel_ci.model.pending_commits import Since, Unproven
from rolemodel_ci.reconcile.approval import Allowed, Guard, Refusal
from rolemodel_ci.reconcile.changes import (
    AddMember,
    Change,
    CreateStack,
    DeleteGroup,
    DeletePolicy,
    DetachPolicy,
    PutPolicy,
    RemoveMember,
    StackChange,
)
from rolemodel_ci.reconcile.plan import Plan, Shortened

if TYPE_CHECKING:
    from rolemodel_ci.model.live import LiveState
    from rolemodel_ci.reconcile.attribution import Attributed

Labels = Mapping[str, Allowed]
"""For each commit of the branch, the guards that the labels of its pull request override, and what says so."""

_ONE_BY_ONE = frozenset({
    Guard.MASS_REVOCATION, Guard.PROTECTED, Guard.LAST_ADMINISTRATOR, Guard.OWN_LOCKOUT, Guard.RENAMED_GROUPS,
    Guard.FOREIGN_STACK,
})  # fmt: skip
"""Guards that can be asked about a part of a plan. Any other one looks at the plan as a whole."""

_TAKING = (RemoveMember, DeleteGroup, DeletePolicy, DetachPolicy, StackChange)

_GIVING = (AddMember, PutPolicy)

_MAYBE_NEWER = frozenset({Unproven.GONE, Unproven.REWRITTEN, Unproven.UNKNOWN})
"""Where the commit that was last applied may have taken away what this one still gives."""

_SHOWN = 5  # names in one sentence


@dataclass(frozen=True, slots=True)
class _Rest:
    """What of a plan no label accounts for, and AWS as it is once the other part is done."""

    plan: Plan
    live: LiveState


def by_labels(
    guard: Guard,
    found: Attributed,
    labels: Labels,
    reasons: Callable[..., tuple[Refusal, ...]],
    live: LiveState,
) -> str | None:
    """What overrides a guard for the whole plan; None where a label does not, or not for all that the guard looks at.

    A label accounts for what its own commits ask for and no other commit does, and for drift. The guard is asked
    again about what is left, as if the other part had been done before: only if that passes, the labels are enough.
    """
    given = {commit: allowed[guard] for commit, allowed in labels.items() if guard in allowed}
    if not given or guard is Guard.UNKNOWN_STATE:  # which is about what no commit asks for
        return ", and ".join(dict.fromkeys(given.values())) or None
    rest = _rest(found, frozenset(given), live)
    if guard in _ONE_BY_ONE:
        left = any(refusal.guard is guard for refusal in reasons(plan=rest.plan, live=rest.live))
    else:
        left = any(isinstance(change, _TAKING) for change in rest.plan.changes)
    needed = {commit: by for commit, by in given.items() if commit in _asking(found)} or given
    return None if left else ", and ".join(dict.fromkeys(needed.values()))


def _asking(found: Attributed) -> frozenset[str]:
    """The commits that ask for something that may take access away."""
    changes = (*found.plan.changes, *found.plan.shortened)
    taking = (
        asking for one, asking in zip(changes, found.askers, strict=True) if isinstance(one, (*_TAKING, Shortened))
    )
    return frozenset(commit for asking in taking for commit in asking)


def _rest(found: Attributed, labelled: frozenset[str], live: LiveState) -> _Rest:
    """The plan without what labelled commits alone ask for, and without drift."""
    askers = dict(zip((*found.plan.changes, *found.plan.shortened), found.askers, strict=True))

    def is_covered(one: Change | Shortened) -> bool:
        return isinstance(one, (*_TAKING, Shortened)) and askers[one] <= labelled

    done = [change for change in found.plan.changes if is_covered(change)]
    gone = {(change.group, change.user) for change in done if isinstance(change, RemoveMember)}
    plan = replace(
        found.plan,
        changes=tuple(change for change in found.plan.changes if not is_covered(change)),
        shortened=tuple(one for one in found.plan.shortened if not is_covered(one)),
        totals=replace(found.plan.totals, memberships_before=found.plan.totals.memberships_before - len(gone)),
    )
    groups = {
        name: replace(group, members=group.members - {user for of, user in gone if of == name})
        for name, group in live.master.groups.items()
    }
    return _Rest(plan, replace(live, master=replace(live.master, groups=groups)))


def unproven(found: Attributed, since: Since) -> Iterator[Refusal]:
    """Where it is not known what was last applied, whatever may take something away that this push does not ask for.

    It may be what an earlier run has refused. Where the commit that was applied may be newer, the same holds for what
    gives something: it may have been revoked since. After a newer state was applied, nothing at all passes.
    """
    if since.unproven is None:
        return
    compared = frozenset(segment.commit for segment in since.segments if segment.before is not None)
    pairs = [(change, asking & compared) for change, asking in zip(found.plan.changes, found.askers, strict=False)]
    newer = since.unproven is Unproven.NEWER
    taken = [change for change, asking in pairs if newer or _is_unexplained(change, asking)]
    given = [change for change, asking in pairs if isinstance(change, _GIVING) and not asking and change not in taken]
    counted = taken + (given if since.unproven in _MAYBE_NEWER else [])
    if counted:
        people = [f"`{user}`" for user in sorted({c.user for c in counted if isinstance(c, RemoveMember | AddMember)})]
        who = f", of {', '.join(people[:_SHOWN])}{' and others' if len(people) > _SHOWN else ''}" if people else ""
        may = ["take away what an earlier run has refused to take"] if taken else []
        may += ["give back what was revoked since"] if len(counted) > len(taken) else []
        yield Refusal(
            Guard.UNKNOWN_STATE,
            f"{since.unproven}, and {len(counted)} change{'' if len(counted) == 1 else 's'}{who} "
            f"may {', or '.join(may)}",
            "Look at the plan. If all of it is meant, run once with "
            f"`--allow {Guard.UNKNOWN_STATE}`; from then on it is remembered.",
        )


def _is_unexplained(change: Change, asking: frozenset[str]) -> bool:
    """Whether a change may take something away that no commit of the push asks for.

    A stack is changed as a whole: what a push asks for there may have other things in it.
    """
    if isinstance(change, StackChange):
        return not isinstance(change, CreateStack) or change.replaces is not None
    return isinstance(change, _TAKING) and not asking
