"""A Parameter Store in memory, as botocore's clients show it. Where AWS is strict, it is stricter."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from rolemodel_ci.model.live import Identity

MASTER_ID = "111111111111"


class Version(NamedTuple):
    """One version of a parameter."""

    value: str
    number: int
    modified: datetime


def refused(code: str, action: str = "PutParameter") -> ClientError:
    """An error as AWS gives it."""
    return ClientError({"Error": {"Code": code, "Message": code}}, action)


@dataclass
class FakeParameters:
    """The parameters of one account. `now` is AWS's clock, `kind` the type of all of them."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    parameters: dict[str, list[Version]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    kind: str = "String"

    def put(self, name: str, value: str, *, overwrite: bool) -> dict[str, Any]:
        """PutParameter."""
        self.calls.append("PutParameter")
        if not re.fullmatch(r"(/[a-zA-Z0-9_.-]+){1,15}", name) or not 0 < len(value.encode()) <= 4096:
            raise refused("ValidationException")
        versions = self.parameters.get(name, [])
        if versions and not overwrite:
            raise refused("ParameterAlreadyExists")
        number = versions[-1].number + 1 if versions else 1
        # AWS tells times of parameters in milliseconds.
        self.parameters[name] = [*versions, Version(value, number, self.now())][-100:]
        return {"Version": number, "Tier": "Standard"}

    def get(self, name: str, behind: int = 0) -> dict[str, Any]:
        """GetParameter; of an answer that is some versions `behind`."""
        self.calls.append("GetParameter")
        versions = self.parameters.get(name, [])
        if len(versions) <= behind:
            raise refused("ParameterNotFound", "GetParameter")
        found = versions[-1 - behind]
        return {
            "Parameter": {
                "Name": name, "Type": self.kind, "Value": found.value,
                "Version": found.number, "LastModifiedDate": found.modified,
            },
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self.now().replace(microsecond=0), True)}},
        }  # fmt: skip


class FakeClient:
    """A client. `ask` makes each call, so that it may fail or be late."""

    def __init__(self, store: FakeParameters, ask: Callable[[str, Callable[..., Any]], Any] | None = None) -> None:
        self._store = store
        self._ask = ask or (lambda action, call: call())

    def put_parameter(self, **given: Any) -> Any:
        """As botocore's."""
        assert set(given) == {"Name", "Value", "Type", "Tier", "Overwrite"}
        assert (given["Type"], given["Tier"]) == ("String", "Standard")
        return self._ask("put", lambda: self._store.put(given["Name"], given["Value"], overwrite=given["Overwrite"]))

    def get_parameter(self, **given: Any) -> Any:
        """As botocore's."""
        assert set(given) == {"Name"}
        return self._ask("get", lambda behind=0: self._store.get(given["Name"], behind))


@dataclass
class FakeSessions:
    """Sessions with nothing but a Parameter Store."""

    fake: Any
    region: str = "eu-central-1"

    def client(self, who: str, service: str) -> Any:
        """The one client."""
        assert (who, service) in (("", "ssm"), ("", "ssm-once"))
        return self.fake

    def identity(self, who: str) -> Identity:
        """The master account."""
        assert who == ""
        return Identity(MASTER_ID, f"arn:aws:iam::{MASTER_ID}:role/apply")

    def label(self, who: str) -> str:
        """The master account."""
        return "the master account"
