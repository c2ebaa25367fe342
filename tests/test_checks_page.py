"""docs/checks.md: every code has its section, every section a code, and every example triggers it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from loading import BAD, BASE, found_in
from test_corpus import COMPARED, MADE, codes_of_the_package

from rolemodel_ci.checks import CHECKS, Rule

PAGE = (BAD.parent.parent / "docs" / "checks.md").read_text(encoding="utf-8")


class Section(NamedTuple):
    """One section of the page: code, title, and what stands below the heading."""

    code: str
    title: str
    text: str

    @property
    def files(self) -> dict[str, str]:
        """The files of its example."""
        return dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL))


SECTIONS = [
    Section(*match) for match in re.findall(r"^## (RM\d{3}) ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
]


def test_one_section_for_each_code_in_order() -> None:
    assert [section.code for section in SECTIONS] == sorted(codes_of_the_package())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_example(section: Section, tmp_path: Path) -> None:
    if not section.files:
        assert "<!-- no example: " in section.text
        assert section.code in COMPARED or any(
            line.split()[1] == section.code for _, lines in MADE.values() for line in lines
        )
        return
    assert section.files.keys() <= BASE.keys()
    (tmp_path / ".git").mkdir()
    for name, text in (BASE | section.files).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = found_in(tmp_path)
    assert section.code in {line.split()[1] for line in found}
    severities = {line.split()[2] for line in found if line.split()[1] == section.code}
    assert severities == {"warning" if section.text.startswith("\nWarning. ") else "error"}


def test_the_warnings_are_listed_at_the_top() -> None:
    warnings = [section.code for section in SECTIONS if section.text.startswith("\nWarning. ")]
    assert f"the warnings are {' and '.join(warnings)}." in PAGE


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_sentence_of_the_check_stands_in_its_section(check: Rule) -> None:
    (text,) = (section.text for section in SECTIONS if section.code == check.code)
    assert check.sentence in " ".join(text.split())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_prose_comes_before_the_example(section: Section) -> None:
    prose = section.text.split("```")[0].split("<!--")[0].strip()
    assert 1 <= len(re.findall(r"[.!?](?=\s|$)", prose)) <= 6
    assert not section.title.endswith(".")
