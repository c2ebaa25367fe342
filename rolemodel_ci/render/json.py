"""Values to JSON documents. Each names its format and version; docs/json.md describes them.

Within a version, keys are only ever added.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

from rolemodel_ci.model.problem import Place
from rolemodel_ci.reconcile.changes import Change, phase_of
from rolemodel_ci.render.applied_state import memory_json
from rolemodel_ci.render.json_document import document, place_json

if TYPE_CHECKING:
    from rolemodel_ci.iam.differences import Difference
    from rolemodel_ci.model.applied_state import Remembered
    from rolemodel_ci.reconcile.approval import Refusal
    from rolemodel_ci.reconcile.gains import Administrator
    from rolemodel_ci.reconcile.inventory import Entry, Listing
    from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
    from rolemodel_ci.reconcile.plan import Blocked, Plan


def plan_json(plan: Plan, seen: Remembered | None = None) -> dict[str, Any]:
    """A plan, with the digest that names it, and what is on record of what was last applied, if that was read."""
    remembered = memory_json(seen) if seen else None
    return document(
        "plan",
        digest=digest(plan),
        last_applied=remembered,
        **_plan(plan),
        administrators=[_administrator(one) for one in plan.administrators],
        regained=_value(plan.regained),
    )


def digest(plan: Plan) -> str:
    """SHA-256 of the plan's content: equal for equal plans, whatever the number of threads."""
    return hashlib.sha256(_dumped(_plan(plan)).encode()).hexdigest()


def report_json(report: Report, withheld: tuple[Refusal, ...] = ()) -> dict[str, Any]:
    """What came of every change, and what guards have kept out of the plan."""
    return document(
        "report",
        plan_digest=digest(report.plan),
        complete=report.is_complete,
        interrupted=report.interrupted,
        outcomes=[_outcome(outcome) for outcome in report.outcomes],
        unreadable=_value(report.plan.unreadable),
        blocked=[_blocked(b) for b in report.plan.blocked],
        refusals=_value(withheld),
    )


def refusals_json(plan: Plan, refusals: tuple[Refusal, ...]) -> dict[str, Any]:
    """A plan that guards refused, and why."""
    return document("refusal", plan_digest=digest(plan), refusals=_value(refusals))


def listing_json(found: Listing) -> dict[str, Any]:
    """Every role, with everything that a profile of the AWS command line needs."""
    return document(
        "listing",
        roles=[_entry(entry, found) for entry in found.entries],
        missing=list(found.missing),
        unreadable=_value(found.unreadable),
    )


def _dumped(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "changes": [_change(change) for change in plan.changes],
        "unreadable": _value(plan.unreadable),
        "blocked": [_blocked(block) for block in plan.blocked],
        "notes": list(plan.notes),
        "totals": _value(plan.totals),
    }


def _change(change: Change) -> dict[str, Any]:
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(change).__name__).lower()
    held = {field.name: getattr(change, field.name) for field in dataclasses.fields(change)}
    content = {
        name: [_difference(one) for one in value] if name == "differences" else _value(value)
        for name, value in held.items()
        if name not in ("phase", "stack_id")
    }
    return {"kind": kind, "phase": phase_of(change).name.lower(), **content}


def _difference(one: Difference) -> dict[str, Any]:
    from rolemodel_ci.render.role_differences import lines

    return {
        "name": one.name,
        "type": one.kind,
        "what": one.what,
        "direction": one.direction.value,
        "lines": [{"sign": line.sign, "part": line.part, "text": line.text} for line in lines(one)],
    }


def _outcome(outcome: Done | Failed | Skipped) -> dict[str, Any]:
    from rolemodel_ci.reconcile.outcome import Done, Failed, Skipped

    told = {"result": type(outcome).__name__.lower(), "change": _change(outcome.change)}
    match outcome:
        case Failed():
            told |= {"reason": outcome.reason, "remedy": outcome.remedy}
        case Skipped():
            told |= {"reason": outcome.because}
        case Done():
            pass
        case _:
            assert_never(outcome)
    return told


def _blocked(block: Blocked) -> dict[str, Any]:
    return {
        "group": block.group,
        "user": block.user,
        "reason": block.reason,
        "remedy": block.remedy,
        "place": _value(block.place),
    }


def _entry(entry: Entry, found: Listing) -> dict[str, Any]:
    return {
        **_value(entry),
        "profile": {
            "name": f"{entry.account}-{entry.role}",
            "role_arn": entry.arn,
            "source_profile": found.source_profile,
            "region": found.region,
            "duration_seconds": entry.session_seconds,
            "mfa_needed": entry.mfa,
        },
    }


def _administrator(one: Administrator) -> dict[str, Any]:
    from rolemodel_ci.render.privileges import reason

    return {
        "account": one.account,
        "role": one.role,
        "why": reason(one.why),
        "user": one.user,
        "privilege": one.why.privilege.name.lower(),
        "actions": [*one.why.actions],
    }


def _value(value: Any) -> Any:
    """Values of the model as JSON has them."""
    match value:
        case Place():
            return place_json(value)
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case tuple() | list() | frozenset():
            return [_value(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
