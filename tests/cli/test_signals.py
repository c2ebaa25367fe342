"""A record is true whenever a signal comes: at the start, between plan and changes, while the end is written."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from edge import answers
from edge.scripted import Answer, Scripted

from rolemodel_ci.cli import signals
from rolemodel_ci.cli.audit import Audit, recording
from rolemodel_ci.reconcile.apply import SoFar
from rolemodel_ci.reconcile.approval import Approved
from rolemodel_ci.reconcile.changes import AddMember, RemoveMember
from rolemodel_ci.reconcile.outcome import Done, Report
from rolemodel_ci.reconcile.plan import Plan

from .company import Company
from .recording import read
from .running import SCRIPTS

PLAN = Plan((RemoveMember("prod", "Admin", "g", "bob"), AddMember("prod", "Admin", "g", "alice")))


@pytest.fixture(autouse=True)
def _unsettled() -> Iterator[None]:
    signals.listen()
    yield
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Kept:
    """Keeps records in memory; a signal comes while it keeps the ones of these numbers, before or after the text."""

    def __init__(self, *numbers: int, after: bool = False, code: int = signal.SIGTERM) -> None:
        self.texts: list[str] = []
        self._numbers, self._after, self._code, self._count = numbers, after, code, 0

    def __call__(self, text: str) -> None:
        self._count += 1
        strikes = self._count in self._numbers
        if strikes and not self._after:
            signal.raise_signal(self._code)
        self.texts.append(text)
        if strikes and self._after:
            signal.raise_signal(self._code)

    @property
    def last(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.texts[-1])
        return record


def results(record: dict[str, Any]) -> list[str]:
    return [outcome["result"] for outcome in record["outcomes"]]


def recorded(kept: Kept, body: Callable[[Audit], None]) -> str:
    """How a run ends that notes on its own record."""
    audit = Audit("apply", {})
    try:
        with recording(audit, "the record", kept):
            body(audit)
    except BaseException as error:
        return type(error).__name__
    return ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", [False, True])
def test_while_the_first_record_is_written(number: int, after: bool) -> None:
    kept = Kept(1, after=after, code=number)
    assert recorded(kept, lambda audit: audit.note(code=0)) == "KeyboardInterrupt"
    assert (kept.last["exit_code"], kept.last["error"]) == (130, "interrupted")
    assert (kept.last["outcomes"], kept.last["under_way"]) == ([], [])


@pytest.mark.parametrize("after", [False, True])
def test_between_the_plan_and_the_first_change(after: bool) -> None:
    kept = Kept(2, after=after)

    def body(audit: Audit) -> None:
        audit.begin(Approved(PLAN))
        raise AssertionError("the signal ends it before")

    assert recorded(kept, body) == "KeyboardInterrupt"
    assert (kept.last["exit_code"], kept.last["error"], kept.last["interrupted"]) == (130, "interrupted", True)
    assert (results(kept.last), kept.last["under_way"]) == (["skipped", "skipped"], [])


def test_after_changes_and_before_their_report() -> None:
    """The report is lost: what is known of the changes is in the record all the same."""
    kept = Kept()
    came = Report(PLAN, (Done(PLAN.changes[0]),), interrupted=True)
    so_far: SoFar = lambda: came  # noqa: E731

    def body(audit: Audit) -> None:
        audit.begin(Approved(PLAN))
        audit.go_by(so_far)
        signal.raise_signal(signal.SIGTERM)

    assert recorded(kept, body) == "KeyboardInterrupt"
    assert (kept.last["exit_code"], results(kept.last), kept.last["under_way"]) == (130, ["done"], [])


def test_while_the_last_record_is_written_it_comes_too_late() -> None:
    for after in (False, True):
        signals.listen()
        kept = Kept(2, after=after)
        assert recorded(kept, lambda audit: audit.note(code=0)) == ""
        assert (kept.last["exit_code"], kept.last["error"]) == (0, None)


def test_a_second_one_while_the_record_of_the_first_is_written() -> None:
    kept = Kept(2)

    def body(audit: Audit) -> None:
        signal.raise_signal(signal.SIGTERM)

    assert recorded(kept, body) == "KeyboardInterrupt"
    assert (kept.last["exit_code"], kept.last["error"]) == (130, "interrupted")


# ---- real processes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("action", ["GetAccountAuthorizationDetails", "DescribeStacks", "CreateStack"])
def test_a_run_that_is_stopped_while_it_waits_for_an_answer(
    slow: Company, scripted: Scripted, action: str, number: int
) -> None:
    free = threading.Event()

    def late(call: object) -> Answer:
        free.wait(8)
        return answers.no_stack() if action == "DescribeStacks" else answers.done(action)

    scripted.script[action] = [late]
    command = [str(SCRIPTS / "rolemodel-ci"), "apply", "--yes", "--report", "run.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        while not scripted.asked(action):
            assert started.poll() is None
            time.sleep(0.02)
        started.send_signal(number)
        time.sleep(0.2)
        free.set()
        out, err = started.communicate(timeout=20)
    record = read()
    assert started.returncode == record["exit_code"] == 130, (out, err)
    assert "Traceback" not in err
    kinds = set(results(record))
    assert kinds <= ({"failed", "skipped"} if action == "CreateStack" else set())
    assert record["under_way"] == []
    if action == "CreateStack":
        assert (record["interrupted"], record["complete"]) == (True, False)
    else:
        assert record["error"] == "interrupted"


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.3, 0.6, 1.0])
def test_at_any_moment_the_record_says_what_the_exit_code_says(company: Company, delay: float) -> None:
    command = [str(SCRIPTS / "rolemodel-ci"), "apply", "--yes", "--report", "run.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        while not Path("run.json").exists() and started.poll() is None:
            time.sleep(0.005)
        time.sleep(delay)
        started.send_signal(signal.SIGTERM)
        out, err = started.communicate(timeout=40)
    record = read()
    assert started.returncode == record["exit_code"], (out, err)
    assert started.returncode in (0, 130), (out, err)
    assert "Traceback" not in err
    if started.returncode == 130 and record["outcomes"]:
        done = [
            o["change"] for o in record["outcomes"] if o["result"] == "done" and o["change"]["kind"] == "add_member"
        ]
        members = company.members()
        assert all(change["user"] in members[change["group"]] for change in done)
    if started.returncode == 0:
        assert set(results(record)) == {"done"}
