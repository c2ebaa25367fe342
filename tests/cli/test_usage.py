"""Help, version, wrong command lines, and everything that needs no AWS."""

from __future__ import annotations

import gc
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from rolemodel_ci import __version__
from rolemodel_ci.cli import COMMANDS, cli, run_command
from rolemodel_ci.errors import AwsCallError, CredentialsError
from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .company import Company
from .running import process, run

ACCESS = Path(__file__).parents[2] / "access"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The sample repository as the working directory."""
    (tmp_path / "access").mkdir()
    for file in ACCESS.glob("*.yml"):
        (tmp_path / "access" / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_version() -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"rolemodel-ci, version {__version__}\n")
    assert process("--version") == ran


def test_help_lists_commands_and_exit_codes() -> None:
    for ran in (run("--help"), run("-h")):
        assert ran.code == 0
        assert all(f"  {command}" in ran.out for command in COMMANDS)
        for code in ("0  done", "1  the files", "2  usage", "3  cred", "4  a guard", "5  some", "6  plan", "70 a bug"):
            assert f"    {code}" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: rolemodel-ci {command}")
    assert ran.out.count("\n") > 8
    assert "ROLEMODEL_CONFIG" in ran.out or command == "demo"


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rolemodel_ci", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"rolemodel-ci, version {__version__}\n"


def test_console_scripts_are_those_of_the_contract() -> None:
    project = tomllib.loads((ACCESS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["scripts"]) == {"rolemodel-ci", "rolemodel"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage: rolemodel-ci"),
        (("applly",), "No such command 'applly'"),
        (("plan", "--jbos", "3"), "No such option"),
        (("plan", "--jobs", "0"), "0 is not in the range 1<=x<=64"),
        (("plan", "--format", "xml"), "'xml' is not one of 'text', 'json', 'markdown'"),
        (("validate", "extra"), "unexpected extra argument (extra)"),
        (("apply", "--config"), "requires an argument"),
        (("delete", "--sandbox"), "No such option"),
    ],
)
def test_wrong_command_lines(arguments: tuple[str, ...], said: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert said in ran.out + ran.err


def test_validate_needs_nothing_but_the_files(sample: Path) -> None:
    ran = run("validate")
    assert (ran.code, ran.out) == (0, "The files are good: 4 accounts, 4 roles, 16 grants.\n")
    assert run("validate", "--format", "json").json == {
        "format": "rolemodel-ci/problems", "version": 1, "valid": True, "problems": [],
    }  # fmt: skip
    assert run("validate", "--format", "markdown").out.startswith("### The files are good")
    assert process("validate").out == ran.out


def test_config_by_option_and_by_environment(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sample / "access").rename(sample / "elsewhere")
    assert run("validate").code == 1
    assert run("validate", "--config", "elsewhere/config.yml").code == 0
    monkeypatch.setenv("ROLEMODEL_CONFIG", "elsewhere/config.yml")
    assert run("validate").code == 0


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "update", "sync-users", "list", "delete"])
def test_problems_of_the_files_end_every_command(sample: Path, command: str) -> None:
    (sample / "access" / "users.yml").write_text(
        "prod:\n  AdminRole: carol\n  AdminRole: [carol]\nx: {}\n", encoding="utf-8"
    )
    ran = run(command)
    assert ran.code == 1
    assert "access/users.yml:3:3" in ran.out
    assert "Traceback" not in ran.err
    found = run(command, "--format", "json")
    assert found.code == 1
    assert not found.json["valid"]
    assert found.json["problems"] == sorted(found.json["problems"], key=lambda p: (p["file"], p["line"], p["column"]))


def test_warnings_stop_nothing(sample: Path) -> None:
    users = sample / "access" / "users.yml"
    users.write_text(users.read_text(encoding="utf-8").replace("2099-12-31", "2020-12-31"), encoding="utf-8")
    ran = run("validate")
    assert ran.code == 0
    assert "The files have 1 warning." in ran.out
    assert "RM310" in ran.out


def test_no_config_at_all() -> None:
    ran = run("plan")
    assert ran.code == 1
    assert "there is no file `access/config.yml`" in ran.out


def test_config_outside_of_the_repository_is_the_persons_choice(sample: Path, tmp_path_factory: pytest.TempPathFactory,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run("validate", "--config", str(sample / "access" / "config.yml")).code == 0


@pytest.mark.parametrize("command", ["plan", "apply", "update", "sync-users", "list", "delete"])
def test_unknown_account(company: Company, command: str) -> None:
    ran = run(command, "--account", "prd")
    assert (ran.code, ran.out) == (2, "")
    assert "Error: account `prd` is not in access/config.yml" in ran.err
    assert "prod" in ran.err.splitlines()[1]
    assert "Known are prod, dev." in run(command, "--account", "zzzzzz").err
    assert company.aws.calls() == {}


def test_no_user_map(sample: Path) -> None:
    config = sample / "access" / "config.yml"
    config.write_text(config.read_text(encoding="utf-8").replace("users: users.yml\n", ""), encoding="utf-8")
    ran = run("sync-users", "--yes")
    assert ran.code == 2
    assert "there is no user map" in ran.err
    assert "`users:` to access/config.yml" in ran.err


def test_no_credentials(sample: Path) -> None:
    ran = run("plan")
    assert (ran.code, ran.out) == (3, "")
    assert "the master account" in ran.err
    assert "(master) could not be found" in ran.err


def test_sandbox_that_is_not_installed(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the published package without the extra: the server's package cannot be found."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    for name in [name for name in sys.modules if name.partition(".")[0] == "ministack"]:
        monkeypatch.delitem(sys.modules, name)
    for arguments in (("plan", "--sandbox"), ("demo",)):
        ran = run(*arguments)
        assert ran.code == 2
        assert "The embedded AWS is not installed." in ran.err
        assert "pip install '.[sandbox]'" in ran.err


def test_search_for_cycles_stays_off_where_it_was_off(sample: Path) -> None:
    gc.disable()
    try:
        assert run("validate").code == 0
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert run("validate").code == 0
    assert gc.isenabled()


def test_a_bug_shows_where_and_whom_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> int:
        raise ZeroDivisionError("oh")

    assert run_command(broken) == 70
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "ZeroDivisionError: oh" in told
    assert "This is a bug in rolemodel-ci" in told
    assert "/issues" in told


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interrupted(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise error

    assert run_command(interrupted) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_failures_end_with_their_code_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (CredentialsError("no", "Do."), AwsCallError(code="X", action="a:B", message="no", remedy="Do.")):

        def failing(error: Exception = error) -> int:
            raise error

        assert run_command(failing) == 3
        assert capsys.readouterr().err == "Error: no\n  Do.\n"


def test_commands_that_return_nothing_succeed() -> None:
    assert run_command(lambda: None) == 0
    assert cli.get_command(click.Context(cli), "nothing") is None


def test_sandbox_of_plan_apply_and_list(sample: Path) -> None:
    planned = run("plan", "--sandbox", "--format", "json")
    assert planned.code == 0
    assert planned.json["totals"]["groups_after"] == 16
    applied = run("apply", "--sandbox")
    assert applied.code == 0
    assert "Applied: 52 changes made." in applied.out
    listed = run("list", "--sandbox", "--format", "json")
    assert listed.code == 0
    assert len(listed.json["roles"]) == 16


def test_embedded_aws_has_no_pid_before_it_runs() -> None:
    with pytest.raises(Exception, match="not running") as error:
        _ = EmbeddedAws().pid
    assert error.value.exit_code == 3  # type: ignore[attr-defined]
