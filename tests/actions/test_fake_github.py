"""The fake GitHub remembers what it was told, and refuses what GitHub refuses."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from . import data
from .calling_fake import COMMENTS, HEADERS, call, git, repository, said
from .fake_github import BOT, TOKEN, Bearer, Event, FakeGithub, Pull, Run
from .fake_hosted import BODY_LIMIT
from .fake_routes import OPERATIONS
from .fake_schema import Schema
from .fake_schema import github as github_schema

RAW = {"Accept": "application/vnd.github.raw+json"}
JSON = {"Content-Type": "application/json"}
HEAD, MERGE, OTHER = "a" * 40, "d" * 40, "f" * 40


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        fake.pull(Pull(7, HEAD, merge_commit_sha=MERGE))
        yield fake


def comments(github: FakeGithub, count: int) -> None:
    """So many comments by carol."""
    for number in range(count):
        github.comment(7, f"comment {number}")


def test_comment_is_made_found_and_edited(github: FakeGithub) -> None:
    github.comment(7, "hello")
    github.issues.add(8)
    github.comment(8, "elsewhere")
    made = call(github, "POST", COMMENTS, json={"body": "the plan"})
    assert made.status_code == 201
    assert (made.json()["user"]["login"], made.json()["user"]["type"]) == (BOT, "Bot")
    edited = call(github, "PATCH", f"/repos/acme/access/issues/comments/{made.json()['id']}", json={"body": "new"})
    assert edited.status_code == 200
    assert edited.json()["updated_at"] > edited.json()["created_at"] == made.json()["created_at"]
    listed = call(github, "GET", f"{COMMENTS}?per_page=100&page=1")
    assert [(one["body"], one["user"]["login"]) for one in listed.json()] == [("hello", "carol"), ("new", BOT)]
    assert [one.body for one in github.comments(7)] == ["hello", "new"]
    assert github.violations == []


def test_author_may_be_gone_and_comments_deleted(github: FakeGithub) -> None:
    gone = github.comment(7, "by nobody", login=None)
    assert call(github, "GET", COMMENTS).json()[0]["user"] is None
    github.delete(gone.id)
    assert call(github, "GET", COMMENTS).json() == []
    answer = call(github, "PATCH", f"/repos/acme/access/issues/comments/{gone.id}", json={"body": "x"})
    assert (answer.status_code, said(answer)) == (404, "Not Found")


def test_pages_are_linked_by_the_id_of_the_repository(github: FakeGithub) -> None:
    comments(github, 250)
    first = call(github, "GET", f"{COMMENTS}?per_page=100")
    by_id = f"{github.url}/repositories/{github.repository_id}/issues/7/comments?per_page=100&page="
    assert first.headers["Link"] == f'<{by_id}2>; rel="next", <{by_id}3>; rel="last"'
    second = requests.get(first.links["next"]["url"], headers=HEADERS, timeout=10)
    last = requests.get(second.links["next"]["url"], headers=HEADERS, timeout=10)
    assert [len(page.json()) for page in (first, second, last)] == [100, 100, 50]
    assert sorted(second.links) == ["first", "last", "next", "prev"]
    assert sorted(last.links) == ["first", "prev"]
    assert len(call(github, "GET", COMMENTS).json()) == 30
    assert github.violations == []


def test_page_has_at_most_a_hundred(github: FakeGithub) -> None:
    comments(github, 101)
    answer = call(github, "GET", f"{COMMENTS}?per_page=101")
    assert (len(answer.json()), "next" in answer.links) == (100, True)
    assert github.violations == [f"GET {COMMENTS}: per_page is at most 100"]


def test_pulls_of_a_commit(github: FakeGithub) -> None:
    def pulls(sha: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call(github, "GET", f"/repos/acme/access/commits/{sha}/pulls").json()
        return found

    assert [(one["number"], one["merged_at"]) for one in pulls(HEAD)] == [(7, None)]
    assert pulls(MERGE) == []  # the test merge of an open pull request is in no branch
    github.pull(replace(github.pulls[7], merged=True, commits=frozenset({OTHER}), head_repo=None))
    for sha in (HEAD, MERGE, OTHER):
        (found,) = pulls(sha)
        assert (found["state"], found["merge_commit_sha"], found["head"]["repo"]) == ("closed", MERGE, None)
        assert found["merged_at"]
        assert "merged" not in found
    unknown = call(github, "GET", f"/repos/acme/access/commits/{'9' * 40}/pulls")
    assert (unknown.status_code, said(unknown)) == (422, f"No commit found for SHA: {'9' * 40}")
    assert github.violations == []


def test_branches_of_the_repository_and_those_set(github: FakeGithub, tmp_path: Path) -> None:
    github.directory, sha = tmp_path, repository(tmp_path)
    github.branches["main"] = OTHER
    for path, tip in {"main": OTHER, "feature%2Fx": sha, "feature/x": sha}.items():
        answer = call(github, "GET", f"/repos/acme/access/branches/{path}")
        assert answer.json()["commit"]["sha"] == tip
    missing = call(github, "GET", "/repos/acme/access/branches/none")
    assert (missing.status_code, said(missing)) == (404, "Branch not found")
    assert github.violations == []


def test_tree_and_blobs(github: FakeGithub, tmp_path: Path) -> None:
    github.directory, sha = tmp_path, repository(tmp_path)
    tree = call(github, "GET", f"/repos/acme/access/git/trees/{sha}?recursive=1").json()
    assert (tree["sha"], tree["truncated"]) == (sha, False)
    paths = ["README.md", "access", "access/config.yml", "access/old", "access/old/users.yml", "access/users é.yml"]
    assert [entry["path"] for entry in tree["tree"]] == paths
    config = tree["tree"][2]
    assert (config["mode"], config["type"], config["size"]) == ("100644", "blob", 21)
    raw = call(github, "GET", f"/repos/acme/access/git/blobs/{config['sha']}", headers=RAW)
    assert raw.content == (tmp_path / "access" / "config.yml").read_bytes()
    coded = call(github, "GET", f"/repos/acme/access/git/blobs/{config['sha']}").json()
    assert (base64.b64decode(coded["content"]), coded["encoding"]) == (raw.content, "base64")
    flat = call(github, "GET", f"/repos/acme/access/git/trees/{git(tmp_path, 'rev-parse', 'HEAD^{tree}')}").json()
    assert [entry["path"] for entry in flat["tree"]] == ["README.md", "access"]
    assert github.violations == []


def test_tree_that_is_too_long_says_so(github: FakeGithub, tmp_path: Path) -> None:
    github.directory, sha, github.tree_limit = tmp_path, repository(tmp_path), 2
    tree = call(github, "GET", f"/repos/acme/access/git/trees/{sha}?recursive=1").json()
    assert (tree["truncated"], len(tree["tree"])) == (True, 2)


def test_objects_that_are_not_there(github: FakeGithub, tmp_path: Path) -> None:
    empty = call(github, "GET", "/repos/acme/access/git/trees/main")
    assert (empty.status_code, said(empty)) == (409, "Git Repository is empty.")
    github.directory = tmp_path
    repository(tmp_path)
    blob = hashlib.sha1(b"blob 5\0ours\n").hexdigest()
    asked = [f"git/trees/{OTHER}", f"git/trees/{blob}", "git/trees/--help", f"git/blobs/{OTHER}", "git/blobs/HEAD"]
    answers = [call(github, "GET", f"/repos/acme/access/{path}").status_code for path in asked]
    assert answers == [404, 404, 404, 404, 422]


@pytest.mark.parametrize("authorization", [None, "Bearer other", f"token {TOKEN}", f"bearer {TOKEN}", "Bearer "])
def test_bad_credentials(github: FakeGithub, authorization: str | None) -> None:
    answer = call(github, "GET", COMMENTS, headers={"Authorization": authorization})
    assert (answer.status_code, said(answer)) == (401, "Bad credentials")
    assert github.requests[0].headers.get("authorization") == authorization


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("User-Agent", "", 403),
        ("X-GitHub-Api-Version", None, 400),
        ("X-GitHub-Api-Version", "2021-01-01", 400),
        ("Accept", "*/*", 415),
        ("Accept", "text/html", 415),
    ],
)
def test_headers_that_every_request_needs(github: FakeGithub, header: str, value: str | None, status: int) -> None:
    answer = call(github, "GET", COMMENTS, headers={header: value})
    assert answer.status_code == status
    assert len(github.violations) == 1


def test_repository_that_is_hidden_unknown_or_written_otherwise(github: FakeGithub) -> None:
    github.tokens["hidden"] = Bearer("eve", "none")
    assert call(github, "GET", COMMENTS, headers={"Authorization": "Bearer hidden"}).status_code == 404
    assert call(github, "GET", "/repos/acme/other/issues/7/comments").status_code == 404
    assert call(github, "GET", "/repositories/1/issues/7/comments").status_code == 404
    assert call(github, "GET", "/repos/ACME/Access/issues/7/comments").status_code == 200
    assert call(github, "GET", "/repos/acme/access/issues/9/comments").status_code == 404


def test_token_that_may_only_read(github: FakeGithub) -> None:
    github.tokens[TOKEN] = Bearer(BOT, "read")
    assert call(github, "GET", COMMENTS).status_code == 200
    mine = github.comment(7, "mine", BOT)
    for method, path in [("POST", COMMENTS), ("PATCH", f"/repos/acme/access/issues/comments/{mine.id}")]:
        answer = call(github, method, path, json={"body": "x"})
        assert (answer.status_code, said(answer)) == (403, "Resource not accessible by integration")
    assert github.comments() == [mine]


def test_locked_and_deleted_issues(github: FakeGithub) -> None:
    github.locked.add(7)
    answer = call(github, "POST", COMMENTS, json={"body": "x"})
    assert (answer.status_code, said(answer)) == (403, "Unable to create comment because issue is locked.")
    assert call(github, "GET", COMMENTS).status_code == 200
    github.gone.add(7)
    assert [call(github, *what).status_code for what in (("GET", COMMENTS), ("POST", COMMENTS))] == [410, 410]


def test_text_of_a_comment(github: FakeGithub) -> None:
    assert call(github, "POST", COMMENTS, json={"body": "é" * BODY_LIMIT}).status_code == 201
    answer = call(github, "POST", COMMENTS, json={"body": "x" * (BODY_LIMIT + 1)})
    assert (answer.status_code, said(answer)) == (422, "Validation Failed")
    assert answer.json()["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"
    path = f"/repos/acme/access/issues/comments/{github.comments()[0].id}"
    assert call(github, "PATCH", path, json={"body": "x" * (BODY_LIMIT + 1)}).status_code == 422
    assert github.violations == []
    assert len(github.comments()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"body": ', 400), (b'["x"]', 400), (b"{}", 422), (b'{"body": 7}', 422), (b'{"body": " \\n"}', 422)],
)
def test_bodies_that_are_none(github: FakeGithub, body: bytes, status: int) -> None:
    assert call(github, "POST", COMMENTS, data=body, headers=JSON).status_code == status
    assert github.comments() == []
    assert github.requests[0].body == body


def test_everything_is_noted_as_it_came(github: FakeGithub) -> None:
    call(github, "POST", f"{COMMENTS}?a=1&b=", json={"body": "x"})
    call(github, "DELETE", "/users/carol")
    first, second = github.requests
    assert (first.method, first.path, first.query) == ("POST", COMMENTS, {"a": "1", "b": ""})
    assert (first.token, first.said, first.headers["user-agent"]) == (TOKEN, {"body": "x"}, "rolemodel-ci-tests")
    assert (second.method, second.target) == ("DELETE", "/users/carol")
    assert github.asked("POST", "/issues/7/") == [first]
    assert "not an operation in use" in github.violations[-1]


def test_enterprise_has_a_prefix() -> None:
    with FakeGithub(prefix="/api/v3") as github:
        github.pull(Pull(7, HEAD))
        comments(github, 2)
        answer = call(github, "GET", f"{COMMENTS}?per_page=1")
        assert answer.links["next"]["url"].startswith(f"{github.root}/api/v3/repositories/")
        assert github.requests[0].path == COMMENTS
        assert github.violations == []
        assert requests.get(github.root + COMMENTS, headers=HEADERS, timeout=10).status_code == 404
        assert github.violations == [f"GET {COMMENTS}: not under /api/v3"]


def test_many_at_once(github: FakeGithub) -> None:
    def made(number: int) -> int:
        return int(call(github, "POST", COMMENTS, json={"body": str(number)}).json()["id"])

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(made, range(40)))
    assert sorted(ids) == [one.id for one in github.comments()]
    assert github.violations == []


@pytest.fixture
def schema() -> Schema:
    data.openapi()  # skips, or fails, where it is not
    found = github_schema()
    assert found
    return found


@pytest.mark.usefixtures("schema")
def test_requests_that_github_does_not_describe(github: FakeGithub) -> None:
    call(github, "GET", f"{COMMENTS}?per_page=many")
    call(github, "GET", f"{COMMENTS}?sort=created")
    call(github, "POST", COMMENTS, json={"text": "x"})
    call(github, "POST", COMMENTS, data=json.dumps({"body": "x"}), headers={"Content-Type": "text/plain"})
    assert [one.partition(" ")[0] for one in github.violations] == ["GET", "GET", "POST", "POST"]
    assert "sort" in github.violations[1]
    assert "body" in github.violations[2]


def test_replies_are_those_that_github_describes(github: FakeGithub, schema: Schema, tmp_path: Path) -> None:
    github.directory, sha = tmp_path, repository(tmp_path)
    happened = (Event("labeled", "carol", "urgent"), Event("labeled", "dave", "x"), Event("unlabeled", "dave", "x"))
    github.pull(replace(github.pulls[7], merged=True, head_repo="mallory/access", events=happened))
    blob = git(tmp_path, "rev-parse", "HEAD:README.md")
    comments(github, 3)
    github.comment(7, "x", None)
    texts = ["x", "", "x" * (BODY_LIMIT + 1)]
    for text in texts:
        call(github, "POST", COMMENTS, json={"body": text})
        call(github, "PATCH", f"/repos/acme/access/issues/comments/{github.comments()[0].id}", json={"body": text})
    for path in (
        "issues/7/comments?per_page=2",
        "issues/9/comments",
        "issues/7/events",
        "pulls/7",
        "pulls/99",
        "branches/main",
        "branches/none",
    ):
        call(github, "GET", f"/repos/acme/access/{path}")
    for path in (f"commits/{HEAD}/pulls", f"git/trees/{sha}?recursive=1", f"git/trees/{OTHER}", f"git/blobs/{blob}"):
        call(github, "GET", f"/repos/acme/access/{path}")
    made = call(github, "POST", f"/repos/acme/access/commits/{sha}/comments", json={"body": "x"}).json()["id"]
    call(github, "PATCH", f"/repos/acme/access/comments/{made}", json={"body": "y"})
    github.run(Run(4712, sha))
    for path in (
        f"commits/{sha}/comments",
        f"compare/{sha}...{sha}",
        f"compare/{sha}...{OTHER}",
        "pulls/7/reviews",
        f"actions/runs?head_sha={sha}",
        "actions/runs/4712",
    ):
        call(github, "GET", f"/repos/acme/access/{path}")
    advice = [(one, schema.reply(one.request, one.reply, one.operation, one.parts)) for one in github.exchanges]
    assert len(advice) == 25
    assert {one.operation.template for one, _ in advice} == {one.template for one in OPERATIONS}
    assert [(one.request.path, one.reply.status, wrong) for one, wrong in advice if wrong] == []
