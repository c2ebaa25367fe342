"""What the fake GitHub does when it is asked: one function for each operation of GitHub's REST API that is in use."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from . import fake_shapes as shapes
from .fake_hosted import BODY_LIMIT, Bearer, Hosted
from .fake_messages import Reply, Request, answer, invalid, refusal
from .fake_objects import SHA, Entry

PAGE_LIMIT = 100  # https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
PAGE = 30  # entries of a page for who does not say; the default in GitHub's OpenAPI
RAW = re.compile(r"application/vnd\.github(\.v3)?\.raw(\+json)?\b")


@dataclass(frozen=True)
class Asked:
    """A request with what the gate has found out: who asks, what stands in the path, and the URLs to answer with."""

    hosted: Hosted
    request: Request
    bearer: Bearer
    parts: tuple[str, ...]
    api: str
    web: str

    @property
    def number(self) -> int:
        """The last part of the path, where it is a number."""
        return int(self.parts[-1])


class Operation(NamedTuple):
    """An operation: its path as in the OpenAPI, a pattern of what follows `/repos/OWNER/REPO`, and what it does."""

    method: str
    template: str
    pattern: re.Pattern[str]
    do: Callable[[Asked], Reply]


def list_comments(asked: Asked) -> Reply:
    """One page of the comments of an issue, oldest first."""
    if refused := _issue_refused(asked):
        return refused
    said = asked.hosted.comments(asked.number)
    return _page(asked, [shapes.comment(asked.hosted, one, asked.api, asked.web) for one in said])


def create_comment(asked: Asked) -> Reply:
    """A new comment by the owner of the token."""
    if refused := _issue_refused(asked):
        return refused
    if asked.number in asked.hosted.locked:
        return refusal(403, "Unable to create comment because issue is locked.")
    body = _body(asked.request)
    if isinstance(body, Reply):
        return body
    made = shapes.comment(
        asked.hosted, asked.hosted.comment(asked.number, body, asked.bearer.login), asked.api, asked.web
    )
    return answer(made, 201, {"Location": made["url"]})


def edit_comment(asked: Asked) -> Reply:
    """A new text for a comment, whoever wrote it: a token that may write may edit everybody's."""
    if asked.number not in asked.hosted.stored:
        return refusal(404, "Not Found")
    body = _body(asked.request)
    if isinstance(body, Reply):
        return body
    return answer(shapes.comment(asked.hosted, asked.hosted.edit(asked.number, body), asked.api, asked.web))


def get_branch(asked: Asked) -> Reply:
    """A branch and the commit it points to."""
    name = asked.parts[0]
    sha = asked.hosted.tip(name)
    if sha is None:
        return refusal(404, "Branch not found")
    return answer(shapes.branch(asked.hosted, name, sha, asked.api, asked.web))


def list_pulls(asked: Asked) -> Reply:
    """The pull requests of a commit: the merged one that brought it, or all that have it while it is not merged."""
    hosted, sha = asked.hosted, asked.parts[0]
    if not hosted.knows(sha):
        return refusal(422, f"No commit found for SHA: {sha}")
    having = [pull for _, pull in sorted(hosted.pulls.items()) if pull.has(sha)]
    return _page(asked, [shapes.pull(hosted, pull, asked.api, asked.web) for pull in having])


def get_pull(asked: Asked) -> Reply:
    """One pull request."""
    found = asked.hosted.pulls.get(asked.number)
    if found is None:
        return refusal(404, "Not Found")
    return answer(shapes.single_pull(asked.hosted, found, asked.api, asked.web))


def list_events(asked: Asked) -> Reply:
    """What happened to a pull request, oldest first."""
    if refused := _issue_refused(asked):
        return refused
    found = asked.hosted.pulls[asked.number].events
    said = [shapes.event(asked.hosted, one, n, asked.api, asked.web) for n, one in enumerate(found, 1)]
    return _page(asked, said)


def list_reviews(asked: Asked) -> Reply:
    """The reviews of a pull request, oldest first."""
    number = int(asked.parts[0])
    if number not in asked.hosted.pulls:
        return refusal(404, "Not Found")
    found = asked.hosted.pulls[number].reviews
    said = [shapes.review(asked.hosted, number, one, n, asked.api, asked.web) for n, one in enumerate(found, 1)]
    return _page(asked, said)


