"""Values of the fake GitHub in the JSON that GitHub's OpenAPI describes.

`api` is the URL of the API, `web` that of the site.
"""

from __future__ import annotations

import zlib
from typing import Any

from .fake_hosted import Comment, Event, Hosted, Pull, Review, Run

Json = dict[str, Any]

# The numbers in the e-mail addresses by which GitHub's own bots sign commits.
BOT_IDS = {"github-actions[bot]": 41_898_282, "dependabot[bot]": 49_699_333}
LONG_AGO = "2025-11-01T09:00:00Z"

_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_URLS = {
    f"{name}_url": f"/{path}"
    for name, path in {
        "archive": "{archive_format}{/ref}",
        "assignees": "assignees{/user}",
        "blobs": "git/blobs{/sha}",
        "branches": "branches{/branch}",
        "collaborators": "collaborators{/collaborator}",
        "comments": "comments{/number}",
        "commits": "commits{/sha}",
        "compare": "compare/{base}...{head}",
        "contents": "contents/{+path}",
        "git_commits": "git/commits{/sha}",
        "git_refs": "git/refs{/sha}",
        "git_tags": "git/tags{/sha}",
        "issue_comment": "issues/comments{/number}",
        "issue_events": "issues/events{/number}",
        "issues": "issues{/number}",
        "keys": "keys{/key_id}",
        "labels": "labels{/name}",
        "milestones": "milestones{/number}",
        "notifications": "notifications{?since,all,participating}",
        "pulls": "pulls{/number}",
        "releases": "releases{/id}",
        "statuses": "statuses/{sha}",
        "trees": "git/trees{/sha}",
    }.items()
} | {
    f"{name}_url": f"/{name}"
    for name in (
        *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
        *("stargazers", "subscribers", "subscription", "tags", "teams"),
    )
}
_COUNTS = (
    *("forks", "watchers", "open_issues", "size"),
    *("forks_count", "watchers_count", "open_issues_count", "stargazers_count"),
)
_FLAGS = ("has_issues", "has_projects", "has_wiki", "has_pages", "has_downloads", "archived", "disabled")


def user(login: str, api: str, web: str) -> Json:
    """A person or a bot."""
    number = BOT_IDS.get(login, 1000 + zlib.crc32(login.encode()) % 10_000_000)
    url = f"{api}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"{web}/avatars/{number}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{web}/{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "user_view_type": "public",
        "site_admin": False,
    } | {name: url + path for name, path in _USER_URLS.items()}


def comment(hosted: Hosted, said: Comment, api: str, web: str) -> Json:
    """A comment on an issue or a pull request."""
    repository = f"{api}/repos/{hosted.full_name}"
    return {
        "url": f"{repository}/issues/comments/{said.id}",
        "html_url": f"{web}/{hosted.full_name}/pull/{said.issue}#issuecomment-{said.id}",
        "issue_url": f"{repository}/issues/{said.issue}",
        "id": said.id,
        "node_id": f"IC_{said.id}",
        "user": None if said.login is None else user(said.login, api, web),
        "created_at": said.created_at,
        "updated_at": said.updated_at,
        "body": said.body,
        "author_association": "MEMBER" if said.kind == "User" else "NONE",
        "performed_via_github_app": None,
    }


def repository(hosted: Hosted, full_name: str, api: str, web: str) -> Json:
    """A repository: this one, or a fork of it by its full name."""
    owner, _, name = full_name.partition("/")
    own = full_name == hosted.full_name
    url, site = f"{api}/repos/{full_name}", f"{web}/{full_name}"
    number = hosted.repository_id if own else zlib.crc32(full_name.encode())
    said: Json = {"id": number, "node_id": f"R_{number}", "name": name, "full_name": full_name}
    said |= {"owner": user(owner, api, web), "private": hosted.private, "html_url": site, "fork": not own, "url": url}
    said |= {"default_branch": hosted.default_branch, "language": None, "license": None, "mirror_url": None}
    said |= {"description": None, "homepage": None, "clone_url": f"{site}.git", "svn_url": site}
    said |= {"git_url": f"git:github.com/{full_name}.git", "ssh_url": f"git@github.com:{full_name}.git"}
    said |= dict.fromkeys(_COUNTS, 0) | dict.fromkeys(_FLAGS, False)
    said |= dict.fromkeys(("created_at", "updated_at", "pushed_at"), LONG_AGO)
    return said | {key: url + path for key, path in _REPOSITORY_URLS.items()}


