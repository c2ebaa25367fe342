"""What GitHub Actions says about a run: read whole, in parts, wrong, and with secrets that are not shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rolemodel_ci.adapters.github.inputs import Repair
from rolemodel_ci.adapters.github.runner import COMMENT_AUTHOR, Inputs, Oidc, read_runner
from rolemodel_ci.errors import UsageError
from rolemodel_ci.reconcile.approval import Guard

CONFIG = "access/config.yml"
SHA = "a" * 40
TOKEN = "ghs_" + "x" * 500 + ".y_z"
OIDC_TOKEN = "eyJ.runner.key"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the runner sets for a container action whose inputs are all given."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "opened", "number": 7}))
    return {
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_REPOSITORY": "acme/access",
        "GITHUB_SHA": SHA,
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_RUN_ID": "4711",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner.example/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": OIDC_TOKEN,
        "INPUT_CONFIG": "other/config.yml",
        "INPUT_REPAIR": "ended",
        "INPUT_ALLOW": "mass-removal",
        "INPUT_JOBS": "8",
        "INPUT_COMMENT-AUTHOR": "acme-bot",
        "INPUT_GITHUB-TOKEN": TOKEN,
    }


def wrong(environment: dict[str, str]) -> UsageError:
    """What makes no sense, said without any token."""
    with pytest.raises(UsageError) as error:
        read_runner(environment, CONFIG)
    assert error.value.exit_code == 2
    assert error.value.remedy
    assert not [secret for secret in (TOKEN, OIDC_TOKEN) if secret in repr(error.value) + error.value.remedy]
    return error.value


# ---- all there, all gone


def test_everything(environment: dict[str, str], tmp_path: Path) -> None:
    environment["INPUT_ALLOW"] = ",".join(Guard)
    runner = read_runner(environment, CONFIG)
    assert (runner.event, runner.payload) == ("pull_request", {"action": "opened", "number": 7})
    assert (runner.workspace, runner.repository, runner.commit) == (tmp_path, "acme/access", SHA)
    assert (runner.ref, runner.run_id) == ("refs/pull/7/merge", "4711")
    assert (runner.server_url, runner.api_url) == ("https://github.com", "https://api.github.com")
    assert runner.oidc == Oidc("https://runner.example/token?api-version=2.0", OIDC_TOKEN)
    assert (runner.summary_file, runner.output_file) == (tmp_path / "summary", tmp_path / "output")
    assert runner.inputs == Inputs("other/config.yml", Repair.ENDED, frozenset(Guard), 8, "acme-bot", TOKEN)
    assert runner.repository_url == "https://github.com/acme/access"
    assert runner.run_url == "https://github.com/acme/access/actions/runs/4711"


@pytest.fixture
def plain(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which nothing is wrong."""
    return environment | {"INPUT_ALLOW": ""}


