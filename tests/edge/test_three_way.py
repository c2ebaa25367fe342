"""What Git makes of two commits that come from one, file by file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rolemodel_ci.adapters.git.three_way import ConflictError, ThreeWayTree

BASE = b"one\ntwo\nthree\nfour\nfive\n"


class Files:
    """Files by path; their content is their hash as well."""

    def __init__(self, **files: bytes | tuple[str, bytes]) -> None:
        self._files = {path: found if isinstance(found, tuple) else ("100644", found) for path, found in files.items()}

    def entries(self) -> Mapping[str, tuple[str, str]]:
        return {path: (mode, content.hex()) for path, (mode, content) in self._files.items()}

    def find(self, path: str) -> tuple[str, Callable[[], bytes]] | None:
        if path not in self._files:
            return None
        mode, content = self._files[path]
        return mode, lambda: content


def merged(one: Files, base: Files, other: Files) -> tuple[str, bytes] | None:
    found = ThreeWayTree(one, base, other).find("f")
    return found and (found[0], found[1]())


def test_the_side_that_has_changed_counts() -> None:
    base, changed = Files(f=BASE), Files(f=b"x\n")
    assert merged(changed, base, base) == merged(base, base, changed) == merged(changed, base, changed)
    assert merged(changed, base, base) == ("100644", b"x\n")
    assert merged(Files(), base, base) is None
    tree = ThreeWayTree(base, base, changed)
    assert not tree.differs("f", changed)
    assert tree.differs("f", base)
    assert tree.entries() == base.entries()


def test_both_sides_in_other_lines() -> None:
    one, other = Files(f=BASE.replace(b"one", b"1")), Files(f=BASE.replace(b"five", b"5"))
    assert merged(one, Files(f=BASE), other) == ("100644", b"1\ntwo\nthree\nfour\n5\n")
    assert ThreeWayTree(one, Files(f=BASE), other).differs("f", one)


@pytest.mark.parametrize(
    ("one", "base", "other"),
    [
        (Files(f=b"1\n"), Files(f=b"2\n"), Files(f=b"3\n")),
        (Files(f=b"1\n"), Files(), Files(f=b"3\n")),
        (Files(), Files(f=b"2\n"), Files(f=b"3\n")),
        (Files(f=b"1\n"), Files(f=b"2\n"), Files()),
        (Files(f=b"1\n"), Files(f=b"2\n"), Files(f=("120000", b"3\n"))),
        (Files(f=b"1\0\n"), Files(f=b"2\0\n"), Files(f=b"3\0\n")),
    ],
)
def test_what_somebody_has_to_decide(one: Files, base: Files, other: Files) -> None:
    with pytest.raises(ConflictError):
        merged(one, base, other)
