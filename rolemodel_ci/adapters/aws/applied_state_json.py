"""The text of the parameter that remembers what was last applied and holds the lock: JSON with a version of its own."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rolemodel_ci.model.applied_state import (
    LEASE,
    AppliedState,
    Holder,
    Identity,
    Left,
    NoState,
    Remembered,
    StateAnswer,
    UnusableState,
)

FORMAT, VERSION = "rolemodel-ci/state", 1

LIMIT = 4096
"""Characters of a standard parameter; the text is ASCII, so that they are bytes as well:
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"""

_FIELD_LIMIT = 300  # characters of a free text: six of them and the rest fit twice into LIMIT, escaped

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class _MalformedError(Exception):
    """The text is not one of ours; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds the lock. `host` and `process` tell whether a process of the same machine still runs."""

    token: str
    run: str
    since: datetime
    host: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What the parameter holds. `after` is the version it was written after.

    `before` is the state that counts if the value turns out not to be exact; a holder of the lock needs none. `nonce`
    tells two writes of the same apart.
    """

    after: int
    nonce: str
    state: AppliedState
    lock: Lock | None = None
    before: StateAnswer | None = None


def to_text(value: Value) -> str:
    """The text of a value: ASCII, and within the limit whatever a repository or a run is called."""
    said: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "after": value.after,
        "nonce": value.nonce,
        "state": _state_json(value.state),
        "lock": _lock_json(value.lock) if value.lock else None,
    }
    if value.before is not None:
        before = value.before if isinstance(value.before, AppliedState) else None
        said["before"] = _state_json(replace(before, left=())) if before else None
    text = json.dumps(said, separators=(",", ":"))
    while len(text) > LIMIT and said["state"]["left"]:  # then some are forgotten: they were told
        said["state"]["left"] = said["state"]["left"][:-1]
        text = json.dumps(said, separators=(",", ":"))
    assert len(text) <= LIMIT, len(text)
    return text


def remembered(text: str, version: int, modified: datetime, now: datetime, kind: str = "String") -> Remembered:
    """What a version of the parameter tells at the time `now`. Both times are those of AWS; `kind` is its type."""
    modified = min(modified, now)  # one that lies ahead would hold the lock till then
    if kind != "String":
        other = UnusableState(f"it is a {kind}, and what rolemodel-ci writes is a String", other_type=True)
        return Remembered(other, version, _unknown(modified, now))
    try:
        value = _value(text)
    except _MalformedError as error:
        return Remembered(UnusableState(str(error)), version, _unknown(modified, now))
    except _NewerError as error:
        return Remembered(UnusableState(str(error), newer=True), version, _unknown(modified, now))
    exact = value.after == version - 1
    answer: StateAnswer = value.state if exact or value.before is None else value.before
    if isinstance(answer, AppliedState):  # it is written once
        answer = replace(answer, left=value.state.left)
    if not exact:
        return Remembered(answer, version, _unknown(modified, now))
    lock, until = value.lock, modified + LEASE
    if lock is None or now > until:
        return Remembered(answer, version)
    return Remembered(answer, version, Holder(lock.token, lock.run, lock.since, until, lock.host, lock.process))


def _unknown(modified: datetime, now: datetime) -> Holder | None:
    """Somebody whose value was overwritten may hold the lock, for a lease from then."""
    until = modified + LEASE
    return None if now > until else Holder("", "a run that is not known", modified, until)


def _state_json(state: AppliedState) -> dict[str, Any]:
    said = asdict(replace(state, run=_cut(state.run)))
    said["identity"] = {name: _cut(text) for name, text in said["identity"].items()}
    return said | {"time": _time(state.time), "left": [list(map(_cut, one)) for one in state.left]}


def _lock_json(lock: Lock) -> dict[str, Any]:
    return {
        "token": lock.token,
        "run": _cut(lock.run),
        "since": _time(lock.since),
        "host": _cut(lock.host),
        "process": _cut(lock.process),
    }


def _cut(text: str) -> str:
    """A text that takes no more than its share, escapes and all."""
    while len(json.dumps(text)) > _FIELD_LIMIT:
        text = text[: len(text) * 3 // 4]
    return text


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


class _NewerError(Exception):
    """A newer version of rolemodel-ci wrote the text."""


def _value(text: str) -> Value:
    """Read a text. Raises _MalformedError, _NewerError."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise _MalformedError("it is not JSON") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise _MalformedError(f"it is not a value of the format {FORMAT}")
    version = said.get("version")
    if type(version) is not int or version < 1:
        raise _MalformedError("it has no version")
    if version > VERSION:
        raise _NewerError(f"a newer rolemodel-ci wrote it (version {version}; this one reads up to {VERSION})")
    before = said.get("before")
    return Value(
        _whole(said.get("after"), "after"),
        _text(said.get("nonce"), "nonce"),
        _state(said.get("state")),
        _lock(said["lock"]) if said.get("lock") is not None else None,
        None if "before" not in said else NoState() if before is None else _state(before),
    )


def _state(said: Any) -> AppliedState:
    if not isinstance(said, dict) or not isinstance(said.get("identity"), dict):
        raise _MalformedError("`state` is incomplete")
    identity, left = said["identity"], said.get("left", [])
    if not isinstance(left, list):
        raise _MalformedError("`left` is no list of places")
    return AppliedState(
        Identity(*(_text(identity.get(name), name) for name in ("repository", "repository_id", "config"))),
        _matched(said.get("approved_commit"), _COMMIT, "approved_commit"),
        _matched(said.get("applied_commit"), _COMMIT, "applied_commit"),
        _matched(said.get("approved_digest"), _DIGEST, "approved_digest"),
        _matched(said.get("applied_digest"), _DIGEST, "applied_digest"),
        _matched(said.get("applied_terms"), _DIGEST, "applied_terms"),
        _text(said.get("run"), "run"),
        _moment(said.get("time"), "time"),
        _matched(said.get("record_digest"), _DIGEST, "record_digest"),
        tuple(_left(one) for one in left),
    )


def _left(said: Any) -> Left:
    if not isinstance(said, list) or len(said) != len(Left._fields):
        raise _MalformedError("`left` is no list of places")
    return Left(*(_text(part, "left") for part in said))


def _lock(said: Any) -> Lock:
    if not isinstance(said, dict):
        raise _MalformedError("`lock` is incomplete")
    return Lock(
        _text(said.get("token"), "token"),
        _text(said.get("run"), "run"),
        _moment(said.get("since"), "since"),
        _text(said.get("host"), "host"),
        _text(said.get("process"), "process"),
    )


def _text(said: Any, name: str) -> str:
    if not isinstance(said, str):
        raise _MalformedError(f"`{name}` is not text")
    return said


def _whole(said: Any, name: str) -> int:
    if type(said) is not int or said < 0:
        raise _MalformedError(f"`{name}` is not a number")
    return said


def _matched(said: Any, pattern: re.Pattern[str], name: str) -> str | None:
    if said is not None and not (isinstance(said, str) and pattern.fullmatch(said)):
        raise _MalformedError(f"`{name}` is not a hash")
    return said


def _moment(said: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(said, name))
    except ValueError:
        raise _MalformedError(f"`{name}` is not a time") from None
    if moment.tzinfo is None:
        raise _MalformedError(f"`{name}` has no time zone")
    return moment
