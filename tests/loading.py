"""What the tests of loading share: laying files over the good base repository, loading and checking them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from rolemodel_ci.adapters.git.working_tree import Directory
from rolemodel_ci.checks import check
from rolemodel_ci.cloudformation.template import Body, read_template
from rolemodel_ci.config.loader import Loaded, NoFile, join, load
from rolemodel_ci.model.desired import Policy
from rolemodel_ci.model.problem import Problem

TODAY = date(2026, 11, 23)
BAD = Path(__file__).parent / "bad"
BASE = {path.name: path.read_text(encoding="utf-8") for path in (BAD / "_base").glob("*.yml")}


class InMemory:
    """Files of a dictionary, for tests that load thousands of repositories."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | NoFile:
        """The content as bytes."""
        content = self._files.get(path)
        if content is None:
            return NoFile("RM101", f"there is no file `{path}`", "Create it, or correct the path.")
        return content if isinstance(content, bytes) else content.encode("utf-8")

    def beside(self, path: str, config: str) -> str:
        """The path as seen from the config."""
        return join(config, path)


def loaded(**changed: str | bytes) -> Loaded:
    """The base repository with these files in place of its own: `loaded(users="prod: {}")`."""
    return load(InMemory(BASE | {f"{name}.yml": content for name, content in changed.items()}), "config.yml")


def policy(**changed: str | bytes) -> Policy:
    """The policy of a repository without problems in loading."""
    result = loaded(**changed)
    assert result.problems == ()
    assert result.policy is not None
    return result.policy


def problems(result: Loaded, today: date = TODAY) -> list[Problem]:
    """Everything that loading and checks find, as the tool sorts it."""
    found = check(result.policy, today) if result.policy else ()
    return sorted([*result.problems, *found])


def found(**changed: str | bytes) -> list[str]:
    """Place and code of every problem: `users.yml:9:1 RM301`."""
    return [f"{problem.place} {problem.code}" for problem in problems(loaded(**changed))]


def found_in(directory: Path, config: str = "config.yml") -> list[str]:
    """Place, code and severity of every problem of a repository on disk, as in `expected.txt`."""
    result = load(Directory(config, directory), config)
    return [f"{problem.place} {problem.code} {problem.severity}" for problem in problems(result)]


def base_with(name: str, *replacements: tuple[str, str]) -> str:
    """A file of the base repository with some text replaced, each at its first place."""
    text = BASE[f"{name}.yml"]
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def body(text: str) -> Body:
    """The content of a template without problems."""
    template, bad = read_template(text, "roles.yml")
    assert bad == []
    assert template is not None
    return dict(template.body)
