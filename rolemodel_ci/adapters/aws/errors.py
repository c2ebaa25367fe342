"""Calls that may fail: what botocore raises, as AwsCallError or CredentialsError with what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rolemodel_ci.errors import AwsCallError, CredentialsError

_SAID_LIMIT = 600
"""Characters of a message of AWS that are shown: CloudFormation may repeat the whole template in one."""


@contextlib.contextmanager
def calling(action: str, label: str, kind: type[CredentialsError] | None = None) -> Iterator[None]:
    """Turn what botocore raises during `action` into AwsCallError, or into `kind` where that is given."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "?")
        said = str(error.response.get("Error", {}).get("Message", ""))
        said = said if len(said) <= _SAID_LIMIT else said[:_SAID_LIMIT] + " …"
        message = f"{label}: AWS refused {action}: {code}: {said}"
        remedy = _CLOCK if _is_about_time(code, said) else _remedy(code, action)
        raise _failure(kind, code, action, message, remedy) from error
    except BotoCoreError as error:
        code = type(error).__name__
        raise _failure(kind, code, action, f"{label}: {action}: {error}", _remedy(code, action)) from error
    except EOFError as error:  # botocore asks for the code at the terminal
        said = f"{label}: the profile asks for an MFA code, and there is nobody to type it"
        raise _failure(
            kind, "NoCode", action, said, "Use a session with MFA as its source; see docs/permissions.md."
        ) from error
    except RuntimeError as error:  # botocore has no class of its own for this one
        if "still expired" not in str(error):
            raise
        raise _failure(kind, "ExpiredToken", action, f"{label}: {action}: {error}", _CLOCK) from error
    except (ResponseParserError, LookupError) as error:  # no XML, or XML without what AWS always says
        said = f"the answer is not one of AWS ({type(error).__name__})"
        remedy = "Look whether a proxy answers in AWS's place, then run again."
        raise _failure(kind, "Garbled", action, f"{label}: {action}: {said}", remedy) from error


def reject_non_aws_responses(client: Any) -> None:
    """Have a client raise ResponseParserError for a success that names no request, as every success of AWS does.

    The page of a captive portal or of a proxy may be good XML, and most writes have no result that it would lack.
    """
    client.meta.events.register("after-call", _check_origin)


def _check_origin(http_response: Any, parsed: Any, **_: Any) -> None:
    if http_response.status_code < 300 and not parsed.get("ResponseMetadata", {}).get("RequestId"):
        raise ResponseParserError("the answer names no request")


def _failure(
    kind: type[CredentialsError] | None, code: str, action: str, message: str, remedy: str
) -> AwsCallError | CredentialsError:
    if kind is not None:
        return kind(message, remedy)
    return AwsCallError(code=code, action=action, message=message, remedy=remedy)


_CLOCK = "Look whether the clock of this machine is right: AWS takes no request that is minutes off. Then run again."


def _is_about_time(code: str, said: str) -> bool:
    """Whether AWS finds the time of the request wrong; STS and CloudFormation say so in the message only."""
    return code == "RequestTimeTooSkewed" or "Signature expired" in said or "Signature not yet current" in said


_STALE = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "TokenRetrievalError",
    "UnauthorizedSSOTokenError", "SSOTokenLoadError", "SignatureDoesNotMatch",
})  # fmt: skip
_MISSING = frozenset({
    "ProfileNotFound", "PartialCredentialsError", "NoCredentialsError", "ConfigParseError", "ConfigNotFound",
})  # fmt: skip


def _remedy(code: str, action: str) -> str:
    """What to do about an error of AWS, of its network or of its credentials."""
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        return f"Allow {action} to these credentials; docs/permissions.md has the whole policies."
    if code in _STALE:
        return "Renew the credentials (for SSO: `aws sso login`), then run again."
    if code in _MISSING:
        return (
            "Correct the profile in the AWS config or credentials file, or in the config: `profile` of an account, "
            "`master_account_profile` of the master."
        )
    if code == "CredentialRetrievalError":
        return "Try what gets the credentials (`credential_process` of the profile) by itself, then run again."
    if "Thrott" in code or code in ("TooManyRequestsException", "RequestLimitExceeded"):
        return "Run again in a minute; with fewer accounts at once (`--jobs`) if it comes back."
    if "Endpoint" in code or "Timeout" in code or "Connect" in code:
        return "Look at the network, at proxies and at AWS_ENDPOINT_URL, then run again."
    return "Run again; if it comes back, look at what AWS says above."
