"""What was last applied, and who is applying now, as a sentence and as JSON."""

from __future__ import annotations

from typing import Any, assert_never

from rolemodel_ci.model.applied_state import (
    AppliedState,
    ForeignState,
    Holder,
    NoState,
    Remembered,
    StateAnswer,
    UnreadableState,
    UnusableState,
    moment,
)

_SHORT = 7  # characters of a commit that people are shown


def memory_text(seen: Remembered) -> str:
    """What was last applied, by whom and when; and who holds the lock, if anybody does."""
    said = _answer_text(seen.answer)
    if seen.holder is None:
        return said
    return f"{said} {holder_text(seen.holder)}"


def holder_text(holder: Holder) -> str:
    """Who is applying now."""
    return f"Being applied now by {holder.run}, since {moment(holder.since)}; locked until {moment(holder.until)}."


def _answer_text(answer: StateAnswer) -> str:
    match answer:
        case AppliedState():
            return f"Last applied: {_commit(answer)}, by {answer.run}, {moment(answer.time)}."
        case NoState():
            return "Last applied: nothing is on record yet."
        case ForeignState(state):
            whose = state.identity.repository or state.identity.config or "another config"
            return f"Last applied: another repository's record is in the way ({whose}, by {state.run})."
        case UnusableState(reason):
            return f"Last applied: the record cannot be used: {reason}."
        case UnreadableState(reason, remedy):
            return f"Last applied: {reason}. {remedy}"
        case _:
            assert_never(answer)


def _commit(state: AppliedState) -> str:
    if state.applied_digest is None:
        return "nothing completely"
    commit = f"commit {state.applied_commit[:_SHORT]}" if state.applied_commit else "files that are no commit's"
    if state.is_complete:
        return commit
    begun = f"commit {state.approved_commit[:_SHORT]}" if state.approved_commit else "files that are no commit's"
    return f"{commit} completely, {begun} in part"


def memory_json(seen: Remembered) -> dict[str, Any]:
    """The same for programs."""
    answer = seen.answer
    state = answer.state if isinstance(answer, ForeignState) else answer if isinstance(answer, AppliedState) else None
    return {
        "known": {
            AppliedState: "yes",
            NoState: "none",
            ForeignState: "foreign",
            UnusableState: "unusable",
            UnreadableState: "unreadable",
        }[type(answer)],
        "reason": answer.reason if isinstance(answer, UnusableState | UnreadableState) else None,
        "commit": state.applied_commit if state else None,
        "approved_commit": state.approved_commit if state else None,
        "policy_digest": state.applied_digest if state else None,
        "run": state.run if state else None,
        "time": state.time.isoformat(timespec="seconds") if state else None,
        "record": state.record_digest if state else None,
        "lock": {
            "run": seen.holder.run,
            "since": seen.holder.since.isoformat(timespec="seconds"),
            "until": seen.holder.until.isoformat(timespec="seconds"),
        }
        if seen.holder
        else None,
    }
