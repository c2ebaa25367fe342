"""Pull requests by those who get neither AWS nor a token that writes: told what can be told, and failed for nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import payloads
from .fake_github import BOT, Bearer
from .jobs import Done
from .payloads import Payload
from .workshop import ROLES, USERS, Workshop, access, role, template

pytest_plugins = ["actions.resting"]

Outsider = Callable[[Payload], Payload]
READ_ONLY = "ghs_token-that-may-only-read"
WANTED = USERS + "  Reader: [dave]\n"

KINDS = [
    (payloads.from_fork, "from a fork, which gets neither OIDC nor a token that writes"),
    (payloads.by_dependabot, "runs for Dependabot get neither OIDC nor a token that writes"),
    (payloads.head_repository_deleted, "the repository that the pull request came from is gone"),
]
outsiders = pytest.mark.parametrize(("outsider", "why"), KINDS, ids=["fork", "dependabot", "deleted"])


def ask(
    shop: Workshop, outsider: Outsider, users: str, *, oidc: bool = False, token: str = READ_ONLY, roles: str = ROLES
) -> Done:
    """The run of an outsider's pull request, which asks AWS nothing."""
    shop.github.tokens[READ_ONLY] = Bearer(BOT, "read")
    merge = shop.hosted.request(access(users, roles))
    payload = outsider(payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base))
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge, oidc=oidc, token=token))
    assert shop.front.assumptions == []
    assert shop.issuer.audiences == []
    assert shop.aws.calls() == {}
    assert shop.github.violations == []
    return done


@outsiders
def test_good_files(shop: Workshop, outsider: Outsider, why: str) -> None:
    done = ask(shop, outsider, WANTED)
    assert (done.code, done.outputs["result"], done.outputs["grants"]) == (0, "valid", "1"), done.log
    assert "The files are good" in done.shown
    assert why in done.said("notice")
    assert "### Access change: 1 grant" in done.summary
    assert "AWS was not read:" in done.summary
    assert "Resource not accessible by integration" in done.said("notice")
    assert "permissions" not in done.said("notice"), "which nobody can give to such a run"
    assert "somebody who may push opens the same change from a branch of this repository" in done.said("notice")
    assert done.annotations("error") == []
    assert shop.comments() == []
    assert len(shop.github.asked("POST")) == 1


@outsiders
def test_broken_files(shop: Workshop, outsider: Outsider, why: str) -> None:
    done = ask(shop, outsider, USERS + "qa:\n  Admin: [dave]\n")
    assert (done.code, done.outputs["result"], done.outputs["problems"]) == (1, "problems", "1"), (done.log, why)
    first, last = done.annotations("error")
    assert (first.where, first.properties["title"]) == ("access/users.yml:6", "RM301")
    assert last.message == "the files have 1 problem"
    assert "cannot be used, 1 problem in the files" in done.summary
    assert shop.comments() == []


@outsiders
def test_what_the_runner_would_give_is_not_used(shop: Workshop, outsider: Outsider, why: str) -> None:
    done = ask(shop, outsider, WANTED, oidc=True)
    assert (done.code, why in done.summary.replace("\\", "")) == (0, True), done.log


def test_no_token_at_all(shop: Workshop) -> None:
    done = ask(shop, payloads.from_fork, WANTED, token="")
    assert (done.code, done.outputs["result"]) == (0, "valid"), done.log
    assert "github-token" in done.said("notice")
    assert shop.github.requests == []


def test_base_that_cannot_be_had_is_no_failure(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED))
    payload = payloads.from_fork(payloads.minimal_pull_request(head_sha=merge.head, base_sha=merge.base))
    shop.opened(merge)
    done = shop.run(shop.on_pull_request(payload, merge, oidc=False, token="", credentials=False))
    assert (done.code, done.outputs["result"]) == (0, "valid"), done.log
    assert "cannot be fetched" in done.said("notice")
    assert "what the request changes is not known" in done.summary


def named(logical: str) -> str:
    """A template with a role of that logical id, whose name stays the same."""
    admin = role("*")
    admin["Properties"]["RoleName"] = "Admin"
    return template(**{logical: admin}, Reader=role("s3:Get*"))


@outsiders
def test_a_name_that_another_resource_of_the_base_has_is_a_problem(
    shop: Workshop, outsider: Outsider, why: str
) -> None:
    shop.hosted.push(access(USERS, named("Admin")))
    done = ask(shop, outsider, USERS.replace("Admin:", "Boss:"), roles=named("Boss"))
    assert (done.code, done.outputs["result"], done.outputs["problems"]) == (1, "problems", "1"), (done.log, why)
    assert done.annotations("error")[0].properties["title"] == "RM427"
    assert "`Boss` is to have the RoleName `Admin`, which `Admin` of the stack has before" in done.shown
