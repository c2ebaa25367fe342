"""GitHub's REST API, as far as it is needed: comments, the tip of a branch, the files of a commit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from rolemodel_ci.adapters.github.http import Answer, HttpClock, Web, is_limited
from rolemodel_ci.errors import RolemodelError

API_VERSION = "2022-11-28"
"""https://docs.github.com/en/rest/about-the-rest-api/api-versions"""

_PAGE = 100  # the most that GitHub gives at once
_PAGES = 100  # of one list: more than 10,000 comments is no conversation

Item = TypeVar("Item")


class GithubError(RolemodelError):
    """GitHub did not do what it was asked. `status` is its answer's, 0 where there was none.

    `unclear`: whether it may have done it all the same.
    """

    exit_code = 3

    def __init__(self, message: str, remedy: str, *, status: int = 0, unclear: bool = False) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.unclear = unclear


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    author: str
    body: str
    url: str


class Github:
    """The API for one repository (`OWNER/NAME`)."""

    def __init__(self, api_url: str, repository: str, token: str, clock: HttpClock = HttpClock()) -> None:
        headers = {"X-GitHub-Api-Version": API_VERSION, "Accept": "application/vnd.github+json"}
        self._web = Web(api_url, headers | {"Authorization": f"Bearer {token}"}, clock)
        self._at = f"/repos/{repository}"
        self._trees: dict[str, Mapping[str, tuple[str, str]]] = {}

    def comments(self, number: int, commit: str = "") -> list[Comment]:
        """Every comment of a pull request, or of a commit if one is named. Raises GithubError."""
        where, doing = _conversation(number, commit), f"listing the comments of {_called(number, commit)}"
        return [read(doing, read_comment, item) for item in self.items(where, doing)]

    def create_comment(self, number: int, body: str, commit: str = "") -> Comment:
        """Make a comment. Raises GithubError, `unclear` where it may be there all the same."""
        where, doing = _conversation(number, commit), f"commenting on {_called(number, commit)}"
        return read(doing, read_comment, self.create(where, body, doing), unclear=True)

    def update_comment(self, comment_id: int, body: str, commit: str = "") -> Comment:
        """Change the text of a comment. Raises GithubError."""
        doing = f"changing comment {comment_id}"
        where = f"/comments/{comment_id}" if commit else f"/issues/comments/{comment_id}"
        return read(doing, read_comment, self.change(where, body, doing))

    def wait(self, attempt: int) -> None:
        """Let some seconds pass before something is tried again."""
        self._web.wait(attempt)

    def tip(self, branch: str) -> str:
        """The commit a branch is at. Raises GithubError."""
        doing = f"looking up branch {branch}"
        found = self.item(f"/branches/{quote(branch, safe='')}", doing)
        return read(doing, lambda found: read_commit(found["commit"]["sha"]), found)

    def head(self, number: int) -> str:
        """The newest commit of a pull request. Raises GithubError."""
        doing = f"looking up #{number}"
        found = self.item(f"/pulls/{number}", doing)
        return read(doing, lambda found: read_commit(found["head"]["sha"]), found)

    def labelled_by(self, number: int, label: str) -> str:
        """Who gave a pull request a label, the last time; empty where the account is gone. Raises GithubError."""
        doing = f"looking up who labelled #{number}"
        found = self.items(f"/issues/{number}/events", doing)
        given = [who for who, what in (read(doing, _labelled, item) for item in found) if what == label]
        return given[-1] if given else ""

    def tree(self, commit: str) -> Mapping[str, tuple[str, str]]:
        """Every file of a commit by path: its mode and the hash of its content. Asked once. Raises GithubError."""
        if commit not in self._trees:
            self._trees[commit] = self._tree(commit)
        return self._trees[commit]

    def _tree(self, commit: str) -> Mapping[str, tuple[str, str]]:
        doing = f"reading the files of {commit[:7]}"
        found = self.item(f"/git/trees/{commit}?recursive=1", doing)
        if isinstance(found, dict) and found.get("truncated") is not False:
            raise GithubError(f"{doing}: it has more files than GitHub lists", _DEEPER, status=200)
        return read(doing, _tree, found)

    def blob(self, sha: str) -> bytes:
        """The content of a file. Raises GithubError."""
        doing = f"reading file {sha[:7]}"
        answer = self._web.ask("GET", f"{self._at}/git/blobs/{sha}", Accept="application/vnd.github.raw+json")
        if not answer.is_good:
            raise _failed(answer, doing)
        if not _is_blob(answer.body, sha):
            raise _garbled(doing)
        return answer.body

    def item(self, path: str, doing: str) -> Any:
        """The document at a path of the repository. Raises GithubError."""
        return self._good(self._web.ask("GET", self._at + path), doing)

    def create(self, path: str, body: str, doing: str) -> Any:
        """What is made of a text at a path. Raises GithubError, `unclear` where it may be there all the same."""
        answer = self._web.ask("POST", self._at + path, {"body": body}, again=False)
        return self._good(answer, doing, unclear=True)

    def change(self, path: str, body: str, doing: str) -> Any:
        """What stands at a path, with another text. Raises GithubError."""
        return self._good(self._web.ask("PATCH", self._at + path, {"body": body}), doing)

    def items(self, path: str, doing: str, key: str = "") -> Iterator[Any]:
        """The items of a list, page after page, as long as the next one is on the same server. Raises GithubError.

        `key` is where a page has them, if it is no list itself.
        """
        path, seen = f"{self._at}{path}{'&' if '?' in path else '?'}per_page={_PAGE}", set()
        for _ in range(_PAGES):
            seen.add(path)
            answer = self._web.ask("GET", path)
            found = self._good(answer, doing)
            found = found.get(key) if key and isinstance(found, dict) else found
            if not isinstance(found, list):
                raise _garbled(doing)
            yield from found
            following = re.search(r'<([^<>]+)>\s*;[^,]*\brel="next"', answer.headers.get("link", ""))
            if not following:
                return
            path = following[1]
            if path in seen:  # half a list would pass for a whole one
                raise _garbled(doing)
            if not self._web.is_here(path):
                raise GithubError(f"{doing}: the next page is on another server", _REPORT)
        raise GithubError(f"{doing}: there are more than {_PAGES} pages", _REPORT)

    def _good(self, answer: Answer, doing: str, *, unclear: bool = False) -> Any:
        """The document of a good answer. `unclear`: whether one without a document may have done something."""
        if not answer.is_good:
            raise _failed(answer, doing)
        found = answer.document()
        if found is None:
            raise _garbled(doing, unclear=unclear)
        return found


