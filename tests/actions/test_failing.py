"""What goes wrong around a run: GitHub, the runner's tokens, STS. The exit code is that of what the run did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .fake_faults import FINE, Fault, garbled, hang_up, other_shape, says, secondary_limit, server_error, truncated
from .fake_github import TOKEN, FakeGithub
from .fake_messages import invalid, refusal
from .issuer import Fault as TokenFault
from .jobs import Done, commands
from .workshop import MEMBERS, USERS, Workshop, access

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
MOST_REQUESTS = 25
"""Of one review to GitHub, whatever happens: three attempts at a comment, each request five times, and some more."""


def ask(shop: Workshop, **job: Any) -> Done:
    """The run of a pull request."""
    return shop.run(shop.opened(shop.hosted.request(access(WANTED)), **job))


def refused(status: int, message: str) -> Fault:
    """GitHub says no."""
    return says(refusal(status, message))


def fail(method: str, *faults: Fault) -> Callable[[FakeGithub], None]:
    """Requests about comments fail, the last way for ever."""
    return lambda github: github.fail(method, r"/comments", *faults, last_stays=True)


def once(method: str, *faults: Fault) -> Callable[[FakeGithub], None]:
    """Requests about comments fail, one after the other, and then no more."""
    return lambda github: github.fail(method, r"/comments", *faults)


NEVER: dict[str, tuple[Callable[[FakeGithub], None], str]] = {
    "403": (fail("POST", refused(403, "Resource not accessible by integration")), "Resource not accessible"),
    "401": (fail("GET", refused(401, "Bad credentials")), "GitHub answered 401: Bad credentials"),
    "404": (fail("GET", refused(404, "Not Found")), "GitHub answered 404: Not Found"),
    "410": (fail("POST", refused(410, "This issue was deleted")), "GitHub answered 410"),
    "422": (fail("POST", says(invalid("data", "Body is too long"))), "GitHub answered 422"),
    "locked": (lambda github: github.locked.add(7), "issue is locked"),
    "500 to look": (fail("GET", server_error(500)), "GitHub answered 500"),
    "502 to make": (fail("POST", server_error(502)), "GitHub answered 502"),
    "hangs up": (fail("POST", hang_up()), "it does not answer"),
    "limited": (fail("POST", secondary_limit(403)), "GitHub answered 403"),
    "limited for long": (fail("POST", secondary_limit(429, 3600)), "GitHub answered 429"),
    "list is no list": (fail("GET", other_shape()), "the answer is not one of GitHub"),
    "list is garbled": (fail("GET", garbled()), "the answer is not one of GitHub"),
}
MADE: dict[str, Callable[[FakeGithub], None]] = {
    "504 after it was made": once("POST", server_error(504, effect=True)),
    "502 before": once("POST", server_error(502)),
    "hangs up after": once("POST", hang_up(effect=True)),
    "garbled": once("POST", garbled()),
    "cut off": once("POST", truncated()),
    "another shape": once("POST", other_shape()),
    "limited for a minute": once("POST", secondary_limit(403, 60)),
    "500 to look": once("GET", server_error(500), server_error(503)),
}


@pytest.mark.parametrize("name", NEVER)
def test_comment_that_cannot_be_made(shop: Workshop, pauses: list[float], name: str) -> None:
    spoil, said = NEVER[name]
    spoil(shop.github)
    done = ask(shop)
    assert (done.code, done.outputs["result"], done.outputs["comment-url"]) == (0, "planned", ""), done.log
    (notice,) = done.annotations("notice")
    assert notice.properties["title"] == "No comment"
    assert said in notice.message
    assert "### Access change: 1 grant, 1 revocation" in done.summary
    assert shop.comments() == []
    assert len(shop.github.requests) <= MOST_REQUESTS
    assert sum(pauses) <= 60
    assert shop.github.violations == []


@pytest.mark.parametrize("name", MADE)
def test_comment_that_is_made_after_all(shop: Workshop, pauses: list[float], name: str) -> None:
    MADE[name](shop.github)
    done = ask(shop)
    assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
    (comment,) = shop.comments()
    assert "### Access change: 1 grant, 1 revocation" in comment
    assert done.outputs["comment-url"].endswith("#issuecomment-3000000001")
    assert len(shop.github.requests) <= MOST_REQUESTS
    assert sum(pauses) <= 60
    assert shop.github.violations == []


def test_comment_of_another_is_not_taken_for_ours(shop: Workshop) -> None:
    theirs = shop.github.comment(7, "<!-- rolemodel-ci change-summary v1 -->\nApproved, merge me!", "mallory")
    quoted = shop.github.comment(7, "> <!-- rolemodel-ci change-summary v1 -->", "github-actions[bot]")
    done = ask(shop)
    assert done.code == 0, done.log
    bodies = {comment.id: comment.body for comment in shop.github.comments(7)}
    assert (bodies[theirs.id], bodies[quoted.id]) == (theirs.body, quoted.body)
    assert len(bodies) == 3


def test_comment_on_the_third_page(shop: Workshop) -> None:
    for number in range(230):
        shop.github.comment(7, f"What about {number}?")
    ours = shop.github.comment(7, "<!-- rolemodel-ci change-summary v1 -->\nold", "github-actions[bot]")
    done = ask(shop)
    assert (done.code, "Comment changed:" in done.shown) == (0, True), done.log
    assert "1 grant" in shop.github.stored[ours.id].body
    assert len(shop.github.comments(7)) == 231
    assert len(shop.github.asked("GET", "/comments")) == 3


def test_comment_deleted_meanwhile(shop: Workshop) -> None:
    ours = shop.github.comment(7, "<!-- rolemodel-ci change-summary v1 -->\nold", "github-actions[bot]")
    shop.github.fail("PATCH", rf"/comments/{ours.id}", refused(404, "Not Found"))
    done = ask(shop)
    assert done.code == 0, done.log
    assert done.outputs["result"] == "planned"
    assert len(shop.github.requests) <= MOST_REQUESTS


def test_token_that_writes_under_another_name(shop: Workshop) -> None:
    done = ask(shop, inputs={"comment-author": "acme-bot[bot]"})
    assert done.code == 0, done.log
    (warning,) = done.annotations("warning")
    assert "The token writes as `github-actions[bot]`" in warning.message


def test_failure_of_telling_does_not_hide_that_of_the_run(shop: Workshop) -> None:
    fail("POST", refused(403, "Resource not accessible by integration"))(shop.github)
    done = shop.run(shop.opened(shop.hosted.request(access("prod: [carol\n"))))
    assert (done.code, done.outputs["result"]) == (1, "problems"), done.log
    assert "No comment" in [one.properties["title"] for one in done.annotations("notice")]


def test_outcome_that_cannot_be_told(shop: Workshop, pauses: list[float]) -> None:
    merge = shop.hosted.request(access(WANTED))
    shop.github.fail("GET", r"/commits/", server_error(500), last_stays=True)
    done = shop.run(shop.merged(merge))
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert shop.members() == MEMBERS | {"RM.prod.Reader": {"alice", "dave"}}
    (notice,) = done.annotations("notice")
    assert notice.properties["title"] == "Which pull request?"
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert shop.comments() == []


def test_branch_in_trouble_for_a_moment(shop: Workshop, pauses: list[float]) -> None:
    shop.github.fail("GET", r"/branches/", server_error(502), FINE, server_error(503))
    done = shop.run(shop.merged(shop.hosted.request(access(WANTED))))
    assert (done.code, done.outputs["result"]) == (0, "applied"), done.log
    assert pauses == [1.0, 1.0]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (TokenFault.BROKEN, "the runner gives no OIDC token: it answered 500"),
        (TokenFault.REFUSED, "the runner gives no OIDC token: it answered 401"),
        (TokenFault.GARBLED, "the runner gives no OIDC token"),
        (TokenFault.EMPTY, "the runner gives no OIDC token"),
    ],
)
def test_runner_that_gives_no_token(shop: Workshop, pauses: list[float], fault: TokenFault, said: str) -> None:
    shop.issuer.fail(*[fault] * 50)
    done = ask(shop)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    assert said in done.said("error")
    assert "id-token: write" in done.said("error")
    (comment,) = shop.comments()
    assert "AWS was not read:" in comment
    assert "the runner gives no OIDC token" in comment
    assert len(shop.issuer.audiences) <= 15  # three accounts, five attempts each
    assert shop.front.assumptions == []
    assert shop.issuer.request_token not in done.shown + done.summary + comment


def test_runner_that_gives_a_token_after_all(shop: Workshop, pauses: list[float]) -> None:
    shop.issuer.fail(TokenFault.BROKEN, TokenFault.BROKEN)
    done = ask(shop)
    assert (done.code, done.outputs["result"]) == (0, "planned"), done.log
    assert pauses


def test_role_that_does_not_trust_this_run(shop: Workshop) -> None:
    shop.issuer.more = {"sub": "repo:acme@1/access@2:pull_request"}
    done = ask(shop)
    assert (done.code, done.outputs["result"]) == (3, "failed"), done.log
    (comment,) = shop.comments()
    for text in (done.said("error"), comment.replace("\\", ""), done.summary.replace("\\", "")):
        assert "The token says sub `repo:acme@1/access@2:pull_request` and aud `sts.amazonaws.com`" in text
        assert "arn:aws:iam::111111111111:role/rolemodel-ci-plan" in text.replace("`", "")
        assert "`token.actions.githubusercontent.com:sub`" in text
    assert_no_token(shop, done)


def test_account_without_the_provider(shop: Workshop) -> None:
    shop.issuer.iss = "https://token.actions.example.com"
    done = ask(shop)
    assert done.code == 3, done.log
    assert "no OIDC provider for `token.actions.example.com`" in done.said("error")
    assert_no_token(shop, done)


def test_token_that_is_too_old(shop: Workshop) -> None:
    shop.issuer.minutes = -10
    done = ask(shop)
    assert done.code == 3, done.log
    assert "ExpiredTokenException: Token expired" in done.said("error")
    assert "aws sso login" not in done.said("error")
    assert_no_token(shop, done)


def assert_no_token(shop: Workshop, done: Done) -> None:
    """No token and no key of AWS is anywhere but in the commands that hide them."""
    hidden = [command.message for command in commands(done.log) if command.name == "add-mask"]
    assert any(secret.startswith("eyJhb") for secret in hidden)
    assert hidden[:2] == [TOKEN, shop.issuer.request_token]
    assert done.log.startswith("::add-mask::")
    plan = (done.workspace / "rolemodel-ci-plan.json") if "plan-json" in done.outputs else None
    told = [done.shown, done.summary, str(done.outputs), *shop.comments(), plan.read_text() if plan else ""]
    told += [command.message for command in commands(done.log) if command.name != "add-mask"]
    assert not [secret for secret in hidden for text in told if secret in text]
