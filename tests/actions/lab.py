"""A lab for races: several merges, their pushes and runs in any order, some killed; and an account of what may happen.

`Model` says what is to come of it. It knows the users and the guards, and nothing of the code under test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from .fake_github import Event, Pull, Review, Run
from .fake_hosted import BOT
from .front_rules import Reply as FrontReply
from .jobs import Done, Job
from .workshop import CONFIG, Workshop, access, in_process

READERS = {"prod": ("alice", "bob"), "dev": ("alice", "bob", "carol", "dave")}
GUARDS = ("mass-revocation", "protected")

Member = tuple[str, str]


@dataclass(frozen=True)
class State:
    """What the files say: who reads what, who is protected, how many may be revoked at once."""

    members: frozenset[Member] = frozenset((account, user) for account, users in READERS.items() for user in users)
    protected: frozenset[Member] = frozenset({("prod", "bob"), ("dev", "carol")})
    most: int = 2
    readme: int = 0

    def files(self) -> dict[str, str]:
        """The files of an access repository that say this."""
        users = "prod:\n  Admin: [carol]\n  Reader: [%s]\ndev:\n  Admin: [alice, bob, carol]\n  Reader: [%s]\n"
        lists = (", ".join(sorted(user for of, user in self.members if of == account)) for account in READERS)
        entries = [f"  - {{user: {user}, account: {of}, role: Reader}}\n" for of, user in sorted(self.protected)]
        config = CONFIG + (f"protected:\n{''.join(entries)}" if entries else "")
        config += f"guards:\n  revoke_most: {self.most}\n  revoke_floor: 50\n"
        return access(users % tuple(lists), config=config) | {"README.md": f"Access of acme, {self.readme}\n"}

    @property
    def decides(self) -> tuple[Any, ...]:
        """Everything but the README."""
        return self.members, self.protected, self.most


@dataclass(frozen=True)
class Merged:
    """A pull request that was merged, or a commit that was pushed: the states before and after, its labels."""

    number: int
    before: State
    after: State
    commit: str
    labels: frozenset[str] = frozenset()
    pushed: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes anything of ours."""
        return self.before.decides != self.after.decides


@dataclass
class Model:
    """What may be in AWS: `applied` counts the merges that were applied completely, `live` is who is in which group."""

    start: State
    merges: list[Merged] = field(default_factory=list)
    applied: int = 0
    live: frozenset[Member] = frozenset()

    def refused(self, labels: Mapping[int, frozenset[str]]) -> set[str]:
        """The guards that refuse everything since the last applied merge."""
        since = self.merges[self.applied :]
        states = [self.start if not self.applied else self.merges[self.applied - 1].after, *(m.after for m in since)]
        going = self.live - states[-1].members
        kept = {entry for state in states for entry in state.protected} & going
        found = set()
        if len(self._left(going, labels, "mass-revocation")) > min(state.most for state in states):
            found.add("mass-revocation")
        if self._left(frozenset(kept), labels, "protected"):
            found.add("protected")
        return found

    def _left(self, going: frozenset[Member], labels: Mapping[int, frozenset[str]], guard: str) -> set[Member]:
        """What no label accounts for."""
        left = set()
        for member in going:
            asking = [m for m in self.merges[self.applied :] if member in m.before.members - m.after.members]
            if not asking or not all(guard in labels.get(one.number, frozenset()) for one in asking):
                left.add(member)
        return left


