"""What people and the runner see in what a run leaves: nothing may be there that rolemodel-ci did not mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

OURS = (
    "https://github.com/acme/access/", "https://signin.aws.amazon.com/switchrole?", "https://github.com/rolemodel-ci/",
)  # fmt: skip
"""Where links may lead."""

_MARKER = re.compile(r"<!-- rolemodel-ci (change-summary|outcome) v1( config [0-9a-f]{16})? -->")
_TAGS = {"details", "summary", "b", "code", "sub", "a", "br"}
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_MENTION = re.compile(r"(?<![\w`])@\w|(?<![\w&])#\d|\bGH-\d", re.IGNORECASE)  # what GitHub makes a mention of


def unseen(text: str) -> list[str]:
    """Characters that move a cursor, break a line or turn the order of others around; ends of lines are none."""
    return _UNSEEN.findall(text)


def strange(markdown: str) -> list[str]:
    """Everything in a comment or a job summary that is no plain text, no name and none of our own markup."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")  # escapes stay apart
    tokens = [inner for token in parser.parse(markdown) for inner in (token, *(token.children or ()))]
    found = [f"unseen {char!r}" for char in unseen(markdown)]
    for index, token in enumerate(tokens):
        found += _strange(token, first=index == 0)
    html = "".join(token.content for token in tokens if token.type.startswith("html_"))
    found += _strange_html(html)
    text = "".join(map(_plain, tokens))
    return found + [f"mention {match}" for match in _MENTION.findall(text)]


def _plain(token: Token) -> str:
    """The text of a token in which GitHub looks for mentions; everything else parts words."""
    return token.content if token.type in ("text", "text_special") else "" if token.type == "inline" else "\n"


def _strange(token: Token, *, first: bool) -> Iterator[str]:
    target = str(token.attrGet("href") or "")
    if token.type == "link_open" and not target.startswith(OURS):
        yield f"link to {target}"
    if token.type in ("image", "s_open", "em_open", "hr", "code_block"):
        yield token.type
    if token.type == "heading_open" and token.tag not in ("h3", "h4"):
        yield token.tag
    if token.type == "text" and re.search(r"://|(?<!\w)www\.", token.content, re.IGNORECASE):
        yield f"address {token.content}"
    ours = first and _MARKER.match(token.content) and token.content.count("<!--") == 1
    if token.type.startswith("html_") and "<!--" in token.content and not ours:
        yield f"hidden {token.content}"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.open = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += tag == "details"
        if tag not in _TAGS or any(name != "href" or not (value or "").startswith(OURS) for name, value in attrs):
            self.strange.append(f"<{tag} {attrs}>")

    def handle_endtag(self, tag: str) -> None:
        self.open -= tag == "details"


def _strange_html(html: str) -> list[str]:
    tags = _Tags()
    tags.feed(html)
    tags.close()
    return tags.strange + ([f"{tags.open} folds left open"] if tags.open else [])