def test_nothing_but_the_event(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    runner = read_runner({"GITHUB_EVENT_NAME": "schedule"}, CONFIG)
    assert (runner.workspace, runner.payload, runner.inputs) == (tmp_path, {}, Inputs(CONFIG))
    assert (runner.repository_url, runner.run_url, runner.oidc) == ("", "", None)
    assert (runner.summary_file, runner.output_file, runner.api_url) == (None, None, "")


ESSENTIAL = {"GITHUB_EVENT_NAME": "`plan` or `apply`", "GITHUB_EVENT_PATH": "step of a GitHub workflow"}


def test_each_missing_and_each_empty(plain: dict[str, str]) -> None:
    """Outside the real runner any of them may be missing; only two are ever needed."""
    for name in plain:
        for less in ({k: v for k, v in plain.items() if k != name}, plain | {name: ""}):
            if name in ESSENTIAL:
                assert ESSENTIAL[name] in wrong(less).remedy
                continue
            runner = read_runner(less, CONFIG)
            whole = read_runner(plain, CONFIG)
            differing = [field for field in runner.__slots__ if getattr(runner, field) != getattr(whole, field)]
            assert len(differing) == (0 if name == "INPUT_ALLOW" else 1), name


@pytest.mark.parametrize("missing", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_half_of_what_oidc_needs_is_none(plain: dict[str, str], missing: str) -> None:
    del plain[missing]
    assert read_runner(plain, CONFIG).oidc is None


@pytest.mark.parametrize("missing", ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"])
def test_no_page_without_all_its_parts(plain: dict[str, str], missing: str) -> None:
    del plain[missing]
    assert read_runner(plain, CONFIG).run_url == ""


# ---- values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", value)
        for value in (
            "a/b/c",
            "acme",
            "/",
            "acme/",
            "/access",
            "acme/acc ess",
            "ac\nme/access",
            "äcme/access",
            "a/b?c=d",
        )
    ]
    + [
        ("GITHUB_SHA", value)
        for value in ("--upload-pack=x", "main", SHA[:7], SHA.upper(), f"{SHA}\n", f"{SHA} ", f"-{SHA[1:]}", SHA + "a")
    ]
    + [("GITHUB_RUN_ID", value) for value in ("x", "-1", "1.5", "9" * 21, "٣", "1/../2")],
)
def test_names_and_numbers_that_make_no_sense(plain: dict[str, str], name: str, value: str) -> None:
    error = wrong(plain | {name: value})
    assert error.message.startswith(f"{name} is not ")


@pytest.mark.parametrize("value", [SHA, "b" * 64])
def test_hashes_of_both_lengths(plain: dict[str, str], value: str) -> None:
    assert read_runner(plain | {"GITHUB_SHA": value}, CONFIG).commit == value


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_SERVER_URL", "ACTIONS_ID_TOKEN_REQUEST_URL"])
@pytest.mark.parametrize(
    "value",
    ["http://evil", "http://evil.example/api", "https://user:password@github.com", "https://me@github.com",
     "https://:password@github.com", "ftp://github.com", "github.com", "//github.com", "https://", "https:///path",
     "http://127.0.0.1.evil.example", "http://localhost@evil.example", "https://[", "javascript:x", "file:///etc/x",
     "http://127.0.0.1@evil.example/", " "],
)  # fmt: skip
def test_addresses_that_no_token_goes_to(plain: dict[str, str], name: str, value: str) -> None:
    assert wrong(plain | {name: value}).message == f"{name} is not the address of an HTTPS server"


@pytest.mark.parametrize(
    "value",
    ["https://api.github.com", "https://ghe.example/api/v3", "https://ghe.example:8443/api/v3", "HTTPS://GHE.example",
     "http://127.0.0.1:1234", "http://localhost:1234/api/v3", "http://[::1]:1234", "https://[2001:db8::1]/x"],
)  # fmt: skip
def test_addresses_that_tokens_may_go_to(plain: dict[str, str], value: str) -> None:
    assert read_runner(plain | {"GITHUB_API_URL": value}, CONFIG).api_url == value
    assert read_runner(plain | {"GITHUB_API_URL": f"{value}/"}, CONFIG).api_url == value


# ---- inputs


@pytest.mark.parametrize("value", ["0", "65", "abc", "-1", "1.5", "1e1", "٣", "0x10", "100", "1000000", "8 8"])
def test_jobs_that_make_no_sense(plain: dict[str, str], value: str) -> None:
    error = wrong(plain | {"INPUT_JOBS": value})
    assert error.message == f"the input `jobs` is `{value}`"
    assert "from 1 to 64" in error.remedy


@pytest.mark.parametrize(("value", "jobs"), [("1", 1), ("64", 64), (" 8\n", 8), ("", 16), ("08", 8)])
def test_jobs(plain: dict[str, str], value: str, jobs: int) -> None:
    assert read_runner(plain | {"INPUT_JOBS": value}, CONFIG).inputs.jobs == jobs


@pytest.mark.parametrize("value", ["x", "Nothing", "all", "nothing,ended"])
def test_repair_that_nobody_knows(plain: dict[str, str], value: str) -> None:
    error = wrong(plain | {"INPUT_REPAIR": value})
    assert error.message == f"the input `repair` does not know `{value}`"
    assert error.remedy == "Write one of `nothing`, `ended`, `everything`."


@pytest.mark.parametrize("value", ["x", "*", "all", "mass-removal;x"])
def test_allow_that_nobody_knows(plain: dict[str, str], value: str) -> None:
    error = wrong(plain | {"INPUT_ALLOW": value})
    assert error.message == f"the input `allow` does not know `{value}`"
    assert all(f"`{guard}`" in error.remedy for guard in Guard)


@pytest.mark.parametrize("separator", [",", " ", "\n", ", ", "\r\n", ",,"])
def test_several_guards(plain: dict[str, str], separator: str) -> None:
    first, second = list(Guard)[:2]
    given = plain | {"INPUT_ALLOW": f"{separator}{first}{separator}{second}{separator}"}
    assert read_runner(given, CONFIG).inputs.allow == {first, second}


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_empty_inputs_take_their_defaults(plain: dict[str, str], empty: str) -> None:
    for name in plain:
        if name.startswith("INPUT_"):
            plain[name] = empty
    assert read_runner(plain, CONFIG).inputs == Inputs(CONFIG, Repair.NOTHING, frozenset(), 16, COMMENT_AUTHOR, "")


def test_hyphens_of_inputs_stay(plain: dict[str, str]) -> None:
    """The runner turns only spaces into `_`, so a variable with one is none of ours."""
    plain["INPUT_GITHUB_TOKEN"] = plain["INPUT_COMMENT_AUTHOR"] = "not ours"
    inputs = read_runner(plain, CONFIG).inputs
    assert (inputs.token, inputs.comment_author) == (TOKEN, "acme-bot")
    del plain["INPUT_GITHUB-TOKEN"]
    assert read_runner(plain, CONFIG).inputs.token == ""


def test_token_of_the_environment_is_not_taken(plain: dict[str, str]) -> None:
    assert read_runner(plain | {"INPUT_GITHUB-TOKEN": "", "GITHUB_TOKEN": "other"}, CONFIG).inputs.token == ""


def test_printed_run_shows_no_token(plain: dict[str, str]) -> None:
    runner = read_runner(plain, CONFIG)
    for thing in (runner, runner.inputs, runner.oidc, [runner], {"x": runner}):
        for shown in (repr(thing), str(thing)):
            assert TOKEN not in shown
            assert OIDC_TOKEN not in shown


# ---- the event's file


BROKEN = [b"", b"{", b"\xff\xfe", b"[]", b"null", b"7", b'"x"', b"[" * 200_000, b'{"a": ' * 100_000]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_file(plain: dict[str, str], content: bytes) -> None:
    Path(plain["GITHUB_EVENT_PATH"]).write_bytes(content)
    error = wrong(plain)
    assert error.message.startswith("what happened is not known: ")
    assert "step of a GitHub workflow" in error.remedy
    assert len(error.message) < 400


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
@pytest.mark.parametrize("content", [*BROKEN, None])
def test_broken_file_of_an_event_that_says_it_all(plain: dict[str, str], event: str, content: bytes | None) -> None:
    path = Path(plain["GITHUB_EVENT_PATH"])
    path.unlink() if content is None else path.write_bytes(content)
    assert read_runner(plain | {"GITHUB_EVENT_NAME": event}, CONFIG).payload == {}


@pytest.mark.parametrize("path", ["/nowhere/event.json", "/", "\0", "x" * 5000])
def test_file_that_is_not_there(plain: dict[str, str], path: str) -> None:
    assert "cannot be read" in wrong(plain | {"GITHUB_EVENT_PATH": path}).message


def test_huge_file_is_not_read(plain: dict[str, str]) -> None:
    with Path(plain["GITHUB_EVENT_PATH"]).open("wb") as file:
        file.truncate(20_000_000_000)  # of holes
    assert "larger than 50,000,000 bytes" in wrong(plain).message


def test_largest_payload_of_github_is_read(plain: dict[str, str]) -> None:
    Path(plain["GITHUB_EVENT_PATH"]).write_text(json.dumps({"body": "x" * 24_999_900}))
    assert len(read_runner(plain, CONFIG).payload["body"]) == 24_999_900
