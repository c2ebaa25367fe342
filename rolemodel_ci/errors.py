"""Fatal errors, each with an exit code and a remedy. Any other exception is a bug."""

from __future__ import annotations

from typing import ClassVar


class RolemodelError(Exception):
    """Base of every failure that a person or the world can cause.

    `message` says what happened and where, `remedy` what to do next.
    """

    exit_code: ClassVar[int]

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(RolemodelError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class CredentialsError(RolemodelError):
    """No credentials, credentials of another account, or the master account cannot be read."""

    exit_code = 3


class InterruptedRunError(RolemodelError):
    """The run was interrupted while it waited for something."""

    exit_code = 130


class AwsCallError(RolemodelError):
    """AWS refused or did not answer one call. Caught where one account or one change may fail alone.

    `code` is AWS's error code (`AccessDenied`, …) or the name of the network failure; `action` is `service:Action`.
    """

    exit_code = 3

    def __init__(self, *, code: str, action: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.code = code
        self.action = action
