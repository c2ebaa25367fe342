"""What of a run each merge asked for: a run may apply several, and each is told of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request, request
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.pending_commits import Segment, Since
from rolemodel_ci.reconcile.attribution import Attributed
from rolemodel_ci.reconcile.changes import AddMember, Change, RemoveMember
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a run that one merge asked for, and, of the newest merge, what nobody asked for.

    `earlier` are the grants that it touched and that AWS had before this run: an earlier one has made them, or they
    were so. `undone` are those that a later merge has taken back, `lacking` those that cannot be made, or of which that
    is not known, and `redated` those that end on another day now. `narrowed` are the roles, by account and name, that
    it widened and that a later merge has brought back.
    """

    asked: Request
    plan: Plan
    report: Report | None
    earlier: tuple[GrantChange, ...] = ()
    undone: tuple[GrantChange, ...] = ()
    lacking: tuple[GrantChange, ...] = ()
    redated: tuple[GrantChange, ...] = ()
    narrowed: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell: the merge changed nothing of ours, and this run did nothing for it."""
        people = any(isinstance(change, AddMember | RemoveMember) for change in self.plan.changes)
        return self.asked.is_empty and not people


def share(
    found: Attributed, since: Since, commits: frozenset[str], today: date, report: Report | None, *, newest: bool
) -> Share:
    """The share of the merge that brought these commits. `newest`: what nobody asked for goes with it."""
    segments = [segment for segment in since.segments if segment.commit in commits]
    asked = _asked(segments, today)
    mine = frozenset(
        change
        for change, asking in zip(found.plan.changes, found.askers, strict=False)
        if asking & commits or (newest and not asking)
    )
    grants = [one for one in asked.grants if one.touch in (GrantChangeKind.GAINS, GrantChangeKind.LOSES)]
    unmade = _unmade(found.plan, since.head)
    pending = {_key(since.head, change) for change in found.plan.changes} | unmade
    pending |= {(one.account, one.role, one.user) for one in found.plan.regained}
    undone = tuple(one for one in grants if _holds(since.head, one, today) is (one.touch is GrantChangeKind.LOSES))
    earlier = tuple(one for one in grants if one not in undone and (one.account, one.role, one.user) not in pending)
    giving = [one for one in asked.grants if one.gives and one not in undone]
    lacking = tuple(one for one in giving if (one.account, one.role, one.user) in unmade)
    dated = [
        one
        for one in asked.grants
        if one.touch in (GrantChangeKind.LONGER, GrantChangeKind.SHORTER) and one not in lacking
    ]
    redated = tuple(one for one in dated if _ends(since.head, one) == [one.expires])
    part = replace(found.plan, changes=tuple(change for change in found.plan.changes if change in mine))
    narrowed = _narrowed(segments, asked, since.head, today)
    return Share(asked, part, _part(report, part, mine), earlier, undone, lacking, redated, narrowed)


def _part(report: Report | None, plan: Plan, mine: Iterable[Change]) -> Report | None:
    """What of a report is about these changes."""
    if report is None:
        return None
    kept = frozenset(mine)
    return replace(report, plan=plan, outcomes=tuple(one for one in report.outcomes if one.change in kept))


def _asked(segments: list[Segment], today: date) -> Request:
    """What a merge asks for from its first commit to its last."""
    if not segments:
        return Request()
    return request(segments[0].before, segments[-1].after, today)


def _narrowed(segments: list[Segment], asked: Request, head: Policy, today: date) -> frozenset[tuple[str, str]]:
    """What a merge widened and what is not wider in the end: a later merge has narrowed it again."""
    widened = _widened(asked)
    if not widened or segments[-1].after is head:
        return frozenset()
    return widened - _widened(request(segments[0].before, head, today))


def _widened(asked: Request) -> frozenset[tuple[str, str]]:
    shapes = asked.reshaped
    return frozenset((account, role) for shape in shapes for account in shape.accounts for role in shape.widened())


def _ends(policy: Policy, asked: GrantChange) -> list[date | None]:
    """The last day that the policy gives that grant; empty where it does not give it."""
    grants = policy.users.grants if policy.users else ()
    key = (asked.account, asked.role, asked.user)
    return [grant.expires for grant in grants if (grant.account, grant.role, grant.user) == key]


def _key(policy: Policy, change: Change) -> tuple[str, str, str]:
    """Whom a change is about: account, role and user."""
    user = change.user if isinstance(change, AddMember | RemoveMember) else ""
    return change.account or "", change.role or "", user


def _unmade(plan: Plan, policy: Policy) -> set[tuple[str, str, str]]:
    """The wanted grants that this run cannot make, and those of accounts that it could not read."""
    users = policy.users.grants if policy.users else ()
    unread = {one.account for one in plan.unreadable}
    blocked = {(block.group, block.user) for block in plan.blocked} | {
        (b.group, None) for b in plan.blocked if not b.user
    }
    found = set()
    for grant in users:
        group = policy.group_name(grant.account, grant.role)
        if grant.account in unread or (group, grant.user) in blocked or (group, None) in blocked:
            found.add((grant.account, grant.role, grant.user))
    return found


def _holds(policy: Policy, asked: GrantChange, today: date) -> bool:
    """Whether the policy gives that grant today."""
    return any(
        grant.holds(today)
        for grant in (policy.users.grants if policy.users else ())
        if (grant.account, grant.role, grant.user) == (asked.account, asked.role, asked.user)
    )
