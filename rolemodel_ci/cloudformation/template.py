"""Read a CloudFormation template, YAML with short tags or JSON: its content, its roles, its parameters."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rolemodel_ci.model.desired import Parameter, Role, Template
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_nodes import CONTROL, ListNode, Node, Scalar
from rolemodel_ci.parsing.yaml_parser import Document, read_document

BODY_LIMIT = 51_200
"""Bytes of a template in a call: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

ROLE_TYPE = "AWS::IAM::Role"

# The functions that have a short tag:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
_TAGS = {
    f"!{name}": f"Fn::{name}"
    for name in (
        "And",
        "Base64",
        "Cidr",
        "Equals",
        "FindInMap",
        "GetAtt",
        "GetAZs",
        "If",
        "ImportValue",
        "Join",
        "Length",
        "Not",
        "Or",
        "Select",
        "Split",
        "Sub",
        "ToJsonString",
        "Transform",
    )
} | {"!Ref": "Ref", "!Condition": "Condition"}

# Words that YAML 1.1 takes for true and false where they stand without quotes; CloudFormation reads YAML 1.1. `oN` is
# none of them: https://yaml.org/type/bool.html
_BOOLEANS = {
    spelled: meant
    for meant, words in (("true", ("true", "yes", "on")), ("false", ("false", "no", "off")))
    for word in words
    for spelled in (word, word.capitalize(), word.upper())
}

# Numbers of YAML 1.1 without quotes, which CloudFormation takes for numbers: 0123 becomes 83, 012345678901 becomes
# 1.2345678901E10. https://yaml.org/type/int.html, https://yaml.org/type/float.html, and
# https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/745
_NUMBER = re.compile(
    r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z|\.(?:nan|NaN|NAN)\Z"
)
_SAME_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*|(?!0\.00)(?:0|[1-9][0-9]{0,5})\.(?:0|[0-9]{0,5}[1-9]))\Z")
"""Those that are written as they are spelled."""

_TYPED = ("int", "bool", "float")

_OWN_TAGS = frozenset(
    {
        "!",
        "tag:yaml.org,2002:str",
        "tag:yaml.org,2002:map",
        "tag:yaml.org,2002:seq",
        *(f"tag:yaml.org,2002:{name}" for name in _TYPED),
    }
)

_LOOP = "Fn::ForEach::"

Body = dict[str, Any]
Places = Mapping[tuple[str | int, ...], Place]


def read_template(text: str, file: str) -> tuple[Template | None, list[Problem]]:
    """The template in `text`, or None with what keeps it from being one. Problems beside a template are possible."""
    size = len(text.encode("utf-8"))
    if size > BODY_LIMIT:  # there is no telling what it costs to read it, so that nothing else is said of it
        message = f"the template has {size:,} bytes; CloudFormation takes {BODY_LIMIT:,} in a call"
        remedy = "Shorten it: drop comments and descriptions, or move long policies to managed policies."
        return None, [Problem(Place(file), "RM404", message, remedy)]
    document = read_document(text, file)
    problems = list(document.problems)
    if document.root is None:
        return None, problems
    problems += [
        Problem(place, "RM410", "a YAML alias, which CloudFormation refuses", "Write the value out.")
        for place in document.aliases
    ]
    content = _Content(file)
    body = content.read(document.root)
    problems += content.problems + _shape(body, content.places, document)
    if any(problem.code in ("RM401", "RM408") for problem in problems):
        return None, problems
    return Template(
        file, text, body, _roles(body, content.places), _parameters(body, content.places), content.places
    ), problems


def read_deployed(body: Any) -> Body | None:
    """The content of a template that GetTemplate gave: an object for JSON, text for YAML.

    None: it is no template of a kind that could be ours. That is so for one that AWS rewrites, which means something
    else than it says; for one with a key twice, of which AWS may take either; and for one that is far too big.
    """
    try:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        return None
    # Text that JSON's writer made may be a little longer than what was sent.
    return _deployed(text) if len(text.encode("utf-8", "surrogatepass")) <= 2 * BODY_LIMIT else None


@functools.lru_cache(maxsize=64)  # every account has the same template
def _deployed(text: str) -> Body | None:
    document = read_document(text, "deployed template")
    if document.root is None or document.problems:
        return None
    content = _Content("deployed template")
    body = content.read(document.root)
    return None if content.problems or _shape(body, content.places, document) else body


