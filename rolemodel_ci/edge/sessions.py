"""Sessions with AWS accounts: whose credentials, checked to be the account they should be."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from rolemodel_ci import __version__
from rolemodel_ci.edge.calling import calling
from rolemodel_ci.errors import NoAccess
from rolemodel_ci.live import Identity
from rolemodel_ci.model import Policy

_CALLS = logging.getLogger("rolemodel_ci.calls")

_ATTEMPTS = 8
"""How often one call is tried, unless AWS_MAX_ATTEMPTS says otherwise: throttling is the rule at 50 accounts."""

# Session variables for a session with keys of its own: neither profiles nor broken files of the person matter to it.
_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}

MASTER = ""
"""The name under which the master account's session is kept; no account can have it."""

# Credentials that came out of an AssumeRole answer carry the account that answered; no call is needed to learn it.
_TOLD_BY_STS = frozenset({"assume-role", "assume-role-with-web-identity"})


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the AWS config and credentials files; None for what the environment gives."""

    name: str | None


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A role that a user with a static key assumes. The key is not shown when the value is printed."""

    role_arn: str
    session_name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Door:
    """How to get into one account. `account_id` is the account it has to be; None: any, for it has no id yet.

    `source` is None where there is no way in; `missing` says what to do about that.
    """

    label: str
    account_id: str | None
    source: Profile | AssumedRole | None
    missing: str = ""


def local_doors(policy: Policy) -> dict[str, Door]:
    """The doors of a run with local credentials."""
    doors = {MASTER: Door("the master account", policy.master_account_id, Profile(policy.master_profile))}
    for account in policy.accounts:
        source = Profile(account.profile) if account.profile else None
        missing = f"Add `profile:` to it in {policy.config_file} (line {account.place.line})."
        doors[account.name] = Door(f"account `{account.name}`", account.account_id, source, missing)
    return doors


