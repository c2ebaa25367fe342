"""Names and texts that try to be more than that: in a comment they stay text, whatever GitHub would look for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolemodel_ci.access_request.request import GrantChange, GrantChangeKind, Request
from rolemodel_ci.access_request.role_changes import NewAccount, RoleChanges
from rolemodel_ci.access_request.setting_changes import Setting
from rolemodel_ci.iam.canonical_policies import Opaque, Principal, Statement
from rolemodel_ci.iam.canonical_values import Name, Reference, Text
from rolemodel_ci.iam.differences import (
    AttachmentChange,
    Carrier,
    Change,
    Difference,
    Direction,
    PermissionChange,
    PropertyChange,
    Source,
    TrustChange,
)
from rolemodel_ci.iam.privilege import Mark, Privilege, Untold
from rolemodel_ci.iam.privilege import Source as Untellable
from rolemodel_ci.iam.trust import TrustExposure, Way
from rolemodel_ci.model.live import Unreadable
from rolemodel_ci.model.problem import Place, Problem, Severity
from rolemodel_ci.reconcile.approval import Guard, Overridden, Refusal
from rolemodel_ci.reconcile.changes import AddMember, DeletePolicy, DetachPolicy, Origin, RemoveMember, SettleStack
from rolemodel_ci.reconcile.guards.quota_headroom import Headroom
from rolemodel_ci.reconcile.outcome import Done, Failed, Report, Skipped
from rolemodel_ci.reconcile.plan import Blocked, Plan
from rolemodel_ci.render.comment import (
    OUTCOME_MARKER,
    SUMMARY_MARKER,
    Author,
    Judged,
    as_comment,
    as_summary,
    cannot_tell,
    drift_found,
    not_applied,
    outcome,
    problems_found,
    refused_by_guard,
    requested_change,
)
from rolemodel_ci.render.comment.markup import link, name, name_html, words
from rolemodel_ci.render.comment.truncate import Limit, Part, fitted

from .cases import FACTS, RUN, WEB, WHEN
from .reading import Seen, read

NASTY = (
    "::set-output name=x::y", "##[error]", "|", "a | b | c", "\\|", "|---|", "`", "``", "```", "`a``b`", "<!--",
    "-->", SUMMARY_MARKER, OUTCOME_MARKER, "</details>", "</summary>", "</code></sub>", "<details>",
    "<img src=x onerror=alert(1)>", "<a href='http://evil.example'>", "<http://evil.example>", "@org/team",
    "`@org/team`", "@everyone", "x@org", "#1", "GH-1", "gh-1", "acme/access#1", "](http://evil.example)",
    "[x](http://evil.example)", "![x](http://evil.example)", "[x]: http://evil", "a\nb", "a\r\nb", "\r", "\n\n# Head",
    "\n```\n", "a\u202eb", "\u2066", "\x00", "\x1b[31m", "\\", "\\\\", "a\\", "$$", "$x$", "$`x`$", ":+1:",
    "http://evil.example/a", "https://evil.example", "ftp://evil.example", "www.evil.example", "a@evil.example",
    "_www.evil.example", "*www.evil.example", "~www.evil.example", "(www.evil.example", "xwww.evil.example",
    "WwW.evil.example", "_http://evil.example", "mailto:a@evil.example", "xmpp:a@evil.example/b", "deadbeef",
    "fixed in 1234567", "_abcdef0123", "a" * 40, "`x`abcdef0`y`", "\\`abcdef0", "x@1234567", "acme/access@1234567",
    "_GH-1", "xgh-1", "GHSA-abcd-efgh-ijkl", "CVE-2026-12345",
    "a\u2028b", "a\u2029b", "a\x85b", "a\u200eb", "a\u3164b", "a\u034fb", "a\U000e0101b",
    "[^1]", "[^1]: x", "*a*", "**a**", "__a__", "~~a~~", "~~~", "> [!CAUTION]", "> x", "- x", "1. x", "# x", "---",
    "===", "    x", "\tx", "&#64;org", "&lt;b&gt;", "&#96;", "%0A", "{{ x }}", "${{ secrets.X }}", "\u200b", "\ufeff",
    "\ud800", "x" * 5_000, "`" * 5_000, "|" * 5_000, "<" * 5_000, "\n" * 5_000,
)  # fmt: skip
HEADROOM = Headroom(8, 300, 2, 10)


def every_mark(text: str) -> tuple[Mark, ...]:
    """Marks in which everything that comes from files is the text."""
    untold = tuple(Untold(source, text) for source in Untellable)
    levels = (Privilege.ADMINISTRATOR, Privilege.UNKNOWN, Privilege.LIMITED)
    return tuple(Mark(level, (text, text), (text,), untold) for level in levels)


def changes_about(text: str) -> list[Change]:
    """A change of each kind in which everything that comes from files is the text."""
    mixed = Text((text, Reference(text, text)))
    source = Source(Carrier.RESOURCE, text, text)
    statement = Statement("Allow", (Name(text, text),), resources=(text, mixed), principals=(Principal(text, text),))
    return [
        PermissionChange("+", source, statement, Direction.WIDENS),
        PermissionChange("-", source, Statement("Deny", not_actions=(Name(text, text),)), Direction.WIDENS),
        PermissionChange("+", source, Opaque(text), Direction.EITHER),
        TrustChange("+", statement, Direction.WIDENS),
        TrustChange("-", statement, Direction.NARROWS),
        AttachmentChange("-", text, (), Direction.EITHER),
        PropertyChange(text, text, mixed, Direction.EITHER),
        PropertyChange(text, None, text, Direction.NEUTRAL, source),
    ]


def request_about(text: str) -> Request:
    """A request in which everything that comes from files is the text."""
    place = Place(text, 1, 1)
    grants = [
        GrantChange(touch, text, text, text, place, date(2027, 1, 31), text, danger, date(2026, 12, 31))
        for touch in GrantChangeKind
        for danger in (None, *every_mark(text))
    ]
    ways = (Way(Principal("AWS", text)), Way(Principal(text, text)), Way(unread=Opaque(text)))
    whats = ("added", "removed", "changed")
    differences = [
        Difference(text, kind, what, (change,))  # type: ignore[arg-type]
        for kind in ("AWS::IAM::Role", "AWS::IAM::User", text)
        for what in whats
        for change in changes_about(text)
    ]
    return Request(
        tuple(grants),
        (RoleChanges((text,), tuple(differences)), RoleChanges((text, text), tuple(differences[:4]))),
        (text,),
        (text, text),
        {(text, text): every_mark(text)[0]},
        {(account, text): mark for account, mark in zip((text, "a", "b"), every_mark(text), strict=True)},
        {(text, text): frozenset({text})},
        (text, f".github/workflows/{text}", f".github/{text}", f"bootstrap/{text}", f"{text}/CODEOWNERS"),
        whole=False,
        unmanaged=True,
        joining=(
            NewAccount(text, text, (text, "Role", text), ((text, text),), text),
            NewAccount("other", None, (text,), ((text, "X::Y"),)),
        ),
        settings=tuple(
            Setting(text, before, after, account, risk)
            for before, after in ((None, text), (text, None), (text, text))
            for account in (None, text)
            for risk in ("", f"as `{text}` and {text}")
        ),
        ways={(text, text): TrustExposure(ways, ways, ways), ("other", text): TrustExposure(ways, ways)},
        gained={(text, text): (text, text)},
    )


def plan_about(text: str) -> Plan:
    """A plan in which everything that comes from files and from AWS is the text."""
    changes = [
        change
        for origin in Origin
        for change in (
            AddMember(text, text, text, text, date(2027, 1, 31), text, Place(text, 1, 1), origin=origin),
            RemoveMember(text, text, text, text, date(2026, 11, 22), origin=origin),
            RemoveMember(None, None, text, text, origin=origin),
            DetachPolicy(text, text, text, text, origin=origin),
            DeletePolicy(None, None, text, text, origin=origin),
            SettleStack(text, None, text, text, (), origin=origin),
        )
    ]
    blocked = (Blocked(text, text, text, text, Place(text, 1, 1)), Blocked(text, None, text, text))
    return Plan(tuple(changes), (Unreadable(text, text, text),), blocked, (text, f"a `{text}` b"))


@cache
def every_kind(text: str) -> dict[str, list[Part]]:
    """Each kind of comment, full of the text."""
    wanted, plan = request_about(text), plan_about(text)
    refusals = (Refusal(Guard.MOVED_STACKS, text, text),)
    set_aside = (Overridden(Refusal(Guard.EMPTY_MAP, text, text), text),)
    problems = [Problem(Place(text, 1, 1), "RM100", text, text, severity) for severity in Severity]
    outcomes = tuple(o for c in plan.changes for o in (Done(c), Failed(c, text, text), Skipped(c, text)))
    report = Report(plan, outcomes, interrupted=True)
    dangers = {(text, text): every_mark(text)[0]}
    links = {(text, text): "https://signin.aws.amazon.com/switchrole?account=1"}
    judged = Judged(plan, refusals, HEADROOM, set_aside)
    return {
        "planned": requested_change(wanted, judged, FACTS, Author(text, (text,)), problems),
        "unread": requested_change(wanted, text, FACTS, Author(text)),
        "problems": problems_found(problems, FACTS),
        "outcome": outcome(report, links, dangers, FACTS, WHEN, set_aside),
        "refused": refused_by_guard(refusals, FACTS, WHEN),
        "not applied": not_applied("not applied", [(text, text)], FACTS, WHEN),
        "drift": drift_found(plan, dangers, FACTS, report, set_aside),
        "unknown": cannot_tell("Not known", text, FACTS, problems),
    }


def whole(parts: list[Part]) -> str:
    """The comment without a limit, so that long names leave nothing out."""
    return fitted(parts, Limit(10**9, len, ""))


def shape(seen: Seen) -> tuple[object, ...]:
    """What text may not change: tables, their rows and columns, fences with their number of lines, headings."""
    rows = [len(row) for row in seen.rows]
    return seen.columns, rows, [fence.count("\n") for fence in seen.fences], len(seen.headings)


PLAIN = {kind: read(whole(parts)) for kind, parts in every_kind("plain").items()}


@pytest.mark.parametrize("text", NASTY, ids=lambda text: repr(text[:30]))
def test_text_from_outside_is_no_markup(text: str) -> None:
    for kind, parts in every_kind(text).items():
        seen = read(whole(parts))

        assert seen.strange == [], (kind, seen.strange[:3])
        assert seen.is_whole, kind
        assert all(address.startswith((f"{WEB}/blob/", "https://signin.aws.amazon.com/")) for address in seen.links), (
            kind
        )
        assert shape(seen) == shape(PLAIN[kind]), kind


@pytest.mark.parametrize("text", NASTY, ids=lambda text: repr(text[:30]))
def test_the_marker_is_at_the_start_and_cannot_be_forged(text: str) -> None:
    for kind, parts in every_kind(text).items():
        shown = as_comment(parts, FACTS)
        ended = ("outcome", "refused", "not applied")
        marker = OUTCOME_MARKER if kind in ended else "" if kind in ("drift", "unknown") else SUMMARY_MARKER

        assert shown.startswith(f"{marker}\n###" if marker else "###"), kind
        hidden = [token for token in re.findall(r"<!--.*?-->", shown) if token in (SUMMARY_MARKER, OUTCOME_MARKER)]
        told = [line for line in shown.splitlines() if line in (SUMMARY_MARKER, OUTCOME_MARKER)]
        assert told == ([marker] if marker else []), (kind, hidden)


@pytest.mark.parametrize("text", NASTY, ids=lambda text: repr(text[:30]))
def test_no_line_is_a_command_and_nothing_is_unseen(text: str) -> None:
    for parts in every_kind(text).values():
        for shown in (as_comment(parts, FACTS), as_summary(parts, FACTS)):
            unfenced = re.sub(r"(?ms)^```diff\n.*?^```$", "", shown)
            assert not re.search(r"(?m)^\s*(::|##\[)", unfenced)
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", shown)


@settings(max_examples=40)  # seven comments each time
@given(st.text(st.sampled_from("ab1 |`\\<>!-[](){}@#*_~$&:/.\n\r^+=\u202e\x00é😀\"'"), max_size=40))
def test_any_text_is_no_markup(text: str) -> None:
    for kind, parts in every_kind.__wrapped__(text).items():
        seen = read(whole(parts))

        assert seen.strange == [], (kind, seen.strange[:3])
        assert seen.is_whole, kind
        if text.strip() and not set(text) <= set(" \\"):
            assert shape(seen) == shape(PLAIN[kind]), kind


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_name_is_one_code_span_and_says_what_it_is(text: str, other: str) -> None:
    seen = read(f"| {name(text)} | {words(other)} |\n|---|---|\n| {name(text)} | {words(other)} |\n")

    assert seen.columns == [2]
    assert seen.strange == []
    assert [len(row) for row in seen.rows] == [2]


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_link_is_one_link(label: str, path: str) -> None:
    address = f"{WEB}/blob/x/{path}"
    seen = read(f"a {link(label, address)} b\n")

    assert len(seen.links) == 1
    assert seen.links[0].startswith(f"{WEB}/blob/x/")
    assert seen.strange == []


@given(st.text(max_size=60))
def test_in_html_a_name_is_one_code_element(text: str) -> None:
    seen = read(f"<details><summary>{name_html(text)}</summary>\n\nx\n\n</details>\n")

    assert seen.strange == []
    assert seen.is_whole


@pytest.mark.parametrize(
    "address", ['x" onclick="y', "javascript:alert(1)//<b>", "https://evil/ onload=x", "https://x/'>"]
)
def test_the_address_of_the_run_cannot_leave_its_attribute(address: str) -> None:
    shown = as_comment([Part(f"### x\n\n{cannot_tell('x', '', replace(FACTS, run_url=address))[-1].head}")], FACTS)

    assert re.findall(r"<a [^>]*>", shown) == re.findall(r'<a href="[^"<> \']*">', shown)
    assert len(re.findall("<a ", shown)) == 1


@pytest.mark.parametrize("text", ["@org/team", "<!-- x", "|", "x\ny", "http://evil.example"])
def test_the_reader_finds_what_is_raw(text: str) -> None:
    """The tests above would see it if nothing were escaped."""
    raw = f"### Access change\n\n| a | b |\n|---|---|\n| {text} | b |\n\n<sub>{RUN[:0]}</sub>\n"
    seen = read(raw)

    assert seen.strange or not seen.is_whole or [len(row) for row in seen.rows] != [2] or len(seen.text) != 5
