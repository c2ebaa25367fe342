"""The server process: what it counts, what it refuses when frozen, and that it goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rolemodel_ci.errors import UsageError
from rolemodel_ci.sandbox.aws_request import read, writes
from rolemodel_ci.sandbox.embedded import EmbeddedAws, SandboxError

from .conftest import code_of


def _gone(pid: int, seconds: float = 8) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_calls_are_counted_with_their_outcome(aws: EmbeddedAws, iam: Any, account: str) -> None:
    aws.mark()
    iam.create_group(GroupName="g")
    with pytest.raises(ClientError):
        iam.create_group(GroupName="g")
    iam.list_groups()
    aws.client("sts", account).get_caller_identity()
    with pytest.raises(ClientError):
        aws.client("cloudformation", account).describe_stacks(StackName="none")
    assert aws.calls() == {
        "iam:CreateGroup": 2,
        "iam:ListGroups": 1,
        "sts:GetCallerIdentity": 1,
        "cloudformation:DescribeStacks": 1,
    }
    assert aws.writes() == {"iam:CreateGroup": 2}
    assert aws.refused() == {"iam:CreateGroup": 1, "cloudformation:DescribeStacks": 1}


def test_mark_begins_anew(aws: EmbeddedAws, iam: Any) -> None:
    iam.list_groups()
    aws.mark()
    assert aws.calls() == {}


def test_json_protocol_is_counted_too(aws: EmbeddedAws, account: str) -> None:
    aws.mark()
    aws.client("organizations", account).list_roots()
    assert aws.calls() == {"organizations:ListRoots": 1}


def test_frozen_server_reads_and_does_not_write(aws: EmbeddedAws, iam: Any, cloudformation: Any) -> None:
    aws.freeze()
    try:
        with pytest.raises(ClientError) as group:
            iam.create_group(GroupName="g")
        with pytest.raises(ClientError) as stack:
            cloudformation.create_stack(StackName="s", TemplateBody="{}")
        seen = iam.list_groups()["Groups"]
    finally:
        aws.thaw()
    assert code_of(group) == code_of(stack) == ("AccessDenied", 403)
    assert seen == []
    assert iam.create_group(GroupName="g")["Group"]["GroupName"] == "g"


@pytest.mark.parametrize("name", ["iam:CreateGroup", "cloudformation:CreateChangeSet", "iam:TagRole", "x:unknown"])
def test_writing_actions(name: str) -> None:
    assert writes(name)


@pytest.mark.parametrize("name", ["sts:AssumeRole", "iam:GetGroup", "cloudformation:ValidateTemplate"])
def test_reading_actions(name: str) -> None:
    assert not writes(name)


def test_request_without_signature_is_no_call() -> None:
    assert read({"content-type": "application/x-www-form-urlencoded"}, "", b"Action=CreateGroup") is None


def test_nothing_listens_beyond_this_machine(aws: EmbeddedAws) -> None:
    inodes = {os.readlink(link) for link in Path(f"/proc/{aws.pid}/fd").iterdir() if link.is_symlink()}
    lines = [line.split() for line in Path(f"/proc/{aws.pid}/net/tcp").read_text().splitlines()[1:]]
    listening = [line[1].partition(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes]
    assert listening == ["0100007F"]  # 127.0.0.1, once


def test_process_and_its_directory_are_gone_after_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with EmbeddedAws() as aws:
        pid, during = aws.pid, list(tmp_path.iterdir())
        aws.client("iam", "100000000000").create_group(GroupName="g")
    assert during
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{pid}").exists()


def test_process_is_gone_after_an_exception() -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with EmbeddedAws() as aws:
            pids.append(aws.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not Path(f"/proc/{pids[0]}").exists()


def test_process_does_not_outlive_a_killed_parent() -> None:
    code = (
        "import time; from rolemodel_ci.sandbox.embedded import EmbeddedAws\n"
        "with EmbeddedAws() as aws: print(aws.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    assert _gone(pid)


def test_sigterm_ends_the_server() -> None:
    with EmbeddedAws() as aws:
        os.kill(aws.pid, signal.SIGTERM)
        assert _gone(aws.pid)
        with pytest.raises(SandboxError) as failure:
            aws.calls()
    assert failure.value.exit_code == 3


def test_server_that_dies_at_start_says_why() -> None:
    with pytest.raises(SandboxError) as failure, EmbeddedAws(groups_quota="many"):  # type: ignore[arg-type]
        pass
    assert "ended while it was starting" in failure.value.message
    assert "ValueError" in failure.value.remedy


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError) as failure, EmbeddedAws():
        pass
    assert "pip install '.[sandbox]'" in failure.value.remedy


def test_persons_own_aws_configuration_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-no-such-profile")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with EmbeddedAws() as aws:
        identity = aws.client("sts", "100000000000").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::100000000000:root"


def test_ministack_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from rolemodel_ci.sandbox import strictness

    monkeypatch.setattr(strictness, "MINISTACK", "0.0.0")
    with pytest.raises(RuntimeError, match=r"written against ministack 0\.0\.0"):
        strictness.install(groups_quota=300)


def test_emptied_server_has_forgotten_everything() -> None:
    with EmbeddedAws() as aws:
        iam = aws.client("iam", "100000000000")
        iam.create_group(GroupName="g")
        aws.empty()
        assert iam.list_groups()["Groups"] == []
