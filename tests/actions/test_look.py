"""Scheduled runs and those started by hand, end to end: drift is told, and put right where the input says so."""

from __future__ import annotations

from typing import Any

import pytest

from rolemodel_ci.adapters.terminal import PlainWatch

from . import payloads
from .fake_faults import server_error
from .fake_github import Run
from .jobs import Done
from .workshop import DEV, MEMBERS, USERS, Job, Workshop, access

pytest_plugins = ["actions.resting"]

ENDED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, {user: bob, expires: 2020-01-31}]")
MEDDLED = {"RM.prod.Admin": {"carol", "bob"}}


def night(shop: Workshop, repair: str = "", **job: Any) -> Done:
    """The scheduled run."""
    shop.github.branches["main"] = shop.hosted.tip
    shop.forget()
    done = shop.run(shop.nightly(inputs={"repair": repair} | job.pop("inputs", {}), **job))
    assert shop.github.violations == []
    assert shop.comments() == []
    return done


def test_no_drift(shop: Workshop) -> None:
    done = night(shop)
    assert (done.code, done.outputs["result"], done.outputs["changes"]) == (0, "no-drift", "0"), done.log
    assert "Nothing to do: AWS is what the repository says." in done.shown
    assert "### Drift: none" in done.summary
    assert done.commands == []
    assert shop.github.requests == []
    assert shop.front.granted(role="rolemodel-ci-plan") == 3
    assert shop.front.granted(role="rolemodel-ci-apply") == 0


def test_drift_is_told(shop: Workshop) -> None:
    shop.put(MEDDLED)
    done = night(shop)
    assert (done.code, done.outputs["result"], done.outputs["drift"]) == (6, "drift", "1"), done.log
    assert shop.aws.writes() == {}
    assert "AWS differs from the repository in 1 place; the job summary names them" in done.said("error")
    assert "### Drift: 1 difference" in done.summary
    assert "| ➖ **loses** | `bob` | `prod` | `Admin` · **admin** | member | not granted |" in done.summary
    assert "1 change not made: the input `repair` says what a run may put right." in done.shown
    assert done.plan["format"] == "rolemodel-ci/plan"


@pytest.mark.parametrize("by_hand", [False, True])
def test_everything_is_put_right(shop: Workshop, by_hand: bool) -> None:
    shop.put(MEDDLED)
    inputs = {"repair": "everything"}
    done = shop.run(shop.by_hand(inputs=inputs)) if by_hand else night(shop, "everything")
    assert (done.code, done.outputs["result"], done.outputs["drift"]) == (0, "applied", "1"), done.log
    assert shop.members() == MEMBERS
    assert "### Put right: applied" in done.summary
    assert "Applied: 1 change made." in done.shown
    assert shop.front.granted(role="rolemodel-ci-apply") == 3
    again = night(shop, "everything")
    assert (again.code, again.outputs["result"]) == (0, "no-drift"), again.log
    assert shop.aws.writes() == {}


def test_ended_grants_go_and_other_drift_stays(shop: Workshop) -> None:
    shop.hosted.push(access(ENDED))
    shop.remember()
    shop.put(MEDDLED)
    done = night(shop, "ended")
    assert (done.code, done.outputs["result"]) == (6, "drift"), done.log
    assert shop.members() == MEMBERS | MEDDLED | {"RM.prod.Reader": {"alice"}}
    assert shop.aws.writes() == {"iam:RemoveUserFromGroup": 1, "ssm:PutParameter": 2}
    headline = done.summary.splitlines()[0]
    assert "Drift: 1 difference" in headline
    assert "1 grant ended" in headline
    assert "2020-01-31" in done.summary
    assert "1 change not made" in done.shown
    assert [(one.where, one.properties["title"]) for one in done.annotations("warning")] == [
        ("access/users.yml:3", "RM310")
    ]
    shop.put({"RM.prod.Admin": {"carol"}})
    assert night(shop, "ended").outputs["result"] == "no-drift"


def test_ended_grants_alone_are_told_where_nothing_may_be_changed(shop: Workshop) -> None:
    shop.hosted.push(access(ENDED))
    done = night(shop)
    assert (done.code, done.outputs["drift"], done.outputs["changes"]) == (6, "0", "1"), done.log
    assert shop.aws.writes() == {}


