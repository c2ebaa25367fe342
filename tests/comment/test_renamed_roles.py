"""A role that goes on under another name: who keeps it has no row, and what it can do more is in the box."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from .cases import READ, access, allowing, summary
from .test_role_drift import box

BASE = "prod: {Reader: [alice, erin], AdminRole: [frank]}"
HEAD = "prod: {Viewer: [alice, dave], AdminRole: [frank]}"
ONE = ["prod"]


def roles(name: str, *actions: str, **how: Any) -> dict[str, Any]:
    """Two roles, one of which has this name."""
    return {"AdminRole": allowing("*"), name: allowing(*actions, **how)}


def shown(*actions: str, head: str = HEAD, **how: Any) -> str:
    """The comment on a change that renames `Reader` to `Viewer`, which may do this then."""
    base = access(BASE, roles=roles("Reader", *READ, denied=["s3:DeleteObject"]), accounts=ONE)
    after = roles("Viewer", *actions, **how)
    return summary(base, access(head, roles=after, accounts=ONE, config="roles: {Viewer: {was: Reader}}\n"))


def test_who_keeps_a_renamed_role_has_no_row() -> None:
    text = shown(*READ, denied=["s3:DeleteObject"])

    rows = [line for line in text.splitlines() if line.startswith("| ➕") or line.startswith("| ➖")]
    assert len(rows) == 2
    assert "**gains** | `dave` | `prod` | `Viewer`" in rows[0]
    assert "**loses** | `erin` | `prod` | `Reader`" in rows[1]
    assert "already so" not in rows[1]
    assert "`Viewer` may be **widened**: it **changes in a way that cannot be told**" in box(text)
    assert "`- LogicalId: Reader`" in box(text)
    assert "Drift" not in text


def test_what_a_renamed_role_can_do_more_is_in_the_box() -> None:
    text = shown(*READ, "s3:PutObject")

    assert "`Viewer` is **widened** in `prod`; 2 people can switch into it." in box(text)
    assert "`s3:PutObject on *`" in box(text)
    assert "**No longer denied:** `s3:DeleteObject on *`" in box(text)


def test_a_renamed_role_that_becomes_administrator_is_told_as_such() -> None:
    text = shown("*")

    assert "`Viewer` becomes **administrator** of `prod`" in box(text)
    assert "It is held by `alice` and `dave`" in box(text)


def test_a_renamed_administrator_that_loses_people_is_marked() -> None:
    base = access(BASE, roles=roles("Reader", *READ), accounts=ONE)
    after = {"Boss": allowing("*"), "Reader": allowing(*READ)}
    renamed = "roles: {Boss: {was: AdminRole}}\n"
    head = access("prod: {Reader: [alice, erin]}", roles=after, accounts=ONE, config=renamed)

    assert "| ➖ **loses** | `frank` | `prod` | `AdminRole` · **admin** |" in summary(base, head)


@pytest.mark.parametrize("actions", [("*",), (*READ, "s3:PutObject")])
def test_an_account_without_an_id_that_has_another_name_is_compared_with_what_it_was(actions: tuple[str, ...]) -> None:
    base = access("lab: {Reader: [alice]}", roles={"Reader": allowing(*READ)}, accounts=["lab"])
    head = access("new: {Reader: [alice, dave]}", roles={"Reader": allowing(*actions)}, accounts=["new"])
    (account,) = head.accounts
    head = replace(head, accounts=(replace(account, was="lab"),))
    text = summary(base, head, "AWS is not read here")

    assert "`Reader` is **widened** in `new`" in box(text) or "`Reader` becomes **administrator** of `new`" in box(text)
    assert [line.split(" | ")[1] for line in text.splitlines() if line.startswith(("| ➕", "| ➖"))] == ["`dave`"]
    assert "`lab` is now called `new`: **no id says whether it is the same AWS account**; its groups go on" in text
