"""Which comment a run keeps: one for each config of the repository, and what follows where it cannot be kept."""

from __future__ import annotations

from typing import Any

from .jobs import Done
from .workshop import CONFIG, ROLES, USERS, Workshop, access

pytest_plugins = ["actions.resting"]

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]")
SUMMARY, OUTCOME = "<!-- rolemodel-ci change-summary v1 -->", "<!-- rolemodel-ci outcome v1 -->"
BOT = "github-actions[bot]"


def ask(shop: Workshop, users: str = WANTED, *, more: dict[str, str] | None = None, **job: Any) -> Done:
    """The run of a pull request."""
    return shop.run(shop.opened(shop.hosted.request(access(users) | (more or {})), **job))


# ---- two configs

OTHER = {
    "iam/config.yml": CONFIG.replace("VIA", "direct"),
    "iam/roles.yml": ROLES,
    "iam/users.yml": "prod:\n  Reader: [dave]\n",
}


def test_two_configs_have_two_comments(shop: Workshop) -> None:
    ask(shop, more=OTHER)
    ask(shop, more=OTHER, action="synchronize", inputs={"config": "iam/config.yml"})
    first, second = shop.comments()
    assert first.startswith(f"{SUMMARY}\n### Access change: 1 grant, 1 revocation")
    assert second.startswith("<!-- rolemodel-ci change-summary v1 config ")
    assert "### Access change (`iam/config.yml`): 1 grant" in second
    ask(shop, USERS, more=OTHER, action="synchronize", inputs={"config": "./iam//config.yml"})
    assert shop.comments()[0] == first
    assert len(shop.comments()) == 2


def test_two_configs_have_two_outcomes(shop: Workshop) -> None:
    merge = shop.hosted.request(access(WANTED) | OTHER)
    job = shop.merged(merge)
    shop.run(job)
    shop.run(shop.pushed(merge.base, job.sha, inputs={"config": "iam/config.yml"}))
    first, second = shop.comments()
    assert first.startswith(f"{OUTCOME}\n### Access change: applied")
    assert second.startswith("<!-- rolemodel-ci outcome v1 config ")


def test_a_comment_from_before_they_named_their_config_is_changed_and_not_left(shop: Workshop) -> None:
    shop.hosted.push(dict[str, str | None](dict.fromkeys(access())) | OTHER)
    ours = shop.github.comment(7, f"{SUMMARY}\nold", BOT)
    files = OTHER | {"iam/users.yml": "prod:\n  Reader: [carol, dave]\n"}
    done = shop.run(shop.opened(shop.hosted.request(files), "synchronize", inputs={"config": "iam/config.yml"}))
    assert done.code == 0, done.log
    assert "### Access change (`iam/config.yml`): 1 grant" in shop.github.stored[ours.id].body
    assert len(shop.comments()) == 1