def compare(asked: Asked) -> Reply:
    """How two commits are connected; a page of the commits between."""
    hosted, objects = asked.hosted, asked.hosted.objects
    base, _, head = asked.parts[0].partition("...")
    if objects is None or not all(objects.resolve(one, "commit") for one in (base, head)):
        return refusal(404, "Not Found")
    word, beyond = objects.compared(base, head)
    commits, headers = _paged(asked, [shapes.commit(hosted, one, asked.api, asked.web) for one in beyond])
    said = shapes.comparison(hosted, base, head, word, asked.api, asked.web)
    if fork := objects.fork(base, head):
        said |= {"merge_base_commit": shapes.commit(hosted, fork, asked.api, asked.web)}
    lacking = objects.compared(head, base)[1]
    said |= {"ahead_by": len(beyond), "behind_by": len(lacking), "total_commits": len(beyond)}
    return answer(said | {"commits": commits}, headers=headers)


def list_commit_comments(asked: Asked) -> Reply:
    """One page of the comments on a commit."""
    said = asked.hosted.commit_comments(asked.parts[0])
    return _page(asked, [shapes.commit_comment(asked.hosted, one, asked.api, asked.web) for one in said])


def create_commit_comment(asked: Asked) -> Reply:
    """A new comment on a commit by the owner of the token."""
    hosted, sha = asked.hosted, asked.parts[0]
    if not hosted.knows(sha):
        return refusal(422, f"No commit found for SHA: {sha}")
    body = _body(asked.request)
    if isinstance(body, Reply):
        return body
    made = shapes.commit_comment(hosted, hosted.comment_on_commit(sha, body, asked.bearer.login), asked.api, asked.web)
    return answer(made, 201, {"Location": made["url"]})


def edit_commit_comment(asked: Asked) -> Reply:
    """A new text for a comment on a commit."""
    if asked.number not in asked.hosted.on_commits:
        return refusal(404, "Not Found")
    body = _body(asked.request)
    if isinstance(body, Reply):
        return body
    return answer(shapes.commit_comment(asked.hosted, asked.hosted.edit(asked.number, body), asked.api, asked.web))


def list_runs(asked: Asked) -> Reply:
    """The runs of all workflows, the newest first, perhaps only those about a commit."""
    if not asked.bearer.actions:
        return refusal(403, "Resource not accessible by integration")
    sha, runs = asked.request.query.get("head_sha"), asked.hosted.runs
    found = [run for _, run in sorted(runs.items(), reverse=True) if sha in (None, run.head_sha)]
    page, headers = _paged(asked, [shapes.run(asked.hosted, one, asked.api, asked.web) for one in found])
    return answer({"total_count": len(found), "workflow_runs": page}, headers=headers)


def get_run(asked: Asked) -> Reply:
    """One run."""
    if not asked.bearer.actions:
        return refusal(403, "Resource not accessible by integration")
    found = asked.hosted.runs.get(asked.number)
    return answer(shapes.run(asked.hosted, found, asked.api, asked.web)) if found else refusal(404, "Not Found")


def get_tree(asked: Asked) -> Reply:
    """A tree by its sha, or by that of a commit or the name of a branch, which is told back as the commit's sha."""
    objects = asked.hosted.objects
    if objects is None or (objects.resolve("HEAD") is None and not SHA.fullmatch(asked.parts[0])):
        return refusal(409, "Git Repository is empty.")
    sha = objects.resolve(asked.parts[0])
    if sha is None or objects.resolve(sha, "tree") is None:
        return refusal(404, "Not Found")
    entries = objects.entries(sha, recursive="recursive" in asked.request.query)
    kept = entries[: asked.hosted.tree_limit]
    here = f"{asked.api}/repos/{asked.hosted.full_name}/git"
    said = {"sha": sha, "url": f"{here}/trees/{sha}", "tree": [_entry(one, here) for one in kept]}
    return answer(said | {"truncated": len(kept) < len(entries)})


