"""`docs/threat-model.md` names the tests that show what stops a threat: they are there, and no threat is without."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| threat")]


@cache
def named_in(file: str) -> frozenset[str]:
    """The test functions of a file."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def cited() -> list[tuple[str, str]]:
    """File and test of everything that the page names, `::test` being one of the file before it in its line."""
    found = []
    for line in PAGE.splitlines():
        file = ""
        for named, test in re.findall(r"`([\w/]*(?:\.py)?)::(test_\w+)`", line):
            file = named or file
            found.append((file, test))
    return found


@pytest.mark.parametrize(("file", "test"), cited(), ids=str)
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    assert test in named_in(file)


def test_every_threat_has_a_test_or_says_that_it_has_none() -> None:
    assert len(ROWS) > 60
    bare = [row for row in ROWS if "::test_" not in row and not re.search(r"\*\*nothing|\| none", row)]
    assert bare == []
    assert len(cited()) > 100
    assert "TODO" not in PAGE


def test_cases_of_the_corpus_that_are_named_are_there() -> None:
    cases = {path.name for path in (TESTS / "bad").iterdir()}
    for pattern in re.findall(r"`bad/([\w*-]+)`", PAGE):
        assert any(Path(case).match(pattern) for case in cases), pattern
