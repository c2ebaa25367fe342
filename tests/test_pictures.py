"""The pictures of the change summary show what the code makes now. No test here needs npm or Chromium."""

from __future__ import annotations

import io
import re
import struct
import tarfile
from pathlib import Path

import pytest

from pictures import photo
from pictures.scene import SOURCES, comments, source
from pictures.shots import IMAGES, NARROW, SHOTS, WIDE, Shot, picture

PAGE = (IMAGES.parent / "change-summary.md").read_text(encoding="utf-8")
LIMIT = 150_000
"""Bytes of one picture: a clone carries every one that there ever was."""


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The comments as the code makes them now."""
    return comments()


@pytest.mark.parametrize("name", ["planned", "problems", "applied"])
def test_pictures_show_what_the_code_makes(name: str, made: dict[str, str]) -> None:
    assert made[name] == source(name).read_text(encoding="utf-8"), "the change summary has changed: `make pictures`"


def test_every_comment_has_a_wide_and_a_narrow_picture(made: dict[str, str]) -> None:
    closed = {(shot.comment, shot.width) for shot in SHOTS if not shot.unfolded}
    assert closed == {(name, width) for name in made for width in (WIDE, NARROW)}
    assert {path.name for path in SOURCES.glob("picture-*")} == {source(name).name for name in made}


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.label)
def test_picture_is_small_and_on_the_page(shot: Shot) -> None:
    content = picture(shot).read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", content[16:20])[0] == shot.width * photo.SCALE
    assert len(content) < LIMIT
    assert f"](images/{picture(shot).name})" in PAGE


def test_no_picture_is_left_over() -> None:
    assert set(IMAGES.glob("change-summary-*.png")) == {picture(shot) for shot in SHOTS}


def test_page_explains_every_mark(made: dict[str, str]) -> None:
    marks = {mark for text in made.values() for mark in re.findall(r"^\| (\S+ \*\*[a-z ]+\*\*) \|", text, re.MULTILINE)}
    assert len(marks) == 5
    assert not {mark for mark in marks if f"| {mark} |" not in PAGE}


def packed(content: bytes, member: str) -> bytes:
    """A package with one file."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def test_packages_are_pinned() -> None:
    for package in photo.PACKAGES.values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", package.version)
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package.integrity)


def test_package_with_other_bytes_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = packed(b"ours", "package/one.js")
    package = photo.Package("one", "1.0.0", photo.integrity(content), "package/one.js")
    monkeypatch.setattr(photo, "CACHE", tmp_path)
    (tmp_path / "one-1.0.0.tgz").write_bytes(content)
    assert photo.package_file(package) == "ours"
    (tmp_path / "one-1.0.0.tgz").write_bytes(content + b"\0")
    with pytest.raises(SystemExit, match="its checksum differs"):
        photo.package_file(package)


def test_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(photo, "CACHE", tmp_path)
    with pytest.raises(SystemExit, match="npm is not installed"):
        photo.photograph("text", tmp_path / "picture.png", width=NARROW)


def test_comment_cannot_leave_its_place_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "package_file", lambda package: f"[{package.name}]")
    page = photo.page("</script> /*STYLE*/", NARROW, ("Roles",))
    assert '"\\u003c/script> /*STYLE*/"' in page
    assert page.count("[github-markdown-css]") == page.count("[marked]") == page.count("[marked-alert]") == 1
    assert f"width: {NARROW}px" in page
    assert '["Roles"].some' in page
