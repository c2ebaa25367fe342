"""`--report FILE`: one record for each run, however it ends; and a file that cannot be written stops it beforehand."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import Any

import pytest
from edge.scripted import Scripted, fault
from edge.surroundings import MASTER

from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company
from .recording import read, recorded
from .running import SCRIPTS, at_terminal, run


def results(record: dict[str, Any]) -> set[str]:
    """How the changes of a run ended."""
    return {outcome["result"] for outcome in record["outcomes"]}


def test_a_run_that_is_done(company: Company) -> None:
    ran, record = recorded("apply", "--yes", "--format", "json")
    assert ran.code == record["exit_code"] == 0
    assert (record["command"], record["error"], record["complete"], record["interrupted"]) == (
        "apply",
        None,
        True,
        False,
    )
    assert record["outcomes"] == ran.json["outcomes"]
    assert record["plan_digest"] == ran.json["plan_digest"]
    assert record["who"]["arn"] == f"arn:aws:iam::{MASTER}:role/{APPLY_ROLE}"
    assert record["began"] <= record["ended"]
    assert (record["overridden"], record["refusals"]) == ([], [])
    assert sum(call["calls"] for call in record["calls"] if call["action"] == "iam:AddUserToGroup") == 6


def test_the_digest_of_the_policy_is_that_of_what_the_files_decide(company: Company) -> None:
    before = recorded("apply", "--yes")[1]
    company.write("users.yml", "# who\n" + json.dumps(dict(reversed(list(MAP.items()))), indent=3))
    after = recorded("apply", "--yes")[1]
    assert after["policy_digest"] == before["policy_digest"]
    assert after["outcomes"] == []
    company.config(protected=[{"user": "carol", "account": "prod"}])
    assert recorded("apply", "--yes")[1]["policy_digest"] != before["policy_digest"]


def test_a_run_of_which_something_failed(company: Company) -> None:
    company.users({"prod": {"AdminRole": ["carol", "nobody"]}})
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 5
    assert [block["user"] for block in record["blocked"]] == ["nobody"]
    assert (record["complete"], results(record)) == (False, {"done"})


def test_a_refused_run(company: Company) -> None:
    company.applied().write("users.yml", "{}")
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 4
    assert {refusal["guard"] for refusal in record["refusals"]} == {"mass-revocation", "empty-map"}
    assert (record["outcomes"], record["overridden"], record["complete"]) == ([], [], None)
    assert record["plan_digest"] is not None


def test_overridden_guards_are_those_that_were_needed(company: Company) -> None:
    company.applied().write("users.yml", "{}")
    names = ("mass-revocation", "empty-map", "moved-stacks", "protected")
    ran, record = recorded("apply", "--yes", *(f"--allow={name}" for name in names))
    assert ran.code == 0, ran
    assert [(one["guard"], one["by"]) for one in record["overridden"]] == [
        ("mass-revocation", "--allow"), ("empty-map", "--allow"),
    ]  # fmt: skip
    assert all(one["message"] in ran.out for one in record["overridden"])
    assert results(record) == {"done"}


def test_a_master_account_that_cannot_be_read(company: Company) -> None:
    company.switch("NoSuchRole")
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 3
    assert "sts:AssumeRole" in record["error"]
    assert record["policy_digest"] is not None
    assert (record["plan_digest"], record["complete"], record["outcomes"]) == (None, None, [])
    assert "arn" not in record["who"]


def test_bad_files(company: Company) -> None:
    company.write("users.yml", "prod: {NoSuchRole: [alice]}")
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 1
    assert record["error"] == "the files have problems"
    assert (record["policy_digest"], record["calls"]) == (None, [])


def test_wrong_usage_behind_the_options(company: Company) -> None:
    ran, record = recorded("apply", "--yes", "--account", "nowhere")
    assert ran.code == record["exit_code"] == 2
    assert "account `nowhere` is not in access/config.yml" in record["error"]


def test_a_bug(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr("rolemodel_ci.cli.apply.make_plan", broken)
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 70
    assert record["error"] == "ZeroDivisionError: by design"


def test_the_other_commands_that_write(company: Company) -> None:
    assert recorded("update", "--yes")[1]["command"] == "update"
    assert recorded("sync-users", "--yes")[1]["command"] == "sync-users"
    ran, record = recorded("delete", "--yes")
    assert (ran.code, record["command"], record["complete"]) == (0, "delete", True)


def test_calls_of_the_sandbox_are_summed_over_both_its_roles(company: Company) -> None:
    ran, record = recorded("apply", "--sandbox", "--yes")
    assert ran.code == 0, ran
    calls = {call["action"]: call["calls"] for call in record["calls"]}
    assert len(calls) == len(record["calls"])
    assert list(calls) == sorted(calls)
    assert calls["cloudformation:GetTemplate"] == 2
    assert calls["cloudformation:DescribeStacks"] > 4


def test_a_question_that_is_answered_with_no(company: Company) -> None:
    company.applied().users({"prod": MAP["prod"], "dev": {"AdminRole": ["alice", "bob"]}})
    assert at_terminal("apply", "--report", "run.json", answer="n\n").code == 130
    record = read()
    assert (record["exit_code"], record["error"]) == (130, "the question was answered with no")
    assert record["outcomes"] == []
    assert company.aws.writes() == {}


# ---- runs that do not come to their end by themselves


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run(slow: Company, scripted: Scripted, number: int) -> None:
    command = [str(SCRIPTS / "rolemodel-ci"), "apply", "--yes", "--report", "run.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        _until(lambda: scripted.asked("CreateStack") and len(scripted.asked("DescribeStacks")) > 3)
        started.send_signal(number)
        out, err = started.communicate(timeout=20)
    record = read()
    assert started.returncode == record["exit_code"] == 130, (out, err)
    assert (record["complete"], record["interrupted"]) == (False, True)
    assert results(record) == {"failed", "skipped"}


def test_a_run_that_was_killed_leaves_a_record_without_an_end(slow: Company, scripted: Scripted) -> None:
    command = [str(SCRIPTS / "rolemodel-ci"), "apply", "--yes", "--report", "run.json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        _until(lambda: scripted.asked("CreateStack"))
        started.kill()
    record = read()
    assert (record["exit_code"], record["ended"], record["error"]) == (None, None, None)
    assert record["command"] == "apply"


def _until(done: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_failed_and_skipped_changes_are_told_with_their_reasons(slow: Company, scripted: Scripted) -> None:
    scripted.script["CreateStack"] = [fault("AccessDenied", "no", 403)]
    ran, record = recorded("apply", "--yes")
    assert ran.code == record["exit_code"] == 5
    assert results(record) == {"failed", "skipped"}
    (failed,) = (outcome for outcome in record["outcomes"] if outcome["result"] == "failed")
    assert "cloudformation:CreateStack: AccessDenied" in failed["reason"]
    (sums,) = (call for call in record["calls"] if call["action"] == "cloudformation:CreateStack")
    assert (sums["calls"], sums["errors"], sums["retries"]) == (1, 1, 0)


def test_repeated_calls_are_summed(slow: Company, scripted: Scripted) -> None:
    scripted.script["CreateStack"] = [fault("Throttling", "Rate exceeded"), fault("AccessDenied", "no", 403)]
    (sums,) = (c for c in recorded("apply", "--yes")[1]["calls"] if c["action"] == "cloudformation:CreateStack")
    assert (sums["calls"], sums["retries"], sums["errors"]) == (1, 1, 1)


def test_what_drift_repair_overwrites_is_in_plan_and_record(company: Company) -> None:
    company.applied()
    theirs = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    said = json.dumps(theirs, sort_keys=True, separators=(",", ":"))
    for name in ("RM.prod.AdminRole-Policy", "Extra"):
        company.iam.put_group_policy(GroupName="RM.prod.AdminRole", PolicyName=name, PolicyDocument=json.dumps(theirs))
    company.iam.attach_group_policy(
        GroupName="RM.prod.AdminRole", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    company.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="erin")
    text, planned = run("plan").out, run("plan", "--format", "json").json
    ran, record = recorded("apply", "--yes")
    assert ran.code == 0, ran
    assert f"; was {said}" in text
    for changes in (planned["changes"], [outcome["change"] for outcome in record["outcomes"]]):
        told = {(change["kind"], change.get("before") or change.get("arn") or change.get("user")) for change in changes}
        assert told == {
            ("put_policy", said),
            ("delete_policy", said),
            ("detach_policy", "arn:aws:iam::aws:policy/AdministratorAccess"),
            ("remove_member", "erin"),
        }
