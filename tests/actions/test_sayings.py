"""What comment and outcome say of cases in which it was once wrong, held against AWS, end to end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .fake_github import Pull
from .hosting import Merge
from .jobs import Job
from .test_review import only, reviewed
from .workshop import CONFIG, DEV, MASTER, ROLES, USERS, Workshop, access, role, template


@pytest.fixture
def shop(aws: EmbeddedAws, tmp_path: Path) -> Iterator[Workshop]:
    """A company that has been rolled out, for each test anew: what is changed here are stacks and groups."""
    with Workshop(tmp_path, aws) as opened:
        opened.rolled_out()
        yield opened.forget()


WIDER = template(Admin=role("*"), Reader=role("s3:*"))
GUARDED = CONFIG + "guards: {revoke_most: 1, revoke_floor: 50}\n"


def merge(shop: Workshop, files: dict[str, str], number: int) -> str:
    """A pull request of that number that makes this of the files, and is merged; the commit on main."""
    asked = shop.hosted.request(files, f"change-{number}", number)
    _, commit = shop.hosted.merge(f"change-{number}")
    shop.github.pull(Pull(number, asked.head, commit, merged=True, merged_by="frank"))
    return commit


def told(shop: Workshop, number: int = 7) -> str:
    """The newest comment on a pull request."""
    return shop.github.comments(number)[-1].body


def rows(comment: str, *words: str) -> list[str]:
    """The rows of tables that have all these words."""
    return [line for line in comment.splitlines() if line.startswith("|") and all(word in line for word in words)]


def test_a_grant_whose_group_is_somebody_elses_is_not_said_to_be_there(shop: Workshop) -> None:
    shop.aws.client("iam", MASTER).create_group(GroupName="RM.prod.Ops", Path="/")
    files = access(
        USERS.replace("  Admin: [carol]", "  Admin: [carol]\n  Ops: [dave]"),
        template(Admin=role("*"), Reader=role("s3:Get*"), Ops=role("sqs:*")),
    )
    asked = shop.hosted.request(files)
    shop.forget()
    done = reviewed(shop, asked)
    (row,) = rows(only(shop), "**gains**", "`dave`")
    assert "**cannot be made:** group `RM.prod.Ops` exists under path `/`" in row
    assert (done.code, done.outputs["result"]) == (5, "failed"), done.log

    done = shop.run(shop.merged(asked))
    assert (done.code, done.outputs["result"]) == (5, "incomplete"), done.log
    assert "### Access change: incomplete, 1 blocked of " in told(shop)
    assert rows(told(shop), "🚫 **blocked**", "`dave`", "`Ops`")
    assert shop.members()["RM.prod.Ops"] == set()


def test_who_gets_in_because_the_policy_of_a_group_is_put_back_has_a_row(shop: Workshop) -> None:
    iam = shop.aws.client("iam", MASTER)
    iam.delete_group_policy(GroupName="RM.prod.Admin", PolicyName="RM.prod.Admin-Policy")
    asked = shop.hosted.request(access(USERS.replace("Reader: [alice, bob]", "Reader: [alice, bob, dave]")))
    shop.forget()
    done = reviewed(shop, asked)
    assert "+ `carol` is in its group and gets into `Admin` of `prod`" in done.shown
    comment = only(shop)
    assert (
        "> - `carol` becomes **administrator** of `prod` by the merge (`Admin`: in its group already, and **drift**: "
        in comment
    )
    assert rows(comment, "➕ **gains**", "`carol`", "`Admin` · **admin**", "| member, but ")
    assert [one["user"] for one in done.plan["regained"]] == ["carol"]
    assert [one["user"] for one in done.plan["administrators"]] == ["carol"]

    done = shop.run(shop.merged(asked))
    assert done.code == 0, done.log
    assert "### Access change: applied, 2 grants" in told(shop)
    assert rows(told(shop), "✅ **gained**", "`carol`", "in the group already")
    assert iam.get_group_policy(GroupName="RM.prod.Admin", PolicyName="RM.prod.Admin-Policy")


def test_a_grant_to_a_member_whose_group_opens_nothing_is_not_so_already(shop: Workshop) -> None:
    shop.put({"RM.prod.Admin": {"carol", "dave"}})
    name = "RM.prod.Admin"
    shop.aws.client("iam", MASTER).delete_group_policy(GroupName=name, PolicyName=f"{name}-Policy")
    asked = shop.hosted.request(access(USERS.replace("Admin: [carol]", "Admin: [carol, dave]", 1)))
    shop.forget()
    reviewed(shop, asked)
    (row,) = rows(only(shop), "**gains**", "`dave`")
    assert "in the group already, which the merge opens" in row
    assert rows(only(shop), "**gains**", "`carol`")


def test_whom_the_files_never_named_has_a_row_when_the_group_goes(shop: Workshop) -> None:
    shop.put({"RM.dev.Reader": {"dave"}})
    config = CONFIG.replace(f'  - name: dev\n    account_id: "{DEV}"\n', "")
    asked = shop.hosted.request(access(USERS.partition("dev:")[0], config=config))
    shop.forget()
    reviewed(shop, asked)
    assert rows(only(shop), "➖ **loses**", "`dave`", "`dev`", "`Reader`", "| member | not granted |")


def test_nothing_is_so_already_in_an_account_that_cannot_be_read(shop: Workshop) -> None:
    shop.put({"RM.dev.Reader": {"dave"}})
    asked = shop.hosted.request(access(USERS + "  Reader: [dave]\n"))
    with shop.locked(DEV):
        reviewed(shop, asked)
    (row,) = rows(only(shop), "**gains**", "`dave`")
    assert "already so in AWS" not in row
    assert "the account cannot be read" in row


def test_a_role_is_widened_only_where_its_stack_was_brought_there(shop: Workshop) -> None:
    asked = shop.hosted.request(access(roles=WIDER))
    with shop.locked(DEV, role="rolemodel-ci-apply"):
        done = shop.run(shop.merged(asked))
    assert done.outputs["result"] == "incomplete", done.log
    assert "`Reader` is **widened** in `prod`." in told(shop)
    assert "`Reader` was to be widened in `dev`; this run did **not** bring that to an end." in told(shop)


def test_what_a_later_merge_narrows_is_not_widened(shop: Workshop) -> None:
    before = shop.hosted.tip
    merge(shop, access(roles=WIDER), 101)
    after = merge(shop, access(roles=ROLES, users=USERS + "  Reader: [dave]\n"), 102)
    done = shop.run(shop.pushed(before, after))
    assert done.code == 0, done.log
    assert "is **widened**" not in told(shop, 101)
    assert rows(told(shop, 102), "**gained**", "`dave`")


def test_a_grant_that_is_made_longer_has_a_row_in_the_outcome(shop: Workshop) -> None:
    until = "Reader: [{user: alice, expires: %s}, bob]"
    shop.run(shop.pushed(*shop.hosted.push(access(USERS.replace("Reader: [alice, bob]", until % "2099-01-31")))))
    asked = shop.hosted.request(access(USERS.replace("Reader: [alice, bob]", until % "2099-12-31")))
    done = shop.run(shop.merged(asked))
    assert done.code == 0, done.log
    assert "### Access change: applied, 1 grant made longer" in told(shop)
    assert rows(told(shop), "✅ **keeps longer**", "`alice`", "2099-01-31 → 2099-12-31")


def refused(shop: Workshop) -> tuple[Job, str]:
    """A merge that takes away more than the guard lets pass; its run, which is refused."""
    shop.run(shop.pushed(*shop.hosted.push(access(config=GUARDED))))
    before = shop.hosted.tip
    users = USERS.replace("Reader: [alice, bob]", "Reader: []")
    job = shop.pushed(before, merge(shop, access(users, config=GUARDED), 101))
    done = shop.run(job)
    assert (done.code, done.outputs["result"]) == (4, "refused"), done.log
    return job, users


def test_a_pull_request_says_which_merges_it_would_apply_as_well(shop: Workshop) -> None:
    _, users = refused(shop)
    asked = shop.hosted.request(access(users + "  Reader: [dave]\n", config=GUARDED))
    shop.run(shop.opened(Merge(asked.head, asked.base, asked.trial)))
    comment = only(shop)
    assert "> - `#101` was **merged before, and not applied**: this merge applies what it asks for as well" in comment
    assert rows(comment, "➖ **loses**", "`alice`", "not granted")


def test_a_refused_merge_that_somebody_made_by_hand_is_told_so_by_night(shop: Workshop) -> None:
    refused(shop)
    assert "refused by a guard" in told(shop, 101)
    shop.put({"RM.prod.Reader": set()})
    done = shop.run(shop.nightly(inputs={"repair": "ended"}))
    assert (done.code, done.outputs["result"]) == (0, "no-drift"), done.log
    (comment,) = shop.github.comments(101)
    assert "### Access change: applied, 2 revocations" in comment.body
    assert len(rows(comment.body, "✅ **lost**", "before this run")) == 2
    assert shop.remembered is not None
    assert shop.remembered.applied_commit == shop.hosted.tip


def test_what_a_run_by_night_leaves_is_listed_though_nothing_is_on_record(shop: Workshop) -> None:
    shop.forget_state()
    shop.put({"RM.prod.Reader": {"bob"}})
    done = shop.run(shop.nightly())
    assert done.code == 6, done.log
    assert "### Drift: 1 change not applied" in done.summary
    assert rows(done.summary, "➕ **gains**", "`alice`", "`Reader`", "| not a member | granted |")


def test_what_was_merged_and_refused_is_listed_by_night(shop: Workshop) -> None:
    refused(shop)
    done = shop.run(shop.nightly())
    assert done.code == 6, done.log
    assert "### Drift: 2 changes not applied" in done.summary
    assert len(rows(done.summary, "➖ **loses**", "`Reader`", "| member | not granted |")) == 2


def test_a_role_that_was_to_lose_rights_may_still_have_them(shop: Workshop) -> None:
    asked = shop.hosted.request(access(roles=template(Admin=role("*"), Reader=role("s3:GetObject"))))
    with shop.locked(DEV, role="rolemodel-ci-apply"):
        shop.run(shop.merged(asked))
    assert "`Reader` was to lose rights in `dev`; this run did **not** bring that to an end: " in told(shop)


def test_what_a_later_merge_takes_back_is_not_said_to_be_so_in_aws(shop: Workshop) -> None:
    before = shop.hosted.tip
    merge(shop, access(USERS + "  Reader: [dave]\n"), 101)
    done = shop.run(shop.pushed(before, merge(shop, access(), 102)))
    assert done.code == 0, done.log
    assert "### Access change: applied, a later merge takes it back" in told(shop, 101)
    assert rows(told(shop, 101), "↩️ not gained", "`dave`")
