"""The kinds of faults: each turns what AWS would answer to a call into what the caller gets instead.

Error codes and statuses are those that AWS documents, in the form of its query protocol:
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape

from rolemodel_ci.sandbox.aws_request import writes


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. `ordinal` counts the calls of this action on this target from 1, `age` those since the target was made,
    changed or emptied by `after`; an age of 0 means that nothing has happened to it.
    """

    account: str
    name: str
    target: str
    ordinal: int = 1
    age: int = 0
    after: str = ""
    signed_at: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """The name of the action without its service."""
        return self.name.partition(":")[2]

    @property
    def writes(self) -> bool:
        """Whether it would change anything in AWS."""
        return writes(self.name)

    @property
    def identity(self) -> str:
        """What tells this call from all others of a run, in whatever order they come."""
        return f"{self.account}/{self.name}/{self.target}/{self.ordinal}"


class Reply(NamedTuple):
    """An HTTP answer. It is sent `late` seconds after it could be; `cut`: the connection breaks after so many bytes of
    the body, and where that is negative before the first byte of the head.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml"),)
    body: bytes = b""
    late: float = 0.0
    cut: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. `reaches`: the call takes effect all the same; else AWS never sees it, and `turn` is given an
    empty reply.
    """

    name: str
    reaches: bool
    turn: Callable[[Asked, Reply], Reply]


NOTHING = Reply(0)


def error(asked: Asked, status: int, code: str, message: str) -> Reply:
    """An error of AWS in the query protocol; of Parameter Store in JSON."""
    if asked.name.startswith("ssm:"):
        names = {"Throttling": "ThrottlingException", "AccessDenied": "AccessDeniedException"}
        head = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "fault"))
        return Reply(status, head, json.dumps({"__type": names.get(code, code), "message": message}).encode())
    told = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Reply(status, body=f"<ErrorResponse>{told}<RequestId>fault</RequestId></ErrorResponse>".encode())


def _refusing(name: str, status: int, code: str, message: str) -> Kind:
    return Kind(name, False, lambda asked, reply: error(asked, status, code, message))


def _broken(asked: Asked, reply: Reply) -> Reply:
    return reply._replace(cut=-1)


def _truncated(asked: Asked, reply: Reply) -> Reply:
    return reply._replace(cut=len(reply.body) // 2)


def _shortened(asked: Asked, reply: Reply) -> Reply:
    """As `_truncated`, and the length says so: nothing shows that there was more."""
    return reply._replace(body=reply.body[: len(reply.body) // 2])


def _page(asked: Asked, reply: Reply) -> Reply:
    return Reply(200, (("Content-Type", "text/html"),), b"<html><body><p>Please log in</p></body></html>")


def _plain(status: int) -> Callable[[Asked, Reply], Reply]:
    return lambda asked, reply: Reply(status, (("Content-Type", "text/html"),), b"<html><p>upstream</html>")


def late(name: str, seconds: float, *, reaches: bool) -> Kind:
    """An answer that takes so many seconds; one that does not reach AWS says nothing when they are over."""
    return Kind(name, reaches, lambda asked, reply: reply._replace(late=seconds, cut=reply.cut if reaches else -1))


PASSING = (
    _refusing("throttling", 400, "Throttling", "Rate exceeded"),
    _refusing("too-many-requests", 429, "TooManyRequestsException", "Too many requests"),
    _refusing("limit-exceeded", 503, "RequestLimitExceeded", "Request limit exceeded."),
    _refusing("expired-token", 403, "ExpiredToken", "The security token included in the request is expired"),
    Kind(
        "internal-error", False, lambda asked, reply: error(asked, 500, "InternalFailure", "An internal error occurred")
    ),
    Kind("unavailable", False, lambda asked, reply: error(asked, 503, "ServiceUnavailable", "Service is unavailable")),
    Kind("bad-gateway", False, _plain(502)),
    Kind(
        "error-after-effect",
        True,
        lambda asked, reply: error(asked, 500, "InternalFailure", "An internal error occurred"),
    ),
    Kind("reset-before", False, _broken),
    Kind("reset-after", True, _broken),
    Kind("truncated", True, _truncated),
    Kind("shortened", True, _shortened),
    Kind("garbled-before", False, _page),
    Kind("garbled-after", True, _page),
    late("slow", 0.02, reaches=True),
)
"""Kinds that befall one call; the next one like it may go well."""


def timing_out(seconds: float) -> tuple[Kind, Kind]:
    """Answers that come after the caller has given up, before and after the call took effect."""
    return late("timeout-before", seconds, reaches=False), late("timeout-after", seconds, reaches=True)


DENIED = _refusing("denied", 403, "AccessDenied", "User is not authorized to perform this action")
"""For one action in one account, always."""


def unnoticed(asked: Asked, calls: int) -> Kind | None:
    """IAM's eventual consistency: for so many calls, a group just made is not found, one just emptied is not empty."""
    if not 1 <= asked.age <= calls:
        return None
    if asked.after == "CreateGroup" and asked.action in ("PutGroupPolicy", "AddUserToGroup", "GetGroup"):
        return _refusing("not-found-yet", 404, "NoSuchEntity", f"The group with name {asked.target} cannot be found.")
    if asked.after in ("RemoveUserFromGroup", "DeleteGroupPolicy") and asked.action == "DeleteGroup":
        message = "Cannot delete entity, must remove users from group first."
        return _refusing("not-empty-yet", 409, "DeleteConflict", message)
    return None


def under_way(asked: Asked, calls: int) -> Kind | None:
    """A stack that takes its time: for so many calls after it was made or changed, it is still being worked on."""
    if not 1 <= asked.age <= calls or asked.after not in ("CreateStack", "UpdateStack"):
        return None
    status = {"CreateStack": "CREATE_IN_PROGRESS", "UpdateStack": "UPDATE_IN_PROGRESS"}[asked.after]
    if asked.action == "DescribeStacks":
        told = f"<StackStatus>{status}</StackStatus>".encode()
        pattern = re.compile(rb"<StackStatus>(?:CREATE|UPDATE)_COMPLETE</StackStatus>")
        return Kind("in-progress", True, lambda _, reply: reply._replace(body=pattern.sub(told, reply.body)))
    if asked.action == "UpdateStack":
        message = f"Stack:{asked.target} is in {status} state and can not be updated."
        return _refusing("busy", 400, "ValidationError", message)
    return None


def ending(seconds: float) -> Kind:
    """Answers of AssumeRole say that the keys end in so many seconds."""

    def turn(asked: Asked, reply: Reply) -> Reply:
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)).encode()
        told = b"<Expiration>" + end + b"</Expiration>"
        return reply._replace(body=re.sub(rb"<Expiration>.*?</Expiration>", told, reply.body))

    return Kind("ending", True, turn)


def skewed(seconds: float) -> Kind:
    """An AWS whose clock is so many seconds ahead: it refuses what was signed more than 15 minutes from its time."""

    def turn(asked: Asked, reply: Reply) -> Reply:
        now = time.time() + seconds
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        message = f"Signature expired: {asked.signed_at} is now earlier than {stamp} ({stamp} - 15 min.)"
        refused = error(asked, 403, "SignatureDoesNotMatch", message)
        return refused._replace(headers=(*refused.headers, ("Date", email.utils.formatdate(now, usegmt=True))))

    return Kind("skewed", False, turn)


def stale(before: Reply) -> Kind:
    """An older answer in place of the one that is true now."""
    return Kind("stale", True, lambda asked, reply: before)
