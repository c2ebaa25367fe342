"""How two templates differ, as types, and in which direction each difference changes rights.

Widening is everything of which it cannot be proved that it is not: an Allow that no other one covered before, a Deny
that goes and that none of those which stay covers, a boundary or a condition that goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rolemodel_ci.iam.cover import Cover
from rolemodel_ci.iam.differences import (
    DECLARED,
    DEFINED,
    KEEPING,
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
from rolemodel_ci.iam.documents import Atom, Opaque, Statement
from rolemodel_ci.iam.meaning import Meaning, Property, Role, Thing
from rolemodel_ci.iam.values import Choice, Entries, Value
from rolemodel_ci.resolve import Resolved
from rolemodel_ci.roles import role_names
from rolemodel_ci.template import ROLE_TYPE

SESSION_SECONDS = 3600
"""Of a role that does not say how long a session may last:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""

# AWS's own policies that take away, so that their going gives, and nothing else does what they do:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_DENYING = frozenset(
    f"arn:aws:iam::aws:policy/{name}"
    for name in (
        "AWSDenyAll", "AWSCompromisedKeyQuarantine", "AWSCompromisedKeyQuarantineV2", "AWSCompromisedKeyQuarantineV3",
    )
)  # fmt: skip
_OF_AWS = "arn:aws:iam::aws:policy/"

_NO_ROLE = Role((), (), (), None, {}, frozenset())
_NO_THING = Thing("", (), {})


def differences(old: Resolved, new: Resolved) -> tuple[Difference, ...]:
    """What becomes of the resources on the way from `old` to `new`, roles first, each group sorted by name."""
    if old == new:
        return ()
    before, after = Meaning(old), Meaning(new)
    defined = old.conditions == new.conditions and old.mappings == new.mappings
    found = [*_roles(before, after, defined), *_things(before, after, defined), *_outputs(before, after)]
    if not found and not defined:
        pairs = (("Conditions", old.conditions, new.conditions), ("Mappings", old.mappings, new.mappings))
        changes = (
            PropertyChange(name, before.value(dict(was)), after.value(dict(now)), Direction.EITHER)
            for name, was, now in pairs
            if was != now
        )
        found.append(Difference("Template", DEFINED, "changed", tuple(changes)))
    if not found:  # a description, a Sid, an order: AWS counts it as an update, nobody gains by it
        found.append(Difference("Template", TEXTS, "changed"))
    return tuple(sorted(found, key=lambda difference: (not difference.is_role, difference.name, difference.what)))


# What a parameter may say without any effect on the values that it has.
_CHECKING = frozenset({
    "AllowedPattern", "AllowedValues", "Default", "MaxLength", "MaxValue", "MinLength", "MinValue",
})  # fmt: skip
_TEXTS_OF_PARAMETERS = frozenset({"ConstraintDescription", "Description"})


def declarations(old: Resolved, new: Resolved) -> tuple[Difference, ...]:
    """What differs in the parts of the template that CloudFormation takes for no update: parameters, rules, others."""
    if old.declared == new.declared:
        return ()
    before, after = Meaning(old), Meaning(new)
    was, now = _declared(before), _declared(after)
    changes = tuple(
        PropertyChange(name, was.get(name), now.get(name), _of_declared(name, was.get(name), now.get(name)))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    )
    return (Difference("Template", DECLARED, "changed", changes),) if changes else ()


def _declared(meaning: Meaning) -> dict[str, Value]:
    """Each key of each parameter by itself, without texts for people; every other section entry by entry."""
    found: dict[str, Value] = {}
    for section, content in meaning.resolved.declared.items():
        for name, entry in content.items() if isinstance(content, dict) else (("", content),):
            if section == "Parameters" and isinstance(entry, dict):
                said = {f".{key}": value for key, value in entry.items() if key not in _TEXTS_OF_PARAMETERS}
            else:
                said = {"": entry}
            found |= {f"{section}.{name}{key}": meaning.value(value) for key, value in said.items()}
    return found


