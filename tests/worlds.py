"""Random policies and random states of AWS for them, for the properties."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from builders import IDS, TODAY, policy
from fakes import FakeCloud, FakeGroup, FakeStack
from hypothesis import strategies as st

from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.desired import Policy

ACCOUNTS, ROLES = ("prod", "dev", "test"), ("Admin", "Reader", "Ops")
USERS = ("alice", "bob", "carol", "dave@example.com")
NAMES = ("admin", "reader")
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"
ELSEWHERE = ("RM.prod.Admin", "rm.dev.reader", "Developers", "Billing")
"""Names of groups outside our path; two of them stand in the way of wanted ones."""

Deed = tuple[str, str, str, str]
"""What somebody did to AWS by hand: the deed, and up to three things it was done to."""


@dataclass(frozen=True)
class World:
    """A policy that is wanted, one that was applied before, and what was done to AWS since."""

    wanted: Policy
    before: Policy
    deeds: tuple[Deed, ...]
    unreadable: frozenset[str]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What matters, short enough to be read when a property fails; Hypothesis asks for it."""

        def told(policy: Policy) -> str:
            accounts = [f"{a.name}{' absent' * a.absent}" for a in policy.accounts]
            grants = [(*g[:3], str(g.expires)) for g in policy.users.grants] if policy.users else None
            bodies = policy.template.body["Resources"].items()
            roles = {name: [role["Properties"].get(key) for key in ("RoleName", "Path")] for name, role in bodies}
            return f"{accounts} {roles} {grants}"

        printer.text(
            f"World(WANTED {told(self.wanted)}\nBEFORE {told(self.before)}\n"
            f"DEEDS {self.deeds}\nUNREADABLE {sorted(self.unreadable)})"
        )

    def build(self) -> FakeCloud:
        """A cloud in this state, with a clean history."""
        cloud = FakeCloud(" ".join(USERS))
        cloud.run(self.before)
        for deed, *what in self.deeds:
            if what[0] not in self.unreadable or deed in ("join", "leave", "lost"):
                DEEDS[deed](cloud, *what)
        for name in sorted(self.unreadable):
            error = CredentialsError(f"`{name}` cannot be read", "Mend it.") if name == "dev" else None
            cloud.fail("DescribeStacks", name, error=error)
        cloud.history.clear()
        cloud.accesses[:] = [cloud.access()]
        cloud.writes.clear()
        return cloud

    def gives(self, cloud: FakeCloud) -> frozenset[tuple[str, str, str]]:
        """Who may get in according to the wanted policy; `cloud` as it was before the run."""
        if self.wanted.users is not None:
            return frozenset((g.user, g.account, g.role) for g in self.wanted.users.grants if g.holds(TODAY))
        return frozenset(
            (user, account.name, role.name)
            for account in self.wanted.present
            for role in self.wanted.template.roles
            for user in group(cloud, account.name, role.name).members
        )


def group(cloud: FakeCloud, account: str, role: str) -> FakeGroup:
    """Our group, or an empty one that is not there."""
    found = cloud.groups.get(f"RM.{account}.{role}")
    return found if found and found.path == "/RoleModel/" else FakeGroup("none")


