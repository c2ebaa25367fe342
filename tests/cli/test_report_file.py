"""The file of `--report`: written before anything is done, whole or not at all, and never lost in silence."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
from edge.scripted import Call, Scripted, fault

from rolemodel_ci.cli import audit as auditing

from .company import Company
from .recording import read, recorded
from .running import run


@pytest.mark.parametrize("file", ["nowhere/run.json", "access", ".", "/dev/null", "loop", "access/config.yml/x"])
def test_a_file_that_cannot_be_written_stops_the_run_beforehand(slow: Company, scripted: Scripted, file: str) -> None:
    Path("loop").symlink_to("loop")
    ran = run("apply", "--yes", "--report", file)
    assert ran.code == 2
    assert "the report cannot be written to" in ran.err
    assert "Name a file" in ran.err
    assert scripted.calls == []


def test_a_device_stays_a_device(slow: Company) -> None:
    assert run("apply", "--report", "/dev/null").code == 2
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(company: Company) -> None:
    Path("link.json").symlink_to("run.json")
    assert recorded("apply", "--yes", file="link.json")[0].code == 0
    assert Path("link.json").is_symlink()
    assert read("run.json")["exit_code"] == 0


def test_a_record_is_there_whole_or_not_at_all(slow: Company, scripted: Scripted) -> None:
    """While the run goes on the file is a record without an end; it is replaced, never written over."""
    Path("run.json").write_text("of the run before", encoding="utf-8")
    Path("before.json").hardlink_to("run.json")
    seen: list[dict[str, Any]] = []

    def look(call: Call) -> Any:
        seen.append(read())
        return fault("AccessDenied", "no", 403)

    scripted.script["CreateStack"] = [look]
    assert recorded("apply", "--yes")[0].code == 5
    assert [record["exit_code"] for record in seen] == [None]
    assert Path("before.json").read_text(encoding="utf-8") == "of the run before"
    assert {path.name for path in Path().iterdir()} >= {"run.json", "access"}
    assert not [path for path in Path().iterdir() if path.name.startswith(".")]


def test_who_may_read_the_record_is_for_the_umask_to_say(company: Company) -> None:
    before = os.umask(0o027)
    try:
        recorded("apply", "--yes")
    finally:
        os.umask(before)
    assert Path("run.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("wanted", "code"), [("carol", 5), ("nobody", 5)], ids=["done", "blocked"])
def test_a_record_that_is_lost_at_the_end_is_told(
    company: Company, monkeypatch: pytest.MonkeyPatch, wanted: str, code: int
) -> None:
    """A full disk, a directory that went away: what was done is told all the same, and is no success."""
    company.users({"prod": {"AdminRole": [wanted]}})
    write = auditing._write

    def once(path: Path, text: str) -> None:
        write(path if json.loads(text)["ended"] is None else path / "gone", text)

    monkeypatch.setattr(auditing, "_write", once)
    ran = run("apply", "--yes", "--report", "run.json")
    assert ran.code == code
    assert "Applied: " in ran.out
    assert ("the run is done, but " in ran.err) == (wanted == "carol")
    assert "the report cannot be written to" in ran.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (click.UsageError("no such thing"), 2, "no such thing"),
        (click.Abort(), 130, "interrupted"),  # the end of the input where a question is asked
        (KeyboardInterrupt(), 130, "interrupted"),
        (SystemExit(1), 141, "whoever read the output went away"),
        (BrokenPipeError(), 141, "whoever read the output went away"),
        (click.exceptions.Exit(6), 6, None),
        (GeneratorExit(), None, None),
    ],
    ids=["usage", "abort", "Ctrl-C", "pipe", "broken pipe", "exit", "unknown"],
)
def test_every_way_to_end_has_its_code(error: BaseException, code: int | None, said: str | None) -> None:
    with pytest.raises(type(error)), auditing.auditing("run.json", "apply"):
        raise error
    record = read()
    assert (record["exit_code"], record["error"]) == (code, said)


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert auditing.Audit("apply").record.who == {"user": str(os.getuid())}


def test_nobody_gives_another_name_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert auditing.Audit("apply").record.who == {"user": pwd.getpwuid(os.getuid()).pw_name}
