"""Which comment a run keeps: one for each config of the repository, and what follows where it cannot be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .fake_faults import Fault, hang_up, says, server_error
from .fake_github import TOKEN, Bearer
from .fake_messages import invalid, refusal
from .jobs import Done
from .workshop import CONFIG, ROLES, USERS, Workshop, access

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
SUMMARY, OUTCOME = "<!-- rolemodel-ci change-summary v1 -->", "<!-- rolemodel-ci outcome v1 -->"
BOT = "github-actions[bot]"


def ask(shop: Workshop, users: str = WANTED, *, more: dict[str, str] | None = None, **job: Any) -> Done:
    """The run of a pull request."""
    return shop.run(shop.opened(shop.hosted.request(access(users) | (more or {})), **job))


def refused(status: int, message: str) -> Fault:
    """GitHub says no."""
    return says(refusal(status, message))


# ---- two configs

OTHER = {
    "iam/config.yml": CONFIG.replace("VIA", "direct"),
    "iam/roles.yml": ROLES,
    "iam/users.yml": "prod:\n  Reader: [dave]\n",
}


def test_two_configs_have_two_comments(shop: Workshop) -> None:
    ask(shop, more=OTHER)
    ask(shop, more=OTHER, action="synchronize", inputs={"config": "iam/config.yml"})
    first, second = shop.comments()
    assert first.startswith(f"{SUMMARY}\n### Access change: 1 grant, 1 revocation")
    assert second.startswith("<!-- rolemodel-ci change-summary v1 config ")
    assert "### Access change (`iam/config.yml`): 1 grant" in second
    ask(shop, USERS, more=OTHER, action="synchronize", inputs={"config": "./iam//config.yml"})
    assert shop.comments()[0] == first
    assert len(shop.comments()) == 2


def test_two_configs_have_two_outcomes(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED) | OTHER)
    job = shop.merged(merge)
    shop.run(job)
    shop.run(shop.pushed(merge.base, job.sha, inputs={"config": "iam/config.yml"}))
    first, second = shop.comments()
    assert first.startswith(f"{OUTCOME}\n### Access change: applied")
    assert second.startswith("<!-- rolemodel-ci outcome v1 config ")


def test_a_comment_from_before_they_named_their_config_is_changed_and_not_left(shop: Workshop) -> None:
    shop.hosted.push(dict[str, str | None](dict.fromkeys(access())) | OTHER)
    ours = shop.github.comment(7, f"{SUMMARY}\nold", BOT)
    files = OTHER | {"iam/users.yml": "prod:\n  Reader: [carol, dave]\n"}
    shop.run(shop.opened(shop.hosted.request(files), "synchronize", inputs={"config": "iam/config.yml"}))
    assert "### Access change (`iam/config.yml`): 1 grant" in shop.github.stored[ours.id].body
    assert len(shop.comments()) == 1


# ---- a comment that cannot be changed

UNCHANGED: dict[str, Callable[[Workshop], None]] = {
    "502": lambda shop: shop.github.fail("PATCH", r"/comments/", server_error(502), last_stays=True),
    "hangs up": lambda shop: shop.github.fail("PATCH", r"/comments/", hang_up(), last_stays=True),
    "read-only": lambda shop: shop.github.tokens.update({TOKEN: Bearer(BOT, "read")}),
    "no right": lambda shop: shop.github.fail("PATCH", r"/comments/", refused(403, "Resource not accessible")),
    "gone": lambda shop: shop.github.fail("PATCH", r"/comments/", refused(410, "This issue was deleted")),
    "too long": lambda shop: shop.github.fail("PATCH", r"/comments/", says(invalid("data", "Body is too long"))),
    "locked": lambda shop: shop.github.fail("PATCH", r"/comments/", refused(403, "Issue is locked.")),
    "cannot be listed": lambda shop: shop.github.fail("GET", r"/comments", server_error(500), last_stays=True),
    "head not known": lambda shop: shop.github.fail("GET", r"/pulls/7$", server_error(500), last_stays=True),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_an_older_comment_does_not_stand_under_a_green_check(shop: Workshop, pauses: list[float], name: str) -> None:
    ask(shop)
    (before,) = shop.comments()
    UNCHANGED[name](shop)
    done = ask(shop, USERS.replace("Admin: [carol]", "Admin: [carol, dave]"), action="synchronize")
    assert shop.comments() == [before]
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert "out of date" in done.said("error")
    assert "out of date" in done.summary.partition("\n\n| ")[0]
    assert "`dave` becomes **administrator**" in done.summary
    assert done.record["exit_code"] == 3
    assert "out of date" in done.record["error"]


@pytest.mark.parametrize("name", UNCHANGED)
def test_nothing_about_access_any_more_but_the_comment_still_says_so(
    shop: Workshop, pauses: list[float], name: str
) -> None:
    ask(shop)
    UNCHANGED[name](shop)
    done = ask(shop, USERS, more={"README.md": "Words."}, action="synchronize")
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log


@pytest.mark.parametrize("name", UNCHANGED)
def test_a_comment_that_says_it_already_may_stay(shop: Workshop, pauses: list[float], name: str) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.run(shop.opened(merge))
    UNCHANGED[name](shop)
    done = shop.run(shop.opened(merge, "synchronize"))
    assert done.code == (3 if name == "cannot be listed" else 0), done.log


def test_an_outcome_that_cannot_be_changed_fails_the_run_that_has_applied(shop: Workshop, pauses: list[float]) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.run(shop.opened(merge))
    shop.github.comment(7, f"{OUTCOME}\n### Access change: refused by a guard, nothing was changed", BOT)
    shop.github.fail("PATCH", r"/comments/", server_error(502), last_stays=True)
    done = shop.run(shop.merged(merge))
    assert (done.code, done.outputs["result"]) == (3, "applied"), done.log
    assert "out of date" in done.said("error")


def test_started_again_a_first_run_may_have_commented_before(shop: Workshop, pauses: list[float]) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.run(shop.opened(merge))
    shop.github.fail("GET", r"/comments", server_error(500), last_stays=True)
    done = shop.run(shop.opened(merge, environment={"GITHUB_RUN_ATTEMPT": "2"}))
    assert done.code == 3, done.log


def test_a_conversation_that_is_locked_says_what_to_do(shop: Workshop) -> None:
    shop.github.locked.add(7)
    done = ask(shop)
    assert (done.code, "unlocks it; then run the job again" in done.said("notice")) == (0, True), done.log
    assert "permissions" not in done.said("notice")


# ---- the request's own commit


def test_the_comment_names_the_requests_own_commit_and_links_its_lines(shop: Workshop) -> None:
    """The merge that GitHub tries out is nobody's commit; where main has moved on, its lines have other numbers."""
    users = "".join(f"# {number}\n" for number in range(9)) + WANTED
    shop.hosted.push(access("".join(f"# {number}\n" for number in range(9)) + USERS))
    shop.hosted.request(access(users))
    shop.hosted.push(access("".join(f"# {number}\n" for number in range(-3, 9)) + USERS))
    merge = shop.hosted.request({"README.md": "Words."})  # tried out again, on the main of now
    done = shop.run(shop.opened(merge))
    assert done.code == 0, done.log
    (comment,) = shop.comments()
    assert f"/blob/{merge.head}/access/users.yml#L12)" in comment
    assert f"/blob/{merge.base}/access/users.yml#L15)" in comment
    assert f"<code>{merge.head[:7]}</code> on <code>{merge.base[:7]}</code>" in comment
    assert merge.trial[:7] not in comment


def test_problems_are_linked_in_the_requests_own_commit(shop: Workshop) -> None:
    merge = shop.hosted.request(access(USERS + "qa:\n  Admin: [dave]\n"))
    shop.run(shop.opened(merge))
    assert f"/blob/{merge.head}/access/users.yml#L6)" in shop.comments()[0]
