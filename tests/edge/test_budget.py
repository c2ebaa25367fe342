"""What a run costs in calls where there is nothing to do: most runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli.company import Company, role
from cli.running import run

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from . import answers
from .scripted import Scripted
from .surroundings import DEV, MASTER, PROD, AwsFiles

FOR_CHANGES = {
    "git",
    "rolemodel_ci.access_request.request",
    "rolemodel_ci.iam.canonical_values",
    "rolemodel_ci.iam.differences",
    "rolemodel_ci.iam.escalation",
    "rolemodel_ci.iam.role_diff",
    "rolemodel_ci.reconcile.attribution",
    "rolemodel_ci.reconcile.guards.administrators",
    "rolemodel_ci.reconcile.inventory",
    "rolemodel_ci.render.role_differences",
    "requests",
}
"""Modules that only a run with something to do needs, or one in GitHub Actions: importing them takes long."""

ARN = "arn:aws:iam::{}:role/RoleModel-{}-1"


@pytest.fixture
def done(scripted: Scripted, files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """An AWS that is what the files say, with users and groups in three pages."""
    monkeypatch.chdir(tmp_path)
    files.keys(master=MASTER, prod=PROD, dev=DEV)
    company = Company(None, tmp_path, files, ("", ""))  # type: ignore[arg-type]
    company.config()
    company.roles(AdminRole=role(), ReadRole=role())
    company.users({"prod": {"AdminRole": ["alice"]}, "dev": {"ReadRole": ["bob"]}})
    groups = {
        f"RM.{name}.{role}": ARN.format(account, role)
        for name, account in (("prod", PROD), ("dev", DEV)) for role in ("AdminRole", "ReadRole")
    }  # fmt: skip
    scripted.script |= {
        "GetAccountAuthorizationDetails": [
            answers.details({"alice": ["RM.prod.AdminRole"]}, {}, "1"),
            answers.details({"bob": ["RM.dev.ReadRole"]}, {}, "2"),
            answers.details({}, groups),
        ],
        "GetAccountSummary": [answers.summary()],
        "DescribeStacks": [answers.stack("CREATE_COMPLETE", {"AssumingAccountID": MASTER})],
        "GetTemplate": [answers.template((tmp_path / "access" / "roles.yml").read_text(encoding="utf-8"))],
        "ListStackResources": [answers.resources({r: f"RoleModel-{r}-1" for r in ("AdminRole", "ReadRole")})],
    }
    return scripted


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_calls_of_each_account(done: Scripted, command: str) -> None:
    ran = run(command)
    assert ran.out == "Nothing to do: AWS is what the repository says.\n", ran
    of = {account: [call.action for call in done.calls if call.account == account] for account in (MASTER, PROD, DEV)}
    reads = ["GetAccountAuthorizationDetails"] * 3 + ["GetAccountSummary", "GetCallerIdentity", "GetParameter"]
    assert sorted(of[MASTER]) == reads
    for account in (PROD, DEV):
        assert sorted(of[account]) == ["DescribeStacks", "GetCallerIdentity", "GetTemplate", "ListStackResources"]
    assert len(done.calls) == sum(map(len, of.values()))


@pytest.mark.parametrize("command", ["plan", "apply", "update", "list", "sync-users"])
def test_nothing_is_written(
    aws: EmbeddedAws, files: AwsFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    Company.found(aws, tmp_path, files).applied()
    assert run(command).code == 0
    calls = aws.calls()
    assert aws.writes() == {}
    assert calls["sts:AssumeRole"] == (1 if command == "sync-users" else 3)
    assert calls["iam:GetAccountAuthorizationDetails"] == calls["iam:GetAccountSummary"] == 1
    assert sum(count for name, count in calls.items() if name.startswith("cloudformation:")) <= 6
    assert calls.get("ssm:GetParameter", 0) == (0 if command == "list" else 1)


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_only_changes_need_is_not_imported(command: str) -> None:
    """Most runs have nothing to do; they are to start quickly."""
    script = f"import sys, rolemodel_ci.cli.{command}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert FOR_CHANGES & set(ran.stdout.split()) == set()