class Sessions:
    """Clients for every account, from as few botocore sessions as possible, which share one loader.

    A loader reads and parses the descriptions of AWS's services, about 100 ms of CPU; a session without one takes
    about 12 ms, a client about 4 ms.
    """

    def __init__(self, doors: Mapping[str, Door], region: str, jobs: int, endpoint_url: str | None = None) -> None:
        self._doors = doors
        self._region = region
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
        self._question = threading.Lock()
        self._ways_in = {who: threading.Lock() for who in doors}
        self._keys: dict[str, Mapping[str, str]] = {}  # of the accounts whose role was assumed with a key
        self._senders: dict[str, Any] = {}  # the clients that assume roles, by key
        self._keyed: Any = None
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._identities: dict[str, Identity] = {}

    def client(self, who: str, service: str) -> Any:
        """A client of `service` in the account that goes by the name `who`. Raises NoAccess."""
        source = self._doors[who].source
        keys = self._assumed(who, source) if isinstance(source, AssumedRole) else {}
        with self._lock:
            key = (who, service)
            if key not in self._clients:
                self._clients[key] = self._make(self._session(who), service, keys)
            return self._clients[key]

    def identity(self, who: str) -> Identity:
        """Whose credentials these are; checked, once, to be the account that the config names. Raises NoAccess."""
        if who not in self._identities:
            door = self._doors[who]
            identity = self._told(who) or self._asked(who)
            if door.account_id is not None and identity.account_id != door.account_id:
                raise NoAccess(
                    f"the credentials for {door.label} belong to account {identity.account_id}; "
                    f"the config says {door.account_id}",
                    "Correct the profile or the id. Nothing was written with them.",
                )
            self._identities[who] = identity
        return self._identities[who]

    def label(self, who: str) -> str:
        """How to call the account in a sentence."""
        return self._doors[who].label

    def _asked(self, who: str) -> Identity:
        with calling("sts:GetCallerIdentity", self.label(who), NoAccess):
            answer = self.client(who, "sts").get_caller_identity()
            return Identity(answer["Account"], answer["Arn"])

    def _told(self, who: str) -> Identity | None:
        """The identity as the answer to AssumeRole gave it."""
        source = self._doors[who].source
        if isinstance(source, AssumedRole):
            self._assumed(who, source)
            return Identity(source.role_arn.split(":")[4], source.role_arn)
        with self._lock:
            session = self._session(who)
            credentials = session.get_credentials()
            partition = session.get_partition_for_region(self._region)
        account_id = None
        if credentials.method in _TOLD_BY_STS:
            # The role is assumed here; not under the lock, for other accounts need not wait for it, unless a person
            # has to type a code: one question at a time.
            asks = "mfa_serial" in session.get_scoped_config()
            with (
                self._question if asks else contextlib.nullcontext(),
                calling("sts:AssumeRole", self.label(who), NoAccess),
            ):
                account_id = credentials.get_frozen_credentials().account_id
        return Identity(account_id, f"arn:{partition}:sts::{account_id}:assumed-role") if account_id else None

    def _session(self, who: str) -> Any:
        if who not in self._sessions:
            door = self._doors[who]
            if door.source is None:
                raise NoAccess(f"{door.label} names no profile, which a run with local credentials needs", door.missing)
            with calling("credentials", door.label, NoAccess):
                if isinstance(door.source, AssumedRole):
                    self._sessions[who] = self._with_keys()
                else:
                    session = self._blank(door.source.name)
                    if session.get_credentials() is None:
                        raise NoAccess(
                            f"there are no credentials for {door.label}"
                            + (f" under profile `{door.source.name}`" if door.source.name else ""),
                            "Name a profile in the config, or set AWS_PROFILE or AWS_ACCESS_KEY_ID.",
                        )
                    self._sessions[who] = session
        return self._sessions[who]

    def _blank(self, profile: str | None, files: dict[str, Any] | None = None) -> Any:
        session = botocore.session.Session(profile=profile, session_vars=files)
        session.register_component("data_loader", _loader())
        # What the person has set comes first. A profile that assumes a role needs a region for its call of STS.
        for name, value in (("region", self._region), ("max_attempts", _ATTEMPTS)):
            if session.get_config_variable(name) is None:
                session.set_config_variable(name, value)
        return session

    def _with_keys(self) -> Any:
        """One session for all accounts whose clients are given keys: making a session costs more than a client."""
        self._keyed = self._keyed or self._blank(None, _NO_FILES)
        return self._keyed

    def _assumed(self, who: str, source: AssumedRole) -> Mapping[str, str]:
        """The keys of the role, assumed once. Not under the lock, for other accounts need not wait for it."""
        with self._ways_in[who]:
            if who not in self._keys:
                with calling("sts:AssumeRole", self.label(who), NoAccess):
                    answer = self._sts(source).assume_role(RoleArn=source.role_arn, RoleSessionName=source.session_name)
                    made = answer["Credentials"]
                    self._keys[who] = _keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
            return self._keys[who]

    def _sts(self, source: AssumedRole) -> Any:
        """The client that assumes roles with that key: one for all accounts."""
        with self._lock:
            if source.access_key not in self._senders:
                keys = _keys(source.access_key, source.secret_key)
                self._senders[source.access_key] = self._make(self._with_keys(), "sts", keys)
            return self._senders[source.access_key]

    def _make(self, session: Any, service: str, keys: Mapping[str, str]) -> Any:
        made: Any = boto3.session.Session(botocore_session=session)
        client = made.client(service, config=self._config, endpoint_url=self._endpoint_url, **keys)
        client.meta.events.register("after-call", _log_call)
        return client


def _keys(access_key: str, secret_key: str, token: str | None = None) -> dict[str, str]:
    """Keys as the makers of clients take them."""
    keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return keys | {"aws_session_token": token} if token else keys


@functools.cache
def _loader() -> Any:
    """What reads and parses the descriptions of AWS's services, once a process."""
    return botocore.session.Session(session_vars=_NO_FILES).get_component("data_loader")


def _log_call(model: Any, http_response: Any, parsed: Any, **_: Any) -> None:
    """One line for `--verbose`: what was called, how it was answered, how often it was tried."""
    told = parsed.get("ResponseMetadata", {})
    service = model.service_model.service_name
    _CALLS.info(
        "%s:%s status=%s retries=%s request=%s",
        service,
        model.name,
        http_response.status_code,
        told.get("RetryAttempts", 0),
        told.get("RequestId", "-"),
    )
