"""Who merged a pull request and who approved it, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from rolemodel_ci.render.comment.markup import few, name


def hands_said(merged_by: str, head: str, approvals: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """`approvals` are logins, each with the commit that was approved; `head` is the last one that was merged."""
    merged = f"Merged by {name(merged_by)}." if merged_by else "Who merged is not known: the account is gone."
    given = tuple(approvals)
    current = sorted(login for login, commit in given if commit == head)
    older = sorted(login for login, commit in given if commit != head)
    said = [f"Approved by {few(current)}."] if current else []
    said += [f"{few(older)} approved an **older** commit."] if older else []
    return (merged, *(said or ["**Nobody approved it.**"]))
