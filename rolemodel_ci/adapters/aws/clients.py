"""botocore clients, from as few sessions as possible, which share one loader; and how hard each service is asked.

A loader reads and parses the descriptions of AWS's services, about 100 ms of CPU; a session without one takes about
12 ms, a client about 4 ms.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import botocore
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.handlers import json_decode_template_body
from botocore.loaders import Loader
from botocore.utils import parse_timestamp

from rolemodel_ci import __version__
from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.errors import reject_non_aws_responses
from rolemodel_ci.adapters.aws.shared_client import SharedClient
from rolemodel_ci.adapters.aws.timeouts import CONNECT, READ, READ_ONE, bound

_ATTEMPTS = 8
"""How often one call is tried, unless AWS_MAX_ATTEMPTS says otherwise: throttling is the rule at 50 accounts."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How one service is asked. `mode` is botocore's: `adaptive` is `standard`, and slower for all of its callers from
    the first call that is throttled: https://docs.aws.amazon.com/boto3/latest/guide/retries.html
    `lent`: one client, and so one pool of connections, for the keys of all accounts. `once`: no call is repeated.
    `service` is what AWS calls it, where one service is asked in two ways. `read`: seconds for a piece of an answer.
    """

    mode: Literal["standard", "adaptive"] = "standard"
    lent: bool = False
    once: bool = False
    service: str = ""
    read: float = READ


BUDGETS: Mapping[str, Budget] = {
    # Every write of groups goes to the master, and one client assumes all roles. Against a server that takes 20 calls a
    # second, 16 workers made 600 writes in 30 s without a failure; `standard` used up its quota and lost 237 of them.
    "iam": Budget("adaptive"),
    "sts": Budget("adaptive"),
    "ssm": Budget(read=READ_ONE),
    # A write that is repeated unseen would make two versions.
    "ssm-once": Budget(once=True, service="ssm", read=READ_ONE),
    "cloudformation": Budget(lent=True),  # AWS counts by account, so that no account waits for another's throttling
}
"""What is asked of each service; how many calls at once is `--jobs`, for all of them together."""

_NO_KEYS = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
"""Of a client that is lent: it signs with the keys of whoever borrows it, and these are refused by AWS."""

# Session variables for a session with keys of its own: neither profiles nor broken files of the person matter to it.
_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}

_DECODED: Any = json_decode_template_body  # the types of boto3 do not know it for a handler


class Clients:
    """Makes sessions and clients for one region; `calls` counts what is called with them."""

    def __init__(self, region: str, jobs: int, endpoint_url: str | None, calls: Calls) -> None:
        self.region = region
        self._calls = calls
        self._endpoint_url = endpoint_url
        self._jobs = jobs
        self._lock = threading.Lock()  # botocore's sessions are not made for threads; its clients are
        self._keyed: Any = None
        self._lenders: dict[str, SharedClient] = {}

    def session(self, profile: str | None, files: dict[str, Any] | None = None) -> Any:
        """A session of its own for a profile."""
        session = botocore.session.Session(profile=profile, session_vars=files)
        session.register_component("data_loader", _loader())
        # Templates are read here as they are written: botocore would drop the first of two equal keys in JSON.
        session.unregister("after-call.cloudformation.GetTemplate", _DECODED)
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
        bound(session)
        # What the person has set comes first. A profile that assumes a role needs a region for its call of STS.
        for name, value in (("region", self.region), ("max_attempts", _ATTEMPTS)):
            if session.get_config_variable(name) is None:
                session.set_config_variable(name, value)
        return session

    def of_session(self, session: Any, service: str, account: str) -> Any:
        """A client with the session's credentials. `account` is how its calls are told."""
        with self._lock:
            return self._made(session, service, account, {})

    def with_keys(self, service: str, account: str, keys: Mapping[str, str]) -> Any:
        """A client with these keys. One session serves all of them: making one costs more than a client."""
        with self._lock:
            if not BUDGETS[service].lent:
                return self._made(self._session_for_keys(), service, account, keys)
            if service not in self._lenders:
                self._lenders[service] = SharedClient(self._made(self._session_for_keys(), service, "", _NO_KEYS))
            return self._lenders[service].lend(account, keys)

    def unsigned(self, service: str, account: str) -> Any:
        """A client that shows no keys, for what needs none."""
        with self._lock:
            return self._made(self._session_for_keys(), service, account, {}, unsigned=True)

    def _session_for_keys(self) -> Any:
        self._keyed = self._keyed or self.session(None, _NO_FILES)
        return self._keyed

    def _made(
        self, session: Any, service: str, account: str, keys: Mapping[str, str], *, unsigned: bool = False
    ) -> Any:
        config = self._config(service)
        if unsigned:
            config = config.merge(Config(signature_version=UNSIGNED))
        name = BUDGETS[service].service or service
        client = session.create_client(name, config=config, endpoint_url=self._endpoint_url, **keys)
        self._calls.watch(client, account)
        reject_non_aws_responses(client)
        return client

    def _config(self, service: str) -> Config:
        return Config(
            region_name=self.region,
            connect_timeout=CONNECT,
            read_timeout=BUDGETS[service].read,
            max_pool_connections=max(self._jobs, 10),
            retries={"mode": BUDGETS[service].mode, **({"total_max_attempts": 1} if BUDGETS[service].once else {})},
            # All of it said here: botocore puts its own together twice for each call, a tenth of the CPU of a plan.
            user_agent=f"rolemodel-ci/{__version__} Botocore/{botocore.__version__}",
            proxies={} if self._endpoint_url else None,  # an embedded AWS is never behind a proxy
        )


def _moment(value: Any) -> datetime:
    """A time as AWS tells it. Nearly all are ISO 8601, which Python reads 20 times as fast as botocore's parser."""
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)
    return read if read.tzinfo else parse_timestamp(value)


@functools.cache
def _loader() -> Any:
    """What reads and parses the descriptions of AWS's services, once a process; only those that botocore comes with:
    others, from AWS_DATA_PATH or ~/.aws/models, could have endpoints of their own.
    """
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
