"""The demo, as somebody sees it who has just cloned the repository."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from rolemodel_ci.cli.demo import AFTER, BEFORE, DemoError, _Demo, _load, sample
from rolemodel_ci.cli.environment import World
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import seed
from rolemodel_ci.sandbox.sessions import furniture, role_sessions

from .running import process, run


def test_demo() -> None:
    ran = process("demo")
    assert ran.code == 0, ran
    assert "Traceback" not in ran.err
    assert len(set(re.findall(r"RM\.(?:prod|dev|test|cdn)\.\w+Role", ran.out))) == 16
    assert "Plan: 1 grant and 1 revocation." in ran.out
    assert re.search(r"\+ gains +alice@example\.com +prod +PowerRole", ran.out)
    assert re.search(r"- loses +bob@example\.com +dev +PowerRole", ran.out)
    assert re.search(r"bob\S* +PowerRole of dev +no, access denied", ran.out)
    last = ran.out.partition("6. apply again")[2]
    assert "Nothing to do" in last
    assert "0 write calls" in last


def test_demo_draws_its_picture(tmp_path: Path) -> None:
    ran = run("demo", "--picture", str(tmp_path / "demo.svg"))
    assert ran.code == 0
    picture = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "0&#160;write&#160;calls" in picture


def test_demo_needs_no_aws_settings_and_minds_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[profile", encoding="utf-8")
    for name, value in (
        ("AWS_PROFILE", "missing"), ("AWS_CONFIG_FILE", str(broken)), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"), ("HTTPS_PROXY", "http://127.0.0.1:9"), ("AWS_REGION", "eu-west-9"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    ran = process("demo")
    assert ran.code == 0, ran
    assert "0 write calls" in ran.out


def test_demo_works_on_a_copy(tmp_path: Path) -> None:
    with sample() as config:
        users = Path(config).with_name("users.yml")
        assert users.read_text(encoding="utf-8").count(BEFORE) == 1
        users.write_text(AFTER, encoding="utf-8")
    assert not users.exists()
    with sample() as config:
        assert BEFORE in Path(config).with_name("users.yml").read_text(encoding="utf-8")


def played(aws: EmbeddedAws, config: str) -> tuple[_Demo, Policy]:
    """The demo on our embedded AWS, before its first step."""
    policy = _load(config)
    reading, writing = role_sessions(policy, seed(aws, furniture(policy)), 4)
    return _Demo(Console(file=io.StringIO()), config, aws, World(reading, writing, policy, 4)), policy


def test_demo_notices_when_it_does_not_do_what_it_says(aws: EmbeddedAws) -> None:
    """Each step proves what it shows."""
    with sample() as config:
        demo, policy = played(aws, config)
        aws.freeze()
        with pytest.raises(DemoError, match="refused a change"):
            demo._apply(policy)
        aws.thaw()
        with pytest.raises(DemoError, match="still wrote"):
            demo._nothing(policy)
        with pytest.raises(DemoError, match="cannot switch into prod"):
            demo._proof(policy)
        Path(config).with_name("users.yml").write_text("prod: {}\n", encoding="utf-8")
        with pytest.raises(DemoError, match="not the one the demo knows"):
            demo._change()
        Path(config).write_text("{}", encoding="utf-8")
        with pytest.raises(DemoError, match="has problems") as failed:
            _load(config)
    assert failed.value.exit_code == 5
