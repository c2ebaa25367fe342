"""Stacks: names that are taken, stacks that are gone, templates that fit what is sent, resources that are missing.

The rules that rolemodel-ci leans on when it mends a stack: one in ROLLBACK_COMPLETE keeps its name until it is
deleted, and a deleted one is found by its id only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rolemodel_ci.sandbox.strict import providers
from rolemodel_ci.sandbox.strict.emulator import AwsRefusedError, Emulator, Parameters, replace, text


def install(emulator: Emulator) -> None:
    """Put the rules before the actions that make and read stacks, and add a kind of resource."""
    rules = _Rules(emulator.cloudformation)
    emulator.guard("CreateStack", rules.check_name)
    for action in ("GetTemplate", "ListStackResources", "DescribeStackEvents"):
        emulator.guard(action, rules.check_presence)
    replace(emulator.stack_handlers, "_resolve_parameters", _checked_parameters)
    providers.install(emulator)


class _Rules:
    def __init__(self, cloudformation: Any) -> None:
        self._cloudformation = cloudformation

    def check_name(self, parameters: Parameters) -> None:
        name = text(parameters, "StackName")
        if self._status(name) == "ROLLBACK_COMPLETE":  # the other states ministack knows itself
            raise AwsRefusedError(400, "AlreadyExistsException", f"Stack [{name}] already exists")

    def check_presence(self, parameters: Parameters) -> None:
        name = text(parameters, "StackName")
        if not name.startswith("arn:") and self._status(name) in ("", "DELETE_COMPLETE"):
            raise AwsRefusedError(400, "ValidationError", f"Stack with id {name} does not exist")

    def _status(self, name: str) -> str:
        return str((self._cloudformation._stacks.get(name) or {}).get("StackStatus", ""))


def _checked_parameters(inner: Callable[..., Any]) -> Callable[..., Any]:
    """ministack takes parameters the template does not declare, and templates without resources."""

    def resolved(template: Any, provided: Any, *previous: Any) -> Any:
        if not template.get("Resources"):
            raise ValueError("Template format error: At least one Resources member must be defined.")
        unknown = [given["Key"] for given in provided if given["Key"] not in (template.get("Parameters") or {})]
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        return inner(template, provided, *previous)

    return resolved
