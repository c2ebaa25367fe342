"""Who is administrator by a role: as good as one by its policies, not limited otherwise, and able to assume it.

Before a run, what may be counts: whoever may be administrator must not be lost without a word. After it, what is sure
counts, and what the change leaves as it is: a new boundary, a Deny or a condition of which nobody can tell what it
takes away leaves nobody to fall back on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rolemodel_ci.iam.canonical_policies import Document, Statement, Test, chosen
from rolemodel_ci.iam.canonical_template import Meaning, Role
from rolemodel_ci.iam.escalation import administrations
from rolemodel_ci.iam.managed_policies import gives_only

if TYPE_CHECKING:
    from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
    from rolemodel_ci.iam.canonical_values import Name, Value

# Conditions of a trust policy that the users of the master account meet by the way they sign in:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_MET = frozenset({
    "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:securetransport", "sts:rolesessionname",
})  # fmt: skip

_USER = re.compile(r"arn:[^:]*:iam::([0-9]{12}):user/(?:.*/)?([^/]+)\Z")
_ROOT = re.compile(r"arn:[^:]*:iam::([0-9]{12}):root\Z")
_ANY_IDENTITY = tuple(f"arn:aws:iam::000000000000:{kind}/any" for kind in ("role", "user", "group", "policy"))

_BOUNDARY = ("PermissionsBoundary", None)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Which users of the master account a role lets in: all of them but some, or those named."""

    everybody: bool
    users: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def has(self, user: str) -> bool:
        """Whether this user is let in."""
        return (self.everybody or user in self.users) and user not in self.refused


@dataclass(frozen=True, slots=True)
class Administering:
    """The roles that make administrators before and after a run. `why`: what keeps others from doing so after it."""

    before: Mapping[str, Admitted]
    after: Mapping[str, Admitted]
    why: Mapping[str, str]


def administering(now: EvaluatedTemplate | None, wanted: EvaluatedTemplate, master: str) -> Administering:
    """Compare a stack's template with the wanted one; without one that can be read, the wanted one tells both."""
    old, new = Meaning(now or wanted), Meaning(wanted)
    were = {name: old.role(name) for name in administrations(now or wanted)}
    before = {name: _admitted(role.trust, role.trust, master) for name, role in were.items()}
    after: dict[str, Admitted] = {}
    why: dict[str, str] = {}
    known = old.resolved.resources
    sure = administrations(wanted, old.resolved)
    why |= dict.fromkeys(administrations(wanted) - sure, "it is allowed to only under conditions that are new")
    for name in sorted(sure):
        role, was = new.role(name), old.role(name) if name in known and name in were else None
        limit = _limit(role, was)
        admitted = _admitted(role.trust, was.trust if was else (), master)
        if limit:
            why[name] = limit
        elif not admitted.everybody and not admitted.users:
            why[name] = "its trust policy does not surely let the users of the master account in"
        else:
            after[name] = admitted
    return Administering(before, after, why)


def _limit(role: Role, was: Role | None) -> str:
    """What may take rights from a role that it did not before; empty where nothing does."""
    if _BOUNDARY in role.properties and (
        was is None or was.properties.get(_BOUNDARY) != role.properties[_BOUNDARY] or was.boundary != role.boundary
    ):
        return "its permissions boundary may leave it less than that"
    denied = {atom for _, atom in role.permissions} - {atom for _, atom in (was.permissions if was else ())}
    if any(isinstance(atom, Statement) and atom.effect != "Allow" and _takes_powers(atom) for atom in denied):
        return "a Deny may leave it less than that"
    attached = set(role.attached) - set(was.attached if was else ())
    if any(arn not in role.own and not (isinstance(arn, str) and gives_only(arn)) for arn, _ in attached):
        return "a managed policy that cannot be read may leave it less than that"
    return ""


def _takes_powers(deny: Statement) -> bool:
    """Whether a Deny may be about what makes an administrator: everything, or IAM on more than a few names."""
    if deny.actions is None or deny.resources is None:
        return True
    names = [name.key for name in deny.actions]
    about = any(not isinstance(name, str) or name.startswith("iam:") or fnmatchcase("iam:any", name) for name in names)
    return about and any(
        not isinstance(resource, str) or any(fnmatchcase(identity, resource) for identity in _ANY_IDENTITY)
        for resource in deny.resources
    )


def _admitted(trust: Document, known: Document, master: str) -> Admitted:
    """Whom a trust policy lets in. Of a statement in `known` it does not matter that its conditions are not."""
    everybody, users, refused = False, set[str](), set[str]()
    for atom in trust:
        sure = atom in known
        if not isinstance(atom, Statement):
            everybody = everybody or sure
        elif atom.effect == "Allow" and _is_about_assuming(atom) and (sure or (not atom.when and _is_met(atom))):
            for who in _of_master(atom, master):
                everybody = everybody or who is None
                users |= {who} if who else set()
    for atom in trust:
        if isinstance(atom, Statement) and atom.effect != "Allow" and atom not in known and _is_about_assuming(atom):
            if _is_met(atom) and atom.tests:
                continue  # it asks for MFA
            named = list(_of_master(atom, master))
            if None in named or atom.principals is None:
                return Admitted(False)
            refused |= {who for who in named if who}
    return Admitted(everybody, frozenset(users), frozenset(refused))


def _is_about_assuming(statement: Statement) -> bool:
    names = [name.key for name in statement.actions or ()]
    return not names or any(not isinstance(name, str) or fnmatchcase("sts:assumerole", name) for name in names)


def _is_met(statement: Statement) -> bool:
    """Whether users of the master account meet its conditions, or can by signing in with MFA."""
    return all(isinstance(test, Test) and test.key.key in _MET for test in statement.tests)


def _of_master(statement: Statement, master: str) -> Iterator[str | None]:
    """The users of the master account that a statement is about; None for all of them."""
    for principal in statement.principals or ():
        for who in chosen(principal):
            text: Value | Name = who.who
            if who.kind != "AWS" or not isinstance(text, str):
                continue
            root, user = _ROOT.match(text), _USER.match(text)
            if text == "*" or (root and root[1] == master):
                yield None
            elif user and user[1] == master:
                yield user[2]
