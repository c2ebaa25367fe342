"""What a change in Git asks for, from the files of its base and its head alone. No AWS is needed for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import PurePosixPath

from rolemodel_ci.access_request.holders import Holdings, holdings
from rolemodel_ci.access_request.role_changes import (
    EvaluatedSide,
    NewAccount,
    RoleChanges,
    arriving,
    joining,
    paired,
    renamed_roles,
    reshaped,
    steady_ids,
    ways_into,
)
from rolemodel_ci.access_request.setting_changes import Setting, decisions, settings
from rolemodel_ci.cloudformation.desired_stacks import evaluate_stacks
from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.roles import role_names
from rolemodel_ci.iam.privilege import Mark
from rolemodel_ci.iam.role_privileges import dangerous, found_marks, marks_of, under, worst
from rolemodel_ci.iam.trust import TrustExposure
from rolemodel_ci.model.desired import Grant, Policy
from rolemodel_ci.model.problem import Place, Problem

BOOTSTRAP = "bootstrap/"
"""Where the templates are by which CI gets in. No run deploys them; somebody does by hand, as they are in the files."""


class GrantChangeKind(StrEnum):
    """What becomes of one grant."""

    GAINS = "gains"
    LONGER = "keeps longer"
    LOSES = "loses"
    SHORTER = "keeps shorter"


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One grant that the change touches. `place` is in the head; of a grant that goes, in the base.

    `danger` is what makes the role as good as an administrator, or None. `until_then` is the last day that the
    grant had before the change.
    """

    touch: GrantChangeKind
    user: str
    account: str
    role: str
    place: Place
    expires: date | None = None
    reason: str | None = None
    danger: Mark | None = None
    until_then: date | None = None

    @property
    def gives(self) -> bool:
        """Whether somebody has more after it than before."""
        return self.touch in (GrantChangeKind.GAINS, GrantChangeKind.LONGER)


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that the change asks for.

    `dangers` says, by account and role, what makes a role as good as an administrator, before the change or after it.
    `newly` has those that are so, or are worse, only after it, and every new role with a dangerous action. `gained` are
    the dangerous actions that another role, which was there before it, has only after it.
    `joining` says what the accounts that are `coming` are; `leaving` are those `going` whose stack stays, for they are
    not `absent` but out of the config; `renamed` the old and the new names of accounts that stay the same in AWS.
    `arriving` is what comes with accounts that come, where no account had it before.
    `held` says who then holds each role that changes or comes, `ways` how else it may be taken on.
    `files` are the files that it changes and that decide how access is given: config, workflows, owners.
    `renamed_roles` has the former names of roles whose groups go on, by the new ones.
    `ids` are the ids of accounts that stand as `AWS::AccountId` in `reshaped`.
    `whole` is False where the base could not be read, so that everything counts as asked for. `unmanaged`: the user map
    is given up, so that memberships stay as they are and nobody looks after them.
    """

    grants: tuple[GrantChange, ...] = ()
    reshaped: tuple[RoleChanges, ...] = ()
    coming: tuple[str, ...] = ()
    going: tuple[str, ...] = ()
    dangers: Mapping[tuple[str, str], Mark] = field(default_factory=dict)
    newly: Mapping[tuple[str, str], Mark] = field(default_factory=dict)
    held: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    whole: bool = True
    unmanaged: bool = False
    ways: Mapping[tuple[str, str], TrustExposure] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    joining: tuple[NewAccount, ...] = ()
    leaving: tuple[str, ...] = ()
    gained: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    renamed: tuple[tuple[str, str, bool], ...] = ()
    arriving: tuple[RoleChanges, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict, compare=False)
    renamed_roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the change asks for nothing that has to do with access."""
        roles = self.grants or self.reshaped or self.coming or self.going or self.renamed
        return not (roles or self.files or self.unmanaged or self.settings)


def request(base: Policy | None, head: Policy, today: date, changed: tuple[str, ...] = ()) -> Request:
    """Compare two states of the repository. `base` None: there was none, or it was not usable.

    `changed` are paths that the change touches, of which those that decide anything are kept.
    """
    after = evaluate_stacks(head, today).resolved
    before = evaluate_stacks(base, today).resolved if base else {}
    pairs = paired(base, head)
    sides = _sides(base, head, {name: before[old] for name, old in pairs.items()}, after)
    was, now = (side.resolved for side in sides)
    there = {account.name for account in base.present} if base else set()
    going = there - set(pairs.values())
    found = found_marks(was, after, _roles(was, pairs), roles := renamed_roles(base, head))
    newly, risky = found.newly(now.keys()), dangerous(found.after)
    risky_before = dangerous((known := marks_of(before)) | under(roles, known))
    renamed = _renamed(pairs, there, head)
    held = holdings(base, head, today, renamed, roles, _roles(after, there & now.keys()))
    shapes = tuple(reshaped(*sides, ids := steady_ids(base, head), roles))
    touched = {role for shape in shapes for role in shape.roles()} | newly.keys() | _roles(now, now.keys() - was.keys())
    return Request(
        tuple(sorted(_grants(held, risky_before, risky), key=_importance)),
        shapes,
        tuple(sorted(now.keys() - was.keys())),
        tuple(sorted(going)),
        worst(risky_before, risky),
        newly,
        held.of(touched),
        tuple(path for path in sorted(changed) if decides(path, head, base)),
        base is not None,
        held.unmanaged,
        ways_into(*sides, touched, ids, roles),
        settings(base, head),
        tuple(joining(base, head, *sides)),
        _leaving(base, head, going),
        found.gained(newly),
        renamed,
        tuple(arriving(*sides)),
        ids,
        roles,
    )


