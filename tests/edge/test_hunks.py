"""Where a line of the merge stands in the request's own commit."""

from __future__ import annotations

from pathlib import Path

from actions.hosting import Hosted
from hypothesis import given, settings
from hypothesis import strategies as st

from rolemodel_ci.adapters.git.repository import Checkout, read_hunks
from rolemodel_ci.render.comment.provenance import line_before

TEXTS = st.lists(st.sampled_from(["a", "b", "+++ b/c", "@@ -1 +1 @@", "-- x", "\\ no"]), max_size=8)


@settings(max_examples=15)
@given(before=TEXTS, after=TEXTS)
def test_every_line_that_is_there_before_is_the_same_text(
    tmp_path_factory: object, before: list[str], after: list[str]
) -> None:
    directory: Path = tmp_path_factory.mktemp("hunks")  # type: ignore[attr-defined]
    hosted = Hosted(directory, {"c.yml": "".join(f"{line}\n" for line in before), "d.yml": "x"})
    old, new = hosted.push({"c.yml": "".join(f"{line}\n" for line in after), "d é.yml": "y\n"})
    hunks = Checkout(hosted.checkout(directory / "work", new, depth=0)).hunks(old, "*.yml")
    assert set(hunks) == {"d é.yml"} | ({"c.yml"} if before != after else set())
    for number, text in enumerate(after, 1):
        found = line_before(number, hunks.get("c.yml", ()))
        assert found == 0 or before[found - 1] == text
    assert sum(line_before(n, hunks.get("c.yml", ())) == 0 for n in range(1, len(after) + 1)) <= len(after)


def test_a_commit_that_is_not_there_or_is_the_head_differs_in_nothing(tmp_path: Path) -> None:
    hosted = Hosted(tmp_path, {"c.yml": "a\n"})
    checkout = Checkout(hosted.checkout(tmp_path / "work", hosted.tip))
    assert checkout.hunks("a" * 40, "*.yml") == checkout.hunks(checkout.head, "*.yml") == {}


def test_a_line_of_a_file_is_no_header() -> None:
    diff = "--- a/c\n+++ b/c\n@@ -1 +1,2 @@\n-++ b/x\n+++ b/d\n+@@ -9 +9 @@\n@@ -7,0 +9 @@\n+z\n"
    assert read_hunks(diff) == {"c": ((1, 1, 1, 2), (7, 0, 9, 1))}
    assert [line_before(n, read_hunks(diff)["c"]) for n in (0, 1, 2, 3, 8, 9, 10)] == [0, 0, 0, 2, 7, 0, 8]
