"""Pieces of GitHub's Markdown. What comes from files, from AWS or from an event goes through here, and stays data."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from rolemodel_ci.model.problem import Place
from rolemodel_ci.render.markdown import code, escaped
from rolemodel_ci.render.text import visible

_CELL = 240
"""Characters of one text from outside that are shown: longer ones would fill the comment."""

_NAMES = 5

PEOPLE = 20
"""Names of those who come to be as good as an administrator: more are counted."""


def clipped(value: str, limit: int = _CELL) -> str:
    """The text, cut where it is too long to be read in a table."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def name(value: str) -> str:
    """A name as a code span."""
    return code(clipped(value))


def words(value: str) -> str:
    """Sentences as text; what they have in backticks stays a name. At the beginning of a line they make no block."""
    return _BEGINS_BLOCK.sub(r"\1\\\2", escaped(clipped(value.replace("\t", " ").strip(), 4 * _CELL)))


_BEGINS_BLOCK = re.compile(r"^(\d*)([.)=])")  # a numbered list, an underlined heading: `escaped` knows no beginnings


def few(values: Iterable[str], most: int = _NAMES) -> str:
    """Names in a sentence: the first few, and how many more."""
    return _listed([name(value) for value in values], most)


def few_html(values: Iterable[str], most: int = _NAMES) -> str:
    """As `few`, where HTML is read instead of Markdown."""
    return _listed([name_html(value) for value in values], most)


def name_html(value: str) -> str:
    """A name where HTML is read instead of Markdown."""
    return f"<code>{html.escape(visible(clipped(value)))}</code>"


def link(label: str, address: str) -> str:
    """A link. `label` is text; `address` has been put together by `blob` or comes from the runner."""
    return f"[{words(label)}]({quote(address, safe=_ADDRESS, errors=_ANY)})" if address else words(label)


_ANY = "surrogatepass"  # Git takes any bytes for a file's name
_ADDRESS = ":/?#[]@!$&+,;=%~"  # RFC 3986's reserved characters and `%`, but for quotes and brackets that end a link


def blob(repository_url: str, commit: str, place: Place) -> str:
    """The page that shows a line of a file as a commit has it; empty where the repository is not known."""
    if not repository_url or not commit:
        return ""
    line = f"#L{place.line}" if place.line else ""
    return f"{repository_url}/blob/{quote(commit, safe='')}/{quote(place.file, errors=_ANY)}{line}"


def row(cells: Sequence[str]) -> str:
    """One row of a table; the cells are Markdown already."""
    return "| " + " | ".join(cells) + " |"


def table_head(columns: Sequence[str]) -> str:
    """The first two lines of a table."""
    return f"{row(columns)}\n{'|---' * len(columns)}|"


def alert(kind: str) -> str:
    """The first line of one of GitHub's alerts: CAUTION, WARNING, NOTE."""
    return f"> [!{kind}]"


def _listed(shown: list[str], most: int) -> str:
    if len(shown) > most + 1:
        return f"{', '.join(shown[:most])} and {len(shown) - most:,} more"
    *first, last = shown or [""]
    return f"{', '.join(first)} and {last}" if first else last
