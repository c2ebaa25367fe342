"""Event payloads as a workflow finds them in GITHUB_EVENT_PATH.

`minimal_…` are made in code and have only the keys that rolemodel-ci may read. `real_…` are GitHub's own examples with
the same values put in, and skip the test where `make test-data` has not run. Functions that take a payload return
another one: what GitHub's examples do not have (merged, from a fork, by Dependabot…) is derived from either kind.

Every `minimal_…` and `real_…` takes the fields of `Facts` as keyword arguments.
"""

from __future__ import annotations

import copy
import json
import zlib
from dataclasses import dataclass
from typing import Any

from . import data

Payload = dict[str, Any]

NO_COMMIT = "0" * 40  # `before` of a branch just made, `after` of one just deleted
WEB = "https://github.com"


@dataclass(frozen=True)
class Facts:
    """What a test may want to say in a payload; shas have 40 digits, `ref` is for pushes and dispatches."""

    repository: str = "acme/access"
    repository_id: int = 724_712_345
    owner_id: int = 65_432
    private: bool = True
    default_branch: str = "main"
    number: int = 7
    title: str = "Let dave switch"
    head_ref: str = "change"
    head_sha: str = "a" * 40
    base_ref: str = "main"
    base_sha: str = "b" * 40
    before: str = "b" * 40
    after: str = "c" * 40
    ref: str = "refs/heads/main"
    author: str = "carol"
    sender: str = "carol"
    draft: bool = False
    labels: tuple[str, ...] = ()

    def of_repository(self) -> Payload:
        """The key `repository`, with its neighbour `sender`."""
        said = {
            "id": self.repository_id,
            "full_name": self.repository,
            "private": self.private,
            "fork": False,
            "html_url": f"{WEB}/{self.repository}",
            "default_branch": self.default_branch,
            "owner": {"login": self.repository.partition("/")[0], "id": self.owner_id},
        }
        return {"repository": said, "sender": {"login": self.sender, "type": kind(self.sender)}}


def kind(login: str) -> str:
    """`type` of a user: names of bots end with `[bot]`."""
    return "Bot" if login.endswith("[bot]") else "User"


def minimal_pull_request(action: str = "opened", **facts: Any) -> Payload:
    """A pull request inside the repository: opened, synchronize, reopened, closed (without a merge)."""
    said = Facts(**facts)
    pull = {
        "number": said.number,
        "state": "closed" if action == "closed" else "open",
        "title": said.title,
        "html_url": f"{WEB}/{said.repository}/pull/{said.number}",
        "draft": said.draft,
        "labels": [{"name": label} for label in said.labels],
        "merged": False,
        "merge_commit_sha": None,  # GitHub makes the test merge later, so the event mostly comes without
        "user": {"login": said.author, "type": kind(said.author)},
        "head": {
            "ref": said.head_ref,
            "sha": said.head_sha,
            "repo": {"full_name": said.repository, "id": said.repository_id, "fork": False},
        },
        "base": {
            "ref": said.base_ref,
            "sha": said.base_sha,
            "repo": {"full_name": said.repository, "id": said.repository_id, "fork": False},
        },
    }
    return {"action": action, "number": said.number, "pull_request": pull} | said.of_repository()


def minimal_push(**facts: Any) -> Payload:
    """A push of commits to `ref`. `pushed_first`, `pushed_by_force`, `ref_deleted`, `tag_pushed` derive the others."""
    said = Facts(**facts)
    moved = {"ref": said.ref, "before": said.before, "after": said.after}
    return moved | {"created": False, "deleted": False, "forced": False} | said.of_repository()


def minimal_merge_group(**facts: Any) -> Payload:
    """A merge queue asks for checks of `head_sha`, which is to become `base_ref`."""
    said = Facts(**facts)
    group = {
        "head_sha": said.head_sha,
        "head_ref": f"refs/heads/gh-readonly-queue/{said.base_ref}/pr-{said.number}-{said.base_sha}",
        "base_sha": said.base_sha,
        "base_ref": f"refs/heads/{said.base_ref}",
    }
    return {"action": "checks_requested", "merge_group": group} | said.of_repository()


def minimal_workflow_dispatch(**facts: Any) -> Payload:
    """Somebody presses the button, on `ref`."""
    said = Facts(**facts)
    return {"inputs": None, "ref": said.ref, "workflow": ".github/workflows/access.yml"} | said.of_repository()


def minimal_schedule(**facts: Any) -> Payload:
    """The hour has come. GitHub sends no such webhook, so there is no example: there is a schedule and no sender."""
    return {"schedule": "17 3 * * *", "repository": Facts(**facts).of_repository()["repository"]}