class _Content:
    """Nodes to plain content, remembering the place of every path."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[tuple[str | int, ...], Place] = {}
        self.problems: list[Problem] = []

    def read(self, node: Node, path: tuple[str | int, ...] = ()) -> Any:
        """The content of `node`, which stands at `path`."""
        self.places.setdefault(path, Place(self.file, node.line, node.column))
        tag = node.tag if node.tag not in _OWN_TAGS else None
        if tag is None:
            return self._content(node, path)
        function = _TAGS.get(tag)
        if function is None:
            self._problem(node, "RM402", f"`{tag}` is no function of CloudFormation", "Use one of its short tags.")
            return {f"Fn::{tag}": ""}  # something that only AWS could tell
        self.places[(*path, function)] = Place(self.file, node.line, node.column)
        inner = self._content(node, (*path, function))
        if function == "Fn::GetAtt" and isinstance(inner, str):
            inner = inner.split(".", 1)
        return {function: inner}

    def _content(self, node: Node, path: tuple[str | int, ...]) -> Any:
        if isinstance(node, Scalar):
            return self._scalar(node)
        if isinstance(node, ListNode):
            return [self.read(item, (*path, i)) for i, item in enumerate(node.items)]
        content: Body = {}
        for key, value in node.entries:
            if key.text not in content:
                self._seen(key)
                self._spelled(key, _BOOLEANS.get(key.text, key.text) != key.text)
                self.places[(*path, key.text)] = Place(self.file, key.line, key.column)
                content[key.text] = self.read(value, (*path, key.text))
        return content

    def _scalar(self, node: Scalar) -> str:
        self._seen(node)
        self._spelled(node)
        if not node.plain or node.tag is not None:
            return node.text
        if node.text in ("", "~", "null", "Null", "NULL"):
            self._problem(node, "RM403", "a null value, which CloudFormation refuses", "Write a value or drop the key.")
        return _BOOLEANS.get(node.text, node.text)

    def _seen(self, node: Scalar) -> None:
        """Note a character that no reader of the file, or of what is shown of it, could see."""
        hidden = CONTROL.search(node.text)
        if hidden:
            what = f"character U+{ord(hidden.group()):04X} cannot be seen, or breaks the line"
            self._problem(node, "RM421", what, "Delete it: neither IAM nor CloudFormation needs it.")

    def _spelled(self, node: Scalar, other: bool = False) -> None:
        """Note what CloudFormation reads as another text than the one that stands here."""
        number = node.plain and node.tag is None and _NUMBER.match(node.text) and not _SAME_NUMBER.match(node.text)
        if number or (other and node.plain) or (node.tag or "").rpartition(":")[2] in _TYPED:
            what = f"CloudFormation may read `{node.text}` as another text than it is"
            self._problem(node, "RM428", what, "Put it in quotes, without a tag.")

    def _problem(self, node: Node, code: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(Place(self.file, node.line, node.column), code, message, remedy))


def _shape(body: Any, places: Places, document: Document) -> list[Problem]:
    """Whether it has the outline of a template at all; the finer checks are in `checks`."""
    if not isinstance(body, dict):
        return [_no_template(document, "a template is a map", "Write a map with the key `Resources`.")]
    problems = [
        Problem(places[(section,)], "RM401", f"`{section}` has to be a map", f"Write a map under `{section}`.")
        for section in ("Resources", "Parameters", "Conditions", "Mappings", "Outputs")
        if not isinstance(body.get(section, {}), dict)
    ]
    if body.get("Resources", {}) == {}:
        problems.append(_no_template(document, "the template has no `Resources`", "Add the roles under `Resources`."))
    problems += [problem for section in ("Resources", "Parameters") for problem in _entries(body, section, places)]
    return problems + _macros(body, places)


def _entries(body: Body, section: str, places: Places) -> Iterable[Problem]:
    """Whether everything under `section` has the outline of a resource or a parameter."""
    entries = body.get(section)
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        place = places[(section, name)]
        if name.startswith(_LOOP):
            continue  # has its own problem
        if not (isinstance(entry, dict) and isinstance(entry.get("Type"), str)):
            remedy = f"Give everything under `{section}` a map with a `Type`."
            at = places.get((section, name, "Type"), place)
            yield Problem(at, "RM401", f"`{name}` has no `Type`", remedy)
        elif not _plain_map(entry.get("Properties", {})):
            at = places[(section, name, "Properties")]
            yield Problem(at, "RM401", f"`Properties` of `{name}` has to be a map", "Write a map.")
        elif section == "Parameters" and not isinstance(entry.get("Default", ""), str):
            at = places[(section, name, "Default")]
            yield Problem(at, "RM401", f"the default of `{name}` has to be text", "Write text; lists with commas.")


def _plain_map(value: Any) -> bool:
    """Whether `value` is a map that is no function."""
    return isinstance(value, dict) and not any(
        key == "Ref" or (key.startswith("Fn::") and key != "Fn::Transform") for key in value
    )


def _macros(body: Body, places: Places) -> list[Problem]:
    """Transforms decide in AWS what a template means; what they make of it cannot be reviewed here."""
    found = [
        path
        for path in places
        if path and path[-1] in ("Transform", "Fn::Transform") and (len(path) == 1 or path[-1] == "Fn::Transform")
    ]
    found += [path for path in places if isinstance(path[-1] if path else 0, str) and str(path[-1]).startswith(_LOOP)]
    what = "rewrites the template in AWS, so that nobody can review what it grants"
    return [Problem(places[path], "RM408", f"`{path[-1]}` {what}", "Write the roles out.") for path in found]


def _no_template(document: Document, message: str, remedy: str) -> Problem:
    node = document.root
    return Problem(
        Place(document.file, node.line, node.column) if node else Place(document.file), "RM401", message, remedy
    )


def _roles(body: Body, places: Places) -> tuple[Role, ...]:
    return tuple(
        Role(name, places[("Resources", name)])
        for name, resource in body["Resources"].items()
        if resource["Type"] == ROLE_TYPE
    )


def _parameters(body: Body, places: Places) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, declared.get("Default"), declared, places[("Parameters", name)])
        for name, declared in body.get("Parameters", {}).items()
    )
