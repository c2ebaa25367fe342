"""What was last applied, and the lock, as people meet them: through the commands, over HTTP, with Git."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from edge.surroundings import DEV, MASTER, PROD
from edge.test_repo import git

from rolemodel_ci.adapters.aws.applied_state_store import ParameterStore
from rolemodel_ci.adapters.aws.parameter import Timing
from rolemodel_ci.cli import run_command
from rolemodel_ci.cli.apply import ApplyOptions, follow
from rolemodel_ci.cli.audit import Audit
from rolemodel_ci.cli.environment import World, local_world
from rolemodel_ci.cli.files import good_policy
from rolemodel_ci.iam.ci_policies import document
from rolemodel_ci.model.applied_state import AppliedState, Holder, Identity, Remembered, begun
from rolemodel_ci.reconcile.apply import Tools
from rolemodel_ci.reconcile.approval import NOTHING_ALLOWED
from rolemodel_ci.reconcile.pipeline import EVERYTHING
from rolemodel_ci.reconcile.ports import Watch
from rolemodel_ci.sandbox.fixtures import APPLY_ROLE

from .company import MAP, Company
from .running import run

NAME = "/rolemodel-ci/default/state"
MORE = {**MAP, "dev": {"AdminRole": ["alice", "bob", "carol", "dave"]}}
LESS = {**MAP, "dev": {"AdminRole": ["alice", "bob"]}}


@pytest.fixture
def committed(company: Company) -> Company:
    """A company whose files are in Git, with a remote on a server."""
    git(company.directory, "init", "--quiet", "--initial-branch", "main")
    git(company.directory, "remote", "add", "origin", "git@github.com:acme/access.git")
    commit(company)
    return company


def commit(company: Company) -> str:
    """Commit the files as they are; the commit."""
    git(company.directory, "add", "access")
    git(company.directory, "commit", "--quiet", "--allow-empty", "--message", "change")
    return git(company.directory, "rev-parse", "HEAD").strip()


def head(company: Company) -> str:
    """The commit that is checked out."""
    return git(company.directory, "rev-parse", "HEAD").strip()


def value(company: Company) -> Any:
    """What the parameter holds."""
    found = company.aws.client("ssm", MASTER).get_parameter(Name=NAME)["Parameter"]
    return json.loads(found["Value"])


def put(company: Company, text: str) -> None:
    """Write the parameter by hand."""
    company.aws.client("ssm", MASTER).put_parameter(Name=NAME, Value=text, Type="String", Overwrite=True)


def ssm_calls(company: Company) -> dict[str, int]:
    """The calls of Parameter Store since the mark."""
    return {name: count for name, count in company.aws.calls().items() if name.startswith("ssm:")}


# ---- what is remembered


def test_a_run_remembers_its_commit_and_its_record(committed: Company, tmp_path: Path) -> None:
    assert run("apply", "--yes", "--report", str(tmp_path / "one.json")).code == 0
    assert ssm_calls(committed) == {"ssm:GetParameter": 2, "ssm:PutParameter": 2}
    state = value(committed)["state"]
    one = json.loads((tmp_path / "one.json").read_text())
    assert (state["approved_commit"], state["applied_commit"]) == (head(committed), head(committed))
    assert state["identity"] == {"repository": "acme/access", "repository_id": "", "config": "access/config.yml"}
    assert (state["applied_digest"], state["record_digest"]) == (one["policy_digest"], one["digest"])
    assert (one["previous"], value(committed)["lock"]) == (None, None)
    committed.users(MORE)
    second = commit(committed)
    assert run("apply", "--yes", "--report", str(tmp_path / "two.json")).code == 0
    two = json.loads((tmp_path / "two.json").read_text())
    assert (two["previous"], value(committed)["state"]["applied_commit"]) == (one["digest"], second)
    said = {k: v for k, v in two.items() if k not in ("ended", "exit_code", "error", "calls", "digest")}
    assert hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest() == two["digest"]


def test_plan_tells_what_was_last_applied_and_by_whom(committed: Company) -> None:
    assert run("plan").err == "Last applied: nothing is on record yet.\n"
    committed.applied()
    ran = run("plan")
    assert ran.out == "Nothing to do: AWS is what the repository says.\n"
    assert ran.err.startswith(f"Last applied: commit {head(committed)[:7]}, by ")
    assert run("plan", "--format", "json").json["last_applied"]["commit"] == head(committed)
    assert committed.aws.writes() == {}


def test_nothing_to_do_and_nothing_new_to_remember_writes_nothing(committed: Company) -> None:
    first = head(committed.applied())
    (committed.directory / "README.md").write_text("new")
    commit(committed)
    assert run("apply").code == 0
    assert (committed.aws.writes(), ssm_calls(committed)) == ({}, {"ssm:GetParameter": 1})
    assert value(committed)["state"]["applied_commit"] == first


def test_new_limits_are_remembered_though_aws_stays_as_it_is(committed: Company) -> None:
    committed.applied().config(guards={"revoke_percent": 100})
    second = commit(committed)
    assert run("apply").code == 0
    assert committed.aws.writes() == {"ssm:PutParameter": 1}
    assert value(committed)["state"]["applied_commit"] == second
    committed.assert_nothing_left()


def test_files_that_are_not_those_of_the_commit_have_no_commit(committed: Company) -> None:
    first = head(committed.applied())
    committed.users(MORE)
    assert run("apply", "--yes").code == 0
    state = value(committed)["state"]
    assert (state["approved_commit"], state["applied_commit"]) == (first, first)
    assert state["applied_digest"] == state["approved_digest"]
    (committed.directory / "README.md").write_text("other files do not matter")
    committed.users(MAP)
    assert run("apply", "--yes").code == 0
    assert value(committed)["state"]["applied_commit"] == first


@pytest.mark.parametrize("command", [("update",), ("sync-users",), ("apply", "--account", "dev")])
def test_a_part_of_the_whole_is_not_remembered_as_the_whole(committed: Company, command: tuple[str, ...]) -> None:
    first = head(committed.applied())
    committed.users(MORE)
    committed.config(guards={"revoke_percent": 90})
    commit(committed)
    assert run(*command, "--yes").code == 0
    state = value(committed)["state"]
    assert (state["approved_commit"], state["applied_commit"]) == (first, first)


def test_after_delete_nothing_is_on_record_as_applied(committed: Company) -> None:
    committed.applied()
    assert run("delete", "--yes").code == 0
    assert value(committed)["state"]["applied_commit"] is None
    assert run("plan").err.startswith("Last applied: nothing completely, by ")


def test_a_refused_plan_is_not_approved(committed: Company) -> None:
    first = head(committed.applied())
    committed.users({})
    commit(committed)
    assert run("apply", "--yes").code == 4
    assert committed.aws.writes() == {}
    assert value(committed)["state"]["approved_commit"] == first


# ---- guards by what is on record


def test_a_raised_limit_does_not_count_for_its_own_change(committed: Company) -> None:
    many = {"prod": {"AdminRole": [], "ReadRole": list("abcdefghij")}, "dev": {"AdminRole": ["carol"]}}
    for user in "abcdefghij":
        committed.iam.create_user(UserName=user)
    committed.users(many)
    commit(committed)
    committed.applied().config(guards={"revoke_percent": 100})
    committed.users({**many, "prod": {"AdminRole": [], "ReadRole": []}})
    for _ in range(2):  # committed or not
        ran = run("apply", "--yes")
        assert ran.code == 4, ran
        assert "memberships would be revoked" in ran.out
        commit(committed)
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 0


def test_a_commit_that_is_not_there_is_answered_strictly(committed: Company) -> None:
    """As after a force push, or in a checkout that has not been brought up to date."""
    committed.applied()
    state = value(committed)
    state["state"] |= {"approved_commit": "c" * 40, "applied_commit": "c" * 40}
    put(committed, json.dumps({**state, "after": state["after"] + 1}))
    committed.users(LESS)
    committed.aws.mark()
    ran = run("apply", "--yes")
    assert ran.code == 4, ran
    assert "commit ccccccc was applied last, and is not in this checkout, which may be older" in ran.out
    assert committed.aws.writes() == {}
    assert run("apply", "--yes", "--allow", "unknown-state").code == 0


def test_an_old_checkout_undoes_nothing_by_mistake(committed: Company) -> None:
    old = head(committed)
    committed.users(LESS)
    commit(committed)
    committed.applied()
    git(committed.directory, "checkout", "--quiet", old)
    ran = run("apply", "--yes")
    assert (ran.code, committed.aws.writes()) == (4, {})
    assert "was applied last, and comes after the one that is checked out here" in ran.out
    assert run("apply", "--yes", "--allow", "unknown-state").code == 0
    assert value(committed)["state"]["applied_commit"] == old


# ---- whose it is


def test_the_record_of_another_repository_is_left_alone(committed: Company) -> None:
    committed.applied()
    git(committed.directory, "remote", "set-url", "origin", "https://github.com/acme/other.git")
    committed.users(MORE)
    assert "another repository's record is in the way (acme/access, by " in run("plan").err
    ran = run("apply", "--yes")
    assert ran.code == 4
    assert f"{NAME} in the master account belongs to repository acme/access" in ran.err
    assert f"aws ssm delete-parameter --name {NAME} --region " in ran.err  # that of the config, not of a profile
    assert "`owner`" in ran.err
    assert committed.aws.writes() == {}
    committed.config(owner="other")
    assert "belongs to repository" not in run("apply", "--yes").err


@pytest.mark.parametrize("text", ["", '{"format": "rolemodel-ci/state"}', "x" * 4096])
def test_what_is_no_record_is_told_and_replaced(
    committed: Company, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    committed.applied()
    put(committed, text or " ")
    committed.users(MORE)
    assert "Last applied: the record cannot be used: it " in run("plan").err
    quick(committed)
    assert f"Warning: {NAME}, which says what was last applied, cannot be used: it " in capsys.readouterr().err
    assert value(committed)["state"]["applied_digest"]


def test_the_record_of_a_newer_version_is_left_alone(committed: Company) -> None:
    committed.applied()
    put(committed, json.dumps({"format": "rolemodel-ci/state", "version": 2}))
    committed.users(MORE)
    committed.aws.mark()
    ran = quick(committed)
    assert (ran, committed.aws.writes()) == (3, {})


# ---- stacks that are left behind


def test_old_stacks_are_told_in_every_run_until_they_are_gone(committed: Company) -> None:
    committed.files.keys(master=MASTER, prod=PROD, dev=DEV)
    committed.applied().config(stack_name="Access")
    told = "the former stack `RoleModel` in us-east-1 of `dev` (333333333333), `prod` (222222222222) is still there"
    commit(committed)
    assert told in words(run("plan").out)  # without --base
    ran = run("apply", "--yes", "--allow", "moved-stacks")
    assert ran.code == 0, ran
    assert told in words(ran.out)
    assert value(committed)["state"]["left"] == [["us-east-1", "RoleModel", PROD], ["us-east-1", "RoleModel", DEV]]
    committed.users(MORE)
    commit(committed)
    assert told in words(run("apply", "--yes").out)
    committed.stacks(DEV).delete_stack(StackName="RoleModel")
    committed.aws.mark()
    ran = run("apply", "--yes")
    assert "the former stack `RoleModel` in us-east-1 of `prod` (222222222222) is still there" in words(ran.out)
    assert committed.aws.writes() == {"ssm:PutParameter": 1}
    committed.aws.mark()
    ran = run("apply", "--yes")
    assert "`prod` (222222222222) is still there" in words(ran.out)
    assert committed.aws.writes() == {}
    committed.stacks().delete_stack(StackName="RoleModel")
    assert "former stack" not in run("apply", "--yes").out
    assert value(committed)["state"]["left"] == []
    committed.assert_nothing_left()


def test_stack_of_an_id_that_the_config_lost_is_told_until_it_is_listed_as_absent(committed: Company) -> None:
    committed.files.keys(master=MASTER, prod=PROD, dev=DEV)
    prod = {"name": "prod", "account_id": PROD, "profile": "prod"}
    committed.applied().config(accounts=(prod, {"name": "dev", "account_id": "999999999999", "profile": "no"}))
    commit(committed)
    run("apply", "--yes")
    assert "of `dev` (333333333333) could not be looked at" in words(run("plan").out)
    committed.config(accounts=(prod, {"name": "old", "account_id": DEV, "profile": "dev", "state": "absent"}))
    committed.users({"prod": MAP["prod"]})
    commit(committed)
    assert run("apply", "--yes", "--allow", "mass-revocation").code == 0
    assert "former stack" not in run("plan").out
    assert committed.stacks(DEV).list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []


def test_an_id_that_is_written_down_leaves_no_stack_behind(committed: Company) -> None:
    committed.config(accounts=({"name": "prod", "profile": "prod"}, {"name": "dev", "profile": "dev"}))
    commit(committed)
    committed.applied().config()
    assert "former stack" not in run("plan", "--base", "HEAD").out


def test_plan_tells_that_the_checkout_is_old(committed: Company) -> None:
    first = head(committed)
    committed.users(MORE)
    commit(committed)
    committed.applied()
    git(committed.directory, "checkout", "--quiet", first)
    ran = run("plan")
    assert "`apply` would refuse this." in ran.out
    assert "unknown-state: commit " in ran.out


def words(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


# ---- rights


def lacking(company: Company, *actions: str) -> None:
    """Take actions out of the policy of the role that applies."""
    policy = document("apply-master", stack_name="RoleModel")
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action not in actions] or ["ssm:AddTags"]
    company.iam.put_role_policy(RoleName=APPLY_ROLE, PolicyName="apply-master", PolicyDocument=json.dumps(policy))


@pytest.mark.parametrize("action", ["ssm:GetParameter", "ssm:PutParameter"])
def test_without_the_right_a_local_run_warns_and_goes_on(committed: Company, action: str) -> None:
    lacking(committed, action)
    ran = run("apply", "--yes")
    assert ran.code == 0, ran
    assert "Warning: what " in ran.err
    assert f'"Resource": "arn:aws:ssm:us-east-1:{MASTER}:parameter{NAME}"' in ran.err
    assert f'"{action}"' in ran.err
    assert len(committed.members()) == 4


def test_the_reader_reads_the_record_and_cannot_write_it(committed: Company) -> None:
    committed.applied().as_reader()
    assert run("plan").err.startswith("Last applied: commit ")
    committed.users(MORE)
    before = value(committed)
    assert "ssm:PutParameter" in run("apply", "--yes").err
    assert value(committed) == before


# ---- the lock


@dataclass(frozen=True)
class Hurried(World):
    """A world in which waiting takes no time, and something may happen meanwhile."""

    meanwhile: Callable[[], None] = field(default=lambda: None)
    over: Callable[[Holder], bool] = field(default=lambda holder: False)

    def store(self, run: str, over: Callable[[Holder], bool] = lambda holder: False) -> ParameterStore:
        return replace(super().store(run, self.over), timing=Timing(sleep=lambda _: self.meanwhile()))


def quick(company: Company, meanwhile: Callable[[], None] = lambda: None) -> int:
    """`apply --yes` in such a world."""
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)
    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    world = Hurried(opened.reading, opened.writing, policy, 4, meanwhile, lambda holder: not holder.token)
    return run_command(lambda: follow(order, policy, world, Audit("apply")))


@dataclass
class Other:
    """Another run, which holds the lock."""

    store: ParameterStore
    state: AppliedState

    @classmethod
    def begins(cls, company: Company) -> Other:
        """Take the lock."""
        policy = good_policy("access/config.yml")
        store = local_world(policy, 1).store("run 99 of somebody")
        seen: Remembered = store.read_state()
        state = begun(seen.answer, attempt(company), datetime.now(UTC))
        store.lock(seen, state)
        return cls(store, state)

    def ends(self) -> None:
        """Give it back."""
        self.store.unlock(self.state)


def attempt(company: Company) -> Any:
    """What the other run applies."""
    from rolemodel_ci.model.applied_state import Attempt

    return Attempt(Identity("acme/access", "", "access/config.yml"), None, "0" * 64, "0" * 64, "run 99 of somebody")


def test_who_holds_the_lock_is_told(committed: Company, capsys: pytest.CaptureFixture[str]) -> None:
    committed.applied().users(MORE)
    Other.begins(committed)
    committed.aws.mark()
    assert "Being applied now by run 99 of somebody, since " in run("plan").err
    assert quick(committed) == 5
    told = capsys.readouterr().err
    assert "Waiting: another run is applying: run 99 of somebody, since " in told
    assert "it holds the lock until " in told
    assert committed.aws.writes() == {}


def test_a_value_that_somebody_wrote_by_hand_is_told_at_once(
    committed: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    committed.applied().users(MORE)
    put(committed, "locked by carol, please wait")
    said: list[str] = []

    def deleted() -> None:
        said.append(capsys.readouterr().err)
        committed.aws.client("ssm", MASTER).delete_parameter(Name=NAME)

    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)
    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    world = Hurried(opened.reading, opened.writing, policy, 4, deleted)
    assert run_command(lambda: follow(order, policy, world, Audit("apply"))) == 0
    assert "Waiting until 20" in said[0]
    assert f"what {NAME} holds was written at 20" in said[0]
    assert "cannot be used (it is not JSON)" in said[0]
    assert "can delete the parameter" in said[0]


def test_a_lock_that_is_given_back_is_waited_for_and_the_plan_made_anew(
    committed: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    committed.applied().users(MORE)
    other = Other.begins(committed)
    assert quick(committed, other.ends) == 0
    assert "Planning again: AWS may differ by now." in capsys.readouterr().err
    assert value(committed)["lock"] is None
    committed.assert_nothing_left()


def test_a_run_that_was_quicker_is_planned_after(committed: Company, capsys: pytest.CaptureFixture[str]) -> None:
    """It began and ended while the question was on the screen."""
    committed.applied().users(MORE)
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)
    asked: list[int] = []

    def confirm(_: Any) -> None:
        asked.append(1)
        if len(asked) == 1:
            Other.begins(committed).ends()

    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", confirm)
    assert run_command(lambda: follow(order, policy, opened, Audit("apply"))) == 0
    assert "another run has written" in capsys.readouterr().err
    assert len(asked) == 2
    committed.assert_nothing_left()


def test_a_lock_that_is_lost_under_way_stops_the_run(committed: Company, capsys: pytest.CaptureFixture[str]) -> None:
    committed.applied().users(MORE)
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)
    passed = iter([0.0, *[100.0] * 99])

    @dataclass(frozen=True)
    class Asleep(World):
        def store(self, run: str, over: Callable[[Holder], bool] = lambda holder: False) -> ParameterStore:
            return replace(super().store(run), timing=Timing(elapsed=lambda: next(passed)))

    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    world = Asleep(opened.reading, opened.writing, policy, 4)
    assert run_command(lambda: follow(order, policy, world, Audit("apply"))) == 5
    told = capsys.readouterr()
    assert "is no longer held by this run" in told.err
    assert "dave" not in committed.members()["RM.dev.AdminRole"]


def test_a_lock_that_cannot_be_given_back_is_told(committed: Company, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is done by then; the lock ends by itself."""
    committed.applied().users(MORE)
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)

    @dataclass(frozen=True)
    class Forgetful(World):
        def tools(self, watch: Watch, may_write: Callable[[], None] = lambda: None) -> Tools:
            lacking(committed, "ssm:PutParameter")
            return super().tools(watch, may_write)

    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    world = Forgetful(opened.reading, opened.writing, policy, 4)
    assert run_command(lambda: follow(order, policy, world, Audit("apply"))) == 0
    told = capsys.readouterr()
    assert "All that is reported was done." in told.err
    assert "dave" in committed.members()["RM.dev.AdminRole"]


def test_an_error_under_way_gives_the_lock_back(committed: Company, capsys: pytest.CaptureFixture[str]) -> None:
    committed.applied().users(MORE)
    policy = good_policy("access/config.yml")
    opened = local_world(policy, 4)

    @dataclass(frozen=True)
    class Broken(World):
        def tools(self, watch: Watch, may_write: Callable[[], None] = lambda: None) -> Tools:
            raise ZeroDivisionError

    order = ApplyOptions(EVERYTHING, frozenset(), NOTHING_ALLOWED, "text", lambda _: None)
    world = Broken(opened.reading, opened.writing, policy, 4)
    assert run_command(lambda: follow(order, policy, world, Audit("apply"))) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert value(committed)["lock"] is None
    assert run("apply", "--yes").code == 0
