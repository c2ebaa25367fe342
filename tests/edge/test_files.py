"""The access repository as a directory: nothing outside of it is read unless a person named it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.config.loader import NoFile

CONFIG = "access/config.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository (as far as files are concerned) with a secret beside it."""
    top = tmp_path / "repository"
    (top / ".git").mkdir(parents=True)
    (top / "access").mkdir()
    (top / "access" / "config.yml").write_text("config", encoding="utf-8")
    (top / "roles.yml").write_text("top", encoding="utf-8")
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    return top


def code(read: bytes | NoFile) -> str:
    """The code of a refusal; a refusal also says what to do."""
    assert isinstance(read, NoFile)
    assert read.reason
    assert read.remedy
    return read.code


def test_files_in_the_repository(repository: Path) -> None:
    files = Directory(CONFIG, repository)
    assert files.read(CONFIG) == b"config"
    assert files.read("access/../roles.yml") == b"top"
    assert files.read(str(repository / "roles.yml")) == b"top"


def test_beside_the_config_first_then_in_the_working_directory(repository: Path) -> None:
    files = Directory(CONFIG, repository)
    assert files.beside("roles.yml", CONFIG) == "roles.yml"
    assert files.beside("missing.yml", CONFIG) == "access/missing.yml"
    (repository / "access" / "roles.yml").write_text("near", encoding="utf-8")
    assert files.beside("roles.yml", CONFIG) == "access/roles.yml"
    assert files.beside("nul\0.yml", CONFIG) == "access/nul\0.yml"


def test_working_directory_below_the_top(repository: Path) -> None:
    files = Directory("config.yml", repository / "access")
    assert files.read("config.yml") == b"config"
    assert files.read("../roles.yml") == b"top"
    assert code(files.read("../../secret")) == "RM102"


@pytest.mark.parametrize("path", ["../secret", "access/../../secret"])
def test_dots_do_not_lead_out(repository: Path, path: str) -> None:
    assert code(Directory(CONFIG, repository).read(path)) == "RM102"


def test_absolute_path_does_not_lead_out(repository: Path) -> None:
    assert code(Directory(CONFIG, repository).read(str(repository.parent / "secret"))) == "RM102"


def test_links_do_not_lead_out(repository: Path) -> None:
    (repository / "access" / "link.yml").symlink_to(repository.parent / "secret")
    (repository / "out").symlink_to(repository.parent)
    files = Directory(CONFIG, repository)
    assert code(files.read("access/link.yml")) == "RM102"
    assert code(files.read("out/secret")) == "RM102"


def test_link_that_stays_inside(repository: Path) -> None:
    (repository / "access" / "link.yml").symlink_to("../roles.yml")
    assert Directory(CONFIG, repository).read("access/link.yml") == b"top"


def test_file_that_a_person_named_may_lie_anywhere(repository: Path) -> None:
    assert Directory(CONFIG, repository, ("../secret",)).read("../secret") == b"secret"
    assert code(Directory(CONFIG, repository, ("other",)).read("../secret")) == "RM102"


def test_without_git_the_named_directories_are_the_repository(tmp_path: Path) -> None:
    for name in ("here", "there", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file.yml").write_text(name, encoding="utf-8")
    files = Directory("../there/config.yml", tmp_path / "here")
    assert files.read("file.yml") == b"here"
    assert files.read("../there/file.yml") == b"there"
    assert code(files.read("../elsewhere/file.yml")) == "RM102"


def test_repository_that_is_reached_by_a_link(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "short").symlink_to(repository)
    assert Directory(CONFIG, tmp_path / "short").read(CONFIG) == b"config"
    assert Directory("short/access/config.yml", tmp_path).read("short/roles.yml") == b"top"


def test_what_is_no_file(repository: Path) -> None:
    files = Directory(CONFIG, repository)
    (repository / "loop").symlink_to("loop")
    os.mkfifo(repository / "pipe")
    assert [
        code(files.read(path)) for path in ("access", "pipe", "missing", "access/config.yml/x", "loop", "a\0b")
    ] == ["RM101"] * 6
    assert code(files.read("x" * 300)) == "RM101"


def test_file_that_may_not_be_read(repository: Path) -> None:
    (repository / "roles.yml").chmod(0)
    files = Directory(CONFIG, repository)
    me, nobody = os.geteuid(), 65534
    try:
        if me == 0:  # root may read everything
            os.seteuid(nobody)
        refused = files.read("roles.yml")
    finally:
        os.seteuid(me)
    assert isinstance(refused, NoFile)
    assert "Permission denied" in refused.reason
