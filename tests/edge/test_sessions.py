"""Whose credentials: profiles of real AWS files, checked to be the account that the config names."""

from __future__ import annotations

import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rolemodel_ci.adapters.aws.credential_sources import MASTER, AccountCredentials, AssumedRole, Profile, local_doors
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.desired import Account, Policy, Template
from rolemodel_ci.model.live import Identity
from rolemodel_ci.model.problem import Place
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE, CI_USER, SandboxSpec, seed

from .answers import assumed
from .scripted import HANG_UP, Answer, Call, Scripted, fault, plain
from .surroundings import DEV, PROD, AwsFiles
from .surroundings import MASTER as MASTER_ID


def door(profile: str | None, account_id: str | None = None) -> dict[str, AccountCredentials]:
    """One account, `prod`, through a profile."""
    return {"prod": AccountCredentials("account `prod`", account_id, Profile(profile))}


def refused(sessions: Sessions, who: str = "prod") -> CredentialsError:
    """Why there is no way in."""
    with pytest.raises(CredentialsError) as error:
        sessions.identity(who)
    assert error.value.exit_code == 3
    assert error.value.remedy
    return error.value


def test_static_key_asks_once_whose_it_is(scripted: Scripted, files: AwsFiles) -> None:
    files.keys(prod=PROD)
    sessions = Sessions(door("prod", PROD), "us-east-1", 4)
    assert (
        sessions.identity("prod") == sessions.identity("prod") == Identity(PROD, f"arn:aws:iam::{PROD}:user/scripted")
    )
    assert sessions.label("prod") == "account `prod`"
    assert [call.action for call in scripted.calls] == ["GetCallerIdentity"]


def test_any_account_is_right_where_the_config_has_no_id(scripted: Scripted, files: AwsFiles) -> None:
    files.keys(prod=DEV)
    assert Sessions(door("prod"), "us-east-1", 4).identity("prod").account_id == DEV


def test_credentials_of_another_account(scripted: Scripted, files: AwsFiles) -> None:
    files.keys(prod=DEV)
    error = refused(Sessions(door("prod", PROD), "us-east-1", 4))
    assert error.message == f"the credentials for account `prod` belong to account {DEV}; the config says {PROD}"
    assert [call.action for call in scripted.calls] == ["GetCallerIdentity"]


def test_no_such_profile(files: AwsFiles) -> None:
    files.keys(other=PROD)
    error = refused(Sessions(door("prod"), "us-east-1", 4))
    assert "(prod) could not be found" in error.message
    assert "Correct the profile" in error.remedy


def test_profile_without_credentials(files: AwsFiles) -> None:
    files.write({"prod": {"output": "json"}}, {})
    error = refused(Sessions(door("prod"), "us-east-1", 4))
    assert error.message == "there are no credentials for account `prod` under profile `prod`"


def test_no_credentials_at_all() -> None:
    error = refused(Sessions(door(None), "us-east-1", 4))
    assert error.message == "there are no credentials for account `prod`"
    assert "AWS_PROFILE" in error.remedy


