"""The linters have nothing to say: on the action, the workflows, the one in docs/setup.md, the Dockerfile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from linting import SECONDS, Said, lint, tool
from workflow_files import ACTION, ROOT, WORKFLOWS, all_texts, handed_out

ZIZMOR = ("--offline", "--persona", "pedantic", "--no-progress", "--strict-collection", "--color", "never")
JACTIONLINT = ("--strict-exit", "--no-hints", "--no-online", "--no-color")
DEPENDABOT = ROOT / ".github" / "dependabot.yml"

BAD = """\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}" ${{ nonsense.here }}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with nothing but the action and the workflows, those of docs/setup.md beside ours."""
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    shutil.copy(ACTION, tmp_path)
    shutil.copy(ROOT / "Dockerfile", tmp_path)
    shutil.copy(DEPENDABOT, workflows.parent)
    for path in WORKFLOWS:
        shutil.copy(path, workflows)
    for name, text in handed_out().items():
        (workflows / f"handed-out-{name}").write_text(text)
    return tmp_path


def test_zizmor_has_nothing_to_say(repository: Path) -> None:
    said = lint("zizmor", *ZIZMOR, "action.yml", ".github", directory=repository)
    assert said.code == 0, said.text
    assert said.text.count("completed") == len(all_texts()) + 2  # and the action, and what Dependabot does
    assert "No findings to report." in said.text


def test_jactionlint_has_nothing_to_say(repository: Path) -> None:
    assert lint("jactionlint", *JACTIONLINT, directory=repository) == Said(0, "")


@pytest.mark.parametrize(
    ("schema", "pattern", "least"),
    [
        ("vendor.github-actions", "action.yml", 1),
        ("vendor.github-workflows", ".github/workflows/*.yml", 4),
        ("vendor.dependabot", ".github/dependabot.yml", 1),
    ],
)
def test_files_fit_their_schemas(repository: Path, schema: str, pattern: str, least: int) -> None:
    files = sorted(repository.glob(pattern))
    assert len(files) >= least
    said = lint("check-jsonschema", "--builtin-schema", schema, *files, directory=repository)
    assert said.code == 0, said.text


def test_hadolint_has_nothing_to_say() -> None:
    assert lint("hadolint", "--no-color", "Dockerfile", directory=ROOT) == Said(0, "")


def test_the_linters_are_awake(repository: Path) -> None:
    bad = repository / ".github" / "workflows" / "bad.yml"
    bad.write_text(BAD)
    assert "template-injection" in lint("zizmor", *ZIZMOR, bad, directory=repository).text
    assert "nonsense" in lint("jactionlint", *JACTIONLINT, bad, directory=repository).text
    bad.write_text(BAD.replace("runs-on", "runs-of"))
    assert lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", bad, directory=repository).code == 1
    (repository / "Dockerfile").write_text("FROM debian\nRUN cd /tmp\n")
    assert "DL3006" in lint("hadolint", "--no-color", "Dockerfile", directory=repository).text


@pytest.mark.parametrize("name", all_texts())
def test_act_knows_the_jobs(repository: Path, name: str) -> None:
    """It is older than `queue`, which the schemas above know."""
    file = repository / ".github" / "workflows" / "one.yml"
    file.write_text(all_texts()[name].replace("      queue: max\n", ""))
    said = lint("act", "--list", "--workflows", file, directory=repository)
    assert said.code == 0, said.text
    assert lint("act", "--validate", "--strict", "--workflows", file, directory=repository).code == 0


def test_a_tool_that_is_missing_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SECONDS > 0
    monkeypatch.delenv("ROLEMODEL_CI_ALL_TESTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-tool is not installed"):
        tool("no-such-tool")
    monkeypatch.setenv("ROLEMODEL_CI_ALL_TESTS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool is not installed"):
        tool("no-such-tool")
