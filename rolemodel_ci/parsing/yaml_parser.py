"""YAML and JSON text to a tree of nodes that know where they stand. Scalars stay text; nothing is ever constructed.

It reads libyaml's events itself instead of using a PyYAML loader: a loader turns `012345678901` into a number and
`no` into False, forgets positions, lets the second of two equal keys win and expands aliases without bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import yaml

from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_nodes import ListNode, MapNode, Node, Scalar, height

DEPTH_LIMIT = 60
"""Levels of nesting. The deepest real template uses about 20; libyaml itself would go on until memory ends."""

ALIAS_LIMIT = 10_000
"""Nodes that aliases may add to one file. Lists shared by a few dozen roles stay far below it; a bomb does not."""

_NOT_YAML = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Characters that YAML does not allow (https://yaml.org/spec/1.1/#c-printable), and those of which a reader sees
something else than is read: ends of lines that are none to most programs, and what turns the order of others around.

Compiled where a file is not plain only: that takes longer than all the other expressions together.
"""

_ASCII = b"\t\n\r" + bytes(range(0x20, 0x7F))

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Ends of lines: https://yaml.org/spec/1.1/#b-generic"""

_SEEN_TOO_LATE = ("could not find expected ':'", "found unexpected end of stream")
"""What the parser notices lines after the text that is wrong; it is told where that text starts."""


_DROPPED = Scalar("", 0, 0, False, None)
"""Stands for a key that has its problem already; what is under it is not looked at."""


class Document(NamedTuple):
    """What could be read of a file: its top node, or None where there is none, and what is wrong with it."""

    file: str
    root: Node | None
    problems: tuple[Problem, ...]
    aliases: tuple[Place, ...] = ()
    """Where aliases stand in the file."""


def read_document(text: str, file: str) -> Document:
    """Parse `text`. Never raises: everything that is wrong comes back as problems with their place."""
    builder = _Builder(file)
    bad = None if _is_plain(text) else re.compile(_NOT_YAML).search(text, 1 if text.startswith("\ufeff") else 0)
    if bad:
        message = f"character U+{ord(bad.group()):04X} is not allowed"
        remedy = "Delete it, or write it as an escape in double quotes."
        builder.problem("RM105", *after(text[: bad.start()]), message, remedy)
        return Document(file, None, tuple(builder.problems))
    try:
        builder.build(text)
    except yaml.MarkedYAMLError as error:
        builder.syntax_error(error, text)
    except yaml.YAMLError as error:  # a ReaderError has no mark
        builder.broken = True
        builder.problem("RM105", 0, 0, f"this is not YAML: {error}", "Save the file as UTF-8 text.")
    except _UnreadableDocumentError:
        pass
    root = None if builder.problems and builder.broken else builder.root
    return Document(file, root, tuple(builder.problems), tuple(builder.aliases))


def _is_plain(text: str) -> bool:
    """Whether it is all printable ASCII: ten times faster to tell than by the expression."""
    return text.isascii() and not text.encode().translate(None, _ASCII)


def after(text: str) -> tuple[int, int]:
    """Line and column, counted from 1 as YAML counts them, of what follows on `text`."""
    lines = _BREAK.split(text)
    return len(lines), len(lines[-1]) + 1


class _UnreadableDocumentError(Exception):
    """The rest of the file is not worth reading; the reason is among the problems."""


class _Open:
    """A container under construction: where its parts go, and the key of a map that waits to see its value."""

    __slots__ = ("add", "anchor", "before", "key", "node", "parts")

    def __init__(
        self, node: Node, parts: list[Any], add: Callable[[Any], None] | None, before: int, anchor: str | None
    ) -> None:
        self.node = node
        self.parts = parts
        self.add = add  # None for a map
        self.key: Scalar | None = None
        self.before = before  # nodes that were counted before it
        self.anchor = anchor