def pull(hosted: Hosted, one: Pull, api: str, web: str) -> Json:
    """A pull request as lists have it: without `merged`, which only the single one has."""
    url, site = f"{api}/repos/{hosted.full_name}/pulls/{one.number}", f"{web}/{hosted.full_name}/pull/{one.number}"
    issue = f"{api}/repos/{hosted.full_name}/issues/{one.number}"
    ended = LONG_AGO if one.merged or one.closed else None
    links = {
        "self": url,
        "html": site,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/repos/{hosted.full_name}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/repos/{hosted.full_name}/statuses/{one.head_sha}",
    }
    said: Json = {"id": 5_000_000_000 + one.number, "node_id": f"PR_{one.number}", "number": one.number, "url": url}
    said |= {"html_url": site, "diff_url": f"{site}.diff", "patch_url": f"{site}.patch", "issue_url": issue}
    said |= {f"{name}_url": links[name] for name in ("comments", "review_comments", "review_comment", "commits")}
    said |= {"statuses_url": links["statuses"], "_links": {name: {"href": link} for name, link in links.items()}}
    said |= {"state": "closed" if ended else "open", "locked": one.number in hosted.locked, "draft": False}
    said |= {"title": one.title, "body": None, "user": user(one.login, api, web), "author_association": "MEMBER"}
    said |= {"created_at": LONG_AGO, "updated_at": LONG_AGO, "closed_at": ended}
    said |= {"merged_at": LONG_AGO if one.merged else None, "merge_commit_sha": one.merge_commit_sha}
    said |= {"labels": [_label(label, url) for label in one.labels], "assignees": []}
    said |= {"requested_reviewers": [], "requested_teams": []}
    said |= {"milestone": None, "assignee": None, "auto_merge": None}
    own = hosted.full_name
    from_repo = own if one.head_repo == "" else one.head_repo
    said["head"] = _side(hosted, (from_repo, one.head_ref, one.head_sha, one.login), api, web)
    said["base"] = _side(hosted, (own, one.base_ref, one.base_sha, hosted.owner), api, web)
    return said


def single_pull(hosted: Hosted, one: Pull, api: str, web: str) -> Json:
    """A pull request as it is told when it is asked for by its number: with more than in a list."""
    merger = user(one.merged_by, api, web) if one.merged and one.merged_by else None
    said = pull(hosted, one, api, web) | {"merged": one.merged, "mergeable": None, "rebaseable": None}
    said |= {"mergeable_state": "unknown", "merged_by": merger, "maintainer_can_modify": False}
    counts = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")
    return said | dict.fromkeys(counts, 1)


def event(hosted: Hosted, one: Event, number: int, api: str, web: str) -> Json:
    """The `number`th event of an issue or a pull request; GitHub has more keys for some kinds."""
    said: Json = {"id": 9_000_000_000 + number, "node_id": f"LE_{number}", "event": one.kind}
    said |= {"url": f"{api}/repos/{hosted.full_name}/issues/events/{9_000_000_000 + number}"}
    said |= {"actor": None if one.login is None else user(one.login, api, web), "created_at": LONG_AGO}
    said |= dict.fromkeys(("commit_id", "commit_url", "performed_via_github_app"))
    return said | ({"label": {"name": one.label, "color": "ededed"}} if one.label else {})


def _label(name: str, url: str) -> Json:
    number = zlib.crc32(name.encode())
    said: Json = {"id": number, "node_id": f"LA_{number}", "url": f"{url}/labels/{number}", "name": name}
    return said | {"color": "ededed", "default": False, "description": ""}


