"""The documentation and the code say the same, both ways."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from builders import policy
from loading import BASE, InMemory

from rolemodel_ci.adapters.aws import sessions
from rolemodel_ci.checks import check
from rolemodel_ci.cli import COMMANDS, cli, legacy
from rolemodel_ci.cli.options import today
from rolemodel_ci.config.json_schema import published
from rolemodel_ci.config.loader import load
from rolemodel_ci.errors import RolemodelError
from rolemodel_ci.iam.ci_policies import NAMES
from rolemodel_ci.model.desired import GithubOidc, Guards, Policy
from rolemodel_ci.reconcile import stack_operations
from rolemodel_ci.reconcile.approval import Guard
from rolemodel_ci.reconcile.stack_operations import StackAction, fate

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGE = ROOT / "rolemodel_ci"


def page(name: str) -> str:
    """The text of a page: `README.md`, `docs/files.md`."""
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its level or a higher one."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return re.split(rf"^#{{1,{len(found[1])}}} ", found[2], flags=re.MULTILINE)[0]


def lead(text: str) -> str:
    """A section without those below it."""
    return text.partition("\n### ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, without their heads."""
    for line in re.findall(r"^\|(?!-)(.*)\|$(?!\n\|-)", text, re.MULTILINE):
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]


def names(cells: Iterator[list[str]], column: int = 0) -> list[str]:
    """What stands in backticks in a column of tables."""
    return [name for row in cells for name in re.findall(r"`([^`]+)`", row[column])]


# ---- links and complete examples


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(source: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", source.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in path:
            assert path.startswith("https://")
            continue
        file = (source.parent / path).resolve() if path else source
        assert file.exists(), f"{source.name}: {target}"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{source.name}: {target}"


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_name_nothing_of_a_machine(source: Path) -> None:
    assert not re.search(
        r"/home/|/root/|/tmp/|localhost:|pip\.conf|index-url|pypi\.|pythonhosted",
        source.read_text(encoding="utf-8"),
    )


EXAMPLES = [
    (source.name, *found)
    for source in PAGES
    for found in re.findall(r"<!-- complete: (\S+) -->\n```yaml\n(.*?)^```$", source.read_text("utf-8"), re.M | re.S)
]


@pytest.mark.parametrize(("source", "name", "text"), EXAMPLES, ids=[f"{e[0]}-{e[1]}" for e in EXAMPLES])
def test_complete_examples_have_no_problems(source: str, name: str, text: str) -> None:
    others = {other: content for page_, other, content in EXAMPLES if page_ == source}
    loaded = load(InMemory(BASE | others | {name: text}), "config.yml")
    assert loaded.problems == ()
    assert loaded.policy is not None
    assert check(loaded.policy, today()) == ()


def test_there_are_complete_examples_of_all_three_files() -> None:
    assert {name for _, name, _ in EXAMPLES} == {"config.yml", "roles.yml", "users.yml"}


def test_the_sample_of_the_package_is_the_one_of_the_repository() -> None:
    files = {path.name: path.read_bytes() for path in (ROOT / "access").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (PACKAGE / "sample").iterdir()}


# ---- README.md and CONTRIBUTING.md


def targets() -> dict[str, str]:
    """The targets of the Makefile that people are to use."""
    return dict(re.findall(r"^([a-z-]+):.*?## (.*)$", page("Makefile"), re.MULTILINE))


def test_every_make_target_in_the_pages_exists() -> None:
    named = {name for path in PAGES for name in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text("utf-8"), re.M)}
    assert {"demo", "test"} <= named
    assert named <= targets().keys()


def test_readme_names_the_commands_exit_codes_and_pages() -> None:
    readme = page("README.md")
    assert set(re.findall(r"^rolemodel-ci ([a-z-]+)  ?", section(readme, "The commands"), re.MULTILINE)) | {
        "apply", "sync-users", "delete"
    } == set(COMMANDS)  # fmt: skip
    assert {int(row[0]) for row in rows(section(readme, "The commands")) if row[0].isdecimal()} == set(exit_codes())
    linked = set(re.findall(r"\(docs/([a-z-]+\.md)\)", section(readme, "The rest")))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


def test_decisions_are_numbered_without_gaps() -> None:
    files = sorted((ROOT / "docs" / "decisions").iterdir())
    assert [file.name[:4] for file in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(file.name[:4])}. ")
        assert [word in text for word in ("**Context.**", "**Decision.**", "**Consequences.**")] == [True] * 3


