"""boto3 clients, from as few botocore sessions as possible, which share one loader.

A loader reads and parses the descriptions of AWS's services, about 100 ms of CPU; a session without one takes about
12 ms, a client about 4 ms.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from rolemodel_ci import __version__
from rolemodel_ci.edge.calls import Calls

_ATTEMPTS = 8
"""How often one call is tried, unless AWS_MAX_ATTEMPTS says otherwise: throttling is the rule at 50 accounts."""

# Session variables for a session with keys of its own: neither profiles nor broken files of the person matter to it.
_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Clients:
    """Makes sessions and clients for one region; `calls` counts what is called with them."""

    def __init__(self, region: str, jobs: int, endpoint_url: str | None, calls: Calls) -> None:
        self.region = region
        self._calls = calls
        self._endpoint_url = endpoint_url
        self._config = Config(
            region_name=region,
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=max(jobs, 10),
            retries={"mode": "standard"},
            user_agent_extra=f"rolemodel-ci/{__version__}",
            proxies={} if endpoint_url else None,  # an embedded AWS is never behind a proxy
        )
        self._lock = threading.Lock()  # botocore's sessions are not made for threads; its clients are
        self._keyed: Any = None

    def session(self, profile: str | None, files: dict[str, Any] | None = None) -> Any:
        """A session of its own for a profile."""
        session = botocore.session.Session(profile=profile, session_vars=files)
        session.register_component("data_loader", _loader())
        # What the person has set comes first. A profile that assumes a role needs a region for its call of STS.
        for name, value in (("region", self.region), ("max_attempts", _ATTEMPTS)):
            if session.get_config_variable(name) is None:
                session.set_config_variable(name, value)
        return session

    def of_session(self, session: Any, service: str, account: str) -> Any:
        """A client with the session's credentials. `account` is how its calls are told."""
        return self._made(session, service, account, self._config, {})

    def with_keys(self, service: str, account: str, keys: Mapping[str, str]) -> Any:
        """A client with these keys. One session serves all of them: making one costs more than a client."""
        return self._made(None, service, account, self._config, keys)

    def unsigned(self, service: str, account: str) -> Any:
        """A client that shows no keys, for what needs none."""
        return self._made(None, service, account, self._config.merge(Config(signature_version=UNSIGNED)), {})

    def _made(self, session: Any, service: str, account: str, config: Config, keys: Mapping[str, str]) -> Any:
        with self._lock:
            if session is None:
                session = self._keyed = self._keyed or self.session(None, _NO_FILES)
            made: Any = boto3.session.Session(botocore_session=session)
            client = made.client(service, config=config, endpoint_url=self._endpoint_url, **keys)
        self._calls.watch(client, account)
        return client


@functools.cache
def _loader() -> Any:
    """What reads and parses the descriptions of AWS's services, once a process."""
    return botocore.session.Session(session_vars=_NO_FILES).get_component("data_loader")
