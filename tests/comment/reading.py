"""A comment as GitHub would show it: rendered by a real Markdown parser, and what there is to check about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

# GitHub's flavour but for autolinks, which need a package more: what would be one is looked for in the text instead.
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("text_join")

_OURS = re.compile(
    r"</?(?:details|summary|b|sub|code)>|<br>|</a>"
    r'|<a href="https://[A-Za-z0-9:/._?=&%~-]+">|<!-- rolemodel-ci (?:change-summary|outcome) v1 -->'
)
# What GitHub looks for after rendering, in text that is in no code: mentions, references to issues and commits' ranges.
_MENTION = re.compile(r"(?<![\w`])@[\w-]")
_REFERENCE = re.compile(r"(?<!\w)(?:#\d|gh-\d)|\w#\d", re.IGNORECASE)
_AUTOLINK = re.compile(r"(?:https?|ftp)://|\bwww\.\w|[\w.+-]+@[\w-]+\.\w", re.IGNORECASE)
# What cmark-gfm and GitHub make a link of, in the source as it is written: `_www.` too, and what may be a commit.
_SOURCE = re.compile(r"(?i)www\.\S|https?://|ftp://")
_COMMIT = re.compile(r"(?<![^\W_])[0-9a-f]{7,}(?![^\W_])|(?i:ghsa-\w|cve-\d|gh-\d)")
_FOOTNOTE = re.compile(r"\[\^")
_ESCAPED = "\ufffc"  # stands for a character that a backslash has made plain, where the parser would not look at it


@dataclass
class Seen:
    """What a comment comes to. `strange`: markup that the tool never makes, so that it came from outside."""

    headings: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    fences: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    is_whole: bool = True


def read(comment: str) -> Seen:
    """Render the comment and take it apart."""
    seen = Seen()
    tokens = _PARSER.parse(comment)
    _html(comment, tokens, seen)
    _blocks(tokens, seen)
    closed = [token for token in tokens if token.type == "fence" and token.markup == "```" and token.map]
    lines = comment.splitlines()
    for token in closed:
        assert token.map is not None
        seen.is_whole &= lines[token.map[1] - 1] == "```"
    return seen


def _blocks(tokens: list[Token], seen: Seen) -> None:
    kinds: list[str] = []
    for token in tokens:
        if token.nesting == 1:
            kinds.append(token.type)
            if token.type == "tr_open":
                seen.rows.append([])
        elif token.nesting == -1:
            kinds.pop()
            if token.type == "thead_close":
                seen.columns.append(len(seen.rows.pop()))
            elif token.type == "tr_close" and "tbody_open" in kinds:
                seen.is_whole &= len(seen.rows[-1]) == seen.columns[-1]
        elif token.type == "fence":
            seen.fences.append(token.content)
            seen.strange += [token.info] if token.info != "diff" else []
        elif token.type == "inline":
            shown = _inline(token.children or [], seen)
            if kinds and kinds[-1] == "heading_open":
                seen.headings.append(shown)
            elif kinds and kinds[-1] in ("th_open", "td_open"):
                seen.rows[-1].append(shown)
        elif token.type in ("code_block", "hr"):
            seen.strange.append(f"{token.type} {token.content}")
    seen.strange += [kind for kind in {t.type for t in tokens} if kind.startswith("ordered_list")]


def _inline(children: list[Token], seen: Seen) -> str:
    """The text of a line as a reader sees it; what is odd about it goes to `strange`."""
    shown, plain, parsed = "", "", ""
    depth = 0  # inside <code> or a link nothing is looked for
    for child in children:
        if child.type == "html_inline":
            depth += {"<code>": 1, "</code>": -1, "</a>": -1}.get(child.content, child.content.startswith("<a "))
        elif child.type == "link_open":
            seen.links.append(str(child.attrGet("href")))
        elif child.type == "image":
            seen.strange.append(f"image {child.attrGet('src')}")
        elif child.type == "code_inline":
            shown, plain, parsed = shown + child.content, plain + "`", parsed + "`"
        elif child.type in ("text", "text_special"):
            shown += child.content
            if not depth:
                plain += child.content
                parsed += child.content if child.type == "text" else _ESCAPED
        elif child.type in ("s_open", "em_open"):
            seen.strange.append(child.type)
    seen.text.append(plain)
    seen.strange += [found for look in (_SOURCE, _COMMIT) for found in look.findall(plain)]
    seen.strange += [found for look in (_MENTION, _REFERENCE) for found in look.findall(plain)]
    seen.strange += [found for look in (_AUTOLINK, _FOOTNOTE) for found in look.findall(parsed)]
    return shown


def _html(comment: str, tokens: list[Token], seen: Seen) -> None:
    """Raw HTML: only tags that the tool makes, in pairs; the marker once, as the first line."""
    pieces = [token.content for token in tokens if token.type == "html_block"]
    pieces += [c.content for t in tokens for c in t.children or [] if c.type == "html_inline"]
    raw = "".join(pieces)
    seen.strange += re.findall(r"<[^>]*>?", _OURS.sub("", raw))
    for tag in ("details", "summary", "b", "sub", "code", "a"):
        seen.is_whole &= len(re.findall(rf"<{tag}[ >]", raw)) == raw.count(f"</{tag}>")
    markers = [match.start() for match in re.finditer("<!--", raw)]
    if comment.startswith("<!--"):
        seen.is_whole &= len(markers) == 1 and tokens[0].content.startswith("<!-- rolemodel-ci ")
    else:
        seen.is_whole &= not markers