def test_nothing_is_put_right_by_a_run_that_is_not_about_the_tip(shop: Workshop) -> None:
    shop.put(MEDDLED)
    job = shop.nightly(inputs={"repair": "everything"})
    _, newer = shop.hosted.push({"README.md": "Later."})
    shop.github.branches["main"] = newer
    shop.github.run(Run(4712, newer))
    shop.forget()
    done = shop.run(job)
    assert (done.code, done.outputs["result"]) == (0, "stale"), done.log
    assert shop.aws.writes() == {}
    assert f"`main` is at {newer[:7]} by now" in done.said("notice")
    assert "### Drift: not put right by this run" in done.summary


def test_nothing_is_put_right_where_the_tip_is_not_known(shop: Workshop, pauses: list[float]) -> None:
    shop.put(MEDDLED)
    shop.github.fail("GET", "/branches/main", server_error(502), last_stays=True)
    done = night(shop, "everything")
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert shop.aws.writes() == {}
    assert "looking up branch main" in done.said("error")
    assert sum(pauses) == 15


def test_guard_refuses_a_repair(shop: Workshop) -> None:
    shop.hosted.push(access("{}\n"))
    done = night(shop, "everything")
    assert (done.code, done.outputs["result"]) == (4, "refused"), done.log
    assert shop.aws.writes() == {}
    assert "all 6 memberships would be revoked" in done.said("error")
    assert "refused by a guard, nothing was changed" in done.summary
    allowed = night(shop, "everything", inputs={"allow": "empty-map mass-revocation last-administrator"})
    assert (allowed.code, any(shop.members().values())) == (0, False), allowed.log


def test_files_broken(shop: Workshop) -> None:
    shop.hosted.push(access("prod: [carol\n"))
    done = night(shop)
    assert (done.code, done.outputs["result"], done.outputs["problems"]) == (1, "problems", "1"), done.log
    assert shop.front.assumptions == []
    assert "### Drift: not looked for, the files have problems" in done.summary


def test_account_that_cannot_be_read(shop: Workshop) -> None:
    with shop.locked(DEV):
        done = night(shop)
    assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
    assert "account `dev` cannot be read" in done.summary
    assert "could not be read" in done.summary.splitlines()[0]


def test_no_way_in(shop: Workshop) -> None:
    done = night(shop, oidc=False)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert "id-token: write" in done.said("error")
    assert "### Drift: not known" in done.summary


def test_interrupted_repair(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(_watch: PlainWatch, _text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PlainWatch, "step", step)
    shop.put(MEDDLED)
    done = night(shop, "everything")
    assert (done.code, done.outputs["result"]) == (130, "incomplete"), done.log
    assert shop.aws.writes() == {"ssm:PutParameter": 2}


def test_by_hand_on_another_branch_validates_only(shop: Workshop) -> None:
    shop.put(MEDDLED)
    shop.forget()
    done = shop.run(shop.by_hand("refs/heads/release", inputs={"repair": "everything"}))
    assert (done.code, done.outputs["result"]) == (0, "valid"), done.log
    assert "this run is on `refs/heads/release`; only `main` is compared with AWS" in done.said("notice")
    assert "The files are good" in done.shown
    assert shop.aws.calls() == {}
    assert shop.front.assumptions == []


def test_by_hand_on_another_branch_with_broken_files(shop: Workshop) -> None:
    shop.hosted.push(access("prod: [carol\n"))
    done = shop.run(shop.by_hand("refs/heads/release"))
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log


def queued(shop: Workshop, users: str, **job: Any) -> Job:
    """The run of a merge queue."""
    merge = shop.hosted.request(access(users))
    payload = payloads.minimal_merge_group(head_sha=merge.trial, base_sha=merge.base)
    return Job("merge_group", payload, merge.trial, payload["merge_group"]["head_ref"], **job)


def test_merge_queue_is_told_what_is_asked_for(shop: Workshop) -> None:
    done = shop.run(queued(shop, USERS + "  Reader: [dave]\n"))
    assert (done.code, done.outputs["result"], done.outputs["grants"]) == (0, "valid", "1"), done.log
    assert "### Access change: 1 grant" in done.summary
    assert "this is a merge queue's trial; the push after it is applied" in done.said("notice")
    assert shop.front.assumptions == []
    assert shop.comments() == []


def test_merge_queue_with_broken_files(shop: Workshop) -> None:
    done = shop.run(queued(shop, "prod: [carol\n"))
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert done.annotations("error")[0].properties["file"] == "access/users.yml"


def test_merge_queue_whose_base_cannot_be_had_is_validated(shop: Workshop) -> None:
    done = shop.run(queued(shop, USERS + "  Reader: [dave]\n", credentials=False, token=""))
    assert (done.code, done.outputs["result"]) == (0, "valid"), done.log
    assert "cannot be fetched" in done.said("notice")