def _opening(*arns: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": list(arns)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _aim(cloud: FakeCloud, account: str, what: str) -> list[str]:
    """ARNs: everything, those of a role that is there, or one that the template may name."""
    if what == "*":
        return ["*"]
    stack = cloud.accounts[account].stack
    named = [f"arn:aws:iam::{IDS[account]}:role/{what}"]
    there = (
        [f"arn:aws:iam::{IDS[account]}:role{stack.roles[what].path}{stack.roles[what].name}"]
        if stack and what in stack.roles
        else []
    )
    return there or named


def _rewrite(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    found = group(cloud, account, role)
    found.policies[f"{found.name}-Policy"] = _opening(*_aim(cloud, account, what))


def _widen(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    found = group(cloud, account, role)
    found.policies[f"{found.name}-Policy"] = _opening(*_aim(cloud, account, role), *_aim(cloud, "prod", what))


def _extra(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    group(cloud, account, role).policies["Extra"] = _opening(*_aim(cloud, "dev", what))


def _stray(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    name = f"RM.{account}.{role}".lower() if what == "*" else f"RM.{account}.{what}Old"
    if name.lower() not in map(str.lower, cloud.groups):
        cloud.groups[name] = FakeGroup(name, "/RoleModel/", {"carol"}, {"P": _opening(*_aim(cloud, account, role))})


def _foreign(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    name = ELSEWHERE[len(account + role + what) % len(ELSEWHERE)]
    if name.lower() not in map(str.lower, cloud.groups):
        cloud.groups[name] = FakeGroup(name, "/", {"alice", "bob"}, {"P": _opening("*")}, [MANAGED])


def _lost(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    group(cloud, account, role).policies.clear()


def _moving(status: str, *ends: str) -> Callable[[FakeCloud, str, str, str], None]:
    """The stack of an account is under way, and will end in one of these statuses."""

    def deed(cloud: FakeCloud, account: str, role: str, what: str) -> None:
        stack = cloud.accounts[account].stack
        if stack:
            stack.status, stack.polls = status, 2
            stack.finish = lambda: ends[len(role + what) % len(ends)]

    return deed


def _dead(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    cloud.accounts[account].stack = FakeStack({"*": "ROLLBACK_COMPLETE"}.get(what, "CREATE_FAILED"), "{}")


def _gone(cloud: FakeCloud, account: str, role: str, what: str) -> None:
    cloud.accounts[account].stack = None


DEEDS: dict[str, Callable[..., None]] = {
    "join": lambda cloud, account, role, what: group(cloud, account, role).members.add(USERS[len(what) % 4]),
    "leave": lambda cloud, account, role, what: group(cloud, account, role).members.discard(USERS[len(what) % 4]),
    "attached": lambda cloud, account, role, what: group(cloud, account, role).attached.append(MANAGED),
    "rewrite": _rewrite,
    "widen": _widen,
    "extra": _extra,
    "stray": _stray,
    "foreign": _foreign,
    "lost": _lost,
    "dead": _dead,
    "gone": _gone,
    "creating": _moving("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "ROLLBACK_COMPLETE"),
    "updating": _moving("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
    "deleting": _moving("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED"),
}

_DAYS = (None, None, TODAY - timedelta(1), TODAY + timedelta(30))
_WHATS = ("*", *ROLES, *NAMES)


def _digits(number: int, *bases: int) -> list[int]:
    """A number taken apart, so that one draw decides several things."""
    found = []
    for base in bases:
        number, digit = divmod(number, base)
        found.append(digit)
    return found


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A small policy: up to three accounts and roles, some of them named, grants with and without a last day."""
    shape = draw(st.integers(0, 7 * 7 * 4 * 8 * 6 * 2 - 1))
    some_accounts, some_roles, absent, paths, names, swapped = _digits(shape, 7, 7, 4, 8, 6, 2)
    accounts = [name for i, name in enumerate(ACCOUNTS) if some_accounts + 1 >> i & 1]
    roles: dict[str, dict[str, str]] = {}
    for i, role in enumerate(ROLES):
        if some_roles + 1 >> i & 1:
            roles[role] = {"Path": "/team/"} if paths >> i & 1 else {}
    for role, name in zip(sorted(roles)[names % 3 :], NAMES[::-1] if swapped else NAMES, strict=False):
        if names < 5:
            roles[role]["RoleName"] = name
    stated = [f"{name} absent" if ACCOUNTS.index(name) == absent else name for name in accounts]
    users = {
        account: {role: _grants(draw(st.integers(0, 2**12 - 1))) for role in roles}
        for account in accounts
        if ACCOUNTS.index(account) != absent
    }
    managed = draw(st.integers(0, 9)) > 0
    return policy(json.dumps(users) if managed else None, roles=roles, accounts=stated)


def _grants(number: int) -> list[dict[str, str]]:
    """Some users, each with one of the days; now and then one who does not exist."""
    chosen, ghost, *days = _digits(number, 16, 16, 4, 4)
    users = [user for i, user in enumerate(USERS) if chosen >> i & 1] + ["ghost"] * (ghost == 0)
    last = [_DAYS[days[i % 2]] for i in range(len(users))]
    return [
        {"user": user, "expires": day.isoformat()} if day else {"user": user}
        for user, day in zip(users, last, strict=True)
    ]


def _deed(number: int) -> Deed:
    deed, account, role, what = _digits(number, len(DEEDS), len(ACCOUNTS), len(ROLES), len(_WHATS))
    return sorted(DEEDS)[deed], ACCOUNTS[account], ROLES[role], _WHATS[what]


_DEED_NUMBERS = st.integers(0, len(DEEDS) * len(ACCOUNTS) * len(ROLES) * len(_WHATS) - 1)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world: a third of the time the policy before is the wanted one."""
    wanted = draw(policies())
    before = draw(policies()) if draw(st.integers(0, 2)) else wanted
    deeds = draw(st.lists(_DEED_NUMBERS, min_size=1, max_size=10))
    unreadable = ACCOUNTS[: draw(st.integers(0, 5)) == 1] or ACCOUNTS[1 : 1 + (draw(st.integers(0, 5)) == 1)]
    return World(wanted, before, tuple(map(_deed, deeds)), frozenset(unreadable))