def test_contributing_names_every_module_and_make_target() -> None:
    text = page("CONTRIBUTING.md")
    entries = [path for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"]
    modules = {path.stem for path in entries if not path.name.startswith("_")} - {"sample", "schemas"}
    told = set(names(rows(section(text, "How the house is built"))))
    assert told == modules
    assert set(re.findall(r"^make ([a-z-]+) +", text, re.MULTILINE)) == targets().keys() - {"help", "lint", "clean"}


# ---- commands.md


def commands() -> dict[str, click.Command]:
    """The commands by name."""
    context = click.Context(cli)
    return {name: command for name in COMMANDS if (command := cli.get_command(context, name))}


def options(command: click.Command) -> set[str]:
    """The long options of a command."""
    return {text for each in command.params if isinstance(each, click.Option) for text in each.opts if text[:2] == "--"}


def exit_codes() -> dict[int, str]:
    """The exit codes that the tool's help tells of."""
    found = re.findall(r"^ +(\d+) +(.*)$", cli.help or "", re.MULTILINE)
    return {int(code): meaning for code, meaning in found}


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    text = page("docs/commands.md")
    assert names(rows(text.partition("## Exit codes")[0])) == list(COMMANDS)
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == ["Exit codes", "Options that several commands share", *COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_a_command_are_those_of_its_page(name: str) -> None:
    text = page("docs/commands.md")
    told = {option.split()[0] for option in names(rows(section(text, name))) if option.startswith("--")}
    for option, on, _ in rows(lead(section(text, "Options that several commands share"))):
        everywhere = on.startswith("all but") and name not in on
        if everywhere or (not on.startswith("all but") and name in on.split(", ")):
            told.add(option.split()[0].strip("`"))
    assert told == options(commands()[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_a_command_use_its_options(name: str) -> None:
    examples = re.findall(r"^rolemodel-ci (\S+)(.*)$", section(page("docs/commands.md"), name), re.MULTILINE)
    assert examples
    for command, rest in examples:
        assert command == name
        assert set(re.findall(r"--[a-z-]+", rest.partition("|")[0])) <= options(commands()[name])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_the_pages_exist(path: Path) -> None:
    for name, rest in re.findall(r"rolemodel-ci ([a-z-]+)([^`\n|]*)", path.read_text(encoding="utf-8")):
        if name in COMMANDS:
            assert set(re.findall(r"(?<=\s)--[a-z-]+", rest)) <= options(commands()[name]), f"{name}{rest}"


def test_exit_codes_are_told_everywhere_alike() -> None:
    told = {int(row[0]) for row in rows(section(page("docs/commands.md"), "Exit codes"))}
    assert told == {*exit_codes()}
    assert exit_codes().keys() == {0, 1, 2, 3, 4, 5, 6, 70, 130, 141}
    kinds = [RolemodelError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        assert getattr(kind, "exit_code", 2) in exit_codes()


def test_the_commands_of_2015_are_in_the_page_on_migrating() -> None:
    text = page("docs/migrating.md")
    assert set(re.findall(r"^rolemodel CONFIG (\S+)", text, re.MULTILINE)) == set(legacy.cli.commands)
    assert {option for each in legacy.cli.params for option in each.opts if option[:2] == "--"} == {"--debug", "--yes"}
    assert "`--debug`" in text


# ---- files.md


def test_keys_of_the_config_are_those_of_the_page() -> None:
    schema, text = published("config"), section(page("docs/files.md"), "config.yml")
    wanted = [*schema["properties"]]
    for part in ("account", "protection"):
        wanted += schema["$defs"][part]["properties"]
    for part in ("guards", "github_oidc"):
        wanted += schema["properties"][part]["properties"]
    assert sorted(names(iter([row]))[0] for row in rows(text)) == sorted(wanted)


def test_required_keys_and_defaults_are_those_of_the_page() -> None:
    told = {names(iter([row]))[0]: row[1].strip("`") for row in rows(page("docs/files.md"))}
    schema = published("config")
    oidc = schema["properties"]["github_oidc"]
    required = {*schema["required"], *schema["$defs"]["account"]["required"], *oidc["required"], "user"}
    assert {key for key, default in told.items() if default == "required"} == required
    guards, access = Guards(), GithubOidc("p", "a")
    defaults: dict[str, Any] = {name: getattr(guards, name) for name in Guards.__dataclass_fields__}
    defaults |= {"audience": access.audience, "via": access.via}
    named = ("stack_name", "region", "group_prefix", "owner", "stack_deadline")
    defaults |= {name: Policy.__dataclass_fields__[name].default for name in named}
    assert {key: told[key] for key in defaults} == {
        key: "none" if value is None else str(value) for key, value in defaults.items()
    }


def test_keys_of_a_grant_are_those_of_the_page() -> None:
    told = [names(iter([row]))[0] for row in rows(section(page("docs/files.md"), "users.yml"))]
    assert told == list(published("users")["$defs"]["grant"]["properties"])


# ---- semantics.md


def test_guards_are_those_of_the_page() -> None:
    table = list(rows(lead(section(page("docs/semantics.md"), "Guards"))))
    assert [names(iter([row]))[0] for row in table] == [guard.value for guard in Guard]
    allowed = {row[0].strip("`") for row in table if f"`--allow {row[0].strip('`')}`" in row[3]}
    option = next(each for each in commands()["apply"].params if each.name == "allow")
    assert isinstance(option.type, click.Choice)
    assert allowed == set(option.type.choices)
    assert {setting for row in table for setting in re.findall(r"guards: (\w+):", row[2])} == {
        "revoke_percent", "revoke_floor", "revoke_most"
    }  # fmt: skip


def test_overridable_guards_are_those_of_the_pages() -> None:
    overridable = [guard.value for guard in Guard]
    (row,) = (row for row in rows(page("docs/commands.md")) if row[0] == "`--allow GUARD`")
    assert names(iter([row]), 2) == overridable
    (row,) = (row for row in rows(section(page("docs/json.md"), "One guard's refusal")) if row[0] == "`guard`")
    assert names(iter([row]), 1) == [guard.value for guard in Guard]
    for kind in ("refusal", "audit"):
        items = published(f"output-{kind}")["properties"]["refusals"]["items"]["properties"]
        assert items["guard"]["enum"] == [guard.value for guard in Guard]
    assert published("output-audit")["properties"]["overridden"]["items"]["properties"]["guard"]["enum"] == overridable


def test_states_of_a_stack_are_those_of_the_page() -> None:
    from rolemodel_ci.model.live import DEAD, RESTING

    told = [row[0] for row in rows(section(page("docs/semantics.md"), "States of a stack"))]
    assert {frozenset(cell.split(", ")) for cell in told if ", " in cell} == {DEAD, RESTING}


# ---- reliability.md


def test_every_status_of_a_stack_is_in_the_page_with_its_fate() -> None:
    from test_rollout import STATUSES

    told = [
        (row[0].strip("`"), row[1]) for row in rows(section(page("docs/reliability.md"), "Every status of a stack"))
    ]
    assert told == [("none", StackAction.MAKE.value), *((status, fate(status).value) for status in STATUSES)]


def test_numbers_of_the_page_on_reliability_are_those_of_the_code() -> None:
    text = " ".join(page("docs/reliability.md").split())
    minutes = policy().stack_deadline
    assert minutes * 60 == stack_operations.DEADLINE
    assert f"`stack_deadline` ({minutes} minutes)" in text
    assert (
        f"every {stack_operations._FIRST_PAUSE:g} s at first and every {stack_operations._LONGEST_PAUSE:g} s at most"
        in text
    )
    assert f"up to {stack_operations._ATTEMPTS} times in all" in text
    assert sessions._ALWAYS == 4
    assert "two for each of `--jobs` workers and four are kept" in text


# ---- permissions.md


def test_policies_are_quoted_as_they_are() -> None:
    quoted = dict(
        re.findall(r"<!-- policy: (\S+) -->\n```json\n(.*?)\n```\n<!-- end -->", page("docs/permissions.md"), re.S)
    )
    assert list(quoted) == list(NAMES)
    for name, text in quoted.items():
        assert text == (PACKAGE / "iam" / f"{name}.json").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_explained(name: str) -> None:
    document = json.loads((PACKAGE / "iam" / f"{name}.json").read_text(encoding="utf-8"))
    listed = [action for s in document["Statement"] if s["Effect"] == "Allow" for action in _listed(s["Action"])]
    told = names(rows(section(page("docs/permissions.md"), name)))
    if name == "apply-account":  # what CloudFormation does in our name is told as a whole
        listed = [action for action in listed if action.startswith("cloudformation:")]
        told = [action for action in told if action.startswith("cloudformation:")]
    assert sorted(told) == sorted(listed)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
