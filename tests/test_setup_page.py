"""docs/setup.md: its messages are the code's, its parameters the templates', its subjects those of the trust."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Any

import pytest
import yaml
from actions.issuer import Repository
from test_docs import PACKAGE, ROOT, page, rows, section
from workflow_files import parsed

PAGE = page("docs/setup.md")
BOOTSTRAP = ("master", "account", "account-via-master")

_LEAST = 12
"""Characters of its own that a message needs to be told from another."""


# ---- messages


def code_span(cell: str) -> str:
    """What a cell has as code; empty where it has none."""
    found = re.match(r"(`+)(.+?)\1(?!`)", cell)
    return found[2].strip() if found else ""


QUOTED = [quote for row in rows(section(PAGE, "When something fails")) if (quote := code_span(row[0]))]


@cache
def messages() -> tuple[re.Pattern[str], ...]:
    """Every text in the package as a pattern: whatever is filled in fits anything."""
    patterns = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [str(p.value) if isinstance(p, ast.Constant) and isinstance(p.value, str) else None for p in parts]
            if sum(len(text) for text in texts if text) >= _LEAST:
                patterns.append(re.compile("".join(".+?" if t is None else re.escape(t) for t in texts), re.DOTALL))
    return tuple(patterns)


def test_the_page_quotes_messages() -> None:
    assert len(QUOTED) >= 15
    assert len(messages()) > 300


@pytest.mark.parametrize("quote", QUOTED)
def test_quoted_messages_are_those_of_the_code(quote: str) -> None:
    assert any(pattern.fullmatch(quote) for pattern in messages())


def test_a_message_that_nobody_writes_is_noticed() -> None:
    assert not any(pattern.fullmatch("the moon is not in the checkout") for pattern in messages())


# ---- templates


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, whose meaning does not matter here."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def parameters(name: str) -> dict[str, Any]:
    """The parameters of a template in bootstrap/."""
    found: dict[str, Any] = yaml.load((ROOT / "bootstrap" / f"{name}.yml").read_text("utf-8"), Loader)["Parameters"]
    return found


def test_parameters_are_those_of_the_templates() -> None:
    told: dict[str, set[str]] = {}
    for names_, where, _ in rows(section(PAGE, "2. The roles that CI takes on")):
        for parameter in re.findall(r"`(\w+)`", names_):
            told[parameter] = set(BOOTSTRAP) if where == "all" else set(where.split(", "))
    have = {name: set(parameters(name)) for name in BOOTSTRAP}
    assert told == {each: {name for name in BOOTSTRAP if each in have[name]} for each in set().union(*have.values())}


def test_commands_give_every_parameter_that_has_no_default() -> None:
    commands = re.findall(r"--template-(?:file|body) (?:file://)?bootstrap/([a-z-]+)\.yml(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in commands] == ["master", "account", "account-via-master", "account"]
    for name, rest in commands:
        keys = re.findall(r"ParameterKey=(\w+),ParameterValue=", rest)
        overrides = re.findall(r"\s([A-Z]\w+)=", rest.partition("--parameter-overrides")[2])
        assert sorted(keys or overrides) == sorted(n for n, told in parameters(name).items() if "Default" not in told)
        assert "CAPABILITY_NAMED_IAM" in rest


def test_subjects_are_those_that_the_templates_trust() -> None:
    home = Repository("acme", "access", "1001", "2002")
    assert f"`{home.plan_subject()}`" in PAGE
    assert f"`{home.plan_subject(ids=True)}`" in PAGE


def test_the_repository_is_the_same_throughout() -> None:
    assert set(re.findall(r"\bOwnerId=(\d+)", PAGE)) == {"1001"}
    assert set(re.findall(r"\bRepositoryId=(\d+)", PAGE)) == {"2002"}
    assert set(re.findall(r"MasterAccountId=(\d+)", PAGE)) == {"111111111111"}


# ---- the config


def test_the_config_names_the_roles_of_the_templates() -> None:
    (text,) = re.findall(r"<!-- complete: config.yml -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    oidc = parsed(text)["github_oidc"]
    for name in BOOTSTRAP:
        made = re.findall(r"RoleName: (\S+)", (ROOT / "bootstrap" / f"{name}.yml").read_text("utf-8"))
        assert sorted(made) == sorted(oidc.values())
