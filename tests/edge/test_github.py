"""The API of GitHub as a run uses it, against a strict GitHub."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from actions import fake_faults as faults
from actions.fake_github import BOT, TOKEN, Bearer, ElsewhereServer, FakeGithub, Pull
from actions.fake_messages import Reply, answer

from rolemodel_ci.adapters.github.api import Comment, Github, GithubError

from .paused import NOW, Paused

ANY = ""
HEAD, MERGED = "a" * 40, "c" * 40


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as listening:
        listening.pull(Pull(7, HEAD))
        yield listening
    assert listening.violations == []


@pytest.fixture
def paused() -> Paused:
    return Paused()


@pytest.fixture
def api(github: FakeGithub, paused: Paused) -> Github:
    return Github(github.url, "acme/access", TOKEN, paused.clock)


def failed(act: Callable[[], Any]) -> GithubError:
    """How it failed: with something to do, and without the token anywhere."""
    with pytest.raises(GithubError) as error:
        act()
    assert error.value.exit_code == 3
    assert error.value.remedy
    assert TOKEN not in "".join(traceback.format_exception(error.value)) + error.value.remedy
    return error.value


# ---- comments


def test_comments_of_several_pages(api: Github, github: FakeGithub) -> None:
    for number in range(250):
        github.comment(7, f"comment {number}")
    found = api.comments(7)
    assert [one.body for one in found] == [f"comment {number}" for number in range(250)]
    assert [request.query["per_page"] for request in github.requests] == ["100"] * 3
    assert [request.query.get("page") for request in github.requests] == [None, "2", "3"]


def test_pages_of_a_github_enterprise() -> None:
    with FakeGithub(prefix="/api/v3") as github:
        github.pull(Pull(7, HEAD))
        for number in range(101):
            github.comment(7, f"comment {number}")
        api = Github(github.url, "acme/access", TOKEN)
        assert len(api.comments(7)) == 101
        made = api.create_comment(7, "hello")
        assert api.update_comment(made.id, "hi").body == "hi"
        assert made.url.startswith(github.root)
    assert github.violations == []


def test_comment_is_made_and_changed(api: Github, github: FakeGithub) -> None:
    made = api.create_comment(7, "hello ➕")
    assert made == Comment(made.id, BOT, "hello ➕", made.url)
    assert made.url.startswith("https://github.com/acme/access/")
    assert api.update_comment(made.id, "hi").body == "hi"
    assert [comment.body for comment in github.comments(7)] == ["hi"]


def test_comment_of_an_account_that_is_gone(api: Github, github: FakeGithub) -> None:
    github.comment(7, "hello", login=None)
    assert api.comments(7)[0].author == ""


def test_conversation_without_comments(api: Github) -> None:
    assert api.comments(7) == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_comment_that_may_be_there_all_the_same(api: Github, github: FakeGithub, status: int) -> None:
    github.fail("POST", ANY, faults.server_error(status, effect=True))
    error = failed(lambda: api.create_comment(7, "hello"))
    assert (error.status, error.unclear) == (status, True)
    assert len(github.comments(7)) == 1
    assert "githubstatus.com" in error.remedy
    assert "##[" not in error.message


@pytest.mark.parametrize(
    "fault", [faults.hang_up(effect=True), faults.truncated(), faults.garbled(), faults.other_shape()]
)
def test_comment_whose_answer_is_lost(api: Github, github: FakeGithub, fault: faults.Fault) -> None:
    github.fail("POST", ANY, fault)
    assert failed(lambda: api.create_comment(7, "hello")).unclear
    assert len(github.comments(7)) == 1


@pytest.mark.parametrize(
    "other", [{"id": "x"}, {"id": []}, {"id": None}, {"id": float("inf")}, {"user": "x"}, {"user": 7}]
)
def test_comment_of_another_shape(api: Github, github: FakeGithub, other: dict[str, Any]) -> None:
    good = {"id": 1, "user": {"login": "x"}, "body": "b", "html_url": "u"}
    github.fail("GET", ANY, faults.says(answer([good])), faults.says(answer([good | other])))
    assert api.comments(7) == [Comment(1, "x", "b", "u")]
    assert "is not one of GitHub" in failed(lambda: api.comments(7)).message


def test_body_over_the_limit(api: Github, github: FakeGithub) -> None:
    error = failed(lambda: api.create_comment(7, "x" * 65_537))
    assert (error.status, error.unclear) == (422, False)
    assert github.comments(7) == []
    assert api.create_comment(7, "x" * 65_536).body == "x" * 65_536


def test_locked_conversation(api: Github, github: FakeGithub) -> None:
    github.locked.add(7)
    error = failed(lambda: api.create_comment(7, "hello"))
    assert (error.status, error.unclear) == (403, False)
    assert "issue is locked" in error.message


def test_conversation_that_is_gone(api: Github, github: FakeGithub) -> None:
    github.gone.add(7)
    error = failed(lambda: api.comments(7))
    assert error.status == 410
    assert "gone" in error.remedy


@pytest.mark.parametrize(
    ("rights", "status", "said", "remedy"),
    [
        ("read", 403, "Resource not accessible by integration", "permissions"),
        ("none", 404, "Not Found", "permissions"),
        (None, 401, "Bad cred", "run the job again"),
    ],
)
def test_token_without_the_right(
    api: Github, github: FakeGithub, rights: Any, status: int, said: str, remedy: str
) -> None:
    github.tokens = {TOKEN: Bearer(BOT, rights)} if rights else {}
    error = failed(lambda: api.create_comment(7, "hello"))
    assert (error.status, error.unclear) == (status, False)
    assert error.message.startswith(f"commenting on #7: GitHub answered {status}: {said}")
    assert remedy in error.remedy
    assert len(github.requests) == 1


def test_limit_is_told_at_once(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.fail("POST", ANY, faults.secondary_limit(retry_after=3600), last_stays=True)
    error = failed(lambda: api.create_comment(7, "hello"))
    assert error.remedy == "GitHub was asked too often with this token; run again in an hour."
    assert (len(github.requests), paused.pauses, error.unclear) == (1, [], False)


def test_limit_of_the_hour_is_told_at_once(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.fail("GET", ANY, faults.primary_limit(int(NOW) + 3000), last_stays=True)
    assert "too often" in failed(lambda: api.comments(7)).remedy
    assert paused.pauses == []


def test_server_that_stays_in_trouble(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.fail("GET", ANY, faults.server_error(), last_stays=True)
    assert failed(lambda: api.comments(7)).status == 502
    assert (len(github.requests), sum(paused.pauses)) == (5, 15.0)


def test_other_answer_than_expected(api: Github, github: FakeGithub) -> None:
    github.fail("GET", ANY, faults.says(answer({"message": {"not": "a text"}}, 418)))
    assert failed(lambda: api.comments(7)).message == "listing the comments of #7: GitHub answered 418"


# ---- lists


@pytest.mark.parametrize("fault", [faults.garbled(), faults.other_shape(), faults.says(Reply(200, b"[1]"))])
def test_list_that_is_none(api: Github, github: FakeGithub, fault: faults.Fault) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, fault)
    assert "is not one of GitHub" in failed(lambda: api.comments(7)).message


def test_list_that_is_cut_off_is_asked_for_again(api: Github, github: FakeGithub) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.truncated())
    assert len(api.comments(7)) == 1


def test_next_page_on_another_server(api: Github, github: FakeGithub) -> None:
    with ElsewhereServer() as other:
        github.fail("GET", ANY, faults.foreign_next(other.url))
        assert "next page is on another server" in failed(lambda: api.comments(7)).message
        assert other.requests == []


@pytest.mark.parametrize("link", ['<http://[>; rel="next"', '</comments?page=2>; rel="next"', '<>; rel="next"'])
def test_next_page_nowhere(api: Github, github: FakeGithub, link: str) -> None:
    github.fail("GET", ANY, faults.says(answer([], headers={"Link": link})))
    if link.startswith("<>"):
        assert api.comments(7) == []
    else:
        assert "another server" in failed(lambda: api.comments(7)).message


def test_page_that_is_its_own_next_page(api: Github, github: FakeGithub) -> None:
    """A list that goes round is not a whole one: taken for one, it would hide the comment that is looked for."""
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.endless(), last_stays=True)
    assert "is not one of GitHub" in failed(lambda: api.comments(7)).message
    assert len(github.requests) <= 3


def test_pages_without_end(api: Github, github: FakeGithub) -> None:
    def one_more(_reply: Reply, request: Any, url: str) -> Reply:
        page = int(request.query.get("page", "1")) + 1
        link = f'<{url}{request.path}?per_page=100&page={page}>; rel="next"'
        return answer([], headers={"Link": link})

    github.fail("GET", ANY, faults.Fault(one_more), last_stays=True)
    assert "more than 100 pages" in failed(lambda: api.comments(7)).message
    assert len(github.requests) == 100


# ---- redirects


def test_renamed_repository(api: Github, github: FakeGithub) -> None:
    github.comment(7, "hello")
    github.fail("GET", ANY, faults.moved(github.repository_id), last_stays=False)
    assert [one.body for one in api.comments(7)] == ["hello"]


def test_comment_on_a_renamed_repository(api: Github, github: FakeGithub) -> None:
    github.fail("POST", ANY, faults.moved(github.repository_id, 307))
    assert api.create_comment(7, "hello").author == BOT
    github.fail("POST", ANY, faults.moved(github.repository_id, 301))
    error = failed(lambda: api.create_comment(7, "again"))
    assert (error.status, error.unclear, len(github.comments(7))) == (301, False, 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_another_host_gets_nothing(api: Github, github: FakeGithub, status: int) -> None:
    with ElsewhereServer() as other:
        github.fail("GET", ANY, faults.elsewhere(other.url, status))
        github.fail("POST", ANY, faults.elsewhere(other.url, status))
        for act in (lambda: api.comments(7), lambda: api.create_comment(7, "hello")):
            error = failed(act)
            assert "no token goes there" in error.message
            assert not error.unclear
        assert other.requests == []
