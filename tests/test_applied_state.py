"""What was last applied: what runs make of it, its text, and who holds the lock by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import policy
from hypothesis import given
from hypothesis import strategies as st

from rolemodel_ci.adapters.aws.applied_state_json import LIMIT, Lock, Value, remembered, to_text
from rolemodel_ci.model.applied_state import (
    LEASE,
    AppliedState,
    Attempt,
    ForeignState,
    Identity,
    Left,
    NoState,
    Remembered,
    UnreadableState,
    UnusableState,
    begun,
    deleted,
    ended,
    is_news,
    recognised,
    state_name,
    terms_digest,
)
from rolemodel_ci.render.applied_state import memory_json, memory_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ME = Identity("acme/access", "2002", "access/config.yml")
A, B = "a" * 40, "b" * 40
OLD = AppliedState(ME, A, A, "1" * 64, "1" * 64, "2" * 64, "run 1", NOW, "3" * 64)
HOLDER = Lock("t0", "run 2", NOW, "boot ns", "7 99")


def attempt(**changes: Any) -> Attempt:
    """A run of the commit B."""
    return replace(Attempt(ME, B, "4" * 64, "5" * 64, "run 2"), **changes)


def seen(value: Value, version: int, after: timedelta = timedelta(0)) -> Remembered:
    """What a reader sees some time after a value was written."""
    return remembered(to_text(value), version, NOW, NOW + after)


# ---- what runs make of it


def test_approved_before_the_first_change_applied_after_the_last() -> None:
    first = begun(OLD, attempt(), LATER, "6" * 64)
    assert (first.approved_commit, first.applied_commit, first.record_digest) == (B, A, "6" * 64)
    assert not first.is_complete
    whole = ended(first, attempt(), LATER, complete=True, record_digest="7" * 64)
    assert (whole.approved_commit, whole.applied_commit, whole.applied_digest) == (B, B, "4" * 64)
    assert (whole.applied_terms, whole.record_digest, whole.run) == ("5" * 64, "7" * 64, "run 2")
    assert whole.is_complete
    half = ended(first, attempt(), LATER, complete=False)
    assert (half.approved_commit, half.applied_commit, half.applied_digest) == (B, A, "1" * 64)


def test_a_part_of_the_whole_approves_nothing() -> None:
    part = attempt(is_whole=False)
    state = ended(begun(OLD, part, LATER), part, LATER, complete=True)
    assert (state.approved_commit, state.applied_commit, state.applied_digest) == (A, A, "1" * 64)
    assert (state.run, state.time) == ("run 2", LATER)
    assert begun(NoState(), part, LATER).approved_digest is None


def test_a_run_without_a_commit_keeps_the_last_one_that_is_known() -> None:
    mine = attempt(commit=None, identity=Identity())
    state = ended(begun(OLD, mine, LATER), mine, LATER, complete=True)
    assert (state.approved_commit, state.applied_commit, state.applied_digest) == (A, A, "4" * 64)
    assert state.identity == ME


def test_after_delete_nothing_is_applied() -> None:
    state = deleted(begun(OLD, attempt(is_whole=False), LATER), LATER)
    assert (state.approved_commit, state.applied_commit, state.applied_digest, state.applied_terms) == (None,) * 4


@pytest.mark.parametrize(
    ("answer", "run", "news"),
    [
        (NoState(), attempt(), False),
        (UnusableState("it is not JSON"), attempt(), False),
        (OLD, attempt(terms="2" * 64), False),
        (OLD, attempt(), True),
        (OLD, attempt(is_whole=False), False),
        (replace(OLD, approved_digest="9" * 64), attempt(terms="2" * 64), True),
    ],
)
def test_what_a_run_with_nothing_to_change_remembers(answer: Any, run: Attempt, news: bool) -> None:
    assert is_news(answer, run) is news


def test_terms_are_what_later_runs_are_judged_by() -> None:
    plain = policy("prod:\n  Admin: [ann]\n")
    assert terms_digest(plain) == terms_digest(policy("prod:\n  Admin: [bob]\n"))
    assert terms_digest(plain) != terms_digest(replace(plain, guards=replace(plain.guards, revoke_percent=100)))
    dated = policy("prod:\n  Admin:\n    - {user: ann, expires: 2099-01-01}\n")
    assert terms_digest(plain) != terms_digest(dated)


def test_owners_do_not_share_a_parameter() -> None:
    one = policy("prod: {}\n")
    assert state_name(one) == "/rolemodel-ci/default/state"
    assert state_name(replace(one, owner="other")) == "/rolemodel-ci/other/state"


# ---- whose it is


@pytest.mark.parametrize(
    ("identity", "ours"),
    [
        (ME, True),
        (Identity(), True),
        (Identity("ACME/Access", "", "access/config.yml"), True),
        (Identity("acme/renamed", "2002", "access/config.yml"), True),
        (Identity("acme/other", "", "access/config.yml"), False),
        (Identity("acme/access", "2003", "access/config.yml"), False),
        (Identity("acme/access", "2002", "other/config.yml"), False),
    ],
)
def test_whose_state_it_is(identity: Identity, ours: bool) -> None:
    answer = recognised(Remembered(OLD, 3), identity).answer
    assert answer == (OLD if ours else ForeignState(OLD))


# ---- its text


def test_text_and_back() -> None:
    assert seen(Value(6, "n", OLD), 7) == Remembered(OLD, 7)
    held = seen(Value(6, "n", OLD, HOLDER), 7)
    assert held.holder is not None
    assert (held.holder.token, held.holder.until) == ("t0", NOW + LEASE)


@given(st.text(max_size=500), st.text(max_size=500))
def test_no_name_is_too_long_for_a_parameter(name: str, run: str) -> None:
    state = replace(OLD, identity=Identity(name, name, name), run=run)
    text = to_text(Value(2**31, "n" * 32, state, Lock("t" * 32, run, NOW, name, name), state))
    assert len(text) <= LIMIT
    assert text.isascii()
    assert isinstance(remembered(text, 2**31 + 1, NOW, NOW).answer, AppliedState)


WHOLE = json.loads(to_text(Value(6, "n", OLD, HOLDER, OLD)))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"format": "other"}, "it is not a value of the format rolemodel-ci/state"),
        ({"version": 0}, "it has no version"),
        ({"version": True}, "it has no version"),
        ({"after": -1}, "`after` is not a number"),
        ({"nonce": None}, "`nonce` is not text"),
        ({"state": None}, "`state` is incomplete"),
        ({"state": {**WHOLE["state"], "applied_commit": "main"}}, "`applied_commit` is not a hash"),
        ({"state": {**WHOLE["state"], "time": "yesterday"}}, "`time` is not a time"),
        ({"state": {**WHOLE["state"], "time": "2026-11-24T12:00:00"}}, "`time` has no time zone"),
        ({"lock": []}, "`lock` is incomplete"),
    ],
)
def test_what_somebody_has_written_by_hand(changes: dict[str, Any], why: str) -> None:
    found = remembered(json.dumps({**WHOLE, **changes}), 7, NOW, NOW)
    assert found.answer == UnusableState(why)
    assert found.holder is not None  # somebody may have held the lock that was written over
    assert remembered(json.dumps({**WHOLE, **changes}), 7, NOW, LATER).holder is None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "null", '"x"', "ENCRYPTED:abc"])
def test_no_value_of_ours(text: str) -> None:
    assert isinstance(remembered(text, 1, NOW, NOW).answer, UnusableState)


def test_of_a_newer_version() -> None:
    answer = remembered(json.dumps({**WHOLE, "version": 2, "state": "?"}), 7, NOW, NOW).answer
    assert isinstance(answer, UnusableState)
    assert answer.newer


# ---- the lock


def test_a_lease_ends_by_the_clock_of_aws() -> None:
    value = Value(6, "n", OLD, HOLDER)
    assert seen(value, 7, LEASE).holder is not None
    assert seen(value, 7, LEASE + timedelta(seconds=1)).holder is None


@pytest.mark.parametrize("version", [6, 8, 9, 700])
def test_a_write_that_came_too_late_counts_for_nothing(version: int) -> None:
    late = Value(6, "n", replace(OLD, applied_commit=B), HOLDER, OLD)
    found = seen(late, version)
    assert found.answer == OLD
    assert found.holder is not None
    assert found.holder.token == ""  # whoever was written over may hold the lock
    assert seen(replace(late, before=NoState()), version).answer == NoState()
    assert seen(replace(late, lock=None), version).holder is not None
    assert seen(late, version, LEASE + timedelta(seconds=1)).holder is None


def test_what_the_holder_writes_counts_whatever_came_between() -> None:
    done = Value(6, "n", replace(OLD, applied_commit=B))
    assert seen(done, 9).answer == replace(OLD, applied_commit=B)


# ---- told


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (NoState(), "Last applied: nothing is on record yet."),
        (OLD, "Last applied: commit aaaaaaa, by run 1, 2026-11-24 12:00:00 UTC."),
        (
            replace(OLD, approved_commit=B, approved_digest="4" * 64),
            "Last applied: commit aaaaaaa completely, commit bbbbbbb in part, by run 1, 2026-11-24 12:00:00 UTC.",
        ),
        (
            replace(OLD, approved_commit=None, applied_commit=None),
            "Last applied: files that are no commit's, by run 1, 2026-11-24 12:00:00 UTC.",
        ),
        (
            replace(OLD, applied_digest=None),
            "Last applied: nothing completely, by run 1, 2026-11-24 12:00:00 UTC.",
        ),
        (ForeignState(OLD), "Last applied: another repository's record is in the way (acme/access, by run 1)."),
        (UnusableState("it is not JSON"), "Last applied: the record cannot be used: it is not JSON."),
        (UnreadableState("it cannot be read", "Look."), "Last applied: it cannot be read. Look."),
    ],
)
def test_in_words(answer: Any, said: str) -> None:
    assert memory_text(Remembered(answer)) == said
    assert memory_json(Remembered(answer))["known"] in ("none", "yes", "foreign", "unusable", "unreadable")


def test_who_is_applying_now() -> None:
    said = memory_text(seen(Value(6, "n", OLD, HOLDER), 7))
    assert said.endswith(
        "Being applied now by run 2, since 2026-11-24 12:00:00 UTC; locked until 2026-11-24 12:01:30 UTC."
    )


# ---- stacks that are left behind

PLACE = Left("eu-west-1", "RoleModel", "222222222222")


def test_a_whole_run_remembers_what_it_found_left_behind() -> None:
    run = attempt(left=(PLACE,))
    assert ended(begun(OLD, run, LATER), run, LATER, complete=True).left == (PLACE,)
    assert ended(begun(OLD, run, LATER), run, LATER, complete=False).left == ()
    blind, kept = attempt(), replace(OLD, left=(PLACE,))
    assert ended(begun(kept, blind, LATER), blind, LATER, complete=True).left == (PLACE,)
    assert is_news(kept, attempt(terms="2" * 64, left=()))
    assert not is_news(kept, attempt(terms="2" * 64, left=(PLACE,)))


def test_places_are_in_the_text_once_and_never_too_many() -> None:
    many = tuple(Left("eu-west-1", "RoleModel", f"{n:012}") for n in range(300))
    value = Value(4, "n", replace(OLD, left=many), HOLDER, replace(OLD, left=many))
    for version in (5, 6):
        answer = seen(value, version).answer
        assert isinstance(answer, AppliedState)
        assert 20 < len(answer.left) < 300
        assert answer.left == many[: len(answer.left)]
    assert len(to_text(value)) <= LIMIT


@pytest.mark.parametrize("left", ["x", 7, None, ["x"], [["a", "b"]], [["a", "b", 1]]])
def test_places_that_are_none_make_the_record_unusable(left: Any) -> None:
    said = json.loads(to_text(Value(4, "n", OLD)))
    said["state"]["left"] = left
    assert isinstance(remembered(json.dumps(said), 5, NOW, NOW).answer, UnusableState)