def _sides(
    base: Policy | None, head: Policy, was: Mapping[str, EvaluatedTemplate], after: Mapping[str, EvaluatedTemplate]
) -> tuple[EvaluatedSide, EvaluatedSide]:
    """What is there before and after, by the names after it."""
    now = {account.name: after[account.name] for account in head.present}
    return EvaluatedSide(was, base.master_account_id if base else ""), EvaluatedSide(now, head.master_account_id)


def _renamed(pairs: Mapping[str, str], there: set[str], head: Policy) -> tuple[tuple[str, str, bool], ...]:
    """The accounts that have another name, and whether the head says so, so that their groups go on under it.

    Where names and ids are exchanged, the ids are told instead.
    """
    told = {account.name: account.was for account in head.accounts}
    free = {name: old for name, old in pairs.items() if name not in there and head.account(old) is None}
    return tuple(sorted((old, name, told[name] == old) for name, old in free.items()))


def _leaving(base: Policy | None, head: Policy, going: set[str]) -> tuple[str, ...]:
    """Those of the accounts that go which the config does not have as `absent`, under this name or with this id."""
    kept = {account.account_id for account in head.accounts} | {account.name for account in head.accounts}
    gone = (account for account in (base.accounts if base else ()) if account.name in going)
    return tuple(sorted(account.name for account in gone if (account.account_id or account.name) not in kept))


def _roles(resolved: Mapping[str, EvaluatedTemplate], accounts: Iterable[str]) -> set[tuple[str, str]]:
    return {(account, role) for account in accounts for role in role_names(resolved[account])}


def dangers_of(policy: Policy, today: date) -> dict[tuple[str, str], Mark]:
    """By account and role, what makes a role as good as an administrator."""
    return dangerous(marks_of(evaluate_stacks(policy, today).resolved))


_DECISIVE = ("CODEOWNERS", ".gitattributes", ".gitmodules", "action.yml", "action.yaml", "Dockerfile")
"""Names of files that decide wherever they lie: who has to approve, what reviewers see, what is checked out and run."""


def decides(path: str, head: Policy, base: Policy | None = None) -> bool:
    """Whether a change of a file decides how access is given: workflows, who has to approve, the roles of CI, and the
    config where it comes to say something else.

    What a change of the template means is in `reshaped`, and one of the user map in `grants`.
    """
    if path == PurePosixPath(head.config_file).as_posix():
        return base is None or decisions(base) != decisions(head)
    return path.startswith((".github/", BOOTSTRAP)) or path.rpartition("/")[2] in _DECISIVE


def already_there(problems: Iterable[Problem], before: Iterable[Problem]) -> frozenset[Problem]:
    """Those of the problems that the files had before the change: same check, file and words, on whatever line.

    Of several that are alike, those on the same line come first.
    """
    left = Counter(map(_told, before))
    same = {(*_told(problem), problem.place) for problem in before}
    found = set()
    for problem in sorted(problems, key=lambda one: (*_told(one), one.place) not in same):
        if left[_told(problem)]:
            left[_told(problem)] -= 1
            found.add(problem)
    return frozenset(found)


def _told(problem: Problem) -> tuple[str, str, str]:
    """A problem without its place, of which messages have some as well: `(first in line 7)`."""
    return problem.code, re.sub(r"\bline \d+", "line", problem.message), problem.place.file


def _importance(asked: GrantChange) -> tuple[object, ...]:
    """What a reviewer has to see first: administrators that come, then those that go, then the rest likewise."""
    return (asked.danger is None, not asked.gives, asked.account, asked.role, asked.user)


def _grants(
    held: Holdings,
    risky_before: Mapping[tuple[str, str], Mark],
    risky: Mapping[tuple[str, str], Mark],
) -> Iterator[GrantChange]:
    before, after = held.before, held.after
    for key in before.keys() | after.keys():
        touch = _touch(before.get(key), after.get(key))
        grant = after.get(key) or before[key]
        danger = (risky_before if touch is GrantChangeKind.LOSES else risky).get((grant.account, grant.role))
        until_then = before[key].expires if key in before else None
        if touch is not None:
            yield GrantChange(
                touch,
                grant.user,
                grant.account,
                grant.role,
                grant.place,
                grant.expires,
                grant.reason,
                danger,
                until_then,
            )


def _touch(was: Grant | None, now: Grant | None) -> GrantChangeKind | None:
    if was is None or now is None:
        return GrantChangeKind.GAINS if was is None else GrantChangeKind.LOSES
    before, after = was.expires or date.max, now.expires or date.max
    if before == after:
        return None
    return GrantChangeKind.LONGER if after > before else GrantChangeKind.SHORTER
