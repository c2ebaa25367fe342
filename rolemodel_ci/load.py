"""The files of an access repository to a `Policy`, or to everything that is wrong with them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from rolemodel_ci.document import Document, Node, Scalar, Sequence, check_keys, read_document
from rolemodel_ci.document import Mapping as MapNode
from rolemodel_ci.model import (
    Account,
    GithubOidc,
    Grant,
    Guards,
    MappedRole,
    Place,
    Policy,
    Problem,
    Template,
    UserMap,
)
from rolemodel_ci.schema import conform, published, whole
from rolemodel_ci.template import read_template

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
    config = _document(files, config_path, problems)
    if config is None or not isinstance(config.root, MapNode):
        problems += conform(config.root, "config", config_path) if config and config.root else []
        return Loaded(None, tuple(problems))
    shape = conform(config.root, "config", config_path)
    problems += shape
    template = _template(files, config.root, config_path, problems)
    users_file = users_path or _named(files, config.root, "users", config_path)
    users = _users(files, users_file, problems) if users_file else None
    if any(problem.place.file == config_path for problem in problems) or template is None:
        return Loaded(None, tuple(problems))
    return Loaded(_policy(config.root, config_path, template, users), tuple(problems))


def _document(files: Files, path: str, problems: list[Problem], named: Place | None = None) -> Document | None:
    """The document at `path`; what is wrong with it is added to `problems`, at `named` if it cannot be had at all."""
    text = _text(files, path, problems, named)
    if text is None:
        return None
    document = read_document(text, path)
    problems += document.problems
    problems += check_keys(document) if document.root else []
    return document


def _text(files: Files, path: str, problems: list[Problem], named: Place | None) -> str | None:
    content = files.read(path)
    if isinstance(content, NoFile):
        problems.append(Problem(named or Place(path), content.code, content.reason, content.remedy))
        return None
    if len(content) > FILE_LIMIT:
        problems.append(
            Problem(
                Place(path), "RM104", f"the file has {len(content):,} bytes, more than {FILE_LIMIT:,}", "Make it smaller."
            )
        )
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8")) + 1
        problems.append(
            Problem(
                Place(path, line, column), "RM103", f"byte 0x{content[error.start]:02x} is not UTF-8",
                "Save the file as UTF-8.",
            )
        )
        return None


def _entry(node: Node, name: str) -> Node | None:
    if not isinstance(node, MapNode):
        return None
    return next((value for key, value in node.entries if key.text == name), None)


def _value(node: Node, name: str, default: str | None = None) -> str | None:
    """Text under a key. An empty value without quotes counts as text only where the schema let it pass."""
    value = _entry(node, name)
    return value.text if isinstance(value, Scalar) else default


def _named(files: Files, config: Node, key: str, config_path: str) -> str | None:
    """The path under a key of the config, made relative to where the files are read from."""
    path = _value(config, key)
    return files.beside(path, config_path) if path else None


def _template(files: Files, config: Node, config_path: str, problems: list[Problem]) -> Template | None:
    path = _named(files, config, "assumable_roles", config_path)
    if path is None:
        return None
    named = _entry(config, "assumable_roles")
    assert named is not None
    text = _text(files, path, problems, Place(config_path, named.line, named.column))
    if text is None:
        return None
    template, found = read_template(text, path)
    problems += found
    return template


def _policy(config: Node, path: str, template: Template, users: UserMap | None) -> Policy:
    """The policy of a config that fits the schema."""
    accounts = _entry(config, "assumable_accounts")
    assert isinstance(accounts, Sequence)
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
        guards=_guards(_entry(config, "guards")),
        github_oidc=_github_oidc(_entry(config, "github_oidc")),
    )


def _prefix(config: Node) -> str:
    prefix = _value(config, "group_prefix")
    return "RM." if prefix is None else prefix


def _account(node: Any, path: str) -> Account:
    parameters = _entry(node, "parameters")
    return Account(
        name=_value(node, "name") or "",
        place=Place(path, node.line, node.column),
        profile=_value(node, "profile"),
        account_id=_value(node, "account_id"),
        parameters=tuple((key.text, value.text) for key, value in parameters.entries)
        if isinstance(parameters, MapNode) else (),
        absent=_value(node, "state") == "absent",
    )


def _guards(node: Node | None) -> Guards:
    if not isinstance(node, MapNode):
        return Guards()
    return Guards(**{key.text: int(value.text) for key, value in node.entries})


def _github_oidc(node: Node | None) -> GithubOidc | None:
    if not isinstance(node, MapNode):
        return None
    values: dict[str, Any] = {key.text: value.text for key, value in node.entries}
    return GithubOidc(**values)


def _users(files: Files, path: str, problems: list[Problem]) -> UserMap:
    """The user map at `path`; entries with problems are left out."""
    document = _document(files, path, problems)
    if document is None or document.root is None:
        return UserMap(path, (), (), ())
    problems += conform(_odd_part(document.root), "users", path)
    accounts: list[tuple[str, Place]] = []
    mapped: list[MappedRole] = []
    grants: list[Grant] = []
    for account, roles in document.root.entries if isinstance(document.root, MapNode) else ():
        at = Place(path, account.line, account.column)
        accounts.append((account.text, at))
        for role, users in roles.entries if isinstance(roles, MapNode) else ():
            if isinstance(users, Sequence):
                mapped.append(MappedRole(account.text, at, role.text, Place(path, role.line, role.column)))
                grants += _grants(account.text, role.text, users, path, problems)
    return UserMap(path, tuple(accounts), tuple(mapped), tuple(grants))


def _grants(account: str, role: str, users: Sequence, path: str, problems: list[Problem]) -> Iterable[Grant]:
    fits = _user_pattern()
    for node in users.items:
        if isinstance(node, Scalar):
            if fits(node.text):
                yield Grant(account, role, node.text, Place(path, node.line, node.column))
        elif isinstance(node, MapNode):
            grant = _long_form(account, role, node, path, problems)
            if grant and fits(grant.user):
                yield grant


def _long_form(account: str, role: str, node: MapNode, path: str, problems: list[Problem]) -> Grant | None:
    user, expires = _entry(node, "user"), _entry(node, "expires")
    if not isinstance(user, Scalar):
        return None
    last: date | None = None
    if isinstance(expires, Scalar):
        try:
            last = date.fromisoformat(expires.text)
        except ValueError:
            if _date_pattern()(expires.text):  # the schema has told of everything that does not even look like one
                problems.append(
                    Problem(
                        Place(path, expires.line, expires.column), "RM309", f"`{expires.text}` is no day of the calendar",
                        "Write the last day on which the grant holds as YYYY-MM-DD.",
                    )
                )
            return None
    return Grant(account, role, user.text, Place(path, user.line, user.column), last, _value(node, "reason"))


def _odd_part(root: Node) -> Node:
    """The user map without the entries that are plain and fit the schema's own patterns.

    Holding 100,000 good names one by one to the schema takes a library of validators a minute; the same pattern,
    taken from the same schema, tells at once which few have to be looked at (and explained) by it.
    """
    if not isinstance(root, MapNode):
        return root
    accounts = []
    for account, roles in root.entries:
        if isinstance(roles, MapNode):
            roles = roles._replace(entries=[(role, _odd_users(users)) for role, users in roles.entries])
        accounts.append((account, roles))
    return root._replace(entries=accounts)


def _odd_users(users: Any) -> Any:
    if not isinstance(users, Sequence):
        return users
    fits, is_date = _user_pattern(), _date_pattern()

    def plain(item: Any) -> bool:
        if isinstance(item, Scalar):
            return item.tag in (None, "!") and fits(item.text) is not None
        if not isinstance(item, MapNode) or item.tag not in (None, "!"):
            return False
        texts = {key.text: value.text for key, value in item.entries
                 if isinstance(value, Scalar) and value.tag in (None, "!")}
        return (
            len(texts) == len(item.entries) and texts.keys() <= {"user", "expires", "reason"}
            and fits(texts.get("user", "")) is not None
            and is_date(texts.get("expires", "2000-01-01")) is not None
            and 0 < len(texts.get("reason", "-")) <= 500
        )

    return users._replace(items=[item for item in users.items if not plain(item)])


def _user_pattern() -> Any:
    return whole(published("users")["$defs"]["user"]["pattern"]).match


def _date_pattern() -> Any:
    grant = published("users")["$defs"]["grant"]["properties"]
    return whole(grant["expires"]["pattern"]).match


def join(base: str, path: str) -> str:
    """`path` as seen from the directory of the file `base`, without `.` and `..` where they cancel out."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
