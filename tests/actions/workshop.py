"""Runs of `rolemodel-ci ci` as a job of GitHub Actions has them: environment, event file, workspace, file commands.

A `Workshop` has all that a company has: a Git server, a GitHub, an AWS that trusts it, and a runner. What runs the
command is handed in: this process, a process of its own, or a container.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from cli.running import run

from rolemodel_ci.adapters.aws.applied_state_json import Value, remembered, to_text
from rolemodel_ci.adapters.git.repository import Checkout
from rolemodel_ci.cli.files import read_files
from rolemodel_ci.model.applied_state import AppliedState, Identity, terms_digest
from rolemodel_ci.render.audit_record import policy_digest
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import SandboxSpec

from . import payloads
from .company import Via, furnish_for_github
from .fake_github import Event, FakeGithub, Pull, Run
from .front import StsFront
from .hosting import Hosted, Merge
from .issuer import Issuer, Repository
from .jobs import Done, Job, outputs

__all__ = [
    "CONFIG", "DEV", "MASTER", "MEMBERS", "PEOPLE", "PROD", "ROLES", "USERS", "Done", "Job", "Workshop", "access",
    "in_process", "role", "template",
]  # fmt: skip

MASTER, PROD, DEV = "111111111111", "222222222222", "333333333333"
STATE = "/rolemodel-ci/default/state"
"""The parameter of the master account that remembers what was last applied."""

PEOPLE = ("alice", "bob", "carol", "dave")

CONFIG = f"""\
assumable_roles: roles.yml
users: users.yml
master_account_id: "{MASTER}"
github_oidc:
  plan_role: rolemodel-ci-plan
  apply_role: rolemodel-ci-apply
  via: VIA
assumable_accounts:
  - name: prod
    account_id: "{PROD}"
  - name: dev
    account_id: "{DEV}"
"""


def role(action: str) -> dict[str, Any]:
    """A role for everybody in the master account who may switch; it allows one action."""
    trust = {"Effect": "Allow", "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AssumingAccountID}:root"}}}
    may = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": "May", "PolicyDocument": {"Version": "2012-10-17", "Statement": [may]}}],
        },
    }


def template(**roles: dict[str, Any]) -> str:
    """A template of these roles."""
    return json.dumps({"Parameters": {"AssumingAccountID": {"Type": "String"}}, "Resources": roles}, indent=1)


ROLES = template(Admin=role("*"), Reader=role("s3:Get*"))
USERS = "prod:\n  Admin: [carol]\n  Reader: [alice, bob]\ndev:\n  Admin: [alice, bob, carol]\n"

MEMBERS = {
    "RM.prod.Admin": {"carol"}, "RM.prod.Reader": {"alice", "bob"},
    "RM.dev.Admin": {"alice", "bob", "carol"}, "RM.dev.Reader": set[str](),
}  # fmt: skip
"""What this user map makes."""


def access(users: str = USERS, roles: str = ROLES, config: str = CONFIG, via: str = "direct") -> dict[str, str]:
    """The files of an access repository."""
    config = config.replace("VIA", via)
    return {"access/config.yml": config, "access/roles.yml": roles, "access/users.yml": users}


Runs = Callable[[Path, Mapping[str, str]], tuple[int, str]]
"""Runs the command with a workspace and an environment; its exit code and its log."""


def in_process(workspace: Path, environment: Mapping[str, str], *options: str) -> tuple[int, str]:
    """Run `ci` in this process, where coverage sees it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_", "AWS_")):
                patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(workspace)
        ran = run("ci", *options)
    return ran.code, ran.out + ran.err


