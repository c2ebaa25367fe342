"""The files of an access repository to a `Policy`, or to everything that is wrong with them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any, Protocol

from rolemodel_ci.cloudformation.template import read_template
from rolemodel_ci.config.json_schema import conform, printable
from rolemodel_ci.config.user_map import read_users
from rolemodel_ci.model.desired import (
    DEFAULT_OWNER,
    Account,
    GithubOidc,
    Guards,
    Policy,
    Protection,
    Renamed,
    Template,
    UserMap,
)
from rolemodel_ci.model.problem import Place, Problem
from rolemodel_ci.parsing.yaml_nodes import ListNode, Node, Scalar, entry
from rolemodel_ci.parsing.yaml_nodes import MapNode as MapNode
from rolemodel_ci.parsing.yaml_parser import Document, after, read_document

FILE_LIMIT = 16 * 1024 * 1024
"""Bytes of one file: five times a user map of 100,000 grants."""


@dataclass(frozen=True, slots=True)
class NoFile:
    """Why a file cannot be had, and what to do."""

    code: str
    reason: str
    remedy: str


class Files(Protocol):
    """Where the files come from: a directory, or a commit."""

    def read(self, path: str) -> bytes | NoFile:
        """Content of the file at `path`, a slash-separated path as people write it."""
        ...

    def beside(self, path: str, config: str) -> str:
        """`path`, which the config file names, as a path that `read` takes.

        It is looked for beside the config file first, then in the working directory (as the 2015 tool did).
        """
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading: the policy where there is one, and the problems, in no order yet."""

    policy: Policy | None
    problems: tuple[Problem, ...]


def load(files: Files, config_path: str, users_path: str | None = None) -> Loaded:
    """Read config, template and user map.

    `users_path` overrides the config's `users`, as the 2015 command line names the map. The policy is None where the
    config or the template cannot be used; a map with bad entries gives a policy without these, beside the problems.
    """
    problems: list[Problem] = []
    policy = _load(files, config_path, users_path, problems)
    return Loaded(policy, tuple(map(printable, problems)))


def _load(files: Files, config_path: str, users_path: str | None, problems: list[Problem]) -> Policy | None:
    config = _document(files, config_path, problems)
    if config is None or config.root is None:
        return None
    problems += conform(config.root, "config", config_path)
    if not isinstance(config.root, MapNode):
        return None
    usable = not problems
    template = _template(files, config.root, config_path, problems)
    users = _users(files, users_path, config.root, config_path, problems)
    return _policy(config.root, config_path, template, users) if template and usable else None


def _document(files: Files, path: str, problems: list[Problem], named: Place | None = None) -> Document | None:
    """The document at `path`; what is wrong with it is added to `problems`, at `named` if it cannot be had at all."""
    text = _text(files, path, problems, named)
    if text is None:
        return None
    document = read_document(text, path)
    problems += document.problems
    return document


def _text(files: Files, path: str, problems: list[Problem], named: Place | None) -> str | None:
    content = files.read(path)
    if isinstance(content, NoFile):
        problems.append(Problem(named or Place(path), content.code, content.reason, content.remedy))
        return None
    if len(content) > FILE_LIMIT:
        message = f"the file has {len(content):,} bytes, more than {FILE_LIMIT:,}"
        problems.append(Problem(Place(path), "RM104", message, "Make it smaller."))
        return None
    try:
        return content.decode("utf-8").removeprefix("\ufeff")  # the byte order mark that some editors write
    except UnicodeDecodeError as error:
        line, column = after(content[: error.start].decode("utf-8").removeprefix("\ufeff"))
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        problems.append(Problem(Place(path, line, column), "RM103", message, "Save the file as UTF-8."))
        return None


def _value(node: Node, name: str, default: str | None = None) -> str | None:
    """Text under a key. An empty value without quotes counts as text only where the schema let it pass."""
    value = entry(node, name)
    return value.text if isinstance(value, Scalar) else default


