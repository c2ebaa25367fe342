"""Who may do what: ARNs with their path, and multi-factor authentication.

ministack leaves the path out of the ARNs it authorises, so that a policy on `group/RoleModel/*` never matches, and
checks AddUserToGroup against the user where AWS checks it against the group.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rolemodel_ci.sandbox.aws_request import CURRENT, Call
from rolemodel_ci.sandbox.strict.emulator import Emulator, replace, text

_TOKEN_CODE = re.compile(r"\d{6}", re.ASCII)


def install(emulator: Emulator) -> None:
    """Replace what ministack asks for the ARN of a call and for the condition keys of a caller."""
    replace(emulator.actions, "extract_resource_arn", lambda inner: _with_path(inner, emulator.iam))
    # Two names for one function: sts.py imported it by name.
    replace(emulator.evaluator, "_principal_keys", _with_mfa)
    replace(emulator.sts, "_principal_keys", _with_mfa)


def _with_path(inner: Callable[..., str], iam: Any) -> Callable[..., str]:
    def arn(service: str, *request: Any) -> str:
        parameters, account = request[4], request[6]
        if service == "iam":
            # A group first: where a call names a group and a user, AWS authorises it against the group.
            for kind, store in (("Group", iam._groups), ("Role", iam._roles), ("User", iam._users)):
                name = text(parameters, f"{kind}Name")
                if name:
                    stored = (store.get(name) or {}).get("Path")
                    # Only a call that makes the entity may say its path; elsewhere it is a mere parameter.
                    asked = text(parameters, "Path") if text(parameters, "Action") == f"Create{kind}" else ""
                    return f"arn:aws:iam::{account}:{kind.lower()}{asked or stored or '/'}{name}"
        return inner(service, *request)

    return arn


def _with_mfa(inner: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A user who names a device and a code of six digits has used it. No device is looked up, no code checked."""

    def keys(credential: Any) -> dict[str, Any]:
        found = inner(credential)
        call = CURRENT.get()
        if credential.principal_type == "User" and call is not None and _shows_device(call):
            found.update({"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"})
        return found

    return keys


def _shows_device(call: Call) -> bool:
    if call.name != "sts:AssumeRole" or not call.parameters.get("SerialNumber"):
        return False
    return _TOKEN_CODE.fullmatch(call.parameters.get("TokenCode", "")) is not None