def _side(hosted: Hosted, side: tuple[str | None, str, str, str], api: str, web: str) -> Json:
    """Head or base: repository (None: deleted), branch, sha, and whose it is where the repository is gone."""
    full_name, ref, sha, login = side
    owner = login if full_name is None else full_name.partition("/")[0]
    said: Json = {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": user(owner, api, web)}
    return said | {"repo": None if full_name is None else repository(hosted, full_name, api, web)}


def review(hosted: Hosted, number: int, one: Review, count: int, api: str, web: str) -> Json:
    """The `count`th review of a pull request."""
    ident, url = 7_000_000_000 + count, f"{api}/repos/{hosted.full_name}/pulls/{number}"
    site = f"{web}/{hosted.full_name}/pull/{number}#pullrequestreview-{ident}"
    said: Json = {"id": ident, "node_id": f"PRR_{ident}", "state": one.state, "body": "", "html_url": site}
    said |= {"user": None if one.login is None else user(one.login, api, web), "pull_request_url": url}
    said |= {"_links": {"html": {"href": site}, "pull_request": {"href": url}}, "submitted_at": LONG_AGO}
    return said | {"commit_id": one.commit, "author_association": "MEMBER"}


def run(hosted: Hosted, one: Run, api: str, web: str) -> Json:
    """A run of a workflow."""
    url, site = f"{api}/repos/{hosted.full_name}", f"{web}/{hosted.full_name}"
    here = f"{url}/actions/runs/{one.number}"
    status = "in_progress" if one.conclusion is None else "completed"
    said: Json = {"id": one.number, "node_id": f"WFR_{one.number}", "name": "access", "check_suite_id": 1}
    said |= {"check_suite_node_id": "CS_1", "head_branch": hosted.default_branch, "head_sha": one.head_sha}
    said |= {"path": ".github/workflows/access.yml", "run_number": one.number, "run_attempt": one.attempt}
    said |= {"event": one.event, "status": status, "conclusion": one.conclusion, "workflow_id": one.workflow}
    said |= {"url": here, "html_url": f"{site}/actions/runs/{one.number}", "pull_requests": []}
    said |= {"created_at": LONG_AGO, "updated_at": LONG_AGO, "run_started_at": LONG_AGO, "display_title": "access"}
    said |= {f"{name}_url": f"{here}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")}
    said |= {"workflow_url": f"{url}/actions/workflows/{one.workflow}", "check_suite_url": f"{url}/check-suites/1"}
    said |= {
        "previous_attempt_url": None,
        "actor": user("carol", api, web),
        "triggering_actor": user("carol", api, web),
    }
    person = {"name": "Carol", "email": "carol@example.com"}
    tip: Json = {"id": one.head_sha, "tree_id": "0" * 40, "message": "Change", "timestamp": LONG_AGO}
    said["head_commit"] = tip | {"author": person, "committer": person}
    whole = repository(hosted, hosted.full_name, api, web)
    return said | {"repository": whole, "head_repository": whole}


def commit_comment(hosted: Hosted, said: Comment, api: str, web: str) -> Json:
    """A comment on a commit."""
    sha, site = hosted.on_commits[said.id], f"{web}/{hosted.full_name}"
    shown = comment(hosted, said, api, web)
    kept = ("id", "node_id", "user", "created_at", "updated_at", "body", "author_association")
    found: Json = {name: shown[name] for name in kept} | dict.fromkeys(("path", "position", "line"))
    found |= {"url": f"{api}/repos/{hosted.full_name}/comments/{said.id}", "commit_id": sha}
    return found | {"html_url": f"{site}/commit/{sha}#commitcomment-{said.id}"}


def comparison(hosted: Hosted, base: str, head: str, word: str, api: str, web: str) -> Json:
    """How two commits are connected, without the commits and their number."""
    url, site = f"{api}/repos/{hosted.full_name}/compare/{base}...{head}", f"{web}/{hosted.full_name}/compare"
    said: Json = {"url": url, "html_url": f"{site}/{base}...{head}", "permalink_url": f"{site}/{base}...{head}"}
    said |= {"diff_url": f"{site}/{base}...{head}.diff", "patch_url": f"{site}/{base}...{head}.patch"}
    said |= {"base_commit": commit(hosted, base, api, web), "merge_base_commit": commit(hosted, base, api, web)}
    return said | {"status": word, "files": []}


def branch(hosted: Hosted, name: str, sha: str, api: str, web: str) -> Json:
    """A branch with the commit it points to; nothing is protected."""
    here = f"{api}/repos/{hosted.full_name}/branches/{name}"
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    return {
        "name": name,
        "commit": commit(hosted, sha, api, web),
        "_links": {"self": here, "html": f"{web}/{hosted.full_name}/tree/{name}"},
        "protected": False,
        "protection": {"enabled": False, "required_status_checks": checks},
        "protection_url": f"{here}/protection",
    }


def commit(hosted: Hosted, sha: str, api: str, web: str) -> Json:
    """A commit."""
    url, site = f"{api}/repos/{hosted.full_name}", f"{web}/{hosted.full_name}"
    objects, carol = hosted.objects, user("carol", api, web)
    tree = (objects.resolve(sha, "tree") if objects else None) or "0" * 40
    parents = objects.parents(sha) if objects else []
    person = {"name": "Carol", "email": "carol@example.com", "date": LONG_AGO}
    said: Json = {"author": person, "committer": person, "message": "Let dave switch", "comment_count": 0}
    said |= {"url": f"{url}/git/commits/{sha}", "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"}}
    said["verification"] = {"verified": False, "reason": "unsigned"} | dict.fromkeys(
        ("signature", "payload", "verified_at")
    )
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "commit": said,
        "url": f"{url}/commits/{sha}",
        "html_url": f"{site}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "author": carol,
        "committer": carol,
        "parents": [{"sha": one, "url": f"{url}/commits/{one}", "html_url": f"{site}/commit/{one}"} for one in parents],
    }
