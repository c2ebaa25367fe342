"""The marks of the roles of all accounts, before a change and after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import NamedTuple

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.iam.escalation import marks
from rolemodel_ci.iam.privilege import Mark

RoleKey = tuple[str, str]
"""Account and role."""


class FoundMarks(NamedTuple):
    """The marks before and after a change, and the roles that were there before it in accounts that stay."""

    before: Mapping[RoleKey, Mark]
    after: Mapping[RoleKey, Mark]
    there: set[RoleKey]

    def newly(self, now: Collection[str]) -> dict[RoleKey, Mark]:
        """Those that are so, or worse, only after it, in accounts that are there then."""
        return {
            key: mark
            for key, mark in self.after.items()
            if key[0] in now and (key not in self.there or mark.worse_than(self.before.get(key)))
        }

    def gained(self, newly: Mapping[RoleKey, Mark]) -> dict[RoleKey, tuple[str, ...]]:
        """The dangerous actions that the other roles which were there have only after it."""
        others = (self.after.keys() & self.there) - newly.keys()
        told = {key: self.after[key].gained_since(self.before.get(key)) for key in others}
        return {key: actions for key, actions in told.items() if actions}


def marks_of(resolved: Mapping[str, EvaluatedTemplate]) -> dict[RoleKey, Mark]:
    """By account and role. Accounts share what they resolve to, so that little is looked at twice."""
    known: dict[int, dict[str, Mark]] = {}
    found: dict[RoleKey, Mark] = {}
    for account, meaning in resolved.items():
        if id(meaning) not in known:
            known[id(meaning)] = marks(meaning)
        found |= {(account, role): mark for role, mark in known[id(meaning)].items()}
    return found


def found_marks(
    before: Mapping[str, EvaluatedTemplate],
    after: Mapping[str, EvaluatedTemplate],
    there: Set[RoleKey],
    renamed: Mapping[str, str],
) -> FoundMarks:
    """The marks on both sides, those before under the names of roles after it. `renamed`: former names by new ones."""
    names = {former: name for name, former in renamed.items()}
    kept = {(account, names.get(role, role)) for account, role in there}
    return FoundMarks(under(renamed, marks_of(before)), marks_of(after), kept)


def under(renamed: Mapping[str, str], marked: Mapping[RoleKey, Mark]) -> dict[RoleKey, Mark]:
    """The marks under the new names of roles."""
    names = {former: name for name, former in renamed.items()}
    return {(account, names.get(role, role)): mark for (account, role), mark in marked.items()}


def worst(*sides: Mapping[RoleKey, Mark]) -> dict[RoleKey, Mark]:
    """The worst mark of each role; the later one, where they are as bad as each other."""
    found: dict[RoleKey, Mark] = {}
    for key, mark in (item for side in sides for item in side.items()):
        if key not in found or mark.privilege >= found[key].privilege:
            found[key] = mark
    return found


def dangerous(found: Mapping[RoleKey, Mark]) -> dict[RoleKey, Mark]:
    """Those of which a reviewer must not overlook who gets the role."""
    return {key: mark for key, mark in found.items() if mark.is_dangerous}
