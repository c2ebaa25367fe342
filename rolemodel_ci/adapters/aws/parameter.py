"""One parameter of Systems Manager Parameter Store in the master account: read, written, and looked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from rolemodel_ci.adapters.aws.credential_sources import MASTER, partition
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.applied_state import NoState, Remembered, StateError, UnreadableState

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts of one write. Parameter Store takes few writes a second from an account:
https://docs.aws.amazon.com/general/latest/gr/ssm.html"""

_SKEW = timedelta(minutes=5)
"""How wrong this machine's clock may be for AWS to answer at all, for an answer that does not say what time it is:
https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html"""

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_REFUSED = _DENIED | {
    "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException",
    "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded",
    "ParameterPatternMismatchException",
    "UnsupportedParameterType",
    "ValidationException",
}
"""Errors of PutParameter that another attempt does not change."""

_NOT_MADE = frozenset({"ParameterAlreadyExists", "RequestLimitExceeded", "Throttling", "ThrottlingException",
                       "TooManyUpdates"})  # fmt: skip
"""Errors after which it is sure that nothing was written."""


def elapsed() -> float:
    """Seconds on a clock that also goes on while the machine is suspended, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks that a lock needs: seconds that passed, the time of day, and waiting."""

    elapsed: Callable[[], float] = elapsed
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Written:
    """The version that a write got; None where somebody else has written. `is_sure`: it was not written before."""

    version: int | None
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """The parameter `name`."""

    sessions: Sessions
    name: str
    timing: Timing = field(default_factory=Timing)

    def read(self) -> Remembered:
        """The parameter as it is. Raises AwsCallError."""
        try:
            with self._calling("GetParameter"):
                answer = self._client("ssm").get_parameter(Name=self.name)
                found = answer["Parameter"]
                text, version, modified = str(found["Value"]), int(found["Version"]), found["LastModifiedDate"]
                kind = str(found["Type"])
        except AwsCallError as failed:
            if failed.code != "ParameterNotFound":
                raise
            return Remembered(NoState())
        from rolemodel_ci.adapters.aws.applied_state_json import remembered

        return remembered(text, version, modified, self._aws_time(answer), kind)

    def put(self, text: str, base: int) -> Written:
        """Write a value, after the version `base`. An answer that is lost is looked for; botocore's own repeats would
        write twice without telling.
        """
        pauses, sure = iter(PAUSES), True
        while True:
            try:
                with self._calling("PutParameter"):
                    answer = self._client("ssm-once").put_parameter(
                        Name=self.name, Value=text, Type="String", Tier="Standard", Overwrite=base > 0
                    )
                    return Written(int(answer["Version"]), sure)
            except AwsCallError as failed:
                if failed.code in _REFUSED:
                    raise self.unwritable(failed) from failed
                sure = sure and failed.code in _NOT_MADE
                version, is_ours = self.newest(text)
                if is_ours:
                    return Written(version, sure)
                if version not in (None, base):
                    return Written(None, sure)
                pause = next(pauses, None)
                if pause is None:
                    raise self.unwritable(failed) from failed
                self.timing.sleep(pause)

    def newest(self, text: str) -> tuple[int | None, bool]:
        """The newest version, None where it cannot be read now, and whether it is `text`."""
        try:
            with self._calling("GetParameter"):
                found = self._client("ssm").get_parameter(Name=self.name)["Parameter"]
                return int(found["Version"]), found["Value"] == text
        except AwsCallError as failed:
            return (0 if failed.code == "ParameterNotFound" else None), False

    def _aws_time(self, answer: Any) -> datetime:
        """When AWS answered; earlier rather than later, so that no lease seems over that is not."""
        said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            return parsedate_to_datetime(said).astimezone(UTC)
        except (TypeError, ValueError):
            return self.timing.now() - _SKEW

    def _client(self, service: str) -> Any:
        return self.sessions.client(MASTER, service)

    def _calling(self, action: str) -> Any:
        return calling(f"ssm:{action}", self.sessions.label(MASTER))

    def unreadable(self, failed: AwsCallError) -> UnreadableState:
        """The answer of a read that failed."""
        statement = self.statement("ssm:GetParameter") if failed.code in _DENIED else ""
        return UnreadableState(
            f"what was last applied ({self.name}) cannot be read: {failed.message}",
            f"{_lacking(statement)}. The role that applies needs `ssm:PutParameter` there, too."
            if statement
            else failed.remedy,
            statement,
        )

    def unwritable(self, failed: AwsCallError) -> StateError:
        """The error of a write that failed."""
        statement = self.statement("ssm:GetParameter", "ssm:PutParameter") if failed.code in _DENIED else ""
        return StateError(
            f"what is applied ({self.name}) cannot be remembered: {failed.message}",
            _lacking(statement) or failed.remedy,
        )

    def statement(self, *actions: str) -> str:
        """The statement that a role needs for these actions, as JSON."""
        region, account = self.sessions.region, self.sessions.identity(MASTER).account_id
        arn = f"arn:{partition(region)}:ssm:{region}:{account}:parameter{self.name}"
        return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": arn})


def _lacking(statement: str) -> str:
    return (
        f"Add this statement to the policy of the role, or deploy bootstrap/master.yml anew: {statement}"
        if statement
        else ""
    )
