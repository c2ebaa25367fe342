"""Every row about a person is what the merge does: for drawn pairs of policies, states of AWS, and deeds by hand."""

from __future__ import annotations

from dataclasses import dataclass

from builders import TODAY
from fakes import ALL_GUARDS, Access, FakeCloud, opens
from hypothesis import HealthCheck, given, settings
from worlds import World, worlds

from rolemodel_ci.access_request.request import request
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.changes import RenameGroup
from rolemodel_ci.reconcile.guards.quota_headroom import headroom
from rolemodel_ci.reconcile.outcome import Done, Report
from rolemodel_ci.reconcile.pipeline import EVERYTHING, carry_out
from rolemodel_ci.render.comment import Author, Judged, as_summary, requested_change

from .cases import FACTS
from .reading import read

COMMON = settings(
    derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow], database=None
)


@dataclass(frozen=True)
class Row:
    """A row about a person: the sign, who, where, and what else stands in it."""

    sign: str
    who: tuple[str, str, str]
    tail: str


def rows_of(comment: str) -> list[Row]:
    """The rows about people."""
    return [
        Row(cells[0][2:], (cells[1], cells[2], cells[3].partition(" · ")[0]), " ".join(cells[4:]))
        for cells in read(comment).rows
        if cells[0][:1] in ("➕", "➖") and len(cells) == 6
    ]


def getting_in(cloud: FakeCloud) -> Access:
    """Who gets into a role that is there by the group that is for it."""
    found = set()
    for name, account in cloud.accounts.items():
        for logical, role in account.stack.roles.items() if account.stack else ():
            arn = f"arn:aws:iam::{account.account_id}:role{role.path}{role.name}"
            group = cloud.groups.get(f"RM.{name}.{logical}")
            if group and group.path == "/RoleModel/" and any(opens(one, arn) for one in group.policies.values()):
                found |= {(user, name, logical) for user in group.members}
    return frozenset(found)


@COMMON
@given(worlds())
def test_every_row_is_what_the_merge_does(world: World) -> None:
    cloud = world.build()
    before, planned = getting_in(cloud), cloud.planned(world.wanted)
    plan = attribute(planned.plan, world.before, world.wanted, TODAY)
    judged = Judged(plan, (), headroom(plan, planned.live.master))
    asked = request(world.before, world.wanted, TODAY)
    rows = rows_of(as_summary(requested_change(asked, judged, FACTS, Author("heidi")), FACTS))

    report = carry_out(EVERYTHING, planned, world.wanted, cloud.tools(), ALL_GUARDS)

    assert isinstance(report, Report)
    after = getting_in(cloud)
    if all(isinstance(outcome, Done) for outcome in report.outcomes):
        gaining = {row.who for row in rows if row.sign == "gains"}
        assert after - before <= gaining
        renamed = {change.account for change in plan.changes if isinstance(change, RenameGroup)}
        losing = {row.who for row in rows if row.sign == "loses"}
        for user, account, role in before - after - losing:  # the row may have the role's name after the change
            assert account in renamed, (user, account, role)
            assert (user, account) in {who[:2] for who in losing}
        for row in rows:
            check(row, before, after, unread=row.who[1] in world.unreadable)


def check(row: Row, before: Access, after: Access, *, unread: bool) -> None:
    """Hold a row against who got in before the merge and who does after it."""
    was, now = row.who in before, row.who in after
    if "cannot be made" in row.tail:
        assert was or not now, row
    elif row.sign == "loses":
        assert not now or "the group stays for now" in row.tail, row
        assert not (was and "already so" in row.tail), row
    elif unread:
        assert "already so" not in row.tail, row
    else:
        assert now, row
        quiet = row.sign != "gains" and not row.tail.rstrip().endswith(
            ("already, which the merge opens", "by the merge")
        )
        assert was is (quiet or "already so" in row.tail), row
