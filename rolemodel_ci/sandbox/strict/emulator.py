"""ministack's insides as the strict rules see them: its modules, and the one way to replace something in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

Parameters = Mapping[str, Any]
Reply = tuple[int, dict[str, str], bytes]
Handler = Callable[[Parameters], Reply]


class AwsRefusedError(Exception):
    """AWS would answer this call with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Emulator:
    """The modules of ministack that are touched. They are untyped."""

    iam: Any
    sts: Any
    ssm: Any
    cloudformation: Any
    stack_handlers: Any
    provisioners: Any
    evaluator: Any
    actions: Any

    def action(self, name: str, build: Callable[[Handler], Handler]) -> None:
        """Replace the IAM or CloudFormation action `name` by what `build` makes of ministack's own handler."""
        tables: tuple[MutableMapping[str, Handler], ...]
        tables = (self.iam._IAM_HANDLERS, self.cloudformation._ACTION_HANDLERS)
        table = next((table for table in tables if name in table), None)
        if table is None:
            raise RuntimeError(f"ministack has no action {name}; the sandbox must be adapted")
        table[name] = self._answering(build(table[name]))

    def guard(self, name: str, check: Callable[[Parameters], None]) -> None:
        """Put `check` before the action `name`. It raises `Refused` where AWS would refuse."""

        def build(inner: Handler) -> Handler:
            def checked(parameters: Parameters) -> Reply:
                check(parameters)
                return inner(parameters)

            return checked

        self.action(name, build)

    def _answering(self, handler: Handler) -> Handler:
        def answered(parameters: Parameters) -> Reply:
            try:
                return handler(parameters)
            except AwsRefusedError as refused:
                # IAM's form of an error serves CloudFormation too: both are query services.
                reply: Reply = self.iam._error(refused.status, refused.code, escape(refused.message))
                return reply

        return answered


def replace(owner: Any, name: str, build: Callable[[Any], Any]) -> None:
    """Replace the attribute `name` of a ministack module by what `build` makes of it."""
    if not hasattr(owner, name):
        raise RuntimeError(f"ministack has no {owner.__name__}.{name}; the sandbox must be adapted")
    setattr(owner, name, build(getattr(owner, name)))


def text(parameters: Parameters, name: str) -> str:
    """One parameter of a query request; empty where it was left out."""
    value = parameters.get(name, "")
    return str(value[0] if isinstance(value, list) else value)
