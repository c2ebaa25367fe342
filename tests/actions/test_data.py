"""What `make test-data` fetches is checked, cut, and missed loudly where all tests are to run."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import npm_packages
import pytest

from . import data

CONTENT = b'{"ours": true}'
PACKAGE = npm_packages.Package("@ours/one", "1.0.0", "", "package/one.json")


def tarball(folder: Path) -> Path:
    """A package with the file that is wanted, and one that must not be unpacked."""
    file = folder / "one.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for name in ("package/one.json", "../outside.json"):
            entry = tarfile.TarInfo(name)
            entry.size = len(CONTENT)
            archive.addfile(entry, io.BytesIO(CONTENT))
    return file


def with_checksum_of(file: Path, member: str = PACKAGE.member) -> npm_packages.Package:
    """The package with the right checksum, as npm writes it."""
    return PACKAGE._replace(integrity=npm_packages.integrity(file.read_bytes()), member=member)


def test_one_file_is_taken_out(tmp_path: Path) -> None:
    file = tarball(tmp_path)
    assert npm_packages.member(file, with_checksum_of(file)) == CONTENT
    assert list(tmp_path.rglob("*")) == [file]


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    file = tarball(tmp_path)
    package = with_checksum_of(file)
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(SystemExit, match="its checksum differs"):
        npm_packages.member(file, package)


def test_checksum_is_the_one_npm_writes() -> None:
    # sha512 of nothing, as `openssl dgst -sha512 -binary /dev/null | base64 -w0` says it
    empty = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
    assert npm_packages.integrity(b"") == f"sha512-{empty}"


def test_without_npm_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="npm is not installed"):
        npm_packages.fetched(PACKAGE)


def test_cut_follows_references_and_leaves_the_rest() -> None:
    shade = {"type": "string", "enum": ["red"], "nullable": True}
    schemas: dict[str, Any] = {"colour": {"properties": {"shade": {"$ref": "#/components/schemas/shade"}}}}
    schemas |= {"shade": shade, "unused": {}, "always": {"enum": ["on"]}}
    colour = {"get": {"schema": {"$ref": "#/components/schemas/colour"}}, "post": {"x": 1}}
    whole = {"openapi": "3.0.3", "info": {}, "servers": [], "tags": ["x"], "paths": {"/c": colour, "/d": {}}}
    part = data.cut(whole | {"components": {"schemas": schemas}}, {"/c": ("get",)})
    assert part["paths"] == {"/c": {"get": colour["get"]}}
    kept = {"colour": schemas["colour"], "shade": shade | {"enum": ["red", None]}}
    assert part["components"] == {"schemas": kept}
    assert "tags" not in part
    assert shade["enum"] == ["red"]
    with pytest.raises(KeyError):
        data.cut(whole, {"/c": ("delete",)})


def test_githubs_openapi_is_whole() -> None:
    spec = data.openapi()
    text = json.dumps(spec)
    names = {tuple(reference.split("/")[2:]) for reference in data.references(spec)}
    assert {path: tuple(methods) for path, methods in spec["paths"].items()} == data.OPERATIONS
    assert all(name in spec["components"][group] for group, name in names)
    assert len(text) < 400_000


@pytest.mark.parametrize(("all_tests", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_missing_data_skips_or_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_tests: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv(data.ALL_TESTS, all_tests)
    monkeypatch.setattr(data, "STAMP", tmp_path / "none")
    for load in (data.openapi, data.webhooks):
        with pytest.raises(outcome, match="make test-data"):
            load()


def test_data_of_an_older_version_counts_as_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STAMP", "OPENAPI", "WEBHOOKS"):
        monkeypatch.setattr(data, name, tmp_path / name)
        (tmp_path / name).write_text(data.made_of())
    assert data.present()
    monkeypatch.setattr(data, "CUT", 0)
    assert not data.present()
