"""What differs in the parts of a template that CloudFormation takes for no update: parameters, rules, others."""

from __future__ import annotations

from rolemodel_ci.cloudformation.evaluate import EvaluatedTemplate
from rolemodel_ci.iam.canonical_template import Meaning
from rolemodel_ci.iam.canonical_values import Value
from rolemodel_ci.iam.differences import DECLARED, Difference, Direction, PropertyChange

# What a parameter may say without any effect on the values that it has.
_CHECKING = frozenset({
    "AllowedPattern", "AllowedValues", "Default", "MaxLength", "MaxValue", "MinLength", "MinValue",
})  # fmt: skip
_TEXTS_OF_PARAMETERS = frozenset({"ConstraintDescription", "Description"})


def declarations(old: EvaluatedTemplate, new: EvaluatedTemplate) -> tuple[Difference, ...]:
    """Compare them; one difference for all of them together."""
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
    """Each key of each parameter by itself, without texts for people; every other section entry by entry.

    The default of a hidden parameter is not told: what it does is in what the resources come to.
    """
    found: dict[str, Value] = {}
    for section, content in meaning.resolved.declared.items():
        for name, entry in content.items() if isinstance(content, dict) else (("", content),):
            if section == "Parameters" and isinstance(entry, dict):
                hidden = {"Default"} if str(entry.get("NoEcho", "")).lower() == "true" else set()
                said = {f".{key}": value for key, value in entry.items() if key not in _TEXTS_OF_PARAMETERS | hidden}
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
