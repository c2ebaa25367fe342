"""Breaking it: two runs at once, Ctrl-C, an AWS that does not answer, throttles, is late or talks nonsense."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from edge import answers
from edge.scripted import Answer, Scripted, fault
from edge.surroundings import DEV, MASTER, PROD, AwsFiles

from rolemodel_ci.cli import run_command
from rolemodel_ci.cli.apply import ApplyOptions, follow
from rolemodel_ci.cli.audit import Audit
from rolemodel_ci.cli.environment import World, local_world
from rolemodel_ci.cli.files import good_policy
from rolemodel_ci.reconcile.apply import Tools
from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED
from rolemodel_ci.reconcile.pipeline import EVERYTHING
from rolemodel_ci.reconcile.ports import Watch

from .company import Company, role
from .running import SCRIPTS, Ran, process, run

LISTED = {"AdminRole": "RoleModel-AdminRole-1"}


@pytest.fixture
def repository(scripted: Scripted, files: AwsFiles, tmp_path: Path) -> Company:
    """Two accounts and one role, and an AWS that answers what the script says; at first there is nothing in it."""
    files.keys(master=MASTER, prod=PROD, dev=DEV)
    company = Company(None, tmp_path, files, ("", ""))  # type: ignore[arg-type]
    company.config()
    company.roles(AdminRole=role())
    company.users({"prod": {"AdminRole": ["alice"]}})
    text = (tmp_path / "access" / "roles.yml").read_text(encoding="utf-8")
    scripted.script |= {
        "GetAccountAuthorizationDetails": [answers.details({"alice": [], "bob": []}, {})],
        "GetAccountSummary": [answers.summary(GroupsQuota=300)],
        "DescribeStacks": [answers.no_stack()],
        "GetTemplate": [answers.template(text)],
        "ListStackResources": [answers.resources(LISTED)],
    }
    for account in (PROD, DEV):
        statuses(scripted, account, None, None, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    return company


def statuses(scripted: Scripted, account: str, *told: str | None) -> None:
    """What DescribeStacks says in an account: to the plan, to the rollout, while it waits, and when it reads again."""
    parameters = {"AssumingAccountID": MASTER}
    scripted.script[account, "DescribeStacks"] = [
        answers.stack(status, parameters) if status else answers.no_stack() for status in told
    ]


def test_rollout_that_takes_its_time(repository: Company, scripted: Scripted) -> None:
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert "  prod  CREATE_IN_PROGRESS\n" in ran.err
    put = scripted.asked("PutGroupPolicy")
    arns = {json.loads(call.parameters["PolicyDocument"])["Statement"][0]["Resource"] for call in put}
    assert arns == {f"arn:aws:iam::{account}:role/RoleModel-AdminRole-1" for account in (PROD, DEV)}


def test_groups_that_iam_finds_late(repository: Company, scripted: Scripted) -> None:
    late = fault("NoSuchEntity", "The group with name X cannot be found.", 404)
    scripted.script["PutGroupPolicy"] = [late, answers.done("PutGroupPolicy")]
    scripted.script["AddUserToGroup"] = [late, late, answers.done("AddUserToGroup")]
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert len(scripted.asked("AddUserToGroup")) == 3


def test_throttling_is_waited_out(repository: Company, scripted: Scripted) -> None:
    busy = fault("Throttling", "Rate exceeded")
    for action in ("CreateStack", "CreateGroup", "AddUserToGroup"):
        scripted.script[action] = [busy, answers.done(action)]
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert len(scripted.asked("AddUserToGroup")) == 2


def test_stack_that_fails_tells_why_and_stops_only_its_account(repository: Company, scripted: Scripted) -> None:
    statuses(scripted, PROD, None, None, "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE")
    scripted.script["DescribeStackEvents"] = [
        answers.events(("AdminRole", "AWS::IAM::Role", "CREATE_FAILED", "Role limit exceeded"))
    ]
    ran = run("apply", "--yes", "--format", "json")
    assert ran.code == 5
    results = [(o["change"]["kind"], o["change"]["account"], o["result"]) for o in ran.json["outcomes"]]
    assert ("create_stack", "prod", "failed") in results
    assert ("add_member", "prod", "skipped") in results
    assert ("put_policy", "dev", "done") in results
    failed = next(o for o in ran.json["outcomes"] if o["result"] == "failed")
    assert failed["reason"] == "the stack ended in ROLLBACK_COMPLETE: AdminRole CREATE_FAILED: Role limit exceeded"


def test_rollback_that_got_stuck_is_finished(repository: Company, scripted: Scripted) -> None:
    statuses(scripted, PROD, "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS",
             "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE")  # fmt: skip
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert "~ wait or repair (UPDATE_ROLLBACK_FAILED)  prod" in ran.out
    assert len(scripted.asked("ContinueUpdateRollback", PROD)) == 1


def test_denied_account_is_unreadable_and_never_without_a_stack(repository: Company, scripted: Scripted) -> None:
    scripted.script[PROD, "DescribeStacks"] = [fault("AccessDenied", "not authorized", 403)]
    ran = run("apply", "--yes", "--format", "json")
    assert ran.code == 5
    assert [account["account"] for account in ran.json["unreadable"]] == ["prod"]
    assert "AccessDenied" in ran.json["unreadable"][0]["reason"]
    assert scripted.asked("CreateStack", PROD) == []
    assert {call.parameters["GroupName"] for call in scripted.asked("CreateGroup")} == {"RM.dev.AdminRole"}


@pytest.mark.parametrize("body", [b"<html>Please log in</html>", b"<html><p>", b"\x00"])
def test_answers_that_are_not_those_of_aws(
    repository: Company, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    scripted.script[PROD, "DescribeStacks"] = [Answer(200, body)]
    ran = run("plan")
    assert ran.code == 5
    assert "the answer is not one of AWS" in ran.out
    scripted.script["GetAccountAuthorizationDetails"] = [Answer(200, body)]
    ran = run("plan")
    assert (ran.code, ran.out) == (3, "")
    assert "a proxy answers in AWS's place" in ran.err


def test_several_pages_of_users_and_groups(repository: Company, scripted: Scripted) -> None:
    scripted.script["GetAccountAuthorizationDetails"] = [
        answers.details({"alice": []}, {}, "1"),
        answers.details({"bob": ["RM.prod.AdminRole"]}, {"RM.prod.AdminRole": "arn:aws:iam::1:role/x"}),
    ]
    ran = run("plan", "--format", "json")
    assert ran.code == 0
    kinds = {(change["kind"], change.get("user")) for change in ran.json["changes"]}
    assert {("remove_member", "bob"), ("add_member", "alice")} <= kinds


def test_endpoint_that_cannot_be_reached(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted() as gone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", gone.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ran = process("plan")
    assert (ran.code, ran.out) == (3, "")
    assert "Could not connect to the endpoint URL" in ran.err
    assert "Look at the network, at proxies and at AWS_ENDPOINT_URL, then run again." in ran.err
    assert "Traceback" not in ran.err


def interrupted(*arguments: str, after: tuple[str, ...]) -> Ran:
    """Start a run, and press Ctrl-C once it has said `after`."""
    running = subprocess.Popen(
        [SCRIPTS / "rolemodel-ci", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    told = ""
    while not all(text in told for text in after):
        line = running.stderr.readline()
        assert line, told
        told += line
    time.sleep(0.6)  # what is quick is done by then
    running.send_signal(signal.SIGINT)
    out, rest = running.communicate(timeout=30)
    return Ran(running.returncode, out, told + rest)


@pytest.mark.parametrize("jobs", ["1", "16"])
def test_ctrl_c_in_a_long_rollout(repository: Company, scripted: Scripted, jobs: str) -> None:
    """It ends at once, although the stack takes for ever, and says what is done and what is not."""
    statuses(scripted, PROD, None, None, "CREATE_IN_PROGRESS")
    statuses(scripted, DEV, None, None, "CREATE_COMPLETE")
    began = time.monotonic()
    ran = interrupted(
        "apply", "--yes", "--format", "json", "--jobs", jobs, after=("prod  CREATE_IN_PROGRESS", "dev  CREATE_COMPLETE")
    )
    assert time.monotonic() - began < 15
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert ran.json["interrupted"]
    assert not ran.json["complete"]
    results = {(o["change"]["kind"], o["change"]["account"]): o["result"] for o in ran.json["outcomes"]}
    assert results["create_stack", "dev"] == "done"
    assert results["create_stack", "prod"] == "failed"
    assert results["create_group", "prod"] == results["add_member", "prod"] == "skipped"
    made = {call.parameters["GroupName"] for call in scripted.asked("CreateGroup")}
    assert made == {"RM.dev.AdminRole"}  # of the account whose stack is at rest


def test_a_second_signal_does_not_wait_for_calls_that_hang(repository: Company, scripted: Scripted) -> None:
    hung = threading.Event()

    def hangs(call: object) -> Answer:
        hung.wait(30)
        return answers.no_stack()

    scripted.script["CreateGroup"] = [hangs]
    for account in (PROD, DEV):
        statuses(scripted, account, None, None, "CREATE_COMPLETE")
    running = subprocess.Popen(
        [SCRIPTS / "rolemodel-ci", "apply", "--yes", "--report", "run.json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(scripted.asked("CreateGroup")) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(2)
    record = json.loads(Path("run.json").read_text())
    assert (record["exit_code"], record["outcomes"]) == (None, [])
    assert {change["kind"] for change in record["under_way"]} >= {"create_stack", "create_group", "add_member"}
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    hung.set()
    assert (running.returncode, "Traceback" in err) == (130, False), err
    assert err.count("Stopping: what is under way is finished first.") == 1
    assert "it may have been made" in out
    record = json.loads(Path("run.json").read_text())
    assert (record["exit_code"], record["interrupted"], record["under_way"]) == (130, True, [])


def test_ctrl_c_while_reading(repository: Company, scripted: Scripted) -> None:
    def late(call: object) -> Answer:
        time.sleep(2)
        return answers.no_stack()

    scripted.script[PROD, "DescribeStacks"] = [late]
    ran = interrupted("plan", "--verbose", after=("GetAccountSummary",))
    assert (ran.code, ran.out) == (130, "")
    assert "Interrupted: `rolemodel-ci plan` shows what is left to do." in ran.err
    assert "Traceback" not in ran.err


def test_two_runs_at_once_come_to_the_same(company: Company) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: process("apply", "--yes"), range(2)))
    assert {ran.code for ran in both} <= {0, 5}
    assert not any("Traceback" in ran.err for ran in both)
    last = run("apply", "--yes")
    assert last.code == 0, last
    assert company.members()["RM.dev.AdminRole"] == {"alice", "bob", "carol"}
    company.assert_nothing_left()


def test_run_that_was_killed_half_way_is_finished_by_the_next(company: Company) -> None:
    running = subprocess.Popen(
        [SCRIPTS / "rolemodel-ci", "apply", "--yes", "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    while "dev  CREATE" not in running.stderr.readline():
        assert running.poll() is None
    running.kill()
    running.wait()
    running.stderr.close()
    assert run("apply", "--yes").code == 0
    assert len(company.members()) == 4
    company.assert_nothing_left()


@dataclass(frozen=True)
class Buggy(World):
    """A world in which making a group meets a bug of ours."""

    def tools(self, watch: Watch, may_write: Callable[[], None] = lambda: None) -> Tools:
        def broken(*_: object) -> None:
            raise ZeroDivisionError

        made = super().tools(watch, may_write)
        made.groups.create_group = broken  # type: ignore[method-assign, assignment]
        return made


def test_bug_in_the_middle_leaves_a_report_and_shows(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)
    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    buggy = Buggy(opened.reading, opened.writing, policy, 4)
    assert run_command(lambda: follow(order, policy, buggy, Audit("apply"))) == 70
    told = capsys.readouterr()
    assert "2 changes made" in told.out
    assert "This is a bug of rolemodel-ci" in told.out
    assert "ZeroDivisionError" in told.err
    assert company.members() == {}
    assert run("apply", "--yes").code == 0


def test_unsafe_yaml_is_not_executed(company: Company, tmp_path: Path) -> None:
    for name in ("config.yml", "roles.yml", "users.yml"):
        text = (tmp_path / "access" / name).read_text(encoding="utf-8")
        company.write(name, f"x: !!python/object/apply:os.system ['touch {tmp_path}/executed']\n")
        ran = run("apply", "--yes")
        assert ran.code == 1
        assert f"access/{name}:1:" in ran.out
        assert not (tmp_path / "executed").exists()
        company.write(name, text)
    assert company.aws.calls() == {}
