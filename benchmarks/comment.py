"""The change summary of big requests: how long it takes from two policies and a plan to the text of the comment."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from benchmarks.repository import Size, write
from rolemodel_ci.access_request.request import request
from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.reconcile.attribution import attribute
from rolemodel_ci.reconcile.changes import AddMember, RemoveMember
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.comment import Facts, Judged, as_comment, requested_change
from rolemodel_ci.render.comment.truncate import utf16

TODAY = date(2026, 11, 23)
FACTS = Facts(
    "0", "https://github.com/acme/access", "a" * 40, "b" * 40, "https://github.com/acme/access/actions/runs/1"
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A request: the policies before and after it, half of whose grants go and half of which come, and its plan."""

    base: Policy
    head: Policy
    plan: Plan


@dataclass(frozen=True, slots=True)
class Written:
    """How long the comment on so many changed grants took, as the median in seconds, and its length in UTF-16 units."""

    changed: int
    seconds: float
    units: int


def comments(sizes: Sequence[int], times: int) -> list[Written]:
    """Measure all sizes in turn, `times` times."""
    asked = {size: asking(size) for size in sizes}
    seconds: dict[int, list[float]] = {size: [] for size in sizes}
    units = {size: utf16(comment(one)) for size, one in asked.items()}  # once to fill caches that every run shares
    for _ in range(times):
        for size, one in asked.items():
            started = time.perf_counter()
            comment(one)
            seconds[size].append(time.perf_counter() - started)
    return [Written(size, statistics.median(seconds[size]), units[size]) for size in sizes]


def comment(asked: Asking) -> str:
    """What `rolemodel-ci ci` does for a pull request between reading AWS and writing the comment."""
    found = request(asked.base, asked.head, TODAY)
    plan = attribute(asked.plan, asked.base, asked.head, TODAY)
    parts = requested_change(found, Judged(plan, (), Headroom(400, 500, 5, 10)), FACTS)
    return as_comment(parts, FACTS)


def asking(changed: int) -> Asking:
    """A request of that many changed grants in 100 accounts with 4 roles each."""
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-bench-") as directory:
        config = write(Path(directory), Size(accounts=100, users=changed // 5, groups_per_user=5, long_form=True))
        policy, problems = read_files(Directory(config, Path.cwd(), (config,)), config)
    assert policy is not None, problems
    assert policy.users is not None
    grants = policy.users.grants
    assert len(grants) == changed
    base = replace(policy, users=replace(policy.users, grants=grants[0::2]))
    head = replace(policy, users=replace(policy.users, grants=grants[1::2]))
    goes = (RemoveMember(g.account, g.role, policy.group_name(g.account, g.role), g.user) for g in grants[0::2])
    comes = (AddMember(g.account, g.role, policy.group_name(g.account, g.role), g.user) for g in grants[1::2])
    return Asking(base, head, Plan((*goes, *comes)))