@dataclass
class Lab:
    """Merges, pushes and runs in one workshop."""

    shop: Workshop
    model: Model
    queue: list[Job] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    labels: dict[int, frozenset[str]] = field(default_factory=dict)
    _number: int = 100
    _run: int = 9000

    @classmethod
    def open(cls, shop: Workshop, *, remember: bool = True) -> Lab:
        """The start: AWS has the first state, and remembers it or not."""
        start = State()
        shop.hosted.push(start.files())
        shop.put({f"RM.{account}.Reader": set(users) for account, users in READERS.items()})
        shop.remember() if remember else shop.forget_state()
        shop.github.branches["main"] = shop.hosted.tip
        return cls(shop, Model(start, live=start.members))

    @property
    def tip(self) -> State:
        """What the branch says now."""
        return self.model.merges[-1].after if self.model.merges else self.model.start

    def merge(self, after: State, *labels: str, pushed: bool = False) -> Merged:
        """Merge a pull request that makes this of the files, or push it without one."""
        self._number += 1
        number, branch = self._number, f"change-{self._number}"
        before = self.tip
        if pushed:
            _, commit = self.shop.hosted.push(after.files())
        else:
            merge = self.shop.hosted.request(after.files(), branch, number)
            _, commit = self.shop.hosted.merge(branch)
            self.pulls(number, merge.head, commit, labels)
        self.model.merges.append(Merged(number, before, after, commit, frozenset(labels), pushed))
        self.labels[number] = frozenset(labels)
        return self.model.merges[-1]

    def pulls(self, number: int, head: str, commit: str, labels: tuple[str, ...]) -> None:
        """What GitHub knows of a pull request."""
        events = tuple(Event("labeled", "grace", f"allow: {label}") for label in labels)
        reviews = (Review("erin", "APPROVED", head),)
        self.shop.github.pull(
            Pull(number, head, commit, merged=True, events=events, reviews=reviews, merged_by="frank")
        )

    def label(self, merged: Merged, *labels: str) -> None:
        """Give labels to a pull request that was merged."""
        found = self.shop.github.pulls[merged.number]
        self.pulls(merged.number, found.head_sha, merged.commit, labels)
        self.labels[merged.number] = frozenset(labels)

    def push(self, before: str, **more: Any) -> Job:
        """What was merged since reaches the branch: a run waits."""
        self._run += 1
        job = self.shop.pushed(before, self.shop.hosted.tip, run=self._run, **more)
        self.shop.github.run(Run(job.run, job.sha))
        self.queue.append(job)
        return job

    def run(self, job: Job) -> Done:
        """One run, held against the model."""
        model, expected = self.model, self.model.refused(self.labels)
        is_tip = job.sha == self.shop.hosted.tip
        before = self.reading()
        done = self.shop.run(job)
        assert self.shop.github.violations == []
        self.records.append(done.record)
        if not is_tip:
            assert self.reading() == before, done.log
            assert done.code == 0 or done.outputs["result"] == "failed", done.log
        elif expected:
            assert (done.code, done.outputs["result"]) == (4, "refused"), (expected, done.log)
            assert self.reading() == before
            assert {one["guard"] for one in done.record["refusals"]} >= expected
        else:
            assert done.code == 0, done.log
            assert self.reading() == self.tip.members, done.log
            self._names_all(done)
            model.applied, model.live = len(model.merges), self.tip.members
        return done

    def again(self, job: Job) -> Job:
        """The same run, started once more."""
        return Job(**{**job.__dict__, "attempt": job.attempt + 1})

    def _names_all(self, done: Done) -> None:
        """The record names everything that was not applied before."""
        named = {one["pull_request"] for one in done.record["merges"]}
        wanted = {m.number for m in self.model.merges[self.model.applied :] if m.changes and not m.pushed}
        assert named >= wanted, done.record["merges"]
        for one in done.record["merges"]:
            if one["pull_request"]:
                assert (one["merged_by"], [by["login"] for by in one["approvals"]]) == ("frank", ["erin"])

    def reading(self) -> frozenset[Member]:
        """Who reads what in AWS."""
        members = self.shop.members()
        return frozenset((account, user) for account in READERS for user in members[f"RM.{account}.Reader"])

    def outcomes(self, merged: Merged) -> list[str]:
        """The headlines of the outcomes that a merge was told."""
        github = self.shop.github
        found = github.commit_comments(merged.commit) if merged.pushed else github.comments(merged.number)
        bodies = [one.body for one in found if one.login == BOT]
        return [headline[1] for body in bodies if (headline := re.search(r"### Access change: (.*)", body))]

    def check_end(self) -> None:
        """Everything that was applied is told so once, and nothing else is."""
        for index, merged in enumerate(self.model.merges):
            told = self.outcomes(merged)
            if not merged.changes:
                assert told == [], (merged.number, told)
            elif index < self.model.applied:
                assert len(told) == 1, (merged.number, told)
                assert told[0].startswith("applied"), (merged.number, told)
            else:
                assert not any(one.startswith("applied") for one in told), (merged.number, told)


def drawn_change(random: Random, state: State, index: int) -> State:
    """Some change of a state."""
    kind = random.choice(("grant", "revoke", "revoke", "unprotect", "raise", "readme", "limit", "protect"))
    return CHANGES[kind](random, state, index)


