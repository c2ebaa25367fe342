"""Accounts that leave the config, come, and change their names: what the comment and the outcome say of them."""

from __future__ import annotations

from pathlib import Path

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .fake_github import Event
from .workshop import CONFIG, USERS, Workshop, access, role, template

pytest_plugins = ["actions.resting"]

WITHOUT_DEV = CONFIG.partition("  - name: dev")[0]
ONLY_PROD = USERS.partition("dev:")[0]


def only(shop: Workshop) -> str:
    """The one comment."""
    (comment,) = shop.comments()
    return comment


def test_an_account_out_of_the_config_takes_what_was_in_it(shop: Workshop) -> None:
    merge = shop.hosted.request(access(ONLY_PROD, config=WITHOUT_DEV))
    done = shop.run(shop.opened(merge))
    assert done.code == 0, done.log
    for user in ("alice", "bob", "carol"):
        (told,) = [line for line in only(shop).splitlines() if f"**loses** | `{user}` | `dev` | `Admin`" in line]
        assert "already so in AWS" not in told
    assert "- loses  alice  dev      Admin" in done.shown
    assert {change["account"] for change in done.plan["changes"]} == {"dev"}


def test_what_came_of_it_has_account_and_role(aws: EmbeddedAws, tmp_path: Path) -> None:
    with Workshop(tmp_path, aws) as shop:
        shop.rolled_out()
        merge = shop.hosted.request(access(ONLY_PROD, config=WITHOUT_DEV))
        done = shop.run(shop.merged(merge, Event("labeled", "carol", "allow: mass-revocation")))
        assert done.code == 0, done.log
        assert "| ✅ **lost** | `alice` | `dev` | `Admin` · **admin** |" in shop.comments()[-1]
        assert {outcome["change"]["account"] for outcome in done.record["outcomes"]} == {"dev"}
        assert shop.members().keys() == {"RM.prod.Admin", "RM.prod.Reader"}


def test_the_same_with_another_prefix_in_the_same_change(shop: Workshop) -> None:
    merge = shop.hosted.request(access(ONLY_PROD, config=WITHOUT_DEV + "group_prefix: Iam.\n"))
    shop.run(shop.opened(merge))
    assert "**loses** | `alice` | `dev` | `Admin`" in only(shop)
    assert "already so in AWS" not in only(shop)


def test_another_name_hides_no_change_of_its_roles_and_parameters(shop: Workshop) -> None:
    wider = template(Admin=role("*"), Reader=role("s3:*"))
    config = CONFIG.replace("name: dev", "name: trial").replace("VIA", "direct")
    merge = shop.hosted.request(access(USERS.replace("dev:", "trial:"), roles=wider, config=config))
    done = shop.run(shop.opened(merge))
    assert done.code == 0, done.log
    comment = only(shop)
    assert "`dev` is now called `trial`: the same AWS account and stack" in comment
    assert "1 role widened" in comment
    assert "1 account renamed" in comment
    assert "`Reader` is **widened** in `prod` and `trial`" in comment
    assert "**stays**" not in comment
    assert "account that joins" not in comment
