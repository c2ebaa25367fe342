"""YAML to nodes: every scalar is its text, everything has its place, and nothing is executed or blows up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolemodel_ci.parsing.yaml_nodes import ListNode, MapNode, Node, Scalar, entry
from rolemodel_ci.parsing.yaml_parser import ALIAS_LIMIT, DEPTH_LIMIT, Document, read_document


def root(text: str) -> Any:
    document = read_document(text, "f.yml")
    assert document.problems == ()
    assert document.root is not None
    return document.root


def plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


def told(text: str) -> list[str]:
    return [f"{p.place} {p.code}" for p in read_document(text, "f.yml").problems]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "null",
        "~",
        "true",
        "1e3",
        "0x1F",
        "0o17",
        "012345678901",
        "1_000",
        "12:30:45",
        "2024-01-01",
        "2024-01-01T10:00:00Z",
        ".inf",
        ".nan",
        "-0",
        "+1",
        "=",
        "1.0",
        "!",
    ],
)
def test_every_scalar_is_its_text(text: str) -> None:
    document = read_document(f"- {text}\n- '{text}'\n- {{k: \"{text}\"}}\n", "f.yml")
    if text == "!":  # a bare tag, and no text after it
        assert plain(document.root) == ["", "!", {"k": "!"}]  # type: ignore[arg-type]
    else:
        assert plain(document.root) == [text, text, {"k": text}]  # type: ignore[arg-type]


def test_places_count_from_one_and_in_characters() -> None:
    users = root("ä: 1\nprod:\n  Räuber:\n    - 'x'\n    - {user: bob}\n").entries[1][1].entries[0]
    assert users[0] == Scalar("Räuber", 3, 3, True, None)
    assert users[1].items[0] == Scalar("x", 4, 7, False, None)
    assert users[1].items[1].entries[0][1] == Scalar("bob", 5, 14, True, None)


def test_place_after_a_character_outside_the_basic_plane() -> None:
    assert root("{😀: a, b: c}").entries[1][0] == Scalar("b", 1, 8, True, None)


def test_windows_line_ends() -> None:
    assert root("a:\r\n  - b\r\n  - c\r\n").entries[0][1].items[1] == Scalar("c", 3, 5, True, None)


def test_json_is_yaml() -> None:
    content: dict[str, Any] = {"a": [1, True, None, "x/y", 'é\n"\\', {"b": {}}], "c": []}
    as_text = {"a": ["1", "true", "null", "x/y", 'é\n"\\', {"b": {}}], "c": []}
    for text in (json.dumps(content), json.dumps(content, indent="\t"), json.dumps(content).replace("/", "\\/")):
        assert plain(root(text)) == as_text


def test_tags_are_kept_and_never_acted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tree = root("""
a: !!python/object/apply:os.system ["touch pwned"]
b: !Ref x
c: !!python/object/new:os.system [touch pwned]
""")
    assert tree.entries[0][1].tag == "tag:yaml.org,2002:python/object/apply:os.system"
    assert plain(tree.entries[0][1]) == ["touch pwned"]
    assert tree.entries[1][1] == Scalar("x", 3, 4, True, "!Ref")
    assert list(tmp_path.iterdir()) == []


def test_aliases_repeat_a_value_and_are_remembered() -> None:
    document = read_document("a: &a [x, y]\nb: *a\nc: &c z\n? *c\n: *a\n", "f.yml")
    assert document.root is not None
    assert plain(document.root) == {"a": ["x", "y"], "b": ["x", "y"], "c": "z", "z": ["x", "y"]}
    assert [str(place) for place in document.aliases] == ["f.yml:2:4", "f.yml:4:3", "f.yml:5:3"]


def test_an_anchor_may_be_set_again() -> None:
    assert plain(root("- &a x\n- *a\n- &a y\n- *a\n")) == ["x", "x", "y", "y"]


def test_as_many_alias_nodes_as_the_limit_and_no_more() -> None:
    start = "a: &a [" + "x, " * 99 + "]\nb: ["  # 100 nodes with the list itself
    assert told(start + "*a, " * (ALIAS_LIMIT // 100) + "]") == []
    assert told(start + "*a, " * (ALIAS_LIMIT // 100 + 1) + "]")[0].endswith("RM107")


def test_as_deep_as_the_limit_and_no_deeper() -> None:
    assert told("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) == []
    assert told("[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1)) == [f"f.yml:1:{DEPTH_LIMIT + 1} RM109"]


def test_depth_counts_through_aliases() -> None:
    half = DEPTH_LIMIT // 2
    text = "- &a " + "[" * half + "]" * half + "\n- " + "[" * (half - 1) + "*a" + "]" * (half - 1)
    assert told(text) == []
    assert told(text.replace("*a", "[*a]")) == [f"f.yml:2:{half + 3} RM109"]


def test_depth_counts_through_aliases_of_maps_and_of_aliases() -> None:
    lines = ["- &a0 {k: v}"] + [f"- &a{i + 1} {{k: *a{i}}}" for i in range(100)]
    assert told("\n".join(lines)) == [f"f.yml:{DEPTH_LIMIT}:12 RM109"]  # the list and that many maps


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a:\n\tb: 1\n", "f.yml:2:1", "a tab"),
        ("a: 1\n\tb: 1\n", "f.yml:2:1", "a tab"),
        ("a: |\n\tx\n", "f.yml:2:1", "a tab"),
        ("a: @x\n", "f.yml:1:4", "no text starts with `@`"),
        ("a: `x`\n", "f.yml:1:4", "no text starts with ```"),
        ("a: 'x\nb: 1\n\n", "f.yml:1:4", "unexpected end"),
        ("a: 1\n=======\nb: 1\n", "f.yml:2:1", "':'"),
        ("a: [1, 2\nb: 1\n", "f.yml:2:2", "from line 1"),
        ("a: b: c\n", "f.yml:1:5", "mapping values"),
        ("x\x07", "f.yml:1:2", "U+0007"),
        ("a\r\n\x07", "f.yml:2:1", "U+0007"),
        ("a\r\u2028\x07", "f.yml:2:1", "U+2028"),
        ("a: 1 # b\u2029c: 2\n", "f.yml:1:9", "U+2029"),
        ("a: 1\nb: \x85c\n", "f.yml:2:4", "U+0085"),
        ("a: x\u202ey", "f.yml:1:5", "U+202E"),
        ("a: x # \u2066y", "f.yml:1:8", "U+2066"),
        ("a: 1\n\x00", "f.yml:2:1", "U+0000"),
        ("a: \ud800", "f.yml:1:4", "U+D800"),
    ],
)
def test_syntax_errors(text: str, place: str, word: str) -> None:
    document = read_document(text, "f.yml")
    (problem,) = document.problems
    assert (str(problem.place), problem.code) == (place, "RM105")
    assert word in problem.message
    assert document.root is None


def test_every_key_that_stands_again_is_told_with_its_first_line() -> None:
    document = read_document("a: 1\nb: {c: 1, c: 2}\na: 2\n'a': 3\n", "f.yml")
    assert [(str(p.place), p.code) for p in document.problems] == [
        ("f.yml:2:11", "RM106"),
        ("f.yml:3:1", "RM106"),
        ("f.yml:4:1", "RM106"),
    ]
    assert document.problems[1].message == "key `a` stands here a second time (first in line 1)"


def test_double_keys_are_told_beside_a_syntax_error() -> None:
    assert told("a: {b: 1, b: 2}\nc: ]\n") == ["f.yml:1:11 RM106", "f.yml:2:4 RM105"]


def test_merge_keys_and_keys_that_are_no_text_are_told_and_left_out() -> None:
    document = read_document("a: &a {b: c}\nd:\n  <<: *a\n  e: f\n  [g]: h\n  '<<': i\n", "f.yml")
    assert [(str(p.place), p.code) for p in document.problems] == [("f.yml:3:3", "RM108"), ("f.yml:5:3", "RM113")]
    assert document.root is not None
    assert plain(document.root) == {"a": {"b": "c"}, "d": {"e": "f", "<<": "i"}}


@pytest.mark.parametrize("text", ["", "\n", "# only this\n", "\ufeff", "%YAML 1.1\n"])
def test_files_without_content(text: str) -> None:
    document = read_document(text, "f.yml")
    assert document.root is None
    assert [p.code for p in document.problems] in (["RM111"], ["RM105"])


def test_a_byte_order_mark_moves_nothing() -> None:
    assert root("\ufeffa: 1\nb: 2\n") == root("a: 1\nb: 2\n")


def test_second_document() -> None:
    document = read_document("---\na: 1\n...\n---\nb: 2\n", "f.yml")
    assert [f"{p.place} {p.code}" for p in document.problems] == ["f.yml:4:1 RM110"]
    assert document.root == MapNode([(Scalar("a", 2, 1, True, None), Scalar("1", 2, 4, True, None))], 2, 1, None)


def test_entry_finds_what_stands_under_a_key() -> None:
    tree = root("a: 1\nb: [x]\n")
    assert entry(tree, "a") == Scalar("1", 1, 4, True, None)
    assert entry(tree, "c") is None
    assert entry(entry(tree, "b"), "x") is None
    assert entry(None, "a") is None


def test_a_long_file_is_read_in_no_time() -> None:
    text = "prod:\n  AdminRole:\n" + "".join(f"    - user{i}\n" for i in range(20_000))
    document: Document = read_document(text, "f.yml")
    assert document.problems == ()
    assert len(plain(document.root)["prod"]["AdminRole"]) == 20_000  # type: ignore[arg-type]
