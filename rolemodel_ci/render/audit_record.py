"""The audit record of a run: who did what when, on which policy, and what came of every change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rolemodel_ci import __version__
from rolemodel_ci.model.desired import DEFAULT_OWNER, Policy
from rolemodel_ci.reconcile.approval import Overridden, Refusal
from rolemodel_ci.reconcile.outcome import Report
from rolemodel_ci.reconcile.plan import Plan
from rolemodel_ci.render.json import plan_json, refusals_json, report_json
from rolemodel_ci.render.json_document import VERSION


@dataclass(frozen=True, slots=True)
class Called:
    """What the calls of one action came to; `seconds` in all, `retries` beyond the first attempts."""

    action: str
    calls: int
    retries: int
    errors: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """An approval that stands. `current`: it is about the last commit that was merged."""

    login: str
    commit: str
    current: bool


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """What brought something of ours to the branch since the last applied commit.

    `pull_request` is None for a push without one. `merged_by` and `approvals` are None where GitHub has not told them,
    and `known` is False where it has not told the pull request either. `as_shown`: what the merge brought is what the
    pull request showed; None where that is not known.
    """

    commits: tuple[str, ...]
    pull_request: int | None
    merged_by: str | None
    approvals: tuple[ApprovalRecord, ...] | None
    known: bool = True
    as_shown: bool | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """A run. What it did not get to is None, also its end: a run that was killed leaves it so. `who`: what is known of
    its cause. `under_way`: its changes have been begun. `sandbox`: all of it happened in an embedded AWS.
    `since` is the commit that was last applied before it, `unproven` why it is not known; `merges` are what came since.
    `previous`: the digest of the record of the run that applied last before. `left_to`: the run that is to apply, for
    this one is about a commit that is not the branch's tip; whether it has is in that run's record.
    """

    command: str
    who: Mapping[str, str]
    began: datetime
    ended: datetime | None = None
    code: int | None = None
    policy: Policy | None = None
    plan: Plan | None = None
    report: Report | None = None
    refusals: tuple[Refusal, ...] = ()
    overridden: tuple[Overridden, ...] = ()
    error: str | None = None
    calls: tuple[Called, ...] = ()
    under_way: bool = False
    sandbox: bool = False
    since: str | None = None
    unproven: str | None = None
    merges: tuple[MergeRecord, ...] = ()
    previous: str | None = None
    left_to: str | None = None


_AFTERWARDS = frozenset({"ended", "exit_code", "error", "calls", "digest"})
"""Keys of a record that are known only after its digest is remembered in AWS."""


def audit_json(run: Audited) -> dict[str, Any]:
    """The record. Outcomes and refusals are those of the formats `report` and `refusal`."""
    planned = plan_json(run.plan) if run.plan else {}
    report = report_json(run.report) if run.report else {}
    refusal = refusals_json(run.plan, run.refusals) if run.plan and run.refusals else {}
    document = {
        "format": "rolemodel-ci/audit",
        "version": VERSION,
        "tool": __version__,
        "command": run.command,
        "sandbox": run.sandbox,
        "who": dict(sorted(run.who.items())),
        "began": run.began.isoformat(timespec="seconds"),
        "ended": run.ended.isoformat(timespec="seconds") if run.ended else None,
        "exit_code": run.code,
        "error": run.error,
        "policy_digest": policy_digest(run.policy) if run.policy else None,
        "plan_digest": planned.get("digest"),
        "since": run.since,
        "unproven": run.unproven,
        "merges": [asdict(merge) for merge in run.merges],
        "overridden": [
            {"guard": str(one.refusal.guard), "message": one.refusal.message, "by": one.by} for one in run.overridden
        ],
        "complete": report.get("complete"),
        "interrupted": report.get("interrupted"),
        "under_way": planned["changes"] if run.under_way and run.report is None else [],
        "outcomes": report.get("outcomes", []),
        "refusals": refusal.get("refusals", []),
        "unreadable": planned.get("unreadable", []),
        "blocked": planned.get("blocked", []),
        "calls": [_call_json(call) for call in run.calls],
        "previous": run.previous,
        "left_to": run.left_to,
    }
    return document | {"digest": record_digest(document)}


def _call_json(call: Called) -> dict[str, Any]:
    return {
        "action": call.action,
        "calls": call.calls,
        "retries": call.retries,
        "errors": call.errors,
        "seconds": round(call.seconds, 3),
    }


def record_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a record without what is known only when its run has ended. The next record names it as `previous`."""
    said = {key: value for key, value in document.items() if key not in _AFTERWARDS}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def policy_digest(policy: Policy) -> str:
    """SHA-256 of what the repository decides: equal for files that decide the same, wherever it stands in them.

    The template counts by its text, which is what AWS is sent.
    """
    users = policy.users
    said: dict[str, object] = {
        "master": policy.master_account_id,
        "accounts": sorted([a.name, a.account_id, sorted(a.parameters), a.absent] for a in policy.accounts),
        "stack": [policy.stack_name, policy.region, policy.template.text],
        "prefix": policy.group_prefix,
        "grants": sorted([g.account, g.role, g.user, str(g.expires or "")] for g in users.grants) if users else None,
        "protected": sorted(str(entry) for entry in policy.protected),
        "guards": asdict(policy.guards),
        "way in": asdict(policy.github_oidc) if policy.github_oidc else None,
    }
    more = {
        "owner": policy.owner if policy.owner != DEFAULT_OWNER else None,
        "master is assumable": policy.master_is_assumable or None,
        "was": sorted([a.name, a.was] for a in policy.accounts if a.was) or None,
        "roles": sorted([name, role.was] for name, role in policy.renamed_roles.items()) or None,
    }  # only where they are set: digests of files that do not have them stay what they were
    said |= {name: value for name, value in more.items() if value is not None}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