def _grant(random: Random, state: State, _: int) -> State:
    new = (random.choice(("prod", "dev")), random.choice(("alice", "bob", "carol", "dave")))
    return _with(state, members=state.members | {new})


def _revoke(random: Random, state: State, _: int) -> State:
    free = sorted(state.members - state.protected)
    return _with(state, members=state.members - set(random.sample(free, min(len(free), random.choice((1, 1, 2))))))


def _unprotect(random: Random, state: State, index: int) -> State:
    if not state.protected & state.members:
        return _revoke(random, state, index)
    gone = random.choice(sorted(state.protected & state.members))
    return _with(state, members=state.members - {gone}, protected=state.protected - {gone})


def _raise(random: Random, state: State, _: int) -> State:
    free = sorted(state.members - state.protected)
    gone = set(random.sample(free, min(len(free), 3)))
    return _with(state, members=state.members - gone, most=50)


def _with(state: State, **new: Any) -> State:
    return State(**{**state.__dict__, **new})


CHANGES: dict[str, Callable[[Random, State, int], State]] = {
    "grant": _grant,
    "revoke": _revoke,
    "unprotect": _unprotect,
    "raise": _raise,
    "readme": lambda _, state, index: _with(state, readme=index + 1),
    "limit": lambda _, state, __: _with(state, most=50),
    "protect": lambda _, state, __: _with(state, protected=state.protected | {("dev", "alice")} & state.members),
}


@dataclass
class Killer:
    """Ends the process of a run at its so-many-th write, to AWS or GitHub, before or after it is done."""

    shop: Workshop
    at: int
    after: bool
    seen: int = 0
    hit: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def runs(self, workspace: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run the command in a process of its own."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "ACTIONS_", "INPUT_", "AWS_"))}
        command = [sys.executable, "-m", "rolemodel_ci", "ci"]
        with (workspace.parent / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=workspace, env={**clean, **environment}, stdout=log, stderr=subprocess.STDOUT
            )
            code = self._process.wait(timeout=120)
        return code, (workspace.parent / "log").read_text(encoding="utf-8")

    @contextmanager
    def armed(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """Meanwhile every write is counted."""
        answer, reply = self.shop.front.answer, self.shop.github.reply
        patch.setattr(self.shop, "runs", self.runs)
        patch.setattr(self.shop.front, "answer", lambda *given: self._counted(_aws(given), lambda: answer(*given)))
        patch.setattr(
            self.shop.github,
            "reply",
            lambda request: self._counted(request.target if request.method != "GET" else "", lambda: reply(request)),
        )
        try:
            yield
        finally:
            patch.undo()
            assert self.shop.runs is in_process

    def _counted(self, write: str, go_on: Callable[[], Any]) -> Any:
        if not write or self.hit:
            return go_on()
        self.seen += 1
        if self.seen != self.at:
            return go_on()
        self.hit = write
        done = go_on() if self.after else None
        assert self._process is not None
        self._process.kill()
        if done is None:
            raise OSError("whoever asked is gone")
        return done


@contextmanager
def refusing(
    shop: Workshop, patch: pytest.MonkeyPatch, action: str, code: str, *, times: int, after: int = 0
) -> Iterator[None]:
    """Meanwhile AWS refuses an action of Parameter Store with this code, so many times, once it has done `after`."""
    answer, left, passing = shop.front.answer, [times], [after]

    def refused(*given: Any) -> Any:
        target = next((value for name, value in given[3] if name.lower() == "x-amz-target"), "")
        if not target.endswith(f".{action}") or not left[0]:
            return answer(*given)
        if passing[0]:
            passing[0] -= 1
            return answer(*given)
        left[0] -= 1
        body = json.dumps({"__type": code, "message": "No."}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "r")]
        return FrontReply(400, headers, body)

    with patch.context() as patched:
        patched.setattr(shop.front, "answer", refused)
        yield


_READS = ("Get", "List", "Describe", "Assume")


def _aws(given: tuple[Any, ...]) -> str:
    """The action of a call of AWS that changes something; empty where it does not."""
    _, _, _, headers, body = given
    target = next((value for name, value in headers if name.lower() == "x-amz-target"), "").rpartition(".")[2]
    named = re.search(rb"(?:^|&)Action=(\w+)", body)
    action: str = target or (named[1].decode() if named else "")
    return "" if action.startswith(_READS) else action
