"""Credentials that a program of the person gets (`credential_process`): bounded in time, and its slips told."""

from __future__ import annotations

import contextlib
import subprocess
from functools import partial
from typing import Any

from botocore.credentials import AssumeRoleProvider, ProcessProvider, ProfileProviderBuilder
from botocore.exceptions import CredentialRetrievalError

SECONDS = 60.0
"""How long such a program may take, for it may ask the person. AWS's SDK for Go takes a minute as well:
https://pkg.go.dev/github.com/aws/aws-sdk-go-v2/credentials/processcreds#pkg-constants"""


def bound_processes(session: Any, seconds: float = SECONDS) -> None:
    """Bound every `credential_process` that the session may start, also of profiles that others have as a source."""
    resolver = session.get_component("credential_provider")
    for index, provider in enumerate(resolver.providers):
        given = vars(provider)
        if isinstance(provider, ProcessProvider):
            resolver.providers[index] = _Bounded(given["_profile_name"], given["_load_config"], seconds)
        elif isinstance(provider, AssumeRoleProvider):
            builder = _Builder(session, seconds)
            vars(builder).update(vars(given["_profile_provider_builder"]))
            given["_profile_provider_builder"] = builder


class _Builder(ProfileProviderBuilder):
    """Makes the sources of profiles that assume a role."""

    def __init__(self, session: Any, seconds: float) -> None:
        super().__init__(session)
        self._seconds = seconds
        self._all: Any = session

    def _create_process_provider(self, profile_name: str) -> Any:
        return _Bounded(profile_name, lambda: self._all.full_config, self._seconds)


class _Bounded(ProcessProvider):
    """botocore's provider, which waits for ever, and raises what Python raises for what is no answer."""

    def __init__(self, profile_name: str, load_config: Any, seconds: float) -> None:
        super().__init__(profile_name, load_config, popen=partial(_Process, seconds=seconds))

    def _retrieve_credentials_using(self, credential_process: str) -> Any:
        method: Any = super()
        try:
            return method._retrieve_credentials_using(credential_process)
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise _failed(f"{type(error).__name__}: {error}") from error


class _Process(subprocess.Popen[bytes]):
    """A program that has only so many seconds."""

    def __init__(self, arguments: list[str], *, seconds: float, **pipes: Any) -> None:
        super().__init__(arguments, **pipes)
        self._seconds = seconds

    def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        """What it said. Raises CredentialRetrievalError where it does not end."""
        try:
            return super().communicate(input, self._seconds if timeout is None else timeout)
        except subprocess.TimeoutExpired as error:
            self.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(1)
            for pipe in (self.stdout, self.stderr):
                if pipe is not None:  # a child of the program may hold its other end
                    pipe.close()
            raise _failed(f"the program did not end within {self._seconds:g} s") from error


def _failed(said: str) -> CredentialRetrievalError:
    return CredentialRetrievalError(provider="credential_process", error_msg=said)