def get_blob(asked: Asked) -> Reply:
    """A file by its sha: its bytes for the raw media type, base64 in JSON otherwise."""
    sha, objects = asked.parts[0], asked.hosted.objects
    if not SHA.fullmatch(sha):
        return refusal(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    content = objects.blob(sha) if objects else None
    if content is None:
        return refusal(404, "Not Found")
    if RAW.search(asked.request.headers["accept"]):
        return Reply(200, content, {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"})
    url = f"{asked.api}/repos/{asked.hosted.full_name}/git/blobs/{sha}"
    wrapped = base64.encodebytes(content).decode()  # in lines, as GitHub's is
    said = {"sha": sha, "node_id": f"B_{sha}", "size": len(content), "url": url}
    return answer(said | {"content": wrapped, "encoding": "base64"})


def _entry(one: Entry, here: str) -> dict[str, Any]:
    said: dict[str, Any] = {"path": one.path, "mode": one.mode, "type": one.kind, "sha": one.sha}
    if one.kind != "commit":  # the commit of a submodule is in another repository
        said["url"] = f"{here}/{one.kind}s/{one.sha}"
    return said if one.size is None else said | {"size": one.size}


def _issue_refused(asked: Asked) -> Reply | None:
    if asked.number in asked.hosted.gone:
        return refusal(410, "This issue was deleted")
    return None if asked.hosted.has_issue(asked.number) else refusal(404, "Not Found")


def _body(request: Request) -> str | Reply:
    """The text for a comment, or why it cannot be one."""
    try:
        said = request.said
    except ValueError:
        return refusal(400, "Problems parsing JSON")
    if not isinstance(said, dict):
        return refusal(400, "Body should be a JSON object")
    body = said.get("body")
    if body is None:
        return refusal(422, 'Invalid request.\n\n"body" wasn\'t supplied.')
    if not isinstance(body, str):
        return refusal(422, f"Invalid request.\n\nFor 'properties/body', {body!r} is not a string.")
    if not body.strip():
        return invalid("data", "Body cannot be blank")
    if len(body) > BODY_LIMIT:
        return invalid("data", f"Body is too long (maximum is {BODY_LIMIT} characters)")
    return body


def _page(asked: Asked, everything: list[dict[str, Any]]) -> Reply:
    """The page that was asked for, with a `Link` to its neighbours by the id of the repository, as GitHub does."""
    shown, headers = _paged(asked, everything)
    return answer(shown, headers=headers)


def _paged(asked: Asked, everything: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, str] | None]:
    """The items of the page that was asked for, and the headers that lead to its neighbours."""
    query = asked.request.query
    size = min(_natural(query.get("per_page"), PAGE), PAGE_LIMIT)
    page, last = _natural(query.get("page"), 1), max(1, math.ceil(len(everything) / size))
    path = asked.request.path.split("/", 4)[-1]
    pages = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = ([] if page <= 1 else ["prev"]) + (["next", "last"] if page < last else [])
    shown += [] if page <= 1 else ["first"]
    links = [
        f"<{asked.api}/repositories/{asked.hosted.repository_id}/{path}?"
        f'{urlencode(query | {"page": str(pages[name])})}>; rel="{name}"'
        for name in shown
    ]
    return everything[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else None


def _natural(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else otherwise


_REPO = "/repos/{owner}/{repo}"
OPERATIONS = [
    Operation(method, _REPO + template, re.compile(pattern), do)
    for method, template, pattern, do in [
        ("GET", "/issues/{issue_number}/comments", r"/issues/(\d+)/comments", list_comments),
        ("POST", "/issues/{issue_number}/comments", r"/issues/(\d+)/comments", create_comment),
        ("PATCH", "/issues/comments/{comment_id}", r"/issues/comments/(\d+)", edit_comment),
        ("GET", "/issues/{issue_number}/events", r"/issues/(\d+)/events", list_events),
        ("GET", "/branches/{branch}", r"/branches/(.+)", get_branch),  # the name may have slashes, as such or as %2F
        ("GET", "/commits/{commit_sha}/pulls", r"/commits/([^/]+)/pulls", list_pulls),
        ("GET", "/pulls/{pull_number}", r"/pulls/(\d+)", get_pull),
        ("GET", "/pulls/{pull_number}/reviews", r"/pulls/(\d+)/reviews", list_reviews),
        ("GET", "/compare/{basehead}", r"/compare/(.+)", compare),
        ("GET", "/commits/{commit_sha}/comments", r"/commits/([^/]+)/comments", list_commit_comments),
        ("POST", "/commits/{commit_sha}/comments", r"/commits/([^/]+)/comments", create_commit_comment),
        ("PATCH", "/comments/{comment_id}", r"/comments/(\d+)", edit_commit_comment),
        ("GET", "/actions/runs", r"/actions/runs", list_runs),
        ("GET", "/actions/runs/{run_id}", r"/actions/runs/(\d+)", get_run),
        ("GET", "/git/trees/{tree_sha}", r"/git/trees/(.+)", get_tree),
        ("GET", "/git/blobs/{file_sha}", r"/git/blobs/([^/]+)", get_blob),
    ]
]


def operation(method: str, rest: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation for what follows `/repos/OWNER/REPO`, with the parts of the path, decoded; None: not in use."""
    for one in OPERATIONS:
        if one.method == method and (found := one.pattern.fullmatch(rest)):
            return one, tuple(map(unquote, found.groups()))
    return None
