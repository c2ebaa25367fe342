"""One comment: made once, found wherever it is, kept up to date, and never anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from actions import fake_faults as faults
from actions.fake_github import BOT, TOKEN, Bearer, FakeGithub, Pull
from actions.fake_messages import Reply, refusal

from rolemodel_ci.adapters.github.api import Github, GithubError
from rolemodel_ci.adapters.github.sticky_comment import Kept, Sticky

from .paused import Paused

MARKER = "<!-- rolemodel-ci: plan -->"
BODY = f"{MARKER}\n### Access change\n"
STICKY = Sticky(7, MARKER, BOT)
MAKE, CHANGE = r"/issues/7/comments", r"/issues/comments/"


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as listening:
        listening.pull(Pull(7, "a" * 40))
        yield listening
    assert listening.violations == []


@pytest.fixture
def paused() -> Paused:
    return Paused()


@pytest.fixture
def api(github: FakeGithub, paused: Paused) -> Github:
    return Github(github.url, "acme/access", TOKEN, paused.clock)


def kept(api: Github, body: str = BODY, sticky: Sticky = STICKY) -> Kept:
    """What became of the comment, which says the body now."""
    found = sticky.keep(api, body)
    assert found is not None
    return found[1]


def ours(github: FakeGithub) -> list[str]:
    """The comments of the bot."""
    return [comment.body for comment in github.comments(7) if comment.login == BOT]


def test_made_changed_left(api: Github, github: FakeGithub) -> None:
    assert [kept(api), kept(api), kept(api, BODY + "more"), kept(api)] == [
        Kept.MADE, Kept.LEFT, Kept.CHANGED, Kept.CHANGED,
    ]  # fmt: skip
    assert ours(github) == [BODY]
    assert len(github.asked("PATCH")) == 2


@pytest.mark.parametrize("theirs", [BODY.replace("\n", "\r\n"), BODY.strip(), BODY + "\r\n\n", BODY])
def test_same_text_as_github_gives_it_back_is_left(api: Github, github: FakeGithub, theirs: str) -> None:
    github.comment(7, theirs, BOT)
    assert kept(api) is Kept.LEFT
    assert github.asked("PATCH") == []


@pytest.mark.parametrize("place", [0, 99, 205])
def test_found_among_250(api: Github, github: FakeGithub, place: int) -> None:
    for number in range(250):
        github.comment(7, f"comment {number}", BOT if number % 2 else "carol")
    github.stored = {
        id_: replace(one, body=BODY, login=BOT) if number == place else one
        for number, (id_, one) in enumerate(github.stored.items())
    }
    assert kept(api, BODY + "new") is Kept.CHANGED
    assert github.asked("POST") == []
    assert github.comments(7)[place].body == BODY + "new"


@pytest.mark.parametrize("login", ["carol", "github-actions", "github-actions[bot]x", "GitHub-Actions[bot]", None])
def test_marker_of_somebody_else_is_not_ours(api: Github, github: FakeGithub, login: str | None) -> None:
    theirs = github.comment(7, BODY, login)
    assert kept(api, BODY + "new") is Kept.MADE
    assert theirs in github.comments(7)
    assert ours(github) == [BODY + "new"]


@pytest.mark.parametrize("body", [f"> {MARKER}\n> said", f" {BODY}", f"See:\n{BODY}", MARKER[:-1], ""])
@pytest.mark.parametrize("login", ["carol", BOT])
def test_quote_of_the_marker_is_not_it(api: Github, github: FakeGithub, body: str, login: str) -> None:
    github.comment(7, body, login)
    assert kept(api) is Kept.MADE
    assert github.asked("PATCH") == []


def test_markers_do_not_get_in_each_others_way(api: Github, github: FakeGithub) -> None:
    other = Sticky(7, "<!-- rolemodel-ci: outcome -->", BOT)
    assert kept(api) is kept(api, f"{other.marker}\ndone", other) is Kept.MADE
    assert kept(api) is kept(api, f"{other.marker}\ndone", other) is Kept.LEFT
    assert len(github.comments(7)) == 2


def test_first_of_two_is_kept(api: Github, github: FakeGithub) -> None:
    """Two runs at once may each have made one."""
    first, second = github.comment(7, BODY, BOT), github.comment(7, BODY, BOT)
    found = STICKY.keep(api, BODY + "new")
    assert found is not None
    assert found[0].id == first.id
    assert second in github.comments(7)


def test_none_is_made_where_none_is_wanted(api: Github, github: FakeGithub) -> None:
    assert STICKY.keep(api, BODY, make=False) is None
    assert github.comments(7) == []
    github.comment(7, BODY, BOT)
    found = STICKY.keep(api, BODY + "new", make=False)
    assert found is not None
    assert found[1] is Kept.CHANGED


# ---- failures that may have been successes


LOST = [
    faults.server_error(504, effect=True), faults.server_error(500, effect=True), faults.hang_up(effect=True),
    faults.truncated(), faults.garbled(), faults.other_shape(),
]  # fmt: skip


@pytest.mark.parametrize("fault", LOST)
def test_one_comment_whatever_becomes_of_the_answer(
    api: Github, github: FakeGithub, paused: Paused, fault: faults.Fault
) -> None:
    github.fail("POST", MAKE, fault)
    assert kept(api) is Kept.LEFT
    assert ours(github) == [BODY]
    assert (len(github.asked("POST")), paused.pauses) == (1, [1.0])


@pytest.mark.parametrize("fault", [faults.server_error(504), faults.hang_up()])
def test_comment_that_was_not_made_is_made(api: Github, github: FakeGithub, fault: faults.Fault) -> None:
    github.fail("POST", MAKE, fault, fault)
    assert kept(api) is Kept.MADE
    assert ours(github) == [BODY]


def test_one_comment_after_one_failure_of_each_kind(api: Github, github: FakeGithub) -> None:
    github.fail("POST", MAKE, faults.server_error(502), faults.server_error(504, effect=True))
    github.fail("GET", MAKE, faults.FINE, faults.server_error(502), faults.hang_up())
    assert kept(api) is Kept.LEFT
    assert ours(github) == [BODY]


def test_attempts_to_make_it_are_bounded(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.fail("POST", MAKE, faults.server_error(504), last_stays=True)
    with pytest.raises(GithubError) as error:
        STICKY.keep(api, BODY)
    assert (error.value.status, error.value.unclear) == (504, True)
    assert (len(github.asked("POST")), paused.pauses) == (3, [1.0, 2.0])


@pytest.mark.parametrize("fault", LOST[:4])
def test_change_may_simply_be_made_again(api: Github, github: FakeGithub, fault: faults.Fault) -> None:
    github.comment(7, BODY, BOT)
    github.fail("PATCH", CHANGE, fault)
    assert kept(api, BODY + "new") is Kept.CHANGED
    assert ours(github) == [BODY + "new"]


# ---- deleted meanwhile


def test_comment_that_is_deleted_before_it_is_changed(api: Github, github: FakeGithub, paused: Paused) -> None:
    old = github.comment(7, BODY, BOT)

    def gone(_reply: Reply, _request: object, _url: str) -> Reply:
        github.delete(old.id)
        return refusal(404, "Not Found")

    github.fail("PATCH", CHANGE, faults.Fault(gone))
    assert kept(api, BODY + "new") is Kept.MADE
    assert ours(github) == [BODY + "new"]
    assert paused.pauses == [1.0]


def test_comment_that_is_deleted_and_not_to_be_made(api: Github, github: FakeGithub) -> None:
    old = github.comment(7, BODY, BOT)

    def gone(_reply: Reply, _request: object, _url: str) -> Reply:
        github.delete(old.id)
        return refusal(404, "Not Found")

    github.fail("PATCH", CHANGE, faults.Fault(gone))
    assert STICKY.keep(api, BODY + "new", make=False) is None
    assert github.comments(7) == []


def test_comment_that_stays_and_cannot_be_changed(api: Github, github: FakeGithub) -> None:
    github.comment(7, BODY, BOT)
    github.fail("PATCH", CHANGE, faults.says(refusal(404, "Not Found")), last_stays=True)
    with pytest.raises(GithubError) as error:
        STICKY.keep(api, BODY + "new")
    assert error.value.status == 404
    assert len(github.asked("PATCH")) == 3
    assert ours(github) == [BODY]


# ---- refusals


def test_token_that_may_not_write(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.tokens = {TOKEN: Bearer(BOT, "read")}
    with pytest.raises(GithubError) as error:
        STICKY.keep(api, BODY)
    assert (error.value.status, len(github.asked("POST")), paused.pauses) == (403, 1, [])


def test_token_that_may_not_change(api: Github, github: FakeGithub) -> None:
    github.comment(7, BODY, BOT)
    github.tokens = {TOKEN: Bearer(BOT, "read")}
    with pytest.raises(GithubError) as error:
        STICKY.keep(api, BODY + "new")
    assert (error.value.status, len(github.asked("PATCH"))) == (403, 1)


def test_body_over_the_limit(api: Github, github: FakeGithub) -> None:
    github.comment(7, BODY, BOT)
    with pytest.raises(GithubError) as error:
        STICKY.keep(api, MARKER + "x" * 65_536)
    assert error.value.status == 422
    assert ours(github) == [BODY]


def test_limit_on_the_way(api: Github, github: FakeGithub, paused: Paused) -> None:
    github.fail("POST", MAKE, faults.secondary_limit(retry_after=30))
    assert kept(api) is Kept.MADE
    assert (ours(github), paused.pauses) == ([BODY], [30.0])


def test_list_that_cannot_be_had_makes_no_second_comment(api: Github, github: FakeGithub) -> None:
    github.comment(7, BODY, BOT)
    github.fail("GET", MAKE, faults.endless(), last_stays=True)
    with pytest.raises(GithubError):
        STICKY.keep(api, BODY + "new")
    assert ours(github) == [BODY]


def test_token_of_somebody_else(api: Github, github: FakeGithub) -> None:
    """The comment is made under the name of whoever's token it is; the caller is told who that is."""
    github.tokens = {TOKEN: Bearer("acme-bot", "write")}
    found = STICKY.keep(api, BODY)
    assert found is not None
    assert (found[0].author, found[1]) == ("acme-bot", Kept.MADE)
