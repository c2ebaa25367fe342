"""Which roles are as good as an administrator, or may be, and by which actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.cloudformation.policies import either, value_text
from rolemodel_ci.cloudformation.roles import properties_of, role_names
from rolemodel_ci.iam.attachments import (
    attached,
    is_managed_policy,
    is_there,
    last_part,
    managed_policy_of,
    name_begins,
)
from rolemodel_ci.iam.escalation_paths import IDENTITY_ACTIONS, ON_ITS_POLICIES, ON_ITSELF, ON_OTHERS, WAYS
from rolemodel_ci.iam.managed_policies import Facts, is_of_aws, known_facts
from rolemodel_ci.iam.permissions import ANY_ACTION, Permissions, Target
from rolemodel_ci.iam.privilege import Mark, Privilege, Source, Untold
from rolemodel_ci.iam.resources import KNOWN_TO_AWS
from rolemodel_ci.iam.statements import Statement, is_plain, may_be_other, read_statements

_PLACES = {action: place for place, action in enumerate(dict.fromkeys(a for way in WAYS for a in way.actions))}

_SURE = Privilege.PASSING
"""The lowest level at which a role is as good as an administrator by itself, for sure."""


def dangers(resolved: EvaluatedTemplate) -> dict[str, Mark]:
    """The roles of a resolved template that are as good as an administrator, or may be; sorted by name.

    What only AWS can tell (a managed policy made elsewhere, a reference to another stack) may be anything.
    """
    return {name: mark for name, mark in marks(resolved).items() if mark.is_dangerous}


def administrations(resolved: EvaluatedTemplate, before: EvaluatedTemplate | None = None) -> frozenset[str]:
    """The roles that surely are as good as an administrator by themselves.

    After a change of `before`, what they are allowed under conditions counts only where they had it under these before.
    """
    roles = _read(resolved)
    if before is not None:
        known = {role: read.limits() for role, read in _read(before).items()}
        for role, read in roles.items():
            read.keep(known.get(role, frozenset()))
    return frozenset(role for role, read in roles.items() if read.mark().privilege >= _SURE)


def marks(resolved: EvaluatedTemplate) -> dict[str, Mark]:
    """What the policies of each role come to, for roles with any dangerous action at all; sorted by name."""
    roles = _read(resolved)
    found = {role: read.mark() for role, read in sorted(roles.items())}
    for _ in found:  # who may take a role that may take another one
        raised = {role: mark for role, read in roles.items() if (mark := read.with_others(found)) != found[role]}
        found |= raised
        if not raised:
            break
    return {role: mark for role, mark in found.items() if mark.privilege}


def _read(resolved: EvaluatedTemplate) -> dict[str, _Role]:
    names = _names(resolved)
    by_name = {last_part(resolved, name): name for name in resolved.resources if is_managed_policy(resolved, name)}
    trusted = frozenset(name for name, text in names.items() if text is not None)
    arns = {role: _arn(resolved, role) for role in role_names(resolved)}
    roles = {role: _Role(resolved, names, trusted, role, arns) for role in arns}
    resources = list(attached(resolved))
    for one in resources:
        for owner in (*(owner for owner, _ in one.owners), *one.perhaps):
            if not is_managed_policy(resolved, one.name):
                roles[owner].inline.append(properties_of(one.resource).get("PolicyName"))
    for each in roles.values():
        each.read(by_name)
    for one in resources:
        for owner, sure in one.owners:
            properties = properties_of(one.resource)
            lasts = is_managed_policy(resolved, one.name) or roles[owner].is_alone(properties.get("PolicyName"))
            roles[owner].take(one.name, properties.get("PolicyDocument"), sure=sure and lasts)
            roles[owner].has(one.name)
        for owner in one.perhaps:
            roles[owner].untold[Untold(Source.ATTACHED, one.name)] = None
    return roles


class _Role:
    """One role, while its policies are read."""

    def __init__(
        self,
        resolved: EvaluatedTemplate,
        names: Mapping[str, str | None],
        trusted: frozenset[str],
        role: str,
        arns: Mapping[str, tuple[str, str]],
    ) -> None:
        self.untold: dict[Untold, None] = {}
        self.inline: list[Any] = []
        self._resolved, self._names, self._trusted = resolved, names, trusted
        self._role, self._properties = role, properties_of(resolved.resources[role])
        self._itself = Target(*arns[role])
        self._others = {other: Target(*arn) for other, arn in arns.items() if other != role}
        self._policies: dict[str, Target] = {}
        self._read: list[Statement] = []
        self._facts: list[tuple[Facts, str]] = []
        self._known = Permissions(names)

    def read(self, by_name: Mapping[str, str]) -> None:
        """Read what is written in the role, and what it names."""
        policies = tuple(either(self._properties.get("Policies", [])))
        self.inline += [policy.get("PolicyName") for policy, _ in policies if is_plain(policy)]
        for policy, sure in policies:
            if is_plain(policy):
                given = policy.get("PolicyName", "")
                lasts = sure and self.is_alone(given)
                self.take(value_text(given), policy.get("PolicyDocument"), sure=lasts)
            elif policy is not None:
                self.untold[Untold(Source.POLICY, value_text(policy))] = None
        for entry, sure in either(self._properties.get("ManagedPolicyArns", [])):
            own = managed_policy_of(entry, by_name)
            if own is not None:
                resource = self._resolved.resources[own]
                there = sure and is_there(resource)
                self.take(own, properties_of(resource).get("PolicyDocument"), sure=there)
                self.has(own)
            elif entry is not None:
                self._take_managed(entry, sure=sure)

    def is_alone(self, given: Any) -> bool:
        """Whether no other inline policy may have its name: of two with one name, IAM keeps one, and what the other
        denies is not denied.
        """
        same = (
            each for each in self.inline if may_be_other(each) or may_be_other(given) or each.lower() == given.lower()
        )
        return len(tuple(same)) < 2

    def take(self, name: str, document: Any, *, sure: bool) -> None:
        """Count a policy that the template writes."""
        if document is None:  # CloudFormation refuses a policy without one
            return
        for statement in read_statements(document, self._trusted, sure=sure):
            self._read.append(statement)
            if not statement.told:
                self.untold[Untold(Source.POLICY, name)] = None

    def has(self, policy: str) -> None:
        """Note a managed policy of the template that the role has."""
        if is_managed_policy(self._resolved, policy):
            self._policies[policy] = Target(*_arn(self._resolved, policy))

    def _take_managed(self, entry: Any, *, sure: bool) -> None:
        facts = known_facts(entry) if isinstance(entry, str) else None
        if facts is None or not is_of_aws(entry):
            self.untold[Untold(Source.MANAGED_POLICY, value_text(entry))] = None
        if facts is not None:
            certain = sure and is_of_aws(entry)
            self._facts.append((facts, "") if certain else (facts._replace(denied=frozenset()), value_text(entry)))

    def limits(self) -> frozenset[str]:
        """What it is allowed under conditions, or perhaps."""
        return frozenset({*(statement.limits for statement in self._read), *(limits for _, limits in self._facts)})

    def keep(self, known: Set[str]) -> None:
        """Forget what it is allowed under conditions other than the known ones."""
        self._read = [each for each in self._read if each.denies or not each.limits or each.limits in known]
        self._facts = [(facts, limits) for facts, limits in self._facts if not limits or limits in known]

    def mark(self) -> Mark:
        """What all of it comes to."""
        known = self._known
        for facts, _ in self._facts:
            known.take_facts(facts)
        known.targets, known.others = (self._itself, *self._policies.values()), tuple(self._others.values())
        known.take(self._read)
        known.settle()
        untold = dict(self.untold)
        reached = known.everything | known.some | known.unknown
        if any(known.unknown & {*way.actions} and {*way.actions} <= reached for way in WAYS):
            untold[Untold(Source.REFERENCE, "")] = None
        own = [action for action in ON_ITSELF if action in self._itself.allowed]
        own += [a for a in ON_ITS_POLICIES if any(a in target.allowed for target in self._policies.values())]
        return _mark(known, own, tuple(sorted(untold)))

    def with_others(self, found: Mapping[str, Mark]) -> Mark:
        """The mark of the role, counting roles of the template that it can make its own."""
        mark = found[self._role]
        taken = (t.allowed.intersection(ON_OTHERS) for name, t in self._others.items() if found[name].is_dangerous)
        actions = set[str]().union(*taken)
        if not actions or mark.privilege >= Privilege.BORROWING:
            return mark
        limited = tuple(action for action in mark.limited if action not in actions)
        return Mark(Privilege.BORROWING, _worst_first({*mark.actions, *actions}), limited, mark.untold)


def _arn(resolved: EvaluatedTemplate, name: str) -> tuple[str, str]:
    """The last part of the ARN of a role or managed policy, and how it begins at least where AWS makes up its name."""
    part, is_policy = last_part(resolved, name), is_managed_policy(resolved, name)
    given = properties_of(resolved.resources[name]).get("ManagedPolicyName" if is_policy else "RoleName")
    begins = "" if isinstance(given, str) else name_begins(resolved.stack, name, is_policy)
    return part, f"{part.rpartition('/')[0]}/{begins}" if begins else ""


def _mark(known: Permissions, own: Iterable[str], untold: tuple[Untold, ...]) -> Mark:
    if {*IDENTITY_ACTIONS, ANY_ACTION} <= known.everything:
        return Mark(Privilege.ADMINISTRATOR, untold=untold)
    level = Privilege.IDENTITIES if own else Privilege.UNKNOWN if untold else Privilege.NONE
    actions, limited = set(own), set[str]()
    for way in WAYS:
        if known.everything.issuperset(way.actions):
            level = max(level, way.privilege)
            actions.update(way.actions)
        elif (known.everything | known.some).issuperset(way.actions):
            level = max(level, Privilege.LIMITED)
            limited.update(way.actions)
    return Mark(level, _worst_first(actions), _worst_first(limited - actions), untold)


def _worst_first(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(actions, key=_PLACES.__getitem__))


def _names(resolved: EvaluatedTemplate) -> dict[str, str | None]:
    """What references to resources stand for; None for what may become any text."""
    return dict(_named(resolved))


def _named(resolved: EvaluatedTemplate) -> Iterator[tuple[str, str | None]]:
    roles = {*role_names(resolved)}
    for name, resource in resolved.resources.items():
        kind = str(resource.get("Type"))
        if name in roles:
            itself = last_part(resolved, name)
            yield f"{name}.Arn", f"arn:aws:iam::{KNOWN_TO_AWS}:{itself}"
            yield name, itself.rpartition("/")[2]
        else:  # what a custom resource or one of a third party returns may be anything
            made_up = kind.startswith("AWS::") and kind != "AWS::CloudFormation::CustomResource"
            own = f"arn:aws:iam::{KNOWN_TO_AWS}:{last_part(resolved, name)}" if kind.endswith("::ManagedPolicy") else ""
            yield name, (own or KNOWN_TO_AWS) if made_up else None
            yield f"{name}.Arn", KNOWN_TO_AWS if made_up else None
