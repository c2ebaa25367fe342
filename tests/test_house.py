"""The rules of the house that no linter knows: sizes, names, and who may make what."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rolemodel_ci"
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

FILE_LIMIT = 300
FUNCTION_LIMIT = 40
ASSERTING = ("assert", "raises", "expect", "check", "verify")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_no_file_of_the_package_is_too_long_to_live_in() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in FILES}
    assert {name: length for name, length in lengths.items() if length > FILE_LIMIT} == {}


def test_no_function_of_the_package_is_too_long_to_take_in() -> None:
    long = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in FILES
        for node in functions(ast.parse(file.read_text()))
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LIMIT
    ]
    assert long == []


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "common", "misc"])
def test_names_say_what_a_module_is_for(word: str) -> None:
    assert [file for file in FILES if word in file.stem] == []


def test_only_the_guard_makes_an_approved_plan() -> None:
    makers = {
        file.relative_to(PACKAGE).as_posix()
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Approved"
    }
    assert makers == {"reconcile/guards/approve.py"}


def test_only_the_fanout_starts_threads_for_work() -> None:
    users = {
        file.relative_to(PACKAGE).as_posix()
        for file in FILES
        if "ThreadPoolExecutor" in file.read_text() and "sandbox" not in file.parts
    }
    assert users == {"reconcile/concurrency.py"}


def test_planning_is_handed_no_writer() -> None:
    names = {
        node.id
        for name in ("observe.py", "diff/plan.py", "diff/groups.py", "diff/stacks.py", "attribution.py", "inventory.py")
        for node in ast.walk(ast.parse((PACKAGE / "reconcile" / name).read_text()))
        if isinstance(node, ast.Name)
    }
    assert not {name for name in names if name.endswith("Writer")}


def test_public_functions_and_classes_say_what_they_do() -> None:
    silent = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
        and not is_inner(file, node)
    ]
    assert silent == []


def is_inner(file: Path, node: ast.stmt) -> bool:
    """Functions inside functions, methods of private classes, and those of protocols, whose class says it all."""
    return any(
        isinstance(outer, ast.FunctionDef | ast.ClassDef)
        and outer.lineno < node.lineno <= (outer.end_lineno or 0)
        and (
            isinstance(outer, ast.FunctionDef)
            or outer.name.startswith("_")
            or "Protocol" in map(ast.unparse, outer.bases)
        )
        for outer in ast.walk(ast.parse(file.read_text()))
    )


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_test_asserts_something(file: Path) -> None:
    tree = ast.parse(file.read_text())
    empty = [
        node.name
        for node in functions(tree)
        if node.name.startswith("test") and not any(word in ast.unparse(node) for word in ASSERTING)
    ]
    assert empty == []
