"""What is told of each call, and what the calls come to."""

from __future__ import annotations

import logging
import re

import pytest

from rolemodel_ci.adapters.aws.credential_sources import MASTER
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.render.audit_record import Called

from . import answers
from .opening import open_sessions
from .scripted import HANG_UP, Scripted, fault
from .surroundings import AwsFiles

CLIENT_ERRORS = Exception  # what botocore raises is not the matter here


@pytest.fixture
def sessions(scripted: Scripted, files: AwsFiles, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    return open_sessions(files)


def tally(sessions: Sessions) -> Called:
    """The sums of the one action that was called."""
    (one,) = sessions.calls.tallies()
    return one


@pytest.mark.parametrize(
    ("script", "line", "counts"),
    [
        ([answers.done("DeleteGroup")], "status=200 retries=0 request=scripted", (1, 0, 0)),
        ([fault("NoSuchEntity", "no", 404)], "status=404 retries=0 request=scripted error=NoSuchEntity", (1, 0, 1)),
        ([fault("Throttling"), answers.done("DeleteGroup")], "status=200 retries=1 request=scripted", (1, 1, 0)),
        ([fault("Throttling")], "status=400 retries=2 request=scripted error=Throttling", (1, 2, 1)),
        ([HANG_UP], "status=- retries=2 request=- error=ConnectionClosedError", (1, 2, 1)),
        (
            [HANG_UP, fault("NoSuchEntity", "", 404)],
            "status=404 retries=1 request=scripted error=NoSuchEntity",
            (1, 1, 1),
        ),
    ],
    ids=["done", "refused", "throttled once", "throttled for ever", "no answer", "lost answer"],
)
def test_line_and_sums_of_a_call(
    sessions: Sessions,
    scripted: Scripted,
    caplog: pytest.LogCaptureFixture,
    script: list[object],
    line: str,
    counts: tuple[int, int, int],
) -> None:
    scripted.script["DeleteGroup"] = list(script)  # type: ignore[arg-type]
    client = sessions.client(MASTER, "iam")
    with caplog.at_level(logging.INFO, logger="rolemodel_ci.calls"):
        if line.startswith("status=200"):
            client.delete_group(GroupName="g")
        else:
            with pytest.raises(CLIENT_ERRORS):
                client.delete_group(GroupName="g")
    (told,) = caplog.messages
    assert re.fullmatch(rf"account=master action=iam:DeleteGroup ms=\d+ {line}", told)
    found = tally(sessions)
    assert (found.action, found.calls, found.retries, found.errors) == ("iam:DeleteGroup", *counts)
    assert 0 < found.seconds < 30


def test_sums_are_sorted_and_over_all_accounts(sessions: Sessions) -> None:
    for who in ("prod", "dev", "prod"):
        sessions.client(who, "cloudformation").delete_stack(StackName="s")
    sessions.client("dev", "cloudformation").cancel_update_stack(StackName="s")
    assert [(t.action, t.calls) for t in sessions.calls.tallies()] == [
        ("cloudformation:CancelUpdateStack", 1), ("cloudformation:DeleteStack", 3),
    ]  # fmt: skip
