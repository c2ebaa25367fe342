"""`plan`: never writes, says the same thing twice, and tells what was asked for from what drifted."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from edge.test_repo import git

from .company import MAP, Company, role
from .running import Ran, run


def origins(ran: Ran) -> dict[str, set[str]]:
    """Kinds and users of the changes, by origin."""
    found: dict[str, set[str]] = defaultdict(set)
    for change in ran.json["changes"]:
        found[change["origin"]].add(" ".join(filter(None, (change["kind"], change.get("user") or change["account"]))))
    return dict(found)


def test_reader_may_plan(company: Company) -> None:
    company.as_reader()
    ran = run("plan")
    assert ran.code == 0
    assert "Plan: 6 grants" in ran.out
    assert company.aws.writes() == {}
    assert run("list").code == 0
    assert company.aws.writes() == {}


def test_reader_may_not_apply(company: Company) -> None:
    company.as_reader()
    ran = run("apply", "--yes")
    assert ran.code == 5
    assert "AccessDenied" in ran.out
    assert "docs/permissions.md" in ran.out
    assert company.members() == {}


def test_plan_of_a_frozen_aws(company: Company) -> None:
    company.applied().users({"prod": {"AdminRole": ["dave"]}})
    company.roles(AdminRole=role(), ReadRole=role(MaxSessionDuration=7200))
    company.aws.freeze()
    assert run("plan").code == 0
    assert company.aws.writes() == {}
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 5
    company.aws.thaw()
    assert company.members()["RM.prod.AdminRole"] == {"carol"}


def test_twice_the_same_plan_whatever_the_threads(company: Company) -> None:
    outputs = {run("plan", "--format", "json", "--jobs", jobs).out for jobs in ("1", "16", "1", "16")}
    assert len(outputs) == 1
    company.applied().iam.add_user_to_group(GroupName="RM.dev.ReadRole", UserName="erin")
    outputs = {run("plan", "--format", "json", "--jobs", jobs).out for jobs in ("1", "16")}
    assert len(outputs) == 1


def test_detailed_exit_code(company: Company) -> None:
    assert run("plan", "--detailed-exitcode").code == 6
    company.applied()
    assert run("plan", "--detailed-exitcode").code == 0
    company.users({"prod": {"AdminRole": ["nobody"]}})
    assert run("plan", "--detailed-exitcode").code == 5  # what cannot be made weighs more than that there are changes


def test_json_names_its_format(company: Company) -> None:
    document = run("plan", "--format", "json").json
    assert (document["format"], document["version"]) == ("rolemodel-ci/plan", 1)
    assert len(document["digest"]) == 64
    assert document["totals"] == {
        "memberships_before": 0, "memberships_after": 6, "groups_before": 0, "groups_after": 4,
    }  # fmt: skip


def test_markdown(company: Company) -> None:
    ran = run("plan", "--format", "markdown")
    assert ran.out.startswith("### Plan")
    assert "| `+ gains` | `carol` |" in ran.out


def test_verbose_tells_every_call(company: Company) -> None:
    ran = run("plan", "--verbose", "--format", "json")
    assert ran.json["format"] == "rolemodel-ci/plan"  # standard output is not disturbed
    lines = [
        dict(pair.split("=", 1) for pair in line.split()[1:]) for line in ran.err.splitlines() if "account=" in line
    ]
    assert all(list(line)[:6] == ["account", "action", "ms", "status", "retries", "request"] for line in lines)
    assert all(line["ms"].isdecimal() and line["retries"] == "0" and line["request"] for line in lines)
    told = Counter((line["account"], line["action"], line["status"], line.get("error")) for line in lines)
    assert told["master", "iam:GetAccountAuthorizationDetails", "200", None] == 1
    assert told["prod", "cloudformation:DescribeStacks", "400", "ValidationError"] == 1
    assert told["dev", "cloudformation:DescribeStacks", "400", "ValidationError"] == 1


@pytest.mark.parametrize("command", ["plan", "list", "apply"])
def test_verbose_ends_with_the_sums_by_action(company: Company, command: str) -> None:
    yes = ("--yes",) if command == "apply" else ()
    ran = run(command, "--verbose", "--format", "json", *yes)
    tail = ran.err[ran.err.rindex("action  ") :]
    rows = {row.split()[0]: row.split()[1:4] for row in tail.splitlines()[1:]}
    assert rows["iam:GetAccountAuthorizationDetails"] == ["1", "0", "0"]
    assert sum(int(row[2]) for row in rows.values()) == ran.err.count("status=400") > 0
    assert int(rows["cloudformation:DescribeStacks"][2]) > 0
    assert sum(int(row[0]) for row in rows.values()) == ran.err.count("account=") > 0
    assert "action  " not in run(command).err


@pytest.fixture
def committed(company: Company) -> Company:
    """A company whose files are in Git and whose AWS is what they say."""
    git(company.directory, "init", "--quiet", "--initial-branch", "main")
    company.users({
        "prod": {"AdminRole": ["carol", {"user": "erin", "expires": "2020-01-01"}], "ReadRole": ["alice"]},
        "dev": {"AdminRole": ["bob"]},
    })  # fmt: skip
    git(company.directory, "add", "access")
    git(company.directory, "commit", "--quiet", "--message", "base")
    return company.applied()


def test_requested_drift_and_expired_are_told_apart(committed: Company) -> None:
    committed.iam.add_user_to_group(GroupName="RM.prod.AdminRole", UserName="erin")  # her last day is over
    committed.iam.add_user_to_group(GroupName="RM.dev.ReadRole", UserName="dave")  # by hand
    committed.iam.remove_user_from_group(GroupName="RM.dev.AdminRole", UserName="bob")  # by hand
    committed.users({
        "prod": {"AdminRole": ["carol", "bob", {"user": "erin", "expires": "2020-01-01"}]},
        "dev": {"AdminRole": ["bob"]},
    })  # fmt: skip
    ran = run("plan", "--base", "HEAD", "--format", "json")
    assert origins(ran) == {
        "requested": {"add_member bob", "remove_member alice"}, "expired": {"remove_member erin"},
        "drift": {"remove_member dave", "add_member bob"},
    }  # fmt: skip
    text = run("plan", "--base", "HEAD").out
    for title in ("Requested by the change (2 changes)", "Ended: ", "Drift: AWS differs"):
        assert title in text


def test_change_of_the_template_is_requested(committed: Company) -> None:
    committed.roles(AdminRole=role(MaxSessionDuration=7200), ReadRole=role())
    assert origins(run("plan", "--base", "HEAD", "--format", "json")) == {
        "requested": {"update_stack prod", "update_stack dev"}
    }
    git(committed.directory, "commit", "--quiet", "--all", "--message", "longer")
    assert origins(run("plan", "--base", "HEAD", "--format", "json")) == {
        "drift": {"update_stack prod", "update_stack dev"}
    }
    assert set(origins(run("plan", "--base", "HEAD~1", "--format", "json"))) == {"requested"}


def test_base_from_a_directory_below_and_by_an_absolute_path(
    committed: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed.iam.add_user_to_group(GroupName="RM.dev.ReadRole", UserName="dave")
    wanted = {"drift": {"remove_member dave"}}
    absolute = str(committed.directory / "access" / "config.yml")
    assert origins(run("plan", "--base", "HEAD", "--format", "json", "--config", absolute)) == wanted
    monkeypatch.chdir(committed.directory / "access")
    assert origins(run("plan", "--base", "HEAD", "--format", "json", "--config", "config.yml")) == wanted


def test_base_without_a_policy_makes_everything_requested(committed: Company) -> None:
    git(committed.directory, "rm", "--quiet", "--cached", "-r", "access")
    git(committed.directory, "commit", "--quiet", "--message", "none")
    committed.users(MAP)
    assert set(origins(run("plan", "--base", "HEAD", "--format", "json"))) == {"requested"}


def test_base_that_is_no_commit(committed: Company) -> None:
    ran = run("plan", "--base", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert "`nowhere` is no commit of this repository" in ran.err
    assert "git fetch" in ran.err


def test_base_without_git(company: Company) -> None:
    ran = run("plan", "--base", "HEAD")
    assert ran.code == 2
    assert "this is no Git repository" in ran.err