def test_credentials_of_the_environment(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", PROD)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert Sessions(door(None, PROD), "us-east-1", 4).identity("prod").account_id == PROD


def test_half_a_key(monkeypatch: pytest.MonkeyPatch, files: AwsFiles) -> None:
    files.write({"prod": {"aws_access_key_id": "AKIA"}}, {})
    assert "Partial credentials" in refused(Sessions(door("prod"), "us-east-1", 4)).message


def test_broken_config_file(tmp_path: Path, files: AwsFiles) -> None:
    (tmp_path / "aws-config").write_text("[profile prod\nregion", encoding="utf-8")
    error = refused(Sessions(door("prod"), "us-east-1", 4))
    assert "parse config file" in error.message
    assert "Correct the profile" in error.remedy


def test_account_without_a_profile() -> None:
    place = Place("access/config.yml", 7, 5)
    template = Template("roles.yml", "", {}, (), (), {})
    policy = Policy("access/config.yml", MASTER_ID, (Account("prod", place, account_id=PROD),), template)
    doors = local_doors(policy)
    assert doors[MASTER] == AccountCredentials("the master account", MASTER_ID, Profile(None))
    error = refused(Sessions(doors, "us-east-1", 4))
    assert error.message == "account `prod` names no profile, which a run with local credentials needs"
    assert error.remedy == "Add `profile:` to it in access/config.yml (line 7)."


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (
            "AccessDenied",
            "Allow sts:GetCallerIdentity to these credentials; docs/permissions.md has the whole policies.",
        ),
        ("ExpiredToken", "Renew the credentials (for SSO: `aws sso login`), then run again."),
        ("InvalidClientTokenId", "Renew the credentials (for SSO: `aws sso login`), then run again."),
        ("Throttling", "Run again in a minute; with fewer accounts at once (`--jobs`) if it comes back."),
        ("Strange", "Run again; if it comes back, look at what AWS says above."),
    ],
)
def test_refusals_say_what_to_do(
    scripted: Scripted, files: AwsFiles, monkeypatch: pytest.MonkeyPatch, code: str, remedy: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    files.keys(prod=PROD)
    scripted.script["GetCallerIdentity"] = [fault(code, "no", 403)]
    error = refused(Sessions(door("prod"), "us-east-1", 4))
    assert error.message == f"account `prod`: AWS refused sts:GetCallerIdentity: {code}: no"
    assert error.remedy == remedy


def test_long_message_of_aws_is_cut(scripted: Scripted, files: AwsFiles) -> None:
    files.keys(prod=PROD)
    scripted.script["GetCallerIdentity"] = [fault("Strange", "x" * 5000)]
    message = refused(Sessions(door("prod"), "us-east-1", 4)).message
    assert message.endswith("xxx …")
    assert len(message) < 700


def test_throttled_call_is_tried_again(scripted: Scripted, files: AwsFiles, caplog: pytest.LogCaptureFixture) -> None:
    files.keys(prod=PROD)
    scripted.script["GetCallerIdentity"] = [fault("Throttling", "Rate exceeded"), plain]
    with caplog.at_level(logging.INFO, logger="rolemodel_ci.calls"):
        assert Sessions(door("prod"), "us-east-1", 4).identity("prod").account_id == PROD
    assert len(scripted.asked("GetCallerIdentity")) == 2
    (line,) = caplog.messages
    assert re.fullmatch(r"account=prod action=sts:GetCallerIdentity ms=\d+ status=200 retries=1 request=scripted", line)


def test_connection_that_breaks_is_tried_again(scripted: Scripted, files: AwsFiles) -> None:
    files.keys(prod=PROD)
    scripted.script["GetCallerIdentity"] = [HANG_UP, plain]
    assert Sessions(door("prod"), "us-east-1", 4).identity("prod").account_id == PROD


def test_role_of_a_profile_needs_no_further_call(
    aws: EmbeddedAws, files: AwsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished = seed(aws, SandboxSpec(MASTER_ID, (PROD,), ()))
    files.switching((furnished.access_key, furnished.secret_key), APPLY_ROLE, prod=PROD)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    aws.mark()
    sessions = Sessions(door("prod", PROD), "us-east-1", 4)
    assert sessions.identity("prod") == Identity(PROD, f"arn:aws:iam::{PROD}:role/{APPLY_ROLE}")
    sessions.client("prod", "cloudformation").get_paginator("describe_stacks")
    assert aws.calls() == {"sts:AssumeRole": 1}


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_partition_is_that_of_the_region(scripted: Scripted, files: AwsFiles, region: str, partition: str) -> None:
    arn = f"arn:{partition}:iam::{PROD}:role/Apply"
    files.write({"prod": {"role_arn": arn, "source_profile": "ci"}}, {"ci": (MASTER_ID, "secret")})
    scripted.script["AssumeRole"] = [assumed(PROD, partition)]
    identity = Sessions(door("prod", PROD), region, 4).identity("prod")
    assert (identity.account_id, identity.partition) == (PROD, partition)


def test_role_of_a_profile_that_may_not_be_assumed(
    aws: EmbeddedAws, files: AwsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished = seed(aws, SandboxSpec(MASTER_ID, (PROD,), ()))
    files.switching((furnished.access_key, furnished.secret_key), "Admin", prod=PROD)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    error = refused(Sessions(door("prod", PROD), "us-east-1", 4))
    assert "account `prod`: AWS refused sts:AssumeRole: AccessDenied" in error.message
    assert error.remedy.startswith("Allow sts:AssumeRole")


def test_key_that_assumes_a_role(
    aws: EmbeddedAws, tmp_path: Path, files: AwsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "aws-config").write_text("[profile broken", encoding="utf-8")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    furnished = seed(aws, SandboxSpec(MASTER_ID, (PROD,), ()))
    role = AssumedRole(f"arn:aws:iam::{PROD}:role/{APPLY_ROLE}", "test", furnished.access_key, furnished.secret_key)
    doors = {
        "prod": AccountCredentials("account `prod`", PROD, role),
        "dev": AccountCredentials("account `dev`", DEV, role),
    }
    sessions = Sessions(doors, "us-east-1", 4, aws.url)
    assert sessions.identity("prod") == Identity(PROD, role.role_arn)
    assert "belong to account" in refused(sessions, "dev").message
    assert furnished.secret_key not in repr(doors)


def test_key_that_may_not_assume_the_role(aws: EmbeddedAws) -> None:
    furnished = seed(aws, SandboxSpec(MASTER_ID, (PROD,), ()))
    role = AssumedRole(f"arn:aws:iam::{PROD}:role/{CI_USER}-other", "test", furnished.access_key, furnished.secret_key)
    error = refused(Sessions({"prod": AccountCredentials("account `prod`", PROD, role)}, "us-east-1", 4, aws.url))
    assert "sts:AssumeRole" in error.message


def test_accounts_need_not_wait_for_each_other(scripted: Scripted, files: AwsFiles) -> None:
    """Roles of all accounts are assumed at once: the answer to each comes only after all have been asked."""
    names = [f"account{i}" for i in range(4)]
    together = threading.Barrier(len(names), timeout=10)

    def late(call: Call) -> Answer:
        together.wait()
        return assumed(PROD, "aws")

    scripted.script["AssumeRole"] = [late]
    files.switching((MASTER_ID, "secret"), "Apply", **dict.fromkeys(names, PROD))
    sessions = Sessions({name: AccountCredentials(name, PROD, Profile(name)) for name in names}, "us-east-1", 4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(sessions.identity, names))
    assert {identity.account_id for identity in found} == {PROD}


def test_unreachable_endpoint(files: AwsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted() as gone:
        url = gone.url
    files.keys(prod=PROD)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    error = refused(Sessions(door("prod"), "us-east-1", 4, url))
    assert "Could not connect to the endpoint" in error.message
    assert "AWS_ENDPOINT_URL" in error.remedy


def test_code_that_nobody_can_type() -> None:
    """botocore asks for the code of a profile with `mfa_serial`; without a terminal its question ends in EOFError."""
    with pytest.raises(CredentialsError) as failure, calling("sts:AssumeRole", "account `prod`", CredentialsError):
        raise EOFError
    assert "asks for an MFA code" in failure.value.message
    assert "docs/permissions.md" in failure.value.remedy
