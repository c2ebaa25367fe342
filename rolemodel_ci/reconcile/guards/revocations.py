"""Guards against taking too much away at once."""

from __future__ import annotations

from collections.abc import Iterator

from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.live import LiveState
from rolemodel_ci.reconcile.approval import Guard, Refusal
from rolemodel_ci.reconcile.changes import RemoveMember
from rolemodel_ci.reconcile.plan import Plan


def mass_revocation(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """A run that takes away more than its share, or more than is ever allowed."""
    now, soon = _revoked(plan), len(plan.shortened)
    revoked, before, guards = now + soon, plan.totals.memberships_before, policy.guards
    what = _what(now, soon, plan)
    remedy = (
        f"If this is meant, run once with `--allow {Guard.MASS_REVOCATION}`, or raise `guards: %s:` in %s in a change "
        "of its own."
    )
    if revoked > guards.revoke_floor and revoked * 100 > guards.revoke_percent * before:
        share = -(-revoked * 100 // before)
        yield Refusal(
            Guard.MASS_REVOCATION,
            f"{revoked} of {before} memberships {what} ({share} %); one run may revoke "
            f"{guards.revoke_percent} % (or {guards.revoke_floor}, whichever is more)",
            remedy % ("revoke_percent", policy.config_file),
        )
    if guards.revoke_most is not None and revoked > guards.revoke_most:
        yield Refusal(
            Guard.MASS_REVOCATION,
            f"{revoked} memberships {what}; one run may revoke {guards.revoke_most}",
            remedy % ("revoke_most", policy.config_file),
        )


def _what(now: int, soon: int, plan: Plan) -> str:
    """What becomes of the memberships that count: grants that are cut short go without anybody being asked again."""
    if not soon:
        return "would be revoked"
    until = max(one.expires for one in plan.shortened)
    ending = f"{soon} of them by an earlier last day (by {until})"
    return f"would be revoked, {ending}" if now else f"would end earlier than they were to, all by {until}"


def emptied_map(plan: Plan, policy: Policy, live: LiveState) -> Iterator[Refusal]:
    """A run after which nobody is a member of anything."""
    totals = plan.totals
    if policy.users is not None and not totals.memberships_after and _revoked(plan):
        yield Refusal(
            Guard.EMPTY_MAP,
            f"all {totals.memberships_before} memberships would be revoked: nobody could switch into anything",
            f"Look whether {policy.users.file} is what you meant. If it is, run once with `--allow {Guard.EMPTY_MAP}`.",
        )


def _revoked(plan: Plan) -> int:
    """Memberships that go. Grants that ran out do not count: they were approved to end."""
    return sum(isinstance(change, RemoveMember) and change.ended is None for change in plan.changes)
