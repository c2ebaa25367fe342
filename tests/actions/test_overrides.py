"""Guards that a label of the merged pull request overrides, and the record that every run leaves."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from rolemodel_ci.config.json_schema import published

from . import payloads
from .fake_faults import server_error
from .fake_github import Event, Pull
from .jobs import Done
from .workshop import MEMBERS, USERS, Workshop, access

pytest_plugins = ["actions.resting"]

WITHOUT_ADMIN = USERS.replace("Admin: [carol]", "Admin: []")
"""Takes the last administrator of prod."""

GIVEN = Event("labeled", "grace", "allow: last-administrator")


def merged(shop: Workshop, *events: Event, users: str = WITHOUT_ADMIN) -> Done:
    """The run of a merge, after these things happened to the pull request."""
    done = shop.run(shop.merged(shop.hosted.request(access(users)), *events))
    assert shop.github.violations == []
    return done


def kept(done: Done) -> bool:
    """Whether a guard refused it, and said so."""
    assert (done.code == 4) == (done.outputs["result"] == "refused") == bool(done.record["refusals"]), done.log
    return done.code == 4


def test_the_label_lets_it_pass_and_everybody_is_told(shop: Workshop) -> None:
    done = merged(shop, Event("labeled", "carol", "access"), GIVEN)

    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert shop.members() == MEMBERS | {"RM.prod.Admin": set()}
    by = "the label `allow: last-administrator` of #7, given by grace"
    told = next(line for line in shop.comments()[0].splitlines() if "**A guard is overridden** by the label" in line)
    assert "`allow: last-administrator`" in told
    assert "7, given by grace: `last-administrator` says" in told
    assert f"Overridden, by {by}: last-administrator: " in done.shown
    (one,) = done.record["overridden"]
    assert (one["guard"], one["by"]) == ("last-administrator", by)


def test_a_refusal_names_the_label_and_running_again_with_it_applies(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WITHOUT_ADMIN))
    job = shop.merged(merge)
    assert kept(shop.run(job))
    assert shop.members() == MEMBERS
    assert "`allow: last-administrator`" in shop.comments()[0]

    shop.github.pull(Pull(7, merge.head, job.sha, merged=True, events=(GIVEN,)))
    again = shop.run(job)
    assert (again.code, again.outputs["result"]) == (0, "applied"), again.log
    assert len(shop.comments()) == 1
    assert "**A guard is overridden**" in shop.comments()[0]


@pytest.mark.parametrize(
    "events",
    [
        (),
        (GIVEN, GIVEN._replace(kind="unlabeled")),
        (GIVEN._replace(label="allow: mass-revocation"),),
        (GIVEN._replace(label="last-administrator"),),
        (GIVEN._replace(label="allow: everything"),),
        (GIVEN._replace(label="allow: quota"),),
    ],
    ids=["none", "taken away", "another guard", "no prefix", "no guard", "quota"],
)
def test_nothing_else_lets_it_pass(shop: Workshop, events: tuple[Event, ...]) -> None:
    assert kept(merged(shop, *events))
    assert shop.members() == MEMBERS


def test_a_label_of_another_pull_request_does_not_count(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WITHOUT_ADMIN))
    job = shop.merged(merge)
    shop.github.pull(Pull(8, "9" * 40, "8" * 40, merged=True, commits=frozenset({job.sha}), events=(GIVEN,)))
    assert kept(shop.run(job))


def test_labels_that_nobody_needed_leave_no_trace(shop: Workshop) -> None:
    done = merged(shop, GIVEN, users=USERS.replace("[alice, bob]", "[alice, bob, dave]"))

    assert done.code == 0, done.log
    assert "overridden" not in shop.comments()[0]
    assert done.record["overridden"] == []


def test_who_gave_it_may_stay_unknown(shop: Workshop) -> None:
    shop.github.fail("GET", r"/issues/7/events", server_error(403), last_stays=True)
    done = merged(shop, GIVEN)

    assert done.code == 0, done.log
    assert done.record["overridden"][0]["by"] == "the label `allow: last-administrator` of #7"
    assert "looking up who labelled #7" in done.said("notice")


def test_the_last_giver_counts_and_may_be_gone(shop: Workshop) -> None:
    taken = GIVEN._replace(kind="unlabeled")
    done = merged(shop, GIVEN, taken, GIVEN._replace(login=None))
    assert done.record["overridden"][0]["by"] == "the label `allow: last-administrator` of #7"


def test_a_pull_request_tells_what_its_label_would_do(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WITHOUT_ADMIN))
    before = shop.run(shop.opened(merge))
    assert before.code == 0
    assert "**The merge would be refused.** `last-administrator`" in shop.comments()[0]

    labels = ("allow: last-administrator",)
    payload = payloads.minimal_pull_request("labeled", head_sha=merge.head, base_sha=merge.base, labels=labels)
    after = shop.run(shop.on_pull_request(payload, merge))
    assert after.code == 0, after.log
    (comment,) = shop.comments()
    assert "**A guard is overridden** by the label `allow: last-administrator`" in comment
    assert "would be refused" not in comment
    assert shop.members() == MEMBERS


# ---- the record


def test_the_record_says_who_and_what(shop: Workshop) -> None:
    who = {"GITHUB_ACTOR": "carol", "GITHUB_TRIGGERING_ACTOR": "dave"}
    wanted = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
    job = shop.merged(shop.hosted.request(access(wanted)), environment=who)
    done = shop.run(job)
    record = done.record

    Draft202012Validator(published("output-audit")).validate(record)
    assert record["command"] == "ci"
    arn = record["who"].pop("arn")
    assert arn == "arn:aws:iam::111111111111:role/rolemodel-ci-apply"
    assert record["who"] == {
        "actor": "carol", "started_by": "dave", "event": "push", "repository": "acme/access", "ref": "refs/heads/main",
        "commit": job.sha, "run": "https://github.com/acme/access/actions/runs/4711", "pull_request": "#7",
    }  # fmt: skip
    assert (record["exit_code"], record["error"], record["complete"]) == (0, None, True)
    assert [(o["change"]["kind"], o["result"]) for o in record["outcomes"]] == [
        ("remove_member", "done"), ("add_member", "done"),
    ]  # fmt: skip
    assert {"action": "iam:AddUserToGroup", "calls": 1, "retries": 0, "errors": 0}.items() <= {
        key: value for call in record["calls"] if call["action"] == "iam:AddUserToGroup" for key, value in call.items()
    }.items()
    assert record["policy_digest"]
    assert record["plan_digest"]


@pytest.mark.parametrize("users", [WITHOUT_ADMIN, "prod: {Admin: [carol"], ids=["refused", "bad files"])
def test_a_run_that_does_nothing_has_a_record(shop: Workshop, users: str) -> None:
    done = merged(shop, users=users)

    assert done.record["exit_code"] == done.code
    assert done.code in (1, 4)
    assert done.record["error"]
    assert done.record["outcomes"] == []


def test_a_run_without_aws_has_a_record(shop: Workshop) -> None:
    with shop.locked("111111111111", role="rolemodel-ci-apply"):
        done = merged(shop)
    assert (done.code, done.record["exit_code"]) == (3, 3), done.log
    assert "sts:AssumeRoleWithWebIdentity" in done.record["error"]


def test_what_lies_in_the_way_of_the_record_stops_the_run(shop: Workshop) -> None:
    files = access(USERS.replace("bob", "dave")) | {"rolemodel-ci-record.json/x": "theirs"}
    done = shop.run(shop.merged(shop.hosted.request(files)))
    assert done.code == 2
    assert "the report cannot be written to rolemodel-ci-record.json" in done.said("error")
    assert shop.aws.calls() == {}
