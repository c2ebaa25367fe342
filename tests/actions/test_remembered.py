"""The record and the lock as a run in GitHub Actions meets them: rights, another repository, another run, its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from edge.surroundings import MASTER

from rolemodel_ci.adapters.aws.applied_state_json import Lock, Value, to_text
from rolemodel_ci.model.applied_state import AppliedState

from .fake_github import Run
from .lab import Lab, State
from .workshop import STATE, Workshop

pytest_plugins = ["actions.resting"]

BASE = State()
REVOKED = State(members=BASE.members - {("prod", "alice")})


@contextmanager
def lacking(shop: Workshop, action: str, role: str = "rolemodel-ci-apply") -> Iterator[None]:
    """Meanwhile a role of the master account may not do something."""
    iam = shop.aws.client("iam", MASTER)
    name = role.removeprefix("rolemodel-ci-") + "-master"
    policy: Any = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    changed = {**policy, "Statement": [*policy["Statement"], deny]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
    shop.aws.mark()
    yield
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def held(shop: Workshop, run: str) -> AppliedState:
    """Have another run hold the lock; what is remembered."""
    state = shop.remembered
    assert state is not None
    ssm = shop.aws.client("ssm", MASTER)
    version = ssm.get_parameter(Name=STATE)["Parameter"]["Version"]
    value = Value(version, "test", state, Lock("token", run, datetime.now(UTC)))
    ssm.put_parameter(Name=STATE, Value=to_text(value), Type="String", Overwrite=True)
    shop.aws.mark()
    return state


@pytest.mark.parametrize("action", ["ssm:GetParameter", "ssm:PutParameter"])
def test_without_the_right_nothing_is_applied(shop: Workshop, action: str) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    with lacking(shop, action):
        done = shop.run(job)
        assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
        assert set(shop.aws.writes()) <= {"ssm:PutParameter"}
    assert lab.reading() == BASE.members
    arn = f"arn:aws:ssm:us-east-1:{MASTER}:parameter{STATE}"
    assert action in done.log
    assert f'"Resource": "{arn}"' in done.log
    assert lab.run(lab.again(job)).code == 0


def test_the_record_of_another_repository_stops_the_run(shop: Workshop) -> None:
    lab = Lab.open(shop)
    shop.remember(repository="acme/other")
    first = shop.hosted.tip
    lab.merge(REVOKED)
    shop.aws.mark()
    done = shop.run(lab.push(first))
    assert done.code == 4, done.log
    assert "belongs to repository acme/other, config access/config.yml" in done.log
    assert (shop.aws.writes(), lab.reading()) == ({}, BASE.members)


def test_the_lock_of_a_run_that_github_knows_to_be_over_is_taken(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    shop.github.run(Run(77, first, "failure"))
    held(shop, f"https://github.com/{shop.home.owner}/{shop.home.name}/actions/runs/77 attempt 1")
    assert shop.run(job).code == 0
    assert lab.reading() == REVOKED.members
    assert shop.remembered is not None
    assert shop.remembered.applied_commit == shop.hosted.tip


def test_the_lock_of_an_earlier_attempt_of_the_same_run_is_taken(shop: Workshop) -> None:
    lab = Lab.open(shop)
    first = shop.hosted.tip
    lab.merge(REVOKED)
    job = lab.push(first)
    held(shop, f"https://github.com/{shop.home.owner}/{shop.home.name}/actions/runs/{job.run} attempt {job.attempt}")
    assert shop.run(lab.again(job)).code == 0
    assert lab.reading() == REVOKED.members