def _of_declared(name: str, was: Value | None, now: Value | None) -> Direction:
    """Values of parameters are in what the resources come to, unless only AWS knows them. Rules only refuse."""
    section, _, key = name.partition(".")
    if section == "Rules" or (section == "Parameters" and key.rpartition(".")[2] in _CHECKING):
        return Direction.NEUTRAL
    if section == "Parameters" and key.endswith(".Type") and None in (was, now):  # it comes or goes
        return Direction.EITHER if _PLAIN_TYPES.isdisjoint({was, now}) else Direction.NEUTRAL
    return Direction.EITHER


_PLAIN_TYPES = frozenset({"CommaDelimitedList", "List<Number>", "Number", "String"})


def _roles(before: Meaning, after: Meaning, defined: bool) -> Iterator[Difference]:
    was, now = set(role_names(before.resolved)), set(role_names(after.resolved))
    for name in was | now:
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
    return (*found, *_properties(before.properties, after.properties, True, bounded))


def _attachments(sign: Sign, before: Role, after: Role) -> Iterator[AttachmentChange]:
    """The managed policies that only `after` has."""
    for policy, when in after.attached:
        if (policy, when) not in before.attached:
            yield AttachmentChange(sign, policy, when, _of_attachment(sign, policy, policy in after.own))


def _thing(before: Thing, after: Thing) -> tuple[Change, ...]:
    pairs = _Pairs(before.permissions, after.permissions, frozenset())
    return (*_permissions(pairs), *_properties(before.properties, after.properties, False, False))


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
    cover: Cover = field(default_factory=Cover)

    def changes(self) -> Iterator[tuple[Sign, Source | None, Atom, Direction]]:
        """What comes and what goes."""
        was, now = set(self.before), set(self.after)
        allowed, denied = self._sure(self.before, "Allow"), self._sure(self.after, "Deny")
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

    def _direction(self, sign: Sign, source: Source | None, atom: Atom, others: list[Statement]) -> Direction:
        if isinstance(atom, Opaque) or not atom.is_plain or self._is_unsure(source):
            return Direction.EITHER
        if (sign, atom.effect) in (("-", "Allow"), ("+", "Deny")):
            return Direction.NARROWS
        return Direction.NEUTRAL if self.cover.statement(atom, others) else Direction.WIDENS


def _of_attachment(sign: Sign, policy: Value, own: bool) -> Direction:
    """What it does to get or to lose a managed policy."""
    if own:
        return Direction.NEUTRAL  # its statements are told one by one
    denies = policy in _DENYING
    if sign == "+":
        return Direction.NARROWS if denies else Direction.WIDENS
    if isinstance(policy, str) and policy.startswith(_OF_AWS):
        return Direction.WIDENS if denies else Direction.NARROWS
    return Direction.EITHER  # it may have denied something


def _properties(
    before: Mapping[Property, Value], after: Mapping[Property, Value], of_role: bool, bounded: bool
) -> Iterator[PropertyChange]:
    for key in sorted(before.keys() | after.keys(), key=repr):
        was, now = before.get(key), after.get(key)
        if was != now:
            name, source = key
            way = _of_property(name, was, now, bounded) if of_role and source is None else Direction.EITHER
            yield PropertyChange(name, was, now, way, source)


def _of_property(name: str, was: Value | None, now: Value | None, bounded: bool) -> Direction:
    if name == "MaxSessionDuration":
        return _of_session(was, now)
    if name == "PermissionsBoundary":
        if bounded:
            return Direction.NEUTRAL  # what both say is told statement by statement
        surely = was is None and not isinstance(now, Choice)
        return Direction.NARROWS if surely else Direction.WIDENS
    if name in KEEPING:
        return Direction.NEUTRAL if {was or "Delete", now or "Delete"} == {"Delete"} else Direction.EITHER
    same = name == "Path" and {was or "/", now or "/"} == {"/"}
    return Direction.NEUTRAL if same else Direction.EITHER


def _of_session(was: Value | None, now: Value | None) -> Direction:
    """A session that may last longer gives more."""
    seconds = [str(SESSION_SECONDS) if value is None else value for value in (was, now)]
    told = [int(each) for each in seconds if isinstance(each, str) and each.isdecimal() and len(each) < 10]
    if len(told) < 2:
        return Direction.EITHER
    if told[0] == told[1]:
        return Direction.NEUTRAL
    return Direction.WIDENS if told[1] > told[0] else Direction.NARROWS
