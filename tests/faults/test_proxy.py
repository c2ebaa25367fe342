"""The fault layer itself: calm it changes nothing, each kind is what it says; and what the tool makes of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rolemodel_ci.reconcile.changes import RemoveMember
from rolemodel_ci.sandbox.embedded import Key

from .kinds import DENIED, PASSING, Asked, Kind, Reply, ending, skewed, stale, timing_out
from .plans import READ_TIMEOUT, Plan, Storm
from .wishes import ACCOUNTS, MASTER, Wish, drawn
from .world import FaultWorld

WISH = Wish(
    {"Admin": ("ReadOnlyAccess", "")},
    {"a": {"Admin": ("ann", "bob")}, "b": {"Admin": ("ann",)}},
)
KINDS = {kind.name: kind for kind in (*PASSING, DENIED)}
SEEN = {
    "throttling": "Throttling", "too-many-requests": "TooManyRequestsException",
    "limit-exceeded": "RequestLimitExceeded", "expired-token": "ExpiredToken", "internal-error": "InternalFailure",
    "unavailable": "ServiceUnavailable", "bad-gateway": "502", "error-after-effect": "InternalFailure",
    "reset-before": "ConnectionClosedError", "reset-after": "ConnectionClosedError",
    "truncated": "ConnectionClosedError", "shortened": "ResponseParserError", "garbled-before": "KeyError",
    "garbled-after": "KeyError", "slow": "", "denied": "AccessDenied",
}  # fmt: skip
"""What botocore makes of each kind, for an action that has a result; empty where it takes it for a success."""


@dataclass(frozen=True)
class Only(Plan):
    """One fault for every call of one action, of one account if one is named."""

    kind: Kind
    action: str
    account: str = ""
    times: int = 1000

    def of(self, asked: Asked) -> Kind | None:
        """The fault, so many times."""
        due = asked.action == self.action and self.account in ("", asked.account) and asked.ordinal <= self.times
        return self.kind if due else None


@dataclass(frozen=True)
class Pages(Plan):
    """Nothing but short pages."""

    page: int = 1


def code(error: Exception) -> str:
    """How an error is known."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def client(world: FaultWorld, monkeypatch: pytest.MonkeyPatch) -> Any:
    """IAM of the master account as its root, through the proxy, with one attempt a call."""
    monkeypatch.setattr(world.aws, "_url", world.proxy.url)
    made = world.aws.client_as("iam", Key(MASTER, f"root of {world.proxy.url}"))
    monkeypatch.undo()
    return made