def real_pull_request(action: str = "opened", **facts: Any) -> Payload:
    """GitHub's example of a pull request that was opened, synchronize, reopened or closed (without a merge)."""
    return _real("pull_request", minimal_pull_request(action, **facts))


def real_push(**facts: Any) -> Payload:
    """GitHub's example of a push to a branch."""
    return _real("push", minimal_push(**facts))


def real_merge_group(**facts: Any) -> Payload:
    """GitHub's example of a merge group."""
    return _real("merge_group", minimal_merge_group(**facts))


def real_workflow_dispatch(**facts: Any) -> Payload:
    """GitHub's example of a dispatch."""
    return _real("workflow_dispatch", minimal_workflow_dispatch(**facts))


def merged(payload: Payload, sha: str = "d" * 40) -> Payload:
    """The pull request is merged; `sha` is the commit on the base branch."""
    return _with(payload, {"merged": True, "merge_commit_sha": sha, "state": "closed"}, action="closed")


def closed_unmerged(payload: Payload, test_merge: str | None = "e" * 40) -> Payload:
    """The pull request is closed without a merge. The sha of its last test merge stays, so it proves nothing."""
    return _with(payload, {"merged": False, "merge_commit_sha": test_merge, "state": "closed"}, action="closed")


def edited(payload: Payload) -> Payload:
    """The pull request is aimed at another branch than before."""
    before = {"ref": {"from": "old"}, "sha": {"from": "9" * 40}}
    return merge(payload, {"action": "edited", "changes": {"base": before}})


def from_fork(payload: Payload, fork: str = "mallory/access", author: str | None = None) -> Payload:
    """The head is in a fork of that full name; its owner is author and sender unless another is named.

    On the event `pull_request` such a run has a token that may only read, and no OIDC.
    """
    repository = {"full_name": fork, "fork": True, "id": zlib.crc32(fork.encode())}
    login = author or fork.partition("/")[0]
    return _by(_with(payload, {"head": {"repo": repository}}), login)


def by_dependabot(payload: Payload) -> Payload:
    """Dependabot's: a branch of the repository itself, but the token may only read, and there is no OIDC, as in a fork.

    https://docs.github.com/en/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions
    """
    ref = {"ref": "dependabot/pip/boto3-1.43.1"}
    return _by(_with(payload, {"head": ref, "title": "Bump boto3 to 1.43.1"}), "dependabot[bot]")


def head_repository_deleted(payload: Payload) -> Payload:
    """The fork is gone: `head.repo` is null, while ref and sha stay."""
    return _with(payload, {"head": {"repo": None}})


def pushed_first(payload: Payload) -> Payload:
    """The first push of a branch: there is no commit before it."""
    return merge(payload, {"before": NO_COMMIT, "created": True})


def pushed_by_force(payload: Payload) -> Payload:
    """A push after which `before` is no ancestor of `after`."""
    return merge(payload, {"forced": True})


def ref_deleted(payload: Payload) -> Payload:
    """The branch or tag was deleted: there is no commit after it."""
    return merge(payload, {"after": NO_COMMIT, "deleted": True, "head_commit": None})


def tag_pushed(payload: Payload, tag: str = "v1") -> Payload:
    """A new tag."""
    return merge(payload, {"ref": f"refs/tags/{tag}", "before": NO_COMMIT, "created": True})


def merge(under: Payload, over: Payload) -> Payload:
    """Both payloads as one, down to the last key; where both have a value, that of `over` counts."""
    new = copy.deepcopy(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(new.get(key), dict)
        new[key] = merge(new[key], value) if both else copy.deepcopy(value)
    return new


def _with(payload: Payload, changes: Payload, **outside: Any) -> Payload:
    """The payload with changes of the pull request, and of what stands beside it."""
    return merge(payload, {"pull_request": changes} | outside)


def _by(payload: Payload, login: str) -> Payload:
    user = {"login": login, "type": kind(login)}
    return _with(payload, {"user": user}, sender=user)


def _real(event: str, over: Payload) -> Payload:
    """GitHub's example of the event with the same action and kind of ref, and these values in it."""
    for example in data.webhooks()[event]:
        same_ref = event != "push" or (example["ref"].startswith("refs/heads/") and not example["deleted"])
        if example.get("action") == over.get("action") and same_ref:
            return merge(_renamed(example, over["repository"]["full_name"]), over)
    raise LookupError(f"GitHub has no example of {event} {over.get('action')}")


def _renamed(example: Payload, full_name: str) -> Payload:
    """The example with another name of the repository in all its URLs."""
    text = json.dumps(example).replace(example["repository"]["full_name"], full_name)
    renamed: Payload = json.loads(text)
    renamed["repository"]["name"] = full_name.partition("/")[2]
    return renamed