def _named(files: Files, config: Node, key: str, config_path: str) -> tuple[str | None, Place]:
    """The path under a key of the config, made relative to where the files are read from, and where it stands."""
    node = entry(config, key)
    if not isinstance(node, Scalar) or not node.text:
        return None, Place(config_path)
    return files.beside(node.text, config_path), Place(config_path, node.line, node.column)


def _template(files: Files, config: Node, config_path: str, problems: list[Problem]) -> Template | None:
    path, named = _named(files, config, "assumable_roles", config_path)
    text = _text(files, path, problems, named) if path else None
    if path is None or text is None:
        return None
    template, found = read_template(text, path)
    problems += found
    return template


def _users(files: Files, path: str | None, config: Node, config_path: str, problems: list[Problem]) -> UserMap | None:
    """The user map at `path`, or else where the config says; None where neither names one."""
    named: Place | None = None
    if path is None:
        path, named = _named(files, config, "users", config_path)
    if path is None:
        return None
    document = _document(files, path, problems, named)
    if document is None or document.root is None:
        return UserMap(path, (), (), ())
    users, found = read_users(document.root, path)
    problems += found
    return users


def _policy(config: Node, path: str, template: Template, users: UserMap | None) -> Policy:
    """The policy of a config that fits the schema."""
    accounts = entry(config, "assumable_accounts")
    assert isinstance(accounts, ListNode)
    return Policy(
        config_file=path,
        master_account_id=_value(config, "master_account_id") or "",
        accounts=tuple(_account(node, path) for node in accounts.items),
        template=template,
        users=users,
        master_profile=_value(config, "master_account_profile"),
        stack_name=_value(config, "stack_name") or "RoleModel",
        region=_value(config, "region") or "us-east-1",
        group_prefix=_prefix(config),
        guards=_guards(entry(config, "guards")),
        github_oidc=_github_oidc(entry(config, "github_oidc"), path),
        protected=_protected(entry(config, "protected"), path),
        stack_deadline=int(_value(config, "stack_deadline") or 15),
        owner=_value(config, "owner") or DEFAULT_OWNER,
        master_is_assumable=_value(config, "master_is_assumable") == "true",
        renamed_roles=_renamed(entry(config, "roles"), path),
    )


def _prefix(config: Node) -> str:
    prefix = _value(config, "group_prefix")
    return "RM." if prefix is None else prefix


def _account(node: Any, path: str) -> Account:
    parameters = entry(node, "parameters")
    return Account(
        name=_value(node, "name") or "",
        place=Place(path, node.line, node.column),
        profile=_value(node, "profile"),
        account_id=_value(node, "account_id"),
        parameters=tuple((key.text, value.text) for key, value in parameters.entries)
        if isinstance(parameters, MapNode)
        else (),
        absent=_value(node, "state") == "absent",
        was=_value(node, "was"),
    )


def _renamed(node: Node | None, path: str) -> dict[str, Renamed]:
    if not isinstance(node, MapNode):
        return {}
    return {
        key.text: Renamed(_value(value, "was") or "", Place(path, key.line, key.column)) for key, value in node.entries
    }


def _guards(node: Node | None) -> Guards:
    if not isinstance(node, MapNode):
        return Guards()
    return Guards(**{key.text: int(value.text) for key, value in node.entries})


def _github_oidc(node: Node | None, path: str) -> GithubOidc | None:
    if not isinstance(node, MapNode):
        return None
    values: dict[str, Any] = {key.text: value.text for key, value in node.entries}
    return GithubOidc(**values, place=Place(path, node.line, node.column))


def _protected(node: Node | None, path: str) -> tuple[Protection, ...]:
    if not isinstance(node, ListNode):
        return ()
    return tuple(
        Protection(
            Place(path, item.line, item.column), _value(item, "user"), _value(item, "account"), _value(item, "role")
        )
        for item in node.items
    )


def join(base: str, path: str) -> str:
    """`path` as seen from the directory of the file `base`, without `.` and `..` where they cancel out."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
