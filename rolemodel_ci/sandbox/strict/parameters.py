"""Parameter Store: names, sizes and types that AWS refuses, and a history of a hundred versions.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rolemodel_ci.sandbox.strict.emulator import AwsRefusedError, Emulator, Reply, replace

_NAME = re.compile(r"[a-zA-Z0-9_.-]+|(/[a-zA-Z0-9_.-]+)+")
_NAME_LIMIT, _LEVELS = 1011, 15
_STANDARD_LIMIT = (
    4096  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
)
_VERSIONS = 100  # https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
_TYPES = ("String", "StringList", "SecureString")


def install(emulator: Emulator) -> None:
    """Put the rules before PutParameter."""
    ssm = emulator.ssm

    def build(inner: Callable[[Any], Reply]) -> Callable[[Any], Reply]:
        def put(data: Any) -> Reply:
            name = str(data.get("Name", ""))
            try:
                _check(data, name)
                _check_existing(data, name, ssm._parameters.get(name))
                _make_room(name, ssm._parameter_history)
            except AwsRefusedError as refused:
                reply: Reply = ssm.error_response_json(refused.code, refused.message, refused.status)
                return reply
            return inner(data)

        return put

    replace(ssm, "_put_parameter", build)


def _check(data: Any, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise AwsRefusedError(400, "ValidationException", f"Parameter name must be a fully qualified name: {name}")
    if name.count("/") > _LEVELS:
        raise AwsRefusedError(
            400, "HierarchyLevelLimitExceededException", f"Hierarchy levels exceed the maximum of {_LEVELS}"
        )
    if data.get("Type", "String") not in _TYPES:
        raise AwsRefusedError(400, "UnsupportedParameterType", "The parameter type is not supported.")
    value = str(data.get("Value", ""))
    if not value:
        raise AwsRefusedError(400, "ValidationException", "Value must have length greater than or equal to 1")
    if data.get("Tier", "Standard") == "Standard" and len(value.encode()) > _STANDARD_LIMIT:
        raise AwsRefusedError(
            400,
            "ValidationException",
            f"Standard tier parameters support a maximum parameter value of {_STANDARD_LIMIT} characters.",
        )


def _check_existing(data: Any, name: str, existing: Any) -> None:
    if not existing or not data.get("Overwrite"):
        return
    if data.get("Type", existing["Type"]) != existing["Type"]:
        raise AwsRefusedError(400, "HierarchyTypeMismatchException", f"The type of {name} cannot be changed.")
    if data.get("Tier") == "Standard" and existing["Tier"] == "Advanced":
        raise AwsRefusedError(400, "ValidationException", "This parameter uses the advanced-parameter tier.")


def _make_room(name: str, histories: Any) -> None:
    history = histories.get(name) or []
    if len(history) < _VERSIONS:
        return
    if history[0].get("Labels"):
        raise AwsRefusedError(
            400, "ParameterMaxVersionLimitExceeded", f"Version 1 of {name} has a label associated with it."
        )
    del history[0]
