"""What was last applied, and who is applying now: one value in the master account that only the apply role can write.

It is the lock as well. Parameter Store counts the versions of a parameter and answers a write with the version it made
(https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html). Every value names the version
that it was written after. A value whose own version is the next one is *exact*: nobody wrote in between, so the write
was a compare-and-swap. Any other value overwrote something that its writer had not seen; it changes nothing, and until
a lease later nobody can tell who holds the lock, so that nobody takes it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NamedTuple

from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.model.desired import Policy

LEASE = timedelta(seconds=90)
"""How long the lock holds unless it is renewed. A holder renews it at a third of that."""

STATE_PATH = "/rolemodel-ci/"
"""Under it stands one parameter for each owner."""


def state_name(policy: Policy) -> str:
    """The name of the parameter that remembers what this config applied: one for each `owner`."""
    return f"{STATE_PATH}{policy.owner}/state"


class StateError(RolemodelError):
    """What was last applied cannot be read, or not be written."""

    exit_code: ClassVar[int] = 3


class ForeignStateError(RolemodelError):
    """Another repository or config has applied to this master account under the same owner."""

    exit_code: ClassVar[int] = 4


class LockedError(RolemodelError):
    """Another run is applying, or the lock was lost under way."""

    exit_code: ClassVar[int] = 5


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is. What is not known is empty, and not compared."""

    repository: str = ""
    repository_id: str = ""
    config: str = ""


class Left(NamedTuple):
    """A place where a stack of ours was, and is no longer looked for. `account`: its id, or its name without one."""

    region: str
    stack: str
    account: str


