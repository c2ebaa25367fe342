"""Patterns of parameters: the quick ones are matched, the others are left to AWS."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolemodel_ci.checks.allowed_pattern import matches, ways

SLOW = [
    ("(a+)+b", "a" * 40),
    ("(a*)*b", "a" * 40),
    ("(a|a)*b", "a" * 60),
    ("(a|aa)+b", "a" * 60),
    ("(?:a+){10,}b", "a" * 60),
    ("((a{1,20}){1,20})b", "a" * 40),
    ("(a?){60}a{60}", "a" * 60),
    (r"(.*)\1\1\1b", "a" * 400),
    ("(?P<x>.*)(?P=x)b", "a" * 400),
    ("(?=(a+)+b)a*", "a" * 40),
    ("a*a*a*a*a*a*b", "a" * 4_000),
    ("(?i)(a+)+b", "a" * 40),
    ("[^]](a+)+b", "]" + "a" * 40),
    ("(a+)+?b", "a" * 40),
]


@pytest.mark.parametrize(("pattern", "value"), SLOW, ids=[pattern for pattern, _ in SLOW])
def test_what_takes_long_is_left_to_aws(pattern: str, value: str) -> None:
    before = time.perf_counter()
    assert matches(pattern, value)
    assert time.perf_counter() - before < 1


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("[0-9]{12}", "123456789012", "12"),
        ("^[a-z][a-z0-9-]*$", "team-1", "Team"),
        ("(dev|test|prod)", "test", "stage"),
        ("(dev|test|prod)(-[a-z]{2,8})?", "test-eu", "test-"),
        ("[^@]+@[^@]+\\.[a-z]+", "a@b.org", "a@b"),
        ("arn:aws:iam::\\d{12}:role/.+", "arn:aws:iam::123456789012:role/x", "arn:aws:iam::1:role/x"),
        ("(ab)*", "abab", "aba"),
        ("(?:ab)+?", "abab", "b"),
        ("(a[)]b|c)", "a)b", "ab"),
        ("[]x]+", "]x", "y"),
        ("a{2,}", "aaa", "a"),
        ("a{,2}", "aa", "aaa"),
        ("a{x}", "a{x}", "a"),
        ("\\(\\)", "()", ""),
        ("(?!x).*", "abc", "xbc"),
        ("", "", "a"),
        ("a*b", "a" * 4_000 + "b", "a" * 4_000),
    ],
)
def test_what_takes_no_time_is_matched(pattern: str, good: str, bad: str) -> None:
    assert matches(pattern, good)
    assert not matches(pattern, bad)


@pytest.mark.parametrize(
    "pattern", ["(", ")", "a)", "*", "(*)", "a**", "[a", "(?<x>a)", "\\p{L}+", "a{2}{3}", "a{99999999999}"]
)
def test_what_python_does_not_know_is_left_to_aws(pattern: str) -> None:
    assert matches(pattern, "b") or re.fullmatch(pattern, "b") is None


PARTS = st.sampled_from(
    ["a", "b", "[ab]", "(", ")", "(?:", "|", "*", "+", "?", "{2}", "{1,3}", "{2,}", ".", "\\w", "*?", "++"]
)


@settings(max_examples=500)
@given(st.lists(PARTS, max_size=12).map("".join), st.text("ab", max_size=30))
def test_any_pattern_takes_little_time(pattern: str, value: str) -> None:
    before = time.perf_counter()
    found = matches(pattern, value)
    assert time.perf_counter() - before < 1
    if ways(pattern, len(value)) <= 1_000:
        try:
            assert found == (re.fullmatch(pattern, value) is not None)
        except re.error:
            assert found
