"""Few clients are kept, however many accounts there are: all of 500 would take 100 MB."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rolemodel_ci.adapters.aws.credential_sources import AccountCredentials, AssumedRole
from rolemodel_ci.adapters.aws.sessions import Sessions

from .answers import assumed
from .scripted import Scripted
from .surroundings import MASTER as MASTER_ID


def many(scripted: Scripted, number: int, jobs: int) -> tuple[Sessions, list[str]]:
    """Sessions with a role in each of that many accounts, and the accounts' names: their ids."""
    names = [f"{i:012}" for i in range(number)]
    roles = {name: AssumedRole(f"arn:aws:iam::{name}:role/Apply", "test", MASTER_ID, "secret") for name in names}
    scripted.script["AssumeRole"] = [lambda call: assumed(call.parameters["RoleArn"].split(":")[4])]
    return Sessions(
        {name: AccountCredentials(name, name, roles[name]) for name in names}, "us-east-1", jobs, scripted.url
    ), names


def alive(made: list[weakref.ref[Any]]) -> int:
    """How many of these clients are still held by somebody."""
    gc.collect()
    return sum(reference() is not None for reference in made)


def test_few_clients_are_kept_of_many_accounts(scripted: Scripted) -> None:
    sessions, names = many(scripted, 200, jobs=4)
    made = [weakref.ref(sessions.client(name, "iam")) for name in names]
    assert alive(made) == 2 * 4 + 4
    assert [reference() for reference in made[-12:]] == [sessions.client(name, "iam") for name in names[-12:]]
    kept = sessions.client(names[-12], "iam")  # it was asked for longest ago, and is the latest now
    sessions.client(names[0], "iam")
    assert sessions.client(names[-12], "iam") is kept
    assert alive(made[-11:-10]) == 0
    assert len(scripted.calls) == 200


def test_clients_that_are_not_kept_work_on(scripted: Scripted) -> None:
    """Two services of 200 accounts, on more threads than there are clients to keep; each is the account's own."""
    sessions, names = many(scripted, 200, jobs=2)
    made: list[weakref.ref[Any]] = []

    def work(name: str) -> str:
        clients = [sessions.client(name, service) for service in ("cloudformation", "iam")]
        made.extend(map(weakref.ref, clients))
        clients[1].delete_group(GroupName="g")
        clients[0].delete_stack(StackName="RoleModel")
        return sessions.identity(name).account_id

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(work, names))
    assert found == names
    for action in ("DeleteStack", "DeleteGroup"):
        assert sorted(call.account for call in scripted.asked(action)) == names
    assert len(scripted.asked("AssumeRole")) == 200
    assert alive(made) <= 2 * 2 + 4
    assert {t.action: t.calls for t in sessions.calls.tallies()} == {
        "cloudformation:DeleteStack": 200, "iam:DeleteGroup": 200, "sts:AssumeRole": 200,
    }  # fmt: skip