@dataclass(frozen=True, slots=True)
class AppliedState:
    """What was last applied.

    `approved_commit` is the last commit whose plan passed the guards and was begun, `applied_commit` the last one that
    was applied completely; runs without a commit leave both as they are. `approved_digest` and `applied_digest` are the
    digests of the policies that were, with or without a commit, `applied_terms` that of what `terms_digest` names.
    `record_digest` is that of the record of the last run that wrote this; `left` are stacks that may still be where no
    run looks for them.
    """

    identity: Identity
    approved_commit: str | None
    applied_commit: str | None
    approved_digest: str | None
    applied_digest: str | None
    applied_terms: str | None
    run: str
    time: datetime
    record_digest: str | None = None
    left: tuple[Left, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what was approved was applied to the end."""
        return self.approved_digest == self.applied_digest


@dataclass(frozen=True, slots=True)
class NoState:
    """Nothing was applied yet, or nothing that was remembered."""


@dataclass(frozen=True, slots=True)
class ForeignState:
    """Another repository or config wrote it."""

    state: AppliedState


@dataclass(frozen=True, slots=True)
class UnusableState:
    """There is a value that cannot be used. `newer`: a newer version of rolemodel-ci wrote it, so that it must stay;
    `other_type`: the parameter is no String, and AWS lets nobody make it one.
    """

    reason: str
    newer: bool = False
    other_type: bool = False


@dataclass(frozen=True, slots=True)
class UnreadableState:
    """Whether there is one is not known. `statement` is what the role lacks, as JSON, if it is a matter of rights."""

    reason: str
    remedy: str
    statement: str = ""


StateAnswer = AppliedState | NoState | ForeignState | UnusableState | UnreadableState


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, or may hold it. `token` is empty where that is not known."""

    token: str
    run: str
    since: datetime
    until: datetime
    host: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one read told. `version` 0: there is no parameter. `holder` is None where nobody holds the lock."""

    answer: StateAnswer
    version: int = 0
    holder: Holder | None = None


def recognised(seen: Remembered, identity: Identity) -> Remembered:
    """The same, seen by a run of this repository and config: what another one wrote is a ForeignState."""
    if isinstance(seen.answer, AppliedState) and not _is_same(seen.answer.identity, identity):
        return replace(seen, answer=ForeignState(seen.answer))
    return seen


def _is_same(one: Identity, other: Identity) -> bool:
    """Whether two runs are of one repository and config, as far as that is known. An id outlasts a new name."""
    if one.config and other.config and one.config != other.config:
        return False
    if one.repository_id and other.repository_id:
        return one.repository_id == other.repository_id
    if one.repository and other.repository:
        return one.repository.casefold() == other.repository.casefold()
    return True


def locked(holder: Holder) -> LockedError:
    """The error that says who holds the lock, since when, and until when."""
    return LockedError(
        f"another run is applying: {holder.run}, since {moment(holder.since)}; it holds the lock until "
        f"{moment(holder.until)} unless it renews it",
        "Nothing was changed. Wait for that run to end, or for that time to pass, then run again.",
    )


def foreign(name: str, region: str, other: AppliedState) -> ForeignStateError:
    """The error that says whose state it is, and how to give it up; the apply role may not delete it."""
    whose = f"repository {other.identity.repository or '?'}, config {other.identity.config or '?'}"
    return ForeignStateError(
        f"{name} in the master account belongs to {whose}; last written by {other.run}",
        "Two configs for one master account need an `owner` each. If this one takes the place of that one, have an "
        f"administrator of the master account delete the parameter: {_delete(name, region)}",
    )


def fixed(name: str, region: str, answer: UnusableState) -> StateError | None:
    """The error about a value that no run can replace; None where the next one that applies does."""
    remedy = "Use that version of rolemodel-ci." if answer.newer else f"Have it deleted: {_delete(name, region)}"
    error = StateError(f"the parameter {name} cannot be written: {answer.reason}", remedy)
    return error if answer.newer or answer.other_type else None


def _delete(name: str, region: str) -> str:
    strict = "In GitHub Actions, the first run after that is strict (guard `unknown-state`)."
    return f"aws ssm delete-parameter --name {name} --region {region}. {strict}"


def moment(at: datetime) -> str:
    """A time as people are told it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a run sets out to apply. `commit` is None where the files are not those of a commit.

    `is_whole`: everything that the files say, and not only some accounts, or only members. `left` are the stacks that
    it has found left behind; None where it did not look.
    """

    identity: Identity
    commit: str | None
    digest: str
    terms: str
    run: str
    is_whole: bool = True
    left: tuple[Left, ...] | None = None


def begun(answer: StateAnswer, attempt: Attempt, now: datetime, record_digest: str | None = None) -> AppliedState:
    """What to remember before the first change of a run whose plan passed the guards."""
    before = _known(answer, attempt, now)
    state = replace(
        before,
        identity=_joined(attempt.identity, before.identity),
        run=attempt.run,
        time=now,
        record_digest=record_digest or before.record_digest,
    )
    if not attempt.is_whole:
        return state
    return replace(state, approved_commit=attempt.commit or before.approved_commit, approved_digest=attempt.digest)


def ended(
    state: AppliedState, attempt: Attempt, now: datetime, *, complete: bool, record_digest: str | None = None
) -> AppliedState:
    """What to remember after the last change of the run that `begun` told of."""
    state = replace(state, time=now, record_digest=record_digest or state.record_digest)
    if not (complete and attempt.is_whole):
        return state
    return replace(
        state,
        applied_commit=attempt.commit or state.applied_commit,
        applied_digest=attempt.digest,
        applied_terms=attempt.terms,
        left=state.left if attempt.left is None else attempt.left,
    )


def deleted(state: AppliedState, now: datetime, record_digest: str | None = None) -> AppliedState:
    """What to remember when everything was taken away: nothing is applied."""
    return replace(
        state,
        approved_commit=None,
        applied_commit=None,
        approved_digest=None,
        applied_digest=None,
        applied_terms=None,
        time=now,
        record_digest=record_digest or state.record_digest,
    )


def is_news(answer: StateAnswer, attempt: Attempt) -> bool:
    """Whether a run that has nothing to change in AWS has something to remember all the same.

    That is so if an earlier run was not seen to its end, if a stack that was left behind is gone, and if the terms have
    changed since: what AWS does not show, but the next run is judged by. Where nothing is on record yet, the first run
    that changes something begins it.
    """
    if not attempt.is_whole or not isinstance(answer, AppliedState):
        return False
    left_is_news = attempt.left is not None and attempt.left != answer.left
    return not answer.is_complete or answer.applied_terms != attempt.terms or left_is_news


def terms_digest(policy: Policy) -> str:
    """SHA-256 of what a policy decides about later runs: limits, protections, and when grants end."""
    grants = policy.users.grants if policy.users else ()
    said = {
        "guards": asdict(policy.guards),
        "protected": sorted(str(entry) for entry in policy.protected),
        "ends": sorted([g.account, g.role, g.user, str(g.expires)] for g in grants if g.expires),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _known(answer: StateAnswer, attempt: Attempt, now: datetime) -> AppliedState:
    if isinstance(answer, AppliedState):
        return answer
    return AppliedState(attempt.identity, None, None, None, None, None, attempt.run, now)


def _joined(new: Identity, old: Identity) -> Identity:
    """What is known of both, the new one first: a run on somebody's machine does not know the repository's number."""
    return Identity(new.repository or old.repository, new.repository_id or old.repository_id, new.config or old.config)
