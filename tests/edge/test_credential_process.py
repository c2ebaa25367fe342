"""A `credential_process`: one that hangs ends in time, and what is no answer is told; as sources of others, too."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.clients import Clients
from rolemodel_ci.adapters.aws.credential_process import bound_processes
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.errors import CredentialsError

from .surroundings import AwsFiles

GOOD = '{"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "s"}'


def credentials(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> object:
    """What a profile with that program comes to."""
    file = tmp_path / "config"
    source = f"credential_process = {program}\n"
    assuming = "[profile above]\nrole_arn = arn:aws:iam::222222222222:role/x\nsource_profile = below\n"
    file.write_text(f"[profile below]\n{source}{assuming}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    session = Clients("us-east-1", 1, None, Calls()).session(profile)
    bound_processes(session, 0.3)
    with calling("credentials", "account `prod`", CredentialsError):
        return session.get_credentials()


@pytest.mark.parametrize("profile", ["below", "above"])
def test_one_that_hangs_ends(files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    began = time.monotonic()
    with pytest.raises(CredentialsError, match=r"did not end within 0\.3 s") as raised:
        credentials("sleep 20", tmp_path, monkeypatch, profile)
    assert time.monotonic() - began < 5
    assert "account `prod`" in raised.value.message
    assert "`credential_process` of the profile" in raised.value.remedy


@pytest.mark.parametrize(
    ("program", "told"),
    [("/nowhere/at/all", "FileNotFoundError"), ("echo no", "JSONDecodeError"), ("echo []", "AttributeError"),
     ("false", "credential_process|custom-process")],
)  # fmt: skip
@pytest.mark.parametrize("profile", ["below", "above"])
def test_what_is_no_answer_is_told(
    files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str, profile: str
) -> None:
    with pytest.raises(CredentialsError, match=told):
        credentials(program, tmp_path, monkeypatch, profile)


def test_one_that_answers_is_used(files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"print({GOOD!r})")
    found = credentials(f"{sys.executable} {program}", tmp_path, monkeypatch, "below")
    assert getattr(found, "access_key", "") == "AKIA"