class _Builder:
    """Puts nodes together from parser events, with an explicit stack so that no input can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.broken = False
        self.aliases: list[Place] = []
        self._anchors: dict[str, tuple[Node | None, int]] = {}
        self._count = 0
        self._by_alias = 0

    def problem(self, code: str, line: int, column: int, message: str, remedy: str) -> None:
        """Note one problem; `line` and `column` count from 1."""
        self.problems.append(Problem(Place(self.file, line, column), code, message, remedy))

    def _stop(self, code: str, line: int, column: int, message: str, remedy: str) -> NoReturn:
        self.broken = True
        self.problem(code, line, column, message, remedy)
        raise _UnreadableDocumentError

    def syntax_error(self, error: yaml.MarkedYAMLError, text: str) -> None:
        """Note what the parser says."""
        self.broken = True
        what = (error.problem or error.context or "it cannot be parsed").replace("\t", "\\t")
        mark, start = error.problem_mark or error.context_mark, error.context_mark
        if what in _SEEN_TOO_LATE and start:
            mark, start = start, None
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        here = text[mark.index : mark.index + 1] if mark and "cannot start any token" in what else ""
        if "tab character" in what or here == "\t":
            self.problem("RM105", line, column, "a tab stands where YAML wants spaces", "Indent with spaces.")
        elif here:
            self.problem("RM105", line, column, f"no text starts with `{here}` in YAML", "Put it in quotes.")
        else:
            where = f" ({error.context}" + (f" from line {start.line + 1})" if start else ")") if error.context else ""
            self.problem("RM105", line, column, f"this is not YAML: {what}{where}", "Mend the syntax at this place.")

    def build(self, text: str) -> None:
        """Run through all events of the text."""
        parser = _parser(text)
        get: Callable[[], Any] = parser.get_event
        try:
            get()  # stream start
            event = get()
            if isinstance(event, yaml.StreamEndEvent):
                self._stop("RM111", 0, 0, "the file is empty", "Write its content, or remove the reference to it.")
            self._document(get)
            event = get()
            if not isinstance(event, yaml.StreamEndEvent):
                mark = event.start_mark
                remedy = "Keep one document to a file: delete the `---` or move what follows."
                self.problem("RM110", mark.line + 1, mark.column + 1, "a second YAML document starts here", remedy)
        finally:
            parser.dispose()

    def _document(self, get: Callable[[], Any]) -> None:
        """Events of one document: containers under construction stand on `stack`, innermost last.

        The entries of lists, which most of a user map is, take the shortest way.
        """
        stack: list[_Open] = []
        add: Callable[[Any], None] | None = None  # where what comes next goes, if that is a list
        scalar, make = yaml.ScalarEvent, tuple.__new__  # Scalar(…) does the same in twice the time
        while True:
            event = get()
            kind = type(event)
            if kind is scalar:
                mark = event.start_mark
                node: Node = make(Scalar, (event.value, mark.line + 1, mark.column + 1, not event.style, event.tag))
                if event.anchor:
                    self._anchors[event.anchor] = (node, 1)
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                node = self._close(stack.pop())
                add = stack[-1].add if stack else None
            elif kind is yaml.AliasEvent:
                node = self._alias(event, len(stack))
            elif kind is yaml.DocumentEndEvent:
                break
            else:
                stack.append(self._open(event, len(stack)))
                add = stack[-1].add
                continue
            if add is not None:
                add(node)
            elif stack:
                self._attach(stack[-1], node)
            else:
                self.root = node

    def _attach(self, top: _Open, node: Node) -> None:
        """Put a key or a value into a map."""
        if top.key is None:
            top.key = self._key(node)
            return
        if top.key is not _DROPPED:
            top.parts.append((top.key, node))
        top.key = None

    def _open(self, event: Any, depth: int) -> _Open:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        self._deep(depth + 1, line, column)
        if event.anchor:
            self._anchors[event.anchor] = (None, 0)
        parts: list[Any] = []
        if isinstance(event, yaml.SequenceStartEvent):
            return _Open(ListNode(parts, line, column, event.tag), parts, parts.append, self._count, event.anchor)
        return _Open(MapNode(parts, line, column, event.tag), parts, None, self._count, event.anchor)

    def _close(self, done: _Open) -> Node:
        self._count += len(done.parts)
        if done.add is None:
            self._count += len(done.parts)  # a key and a value each
            if len({key.text for key, _ in done.parts}) < len(done.parts):
                self.problems += _repeated(done.parts, self.file)
        if done.anchor:
            self._anchors[done.anchor] = (done.node, self._count - done.before + 1)
        return done.node

    def _key(self, node: Node) -> Scalar:
        """The node as a key, or what stands for a key that cannot be one."""
        if not isinstance(node, Scalar):
            self.problem("RM113", node.line, node.column, "a key has to be text", "Write the key as one word.")
        elif node.text == "<<" and node.plain:
            self.problem("RM108", node.line, node.column, "merge keys are not read", "Write the keys out.")
        else:
            return node
        return _DROPPED

    def _deep(self, depth: int, line: int, column: int) -> None:
        if depth > DEPTH_LIMIT:
            self._stop("RM109", line, column, f"nested more than {DEPTH_LIMIT} levels deep", "Make it flatter.")

    def _alias(self, event: Any, depth: int) -> Node:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        self.aliases.append(Place(self.file, line, column))
        node, size = self._anchors.get(event.anchor, (None, 0))
        if node is None:
            message = f"alias `*{event.anchor}` stands for nothing, or for something around itself"
            self._stop("RM107", line, column, message, "Write the value out.")
        self._count += size - 1
        self._by_alias += size
        if self._by_alias > ALIAS_LIMIT:
            message = f"aliases add more than {ALIAS_LIMIT:,} nodes to this file"
            self._stop("RM107", line, column, message, "Write the values out.")
        self._deep(depth + height(node), line, column)
        return node


def _parser(text: str) -> Any:
    """libyaml's parser; PyYAML's own where it was built without (ten times slower, same events)."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)


def _repeated(entries: list[tuple[Scalar, Any]], file: str) -> list[Problem]:
    """Keys that stand twice in one map."""
    problems = []
    first: dict[str, Scalar] = {}
    for key, _ in entries:
        if key.text in first:
            place = Place(file, key.line, key.column)
            message = f"key `{key.text}` stands here a second time (first in line {first[key.text].line})"
            problems.append(Problem(place, "RM106", message, "Put both under one key."))
        else:
            first[key.text] = key
    return problems
