"""What a template means in one account: references to parameters filled in, conditions decided.

Two templates are the same to the tool when they resolve to the same resources and outputs. That is what
CloudFormation acts on: formatting, comments, descriptions and metadata alone make it answer "No updates are to be
performed", and a plan that showed them would show them for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rolemodel_ci.model import MASTER_PARAMETER, Account, Policy

_NO_VALUE = object()  # what {"Ref": "AWS::NoValue"} stands for: the property is not there
PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
"""A reference within the text of Fn::Sub."""

# Text that functions may make, in characters: more than a whole template can have. Nested functions could multiply
# a few lines to gigabytes.
_TEXT_LIMIT = 65_536

_CONDITION_LEVELS = 100  # conditions within conditions; what lies deeper counts as what text cannot tell

# Parts of a resource that CloudFormation does not count as an update by themselves.
_SILENT = frozenset({"Metadata", "DependsOn", "Condition"})


@dataclass(frozen=True, slots=True)
class Where:
    """What the pseudo parameters stand for. `account_id` None: not known yet, the reference stays as it is."""

    account_id: str | None
    region: str
    stack_name: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class Resolved:
    """Resources by logical id and outputs by name, as far as text can tell what they will be."""

    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]


def resolve(body: Mapping[str, Any], parameters: Mapping[str, str], where: Where) -> Resolved:
    """The meaning of template content `body` with these parameter values.

    What only AWS can know (attributes, imports) stays as it is written. Never raises on a malformed function: that
    too stays as it is, for AWS to refuse.
    """
    evaluator = _Evaluator(body, parameters, where)
    resources = {
        name: _drop_silent(evaluator.kept(resource))
        for name, resource in body.get("Resources", {}).items()
        if isinstance(resource, dict) and evaluator.exists(resource)
    }
    outputs = {
        name: _drop_silent(evaluator.kept(output))
        for name, output in body.get("Outputs", {}).items()
        if evaluator.exists(output)
    }
    return Resolved(resources, outputs)


def parameters_of(policy: Policy, account: Account) -> dict[str, str]:
    """The parameter values that the stack of `account` gets: the master's id, the account's own, the defaults."""
    own = dict(account.parameters)
    values = {}
    for parameter in policy.template.parameters:
        if parameter.name == MASTER_PARAMETER:
            values[parameter.name] = policy.master_account_id
        elif parameter.name in own:
            values[parameter.name] = own[parameter.name]
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    return values


def desired(policy: Policy, account: Account, account_id: str | None, partition: str = "aws") -> Resolved:
    """What the policy wants in one account."""
    where = Where(account_id, policy.region, policy.stack_name, partition)
    return resolve(policy.template.body, parameters_of(policy, account), where)


def _drop_silent(resource: Any) -> Any:
    if not isinstance(resource, dict):
        return resource
    return {key: value for key, value in resource.items() if key not in _SILENT}


class _Evaluator:
    """Evaluates intrinsic functions over one template and one set of parameters."""

    def __init__(self, body: Mapping[str, Any], parameters: Mapping[str, str], where: Where) -> None:
        self._conditions: Mapping[str, Any] = body.get("Conditions", {})
        self._mappings: Mapping[str, Any] = body.get("Mappings", {})
        self._decided: dict[str, bool | None] = {}
        self._levels = 0
        names: dict[str, Any] = dict(parameters)
        for name, declared in body.get("Parameters", {}).items():
            if isinstance(declared, dict) and "List" in str(declared.get("Type", "")) and name in names:
                names[name] = [item.strip() for item in names[name].split(",")]
        names |= {
            "AWS::Region": where.region,
            "AWS::StackName": where.stack_name,
            "AWS::Partition": where.partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if where.partition == "aws-cn" else "amazonaws.com",
            "AWS::NoValue": _NO_VALUE,
        }
        if where.account_id:
            names["AWS::AccountId"] = where.account_id
        self._names = names

    def exists(self, entry: Any) -> bool:
        """Whether the condition of a resource or output holds; one that cannot be decided counts as held."""
        condition = entry.get("Condition") if isinstance(entry, dict) else None
        return not isinstance(condition, str) or self._condition(condition) is not False

    def value(self, content: Any) -> Any:
        """`content` with every function that can be evaluated replaced by its value."""
        if isinstance(content, list):
            return [v for v in map(self.value, content) if v is not _NO_VALUE]
        if not isinstance(content, dict):
            return content
        if len(content) == 1:
            ((name, argument),) = content.items()
            function = self._FUNCTIONS.get(name)
            if function:
                return function(self, argument)
        pairs = ((key, self.value(value)) for key, value in content.items())
        return {key: value for key, value in pairs if value is not _NO_VALUE}

    def kept(self, content: Any) -> Any:
        """The value where something has to stand: there NoValue stays written out."""
        value = self.value(content)
        return {"Ref": "AWS::NoValue"} if value is _NO_VALUE else value

    def _ref(self, argument: Any) -> Any:
        return self._names.get(argument, {"Ref": argument}) if isinstance(argument, str) else {"Ref": argument}

    def _sub(self, argument: Any) -> Any:
        text, extra = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, extra = argument[0], {key: self.kept(value) for key, value in argument[1].items()}
        if not isinstance(text, str):
            return {"Fn::Sub": self.kept(argument)}
        known = {name: value for name, value in (self._names | extra).items() if isinstance(value, str)}
        length = sum(len(known.get(match.group(1).strip(), "")) for match in PLACEHOLDER.finditer(text))
        if len(text) + length > _TEXT_LIMIT:
            return {"Fn::Sub": [text, extra] if extra else text}
        left: dict[str, Any] = {}

        def put(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name in extra and name not in known:
                left[name] = extra[name]
            return known.get(name, match.group())

        text = PLACEHOLDER.sub(put, text)
        if not PLACEHOLDER.search(text):
            return text.replace("${!", "${")
        return {"Fn::Sub": [text, left] if left else text}

    def _join(self, argument: Any) -> Any:
        done = self.kept(argument)
        if (
            isinstance(done, list)
            and len(done) == 2
            and isinstance(done[0], str)
            and isinstance(done[1], list)
            and all(isinstance(part, str) for part in done[1])
            and len(done[0]) * len(done[1]) + sum(map(len, done[1])) <= _TEXT_LIMIT
        ):
            return done[0].join(done[1])
        return {"Fn::Join": done}

    def _split(self, argument: Any) -> Any:
        done = self.kept(argument)
        if isinstance(done, list) and len(done) == 2 and all(isinstance(part, str) for part in done) and done[0]:
            return done[1].split(done[0])
        return {"Fn::Split": done}

    def _select(self, argument: Any) -> Any:
        done = self.kept(argument)
        if (
            isinstance(done, list)
            and len(done) == 2
            and isinstance(done[0], str)
            and done[0].isdecimal()
            and len(done[0]) < 10
            and isinstance(done[1], list)
            and int(done[0]) < len(done[1])
        ):
            return done[1][int(done[0])]
        return {"Fn::Select": done}

    def _get_att(self, argument: Any) -> Any:
        """Only AWS knows it; the two ways of writing it are made one."""
        done = self.kept(argument)
        return {"Fn::GetAtt": done.split(".", 1) if isinstance(done, str) else done}

    def _find_in_map(self, argument: Any) -> Any:
        done = self.kept(argument)
        if isinstance(done, list) and len(done) >= 3 and all(isinstance(part, str) for part in done[:3]):
            table = self._mappings.get(done[0])
            row = table.get(done[1]) if isinstance(table, dict) else None
            if isinstance(row, dict) and done[2] in row:
                return row[done[2]]
        return {"Fn::FindInMap": done}

    def _if(self, argument: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
            held = self._condition(argument[0])
            if held is not None:
                return self.value(argument[1] if held else argument[2])
            return {"Fn::If": [argument[0], *map(self.kept, argument[1:])]}
        return {"Fn::If": argument}

    def _condition(self, name: str) -> bool | None:
        """Whether the named condition holds; None where text cannot tell (or where it goes round in a circle)."""
        if name not in self._decided and name in self._conditions:
            self._decided[name] = None  # holds while it is being decided
            self._decided[name] = self._decide(self._conditions[name])
        return self._decided.get(name)

    def _decide(self, term: Any) -> bool | None:
        self._levels += 1
        try:
            return self._verdict(term)
        finally:
            self._levels -= 1

    def _verdict(self, term: Any) -> bool | None:
        if not (isinstance(term, dict) and len(term) == 1) or self._levels > _CONDITION_LEVELS:
            return None
        ((name, argument),) = term.items()
        if name == "Condition" and isinstance(argument, str):
            return self._condition(argument)
        if not isinstance(argument, list):
            return None
        if name == "Fn::Equals" and len(argument) == 2:
            left, right = self.value(argument[0]), self.value(argument[1])
            return left == right if isinstance(left, str) and isinstance(right, str) else None
        parts = [self._decide(part) for part in argument]
        if name == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if name == "Fn::And":
            return False if False in parts else None if None in parts else True
        if name == "Fn::Or":
            return True if True in parts else None if None in parts else False
        return None

    _FUNCTIONS: ClassVar = {
        "Ref": _ref,
        "Fn::Sub": _sub,
        "Fn::Join": _join,
        "Fn::Split": _split,
        "Fn::Select": _select,
        "Fn::FindInMap": _find_in_map,
        "Fn::If": _if,
        "Fn::GetAtt": _get_att,
    }
