"""How two templates differ, as types, and in which direction each difference changes rights.

Widening is everything of which it cannot be proved that it is not: an Allow that no other one covered before, a Deny
that goes and that none of those which stay covers, a boundary or a condition that goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.roles import role_names
from rolemodel_ci.cloudformation.template import ROLE_TYPE
from rolemodel_ci.iam.canonical_policies import Atom, Opaque, Statement
from rolemodel_ci.iam.canonical_template import Meaning, Role, Thing
from rolemodel_ci.iam.canonical_values import Entries, Value
from rolemodel_ci.iam.cover import Cover
from rolemodel_ci.iam.differences import (
    OUTPUTS,
    TEXTS,
    AttachmentChange,
    BoundaryChange,
    Carrier,
    Change,
    Difference,
    Direction,
    PermissionChange,
    PropertyChange,
    Sign,
    Source,
    TrustChange,
)
from rolemodel_ci.iam.directions import of_attachment, property_changes

_NO_ROLE = Role((), (), (), None, {}, frozenset())
_NO_THING = Thing("", (), {})


LOGICAL_ID = "LogicalId"


def differences(
    old: EvaluatedTemplate, new: EvaluatedTemplate, renamed: Mapping[str, str] = MappingProxyType({})
) -> tuple[Difference, ...]:
    """What becomes of the resources on the way from `old` to `new`, roles first, each group sorted by name.

    `renamed` has the former names of roles that are the same to people, by the new ones.
    """
    if old == new:
        return ()
    before, after = Meaning(old), Meaning(new)
    defined = old.conditions == new.conditions and old.mappings == new.mappings
    found = [*_roles(before, after, defined, renamed), *_things(before, after, defined), *_outputs(before, after)]
    if not found:  # a description, a Sid, an order: AWS counts it as an update, nobody gains by it
        found.append(Difference("Template", TEXTS, "changed"))
    return tuple(sorted(found, key=lambda difference: (not difference.is_role, difference.name, difference.what)))


def _roles(before: Meaning, after: Meaning, defined: bool, renamed: Mapping[str, str]) -> Iterator[Difference]:
    was, now = set(role_names(before.resolved)), set(role_names(after.resolved))
    moved = {name: former for name, former in renamed.items() if name in now - was and former in was - now}
    for name, former in moved.items():  # what names the former role, in a policy anywhere, no longer names this one
        told = PropertyChange(LOGICAL_ID, former, name, Direction.EITHER)
        yield Difference(name, ROLE_TYPE, "changed", (*_role(before.role(former), after.role(name)), told))
    for name in (was | now) - moved.keys() - set(moved.values()):
        if name in was and name in now:
            if defined and before.inputs(name) == after.inputs(name):
                continue
            changes = _role(before.role(name), after.role(name))
            if changes:
                yield Difference(name, ROLE_TYPE, "changed", changes)
        elif name in now:
            yield Difference(name, ROLE_TYPE, "added", _role(_NO_ROLE, after.role(name)))
        else:
            yield Difference(name, ROLE_TYPE, "removed", _role(before.role(name), _NO_ROLE))


def _things(before: Meaning, after: Meaning, defined: bool) -> Iterator[Difference]:
    was, now = _standing(before), _standing(after)
    for name in was | now:
        old = before.resolved.resources[name] if name in was else {}
        new = after.resolved.resources[name] if name in now else {}
        if name in was and name in now and defined and old == new:
            continue
        gone = before.thing(name) if name in was else _NO_THING
        come = after.thing(name) if name in now else _NO_THING
        if name in was and name in now and gone.kind == come.kind:
            changes = _thing(gone, come)
            if changes:
                yield Difference(name, come.kind, "changed", changes)
            continue
        if name in was:
            yield Difference(name, gone.kind, "removed", _thing(gone, _NO_THING))
        if name in now:
            yield Difference(name, come.kind, "added", _thing(_NO_THING, come))


def _standing(meaning: Meaning) -> set[str]:
    """The resources that are more than a part of a role."""
    return meaning.resolved.resources.keys() - set(role_names(meaning.resolved)) - meaning.within


def _outputs(before: Meaning, after: Meaning) -> Iterator[Difference]:
    was, now = before.outputs(), after.outputs()
    changes = tuple(
        PropertyChange(name, was.get(name), now.get(name), _of_output(was.get(name), now.get(name)))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    )
    if changes:
        yield Difference("Outputs", OUTPUTS, "changed", changes)


def _of_output(*values: Value | None) -> Direction:
    """An exported value may be anything in another stack."""
    exported = any(not isinstance(value, Entries) or value.get("Export") for value in values if value is not None)
    return Direction.EITHER if exported else Direction.NEUTRAL


def _role(before: Role, after: Role) -> tuple[Change, ...]:
    """What differs between two roles; `_NO_ROLE` stands for one that is not there."""
    found: list[Change] = []
    unsure = _unsure(before, after)
    pairs = _Pairs(before.permissions, after.permissions, unsure)
    found += _permissions(pairs)
    found += [TrustChange(sign, atom, way) for sign, atom, way in _documents(before.trust, after.trust)]
    if before.boundary is not None and after.boundary is not None:
        changed = _documents(before.boundary, after.boundary)
        found += [BoundaryChange(sign, atom, way) for sign, atom, way in changed]
    found += _attachments("+", before, after)
    found += _attachments("-", after, before)
    bounded = before.boundary is not None and after.boundary is not None
    return (*found, *property_changes(before.properties, after.properties, True, bounded))


def _attachments(sign: Sign, before: Role, after: Role) -> Iterator[AttachmentChange]:
    """The managed policies that only `after` has."""
    for policy, when in after.attached:
        if (policy, when) not in before.attached:
            anyway = any(policy == each and set(under) <= set(when) for each, under in before.attached)
            direction = Direction.NEUTRAL if anyway else of_attachment(sign, policy, policy in after.own)
            yield AttachmentChange(sign, policy, when, direction)


def _thing(before: Thing, after: Thing) -> tuple[Change, ...]:
    pairs = _Pairs(before.permissions, after.permissions, frozenset())
    return (*_permissions(pairs), *property_changes(before.properties, after.properties, False, False))


Sourced = tuple[Source | None, Atom]
Held = tuple[bool, Value]
"""A policy by its name, among those of its kind: inline or managed."""


def _permissions(pairs: _Pairs) -> Iterator[PermissionChange]:
    return (PermissionChange(sign, source, atom, way) for sign, source, atom, way in pairs.changes() if source)


def _documents(before: Sequence[Atom], after: Sequence[Atom]) -> Iterator[tuple[Sign, Atom, Direction]]:
    pairs = _Pairs([(None, atom) for atom in before], [(None, atom) for atom in after], frozenset())
    return ((sign, atom, way) for sign, _, atom, way in pairs.changes())


def _unsure(before: Role, after: Role) -> frozenset[Held]:
    """Policies of which nobody can tell what is left: two have one name, or another resource has it now."""
    carriers: tuple[dict[Held, set[tuple[Carrier, str]]], ...] = ({}, {})
    unsure: set[Held] = set()
    for side, role in zip(carriers, (before, after), strict=True):
        for source, _ in role.permissions:
            side.setdefault(_held(source), set()).add((source.carrier, source.resource))
            unsure |= {_held(source)} if source.number > 1 else set()
    for held in carriers[0].keys() | carriers[1].keys():
        was, now = carriers[0].get(held, set()), carriers[1].get(held, set())
        if len(was) > 1 or len(now) > 1 or (was and now and was != now):
            unsure.add(held)
    return frozenset(unsure)


def _held(source: Source) -> Held:
    return source.carrier in (Carrier.INLINE, Carrier.RESOURCE), source.name


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The statements of two sides, and the names of those policies of which nobody can tell what is left."""

    before: Sequence[Sourced]
    after: Sequence[Sourced]
    unsure: frozenset[Held]

    def changes(self) -> Iterator[tuple[Sign, Source | None, Atom, Direction]]:
        """What comes and what goes."""
        was, now = set(self.before), set(self.after)
        allowed, denied = Cover(self._sure(self.before, "Allow")), Cover(self._sure(self.after, "Deny"))
        for source, atom in self.after:
            if (source, atom) not in was:
                yield "+", source, atom, self._direction("+", source, atom, allowed)
        for source, atom in self.before:
            if (source, atom) not in now:
                yield "-", source, atom, self._direction("-", source, atom, denied)

    def _sure(self, atoms: Iterable[Sourced], effect: str) -> list[Statement]:
        return [
            atom
            for source, atom in atoms
            if isinstance(atom, Statement) and atom.effect == effect and not self._is_unsure(source)
        ]

    def _is_unsure(self, source: Source | None) -> bool:
        return source is not None and _held(source) in self.unsure

    def _direction(self, sign: Sign, source: Source | None, atom: Atom, cover: Cover) -> Direction:
        if isinstance(atom, Opaque) or not atom.is_plain or self._is_unsure(source):
            return Direction.EITHER
        if (sign, atom.effect) in (("-", "Allow"), ("+", "Deny")):
            return Direction.NARROWS
        return Direction.NEUTRAL if cover.statement(atom) else Direction.WIDENS