class Workshop:
    """The company, for as long as the `with` block lasts. `aws` may be one that other tests have used.

    With `furnish` False the AWS is taken as another workshop has left it, and GitHub and Git are new.
    """

    def __init__(
        self,
        directory: Path,
        aws: EmbeddedAws,
        *,
        files: Mapping[str, str] | None = None,
        via: Via = "direct",
        runs: Runs = in_process,
        people: tuple[str, ...] = PEOPLE,
        furnish: bool = True,
    ) -> None:
        self.directory = directory
        self.aws = aws
        self.via: Via = via
        self.people = people
        self.runs = runs
        self.furnish = furnish
        self.hosted = Hosted(directory, files or access(via=via))
        self.github = FakeGithub(directory=self.hosted.origin)
        self.home = Repository(self.github.owner, self.github.repo)
        self.issuer = Issuer(self.home)
        self.front = StsFront(aws, self.issuer)
        self._jobs = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Empty the AWS, furnish it, and start the servers."""
        if self.furnish:
            self.aws.empty()
            furnish_for_github(self.aws, SandboxSpec(MASTER, (PROD, DEV), self.people), self.home, via=self.via)
        self.aws.mark()
        for server in (self.github, self.issuer, self.front):
            self._open.enter_context(server)
        self.github.branches["main"] = self.hosted.tip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the servers."""
        self._open.close()

    # ---- what happens

    def opened(self, merge: Merge, action: str = "opened", **more: Any) -> Job:
        """A pull request inside the repository, or one more push to it."""
        payload = payloads.minimal_pull_request(action, head_sha=merge.head, base_sha=merge.base)
        self.github.pull(Pull(7, merge.head, merge.trial))
        return self.on_pull_request(payload, merge, **more)

    def on_pull_request(self, payload: Mapping[str, Any], merge: Merge, **more: Any) -> Job:
        """Any event of a pull request."""
        return Job("pull_request", payload, merge.trial, "refs/pull/7/merge", **more)

    def pushed(self, before: str, after: str, **more: Any) -> Job:
        """A push to main."""
        self.github.branches["main"] = after
        return Job("push", payloads.minimal_push(before=before, after=after), after, "refs/heads/main", **more)

    def merged(self, merge: Merge, *events: Event, **more: Any) -> Job:
        """The merge of the pull request, to which these things happened, which is a push to main."""
        before, after = self.hosted.merge()
        self.github.pull(Pull(7, merge.head, after, merged=True, events=events))
        return self.pushed(before, after, **more)

    def nightly(self, **more: Any) -> Job:
        """The scheduled run."""
        return Job("schedule", payloads.minimal_schedule(), self.hosted.tip, "refs/heads/main", **more)

    def by_hand(self, ref: str = "refs/heads/main", **more: Any) -> Job:
        """A run that somebody starts."""
        return Job("workflow_dispatch", payloads.minimal_workflow_dispatch(ref=ref), self.hosted.tip, ref, **more)

    # ---- the runner

    def run(self, job: Job) -> Done:
        """Lay everything out as the runner does, run the command, gather what it left."""
        self._jobs += 1
        home = self.directory / f"job-{self._jobs}"
        at = job.at or job.sha
        workspace = self.hosted.checkout(home / "workspace", at, depth=job.depth, credentials=job.credentials)
        files = {name: home / "file_commands" / name for name in ("summary", "output")}
        (home / "file_commands").mkdir()
        for path in files.values():
            path.touch()
        event = home / "event.json"
        event.write_text(json.dumps(job.payload), encoding="utf-8")
        self.issuer.sub = self._subject(job)
        self.github.run(Run(job.run, job.sha, event=job.event, attempt=job.attempt))
        code, log = self.runs(workspace, self._environment(job, workspace, event, files))
        self.github.run(Run(job.run, job.sha, "failure" if code else "success", job.event, attempt=job.attempt))
        return Done(
            code,
            log,
            files["summary"].read_text(encoding="utf-8"),
            outputs(files["output"].read_text("utf-8")),
            workspace,
        )

    def _subject(self, job: Job) -> str:
        return self.home.subject("pull_request" if job.event == "pull_request" else f"ref:{job.ref}")

    def _environment(self, job: Job, workspace: Path, event: Path, files: Mapping[str, Path]) -> dict[str, str]:
        """The variables that the runner and the workflow set; every declared input is there, if only as empty text."""
        inputs = {"github-token": job.token, "config": "access/config.yml", "repair": "", "allow": "", "jobs": "",
                  "comment-author": "", **job.inputs}  # fmt: skip
        set_: dict[str, str | None] = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": job.event,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_REPOSITORY": f"{self.home.owner}/{self.home.name}",
            "GITHUB_SHA": job.sha,
            "GITHUB_REF": job.ref,
            "GITHUB_REPOSITORY_ID": str(self.github.repository_id),
            "GITHUB_RUN_ID": str(job.run),
            "GITHUB_RUN_ATTEMPT": str(job.attempt),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "AWS_ENDPOINT_URL": self.front.url,
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
        }
        if job.oidc:
            set_ |= self.issuer.environment
        set_ |= job.environment
        return {name: value for name, value in set_.items() if value is not None}

    def rolled_out(self) -> Self:
        """Have the first push applied, so that AWS is what the repository says; then count anew."""
        done = self.run(self.pushed(*self.hosted.push({"README.md": "Access of acme."})))
        assert done.code == 0, done.log
        return self.forget()

    def forget(self) -> Self:
        """Begin to count anew what AWS is asked for."""
        self.front.forget()
        self.aws.mark()
        return self

    # ---- what AWS remembers

    @property
    def remembered(self) -> AppliedState | None:
        """What the last run has left behind; None where there is nothing."""
        ssm = self.aws.client("ssm", MASTER)
        try:
            found = ssm.get_parameter(Name=STATE)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            return None
        answer = remembered(found["Value"], found["Version"], found["LastModifiedDate"], datetime.now(UTC)).answer
        assert isinstance(answer, AppliedState), answer
        return answer

    def remember(self, commit: str | None = None, repository: str = "", called: str = "") -> None:
        """Have AWS remember that a commit was applied, main's tip by default, perhaps under another name."""
        commit = commit or self.hosted.tip
        checkout = Checkout(self.hosted.checkout(self.directory / f"read-{uuid.uuid4().hex}", commit))
        policy, _ = read_files(checkout.files(checkout.tree(commit)), "access/config.yml")
        assert policy is not None
        digest, commit = policy_digest(policy), called or commit
        whose = Identity(repository or f"{self.home.owner}/{self.home.name}", "", "access/config.yml")
        state = AppliedState(
            whose, commit, commit, digest, digest, terms_digest(policy), "a run before", datetime.now(UTC)
        )
        self.forget_state()
        text = to_text(Value(0, "test", state))
        self.aws.client("ssm", MASTER).put_parameter(Name=STATE, Value=text, Type="String")

    def forget_state(self) -> None:
        """Have AWS remember nothing."""
        ssm = self.aws.client("ssm", MASTER)
        with suppress(ssm.exceptions.ParameterNotFound):
            ssm.delete_parameter(Name=STATE)

    # ---- what somebody does in AWS by hand

    def put(self, members: Mapping[str, set[str]]) -> None:
        """Have groups hold exactly these people."""
        iam = self.aws.client("iam", MASTER)
        now = self.members()
        for group, people in members.items():
            for user in people - now[group]:
                iam.add_user_to_group(GroupName=group, UserName=user)
            for user in now[group] - people:
                iam.remove_user_from_group(GroupName=group, UserName=user)

    @contextmanager
    def locked(self, *accounts: str, role: str = "rolemodel-ci-plan") -> Iterator[None]:
        """Meanwhile the role of these accounts trusts nobody."""
        trusts = {}
        for account in accounts:
            iam = self.aws.client("iam", account)
            trusts[account] = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
            nobody = [{**statement, "Effect": "Deny"} for statement in trusts[account]["Statement"]]
            self._trust(account, role, {**trusts[account], "Statement": nobody})
        self.aws.mark()
        try:
            yield
        finally:
            for account, trust in trusts.items():
                self._trust(account, role, trust)

    def _trust(self, account: str, role: str, document: Any) -> None:
        iam = self.aws.client("iam", account)
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    # ---- what there is afterwards

    def members(self) -> dict[str, set[str]]:
        """Who is in which group of the master account."""
        details = self.aws.client("iam", MASTER).get_account_authorization_details(Filter=["User", "Group"])
        found: dict[str, set[str]] = {group["GroupName"]: set() for group in details["GroupDetailList"]}
        for user in details["UserDetailList"]:
            for group in user["GroupList"]:
                found[group].add(user["UserName"])
        return found

    def comments(self) -> list[str]:
        """The texts of the comments on the pull request."""
        return [comment.body for comment in self.github.comments(7)]