@pytest.mark.parametrize("name", KINDS)
def test_kind(world: FaultWorld, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    kind, iam = KINDS[name], client(world, monkeypatch)
    world.proxy.begin(Only(kind, "CreateGroup"))
    seen = ""
    try:
        iam.create_group(GroupName="g")
    except (ClientError, BotoCoreError, ResponseParserError, LookupError) as error:
        seen = code(error)
    assert seen == SEEN[name]
    assert ("g" in world.state().held["groups"]) == kind.reaches
    assert world.proxy.faults == {name: 1}


def test_calm_proxy_changes_nothing(world: FaultWorld, eager: None) -> None:
    world.aws.mark()
    ran = world.run(WISH, keyed=False)
    assert ran.code == 0, ran
    assert not world.proxy.faults
    assert world.state().accesses == WISH.accesses == world.ever()
    assert {asked.account for asked in world.proxy.writes()} == {MASTER, ACCOUNTS["a"], ACCOUNTS["b"]}
    repeated = [asked.name for asked in world.proxy.writes() if asked.ordinal > 1]
    assert repeated == ["ssm:PutParameter"]  # what is begun, and what was applied
    assert world.aws.writes().keys() == {asked.name for asked in world.proxy.writes()}


def test_short_pages(world: FaultWorld, eager: None) -> None:
    world.calm(WISH)
    world.proxy.begin(Pages())
    ran = world.run(WISH)
    assert "Nothing to do" in ran.out
    told = [asked for asked in world.proxy.calls if asked.action == "GetAccountAuthorizationDetails"]
    assert len(told) == len(world.state().groups) + 6  # so many users has the account


def test_answer_that_comes_too_late(world: FaultWorld, quick: None) -> None:
    before, after = timing_out(READ_TIMEOUT * 1.5)
    world.proxy.begin(Only(before, "CreateGroup", times=1))
    assert world.run(WISH).code == 0
    world.proxy.begin(Only(after, "RemoveUserFromGroup", times=1))
    assert world.run(Wish(WISH.roles, {"a": {"Admin": ("ann",)}, "b": {"Admin": ("ann",)}})).code == 0
    assert world.proxy.faults == {"timeout-after": 1}


@pytest.mark.parametrize("name", ["garbled-before", "garbled-after"])
def test_page_of_a_portal_is_no_success(world: FaultWorld, eager: None, name: str) -> None:
    """A captive portal's page may be good XML, and a revocation has no result that it would lack."""
    world.calm(WISH)
    world.proxy.begin(Only(KINDS[name], "RemoveUserFromGroup"))
    ran = world.run(Wish(WISH.roles, {"a": {"Admin": ("ann",)}, "b": {"Admin": ("ann",)}}))
    assert (ran.code, "the answer is not one of AWS" in ran.out) == (5, True), ran


def test_user_who_cannot_be_taken_out_keeps_no_more_than_he_had(world: FaultWorld, eager: None) -> None:
    """The role of a group that could not be emptied must not get more rights in that run."""
    world.calm(WISH)
    world.aws.save("start")
    world.aws.restore("start")
    more = Wish({"Admin": ("PowerUserAccess", "")}, {"a": {"Admin": ("ann",)}, "b": {"Admin": ("ann",)}})
    world.proxy.begin(Only(DENIED, "RemoveUserFromGroup"))
    ran = world.run(more)
    assert ran.code == 5
    assert world.ever() <= WISH.accesses | more.accesses
    assert world.state().right_stack("b", more)
    assert "is not emptied" in ran.out
    assert world.calm(more).code == 0


def test_denied_in_one_account(world: FaultWorld, eager: None) -> None:
    world.proxy.begin(Only(DENIED, "CreateStack", ACCOUNTS["b"]))
    ran = world.run(WISH)
    assert ran.code == 5
    assert world.state().accesses == {access for access in WISH.accesses if access[1] == ACCOUNTS["a"]}


@pytest.mark.parametrize(("seconds", "keyed"), [(-60, False), (-60, True), (30, False), (30, True), (400, True)])
def test_keys_that_end_soon(world: FaultWorld, eager: None, seconds: int, keyed: bool) -> None:
    """They are renewed before they end. Keys that are over when they come are told, with what may be the reason."""
    world.proxy.begin(Only(ending(seconds), "AssumeRole"))
    ran = world.run(WISH, keyed=keyed)
    if seconds > 0 or keyed:
        assert ran.code == 0, ran
    else:
        assert (ran.code, "Traceback" in ran.err) == (3, False), ran
        assert "Look whether the clock of this machine is right" in ran.err
    assert world.run(WISH).code == 0


@pytest.mark.parametrize("keyed", [False, True])
def test_clock_that_is_an_hour_off(world: FaultWorld, eager: None, keyed: bool) -> None:
    """botocore does not correct for it; the run says what to mend and has changed nothing."""
    world.proxy.begin(Only(skewed(3600), "AssumeRole"))
    ran = world.run(WISH, keyed=keyed)
    assert ran.code == 3
    assert "Signature expired" in ran.err
    assert "Look whether the clock of this machine is right" in ran.err
    assert world.proxy.writes() == []


def test_plan_from_an_answer_that_is_a_run_behind(world: FaultWorld, eager: None) -> None:
    """GetAccountAuthorizationDetails may lag: changes are made once more, or fail, and nothing becomes of it.

    The embedded AWS denies what is asked about a group that is gone, for it has no path any more; so AWS may do.
    """
    world.calm(WISH)
    old = details(world)
    less = Wish(WISH.roles, {"a": {"Admin": ("bob",)}}, absent=("b",))
    assert world.calm(less).code == 0
    before = world.state()
    world.proxy.begin(Only(stale(old), "GetAccountAuthorizationDetails"))
    ran = world.run(less)
    assert ran.code in (0, 5), ran
    assert ran.record.plan
    assert any(isinstance(change, RemoveMember) for change in ran.record.plan.changes)
    assert world.state() == before
    assert world.calm(less).code == 0


def details(world: FaultWorld) -> Reply:
    """What AWS answers the planning now, as it goes over the wire."""
    kept: list[Reply] = []

    def keep(asked: Asked, reply: Reply) -> Reply:
        kept.append(reply)
        return reply

    world.proxy.begin(Only(Kind("kept", True, keep), "GetAccountAuthorizationDetails"))
    assert world.run(WISH).code == 0
    return kept[0]


def test_plan_is_a_function_of_the_seed_and_of_the_call() -> None:
    calls = [Asked(account, f"iam:{action}", f"g{n}", ordinal)
             for account in "123" for action in ("AddUserToGroup", "PutGroupPolicy")
             for n in range(20) for ordinal in (1, 2)]  # fmt: skip
    first = [getattr(Storm(5).of(asked), "name", "") for asked in calls]
    again = [getattr(Storm(5).of(asked), "name", "") for asked in reversed(calls)]
    other = [getattr(Storm(6).of(asked), "name", "") for asked in calls]
    assert first == again[::-1] != other
    assert 10 < sum(map(bool, first)) < 80


def test_wishes_are_as_different_as_they_should_be() -> None:
    drawn_ = [drawn(f"wish {seed}") for seed in range(100)]
    assert {len(wish.roles) for wish in drawn_} == {1, 2, 3}
    assert {len(wish.users) for wish in drawn_} == {1, 2, 3}
    assert any(wish.absent for wish in drawn_)
