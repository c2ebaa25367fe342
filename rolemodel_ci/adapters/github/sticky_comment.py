"""One comment, made once and then kept up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rolemodel_ci.adapters.github.api import Comment, Github, GithubError

_ATTEMPTS = 3

Join = Callable[[str, str], str]


class CommentNotUpdatedError(GithubError):
    """The comment does not say what it was to say.

    `older` is the one that stands there and says something else; `looked` is False where it is not known whether there
    is one.
    """

    def __init__(self, failed: GithubError, older: Comment | None, *, looked: bool) -> None:
        super().__init__(failed.message, failed.remedy, status=failed.status, unclear=failed.unclear)
        self.older = older
        self.looked = looked


class Kept(StrEnum):
    """What became of the comment."""

    MADE = "made"
    CHANGED = "changed"
    LEFT = "left as it was"


@dataclass(frozen=True, slots=True)
class Sticky:
    """Which comment it is: on which pull request, or which commit, with which hidden first line, by whom.

    `former` is another first line that it may have; a comment that has `marker` comes before one that has it.
    """

    number: int
    marker: str
    author: str
    former: str = ""
    commit: str = ""

    def keep(
        self, github: Github, body: str, *, make: bool = True, join: Join = lambda _, body: body
    ) -> tuple[Comment, Kept] | None:
        """Have the comment say `body`, which begins with the marker. None: there is none, and none was to be made.

        `join` makes the new text of the one that stands there and of `body`.

        After a failure that may have been a success it is looked for before it is made again, so that there is one;
        and so it is where somebody has just deleted it. Raises CommentNotUpdatedError.
        """
        for attempt in range(_ATTEMPTS):
            found = self.find(github)
            if found is None and not make:
                return None
            try:
                if found is not None:
                    return self._update(github, found, join(found.body, body))
                return github.create_comment(self.number, body, self.commit), Kept.MADE
            except GithubError as failed:
                again = failed.unclear if found is None else failed.status == 404
                if not again or attempt == _ATTEMPTS - 1:
                    raise CommentNotUpdatedError(failed, found, looked=True) from failed
                github.wait(attempt)
        raise AssertionError("the last attempt returns or raises")

    def leave(self, github: Github, body: str, why: GithubError) -> Comment | None:
        """Look only, for `why` says that nothing may be written now: the comment that says `body`, None where there is
        none. Raises CommentNotUpdatedError where there is one that says something else.
        """
        found = self.find(github)
        if found is not None and _plain(found.body) != _plain(body):
            raise CommentNotUpdatedError(why, found, looked=True)
        return found

    def find(self, github: Github) -> Comment | None:
        """The comment, if it is there. Raises CommentNotUpdatedError."""
        try:
            ours = [comment for comment in github.comments(self.number, self.commit) if comment.author == self.author]
        except GithubError as failed:
            raise CommentNotUpdatedError(failed, None, looked=False) from failed
        markers = (self.marker, self.former) if self.former else (self.marker,)
        return next((c for marker in markers for c in ours if c.body.startswith(marker)), None)

    def _update(self, github: Github, found: Comment, body: str) -> tuple[Comment, Kept]:
        if _plain(found.body) == _plain(body):
            return found, Kept.LEFT
        return github.update_comment(found.id, body, self.commit), Kept.CHANGED


def _plain(body: str) -> str:
    """The text as GitHub might give it back: with other ends of lines, and none at the end."""
    return body.replace("\r\n", "\n").strip()