def _conversation(number: int, commit: str) -> str:
    return f"/commits/{commit}/comments" if commit else f"/issues/{number}/comments"


def _called(number: int, commit: str) -> str:
    return f"commit {commit[:7]}" if commit else f"#{number}"


_REPORT = "Look whether a proxy answers in GitHub's place, then run again."
_DEEPER = "Check out with `fetch-depth: 2`, so that the base is there."


def _failed(answer: Answer, doing: str) -> GithubError:
    """What a bad answer means, and what to do about it."""
    document = answer.document()
    said = document.get("message") if isinstance(document, dict) else None
    said = f": {said}" if isinstance(said, str) else ""
    if answer.reason:
        remedy = "Run again later." if answer.status == 0 else _REPORT
        return GithubError(
            f"{doing}: GitHub: {answer.reason}", remedy, status=answer.status, unclear=answer.status == 0
        )
    if answer.status >= 500:
        remedy = "GitHub is in trouble (https://www.githubstatus.com); run again later."
    elif is_limited(answer):
        remedy = "GitHub was asked too often with this token; run again in an hour."
    elif answer.status == 403 and "locked" in said.lower():
        remedy = "The conversation is locked: whoever may write to the repository unlocks it; then run the job again."
    elif answer.status == 401:
        remedy = "The token is no longer good: run the job again, with the job's own token as `github-token`."
    elif answer.status in (403, 404):
        remedy = "Give the job the permissions that docs/setup.md names, and the action its `github-token`."
    elif answer.status == 410:
        remedy = "The pull request, or its conversation, is gone: nothing can be written there, nor needs to be."
    else:
        remedy = "Please report it."
    unclear = answer.status >= 500
    return GithubError(f"{doing}: GitHub answered {answer.status}{said}", remedy, status=answer.status, unclear=unclear)


def _garbled(doing: str, *, unclear: bool = False) -> GithubError:
    return GithubError(f"{doing}: the answer is not one of GitHub", _REPORT, unclear=unclear)


def read(doing: str, read: Callable[[Any], Item], document: Any, *, unclear: bool = False) -> Item:
    """A document as a value. Raises GithubError where it has another shape."""
    try:
        return read(document)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _garbled(doing, unclear=unclear) from error


def read_comment(found: Any) -> Comment:
    """A comment. Raises what `read` turns into GithubError."""
    user = found["user"]  # null where the account is gone
    body = found.get("body")
    return Comment(
        int(found["id"]),
        str(user["login"]) if user else "",
        body if isinstance(body, str) else "",
        str(found["html_url"]),
    )


def _labelled(found: Any) -> tuple[str, str]:
    """Of an event, who gave which label; no label where it is another kind of event."""
    actor = found["actor"]
    return str(actor["login"]) if actor else "", str(found["label"]["name"]) if found["event"] == "labeled" else ""


def read_commit(found: Any) -> str:
    """A hash. Raises ValueError for anything else."""
    if not isinstance(found, str) or not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", found):
        raise ValueError("no hash")
    return found


def _is_blob(content: bytes, sha: str) -> bool:
    """Whether Git knows the content under this hash: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    made = hashlib.new("sha1" if len(sha) == 40 else "sha256", usedforsecurity=False)
    made.update(b"blob %d\0" % len(content) + content)
    return made.hexdigest() == sha


def _tree(found: Any) -> dict[str, tuple[str, str]]:
    return {
        str(item["path"]): (str(item["mode"]), read_commit(item["sha"]))
        for item in found["tree"]
        if item["type"] != "tree"
    }
