"""A plain client for the tests of the fake GitHub: it says what it is told to, right or wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import requests

from .fake_github import TOKEN, VERSION, FakeGithub

COMMENTS = "/repos/acme/access/issues/7/comments"

HEADERS: dict[str, str | bytes | None] = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": VERSION,
    "User-Agent": "rolemodel-ci-tests",
}


def call(github: FakeGithub, method: str, path: str, **more: Any) -> requests.Response:
    """One request with the right headers, changed by `headers` (None leaves one out); redirects are not followed."""
    headers = HEADERS | more.pop("headers", {})
    more = {"timeout": 10, "allow_redirects": False} | more
    return requests.request(method, github.url + path, headers=headers, **more)


def said(answer: requests.Response) -> str:
    """GitHub's message, of an error."""
    message: str = answer.json()["message"]
    return message


def git(directory: Path, *arguments: str) -> str:
    """What git says in a directory, as a person without settings of their own."""
    who = ("-c", "user.name=Carol", "-c", "user.email=carol@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *who, "-C", str(directory), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout.strip()


def repository(directory: Path) -> str:
    """A Git repository with four files in two directories, and the sha of its only commit."""
    (directory / "access" / "old").mkdir(parents=True)
    (directory / "README.md").write_text("ours\n")
    (directory / "access" / "config.yml").write_bytes(b"\xef\xbb\xbfusers: users.yml\r\n")
    (directory / "access" / "users \u00e9.yml").write_text("prod: {}\n")
    (directory / "access" / "old" / "users.yml").write_text("")
    git(directory, "init", "--quiet")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "first")
    git(directory, "branch", "feature/x")
    return git(directory, "rev-parse", "HEAD")
