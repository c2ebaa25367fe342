"""Sessions with AWS accounts: whose credentials, checked to be the account they should be."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from rolemodel_ci.adapters.aws.assume_role import Keys, RoleCredentials
from rolemodel_ci.adapters.aws.call_stats import Calls
from rolemodel_ci.adapters.aws.clients import Clients
from rolemodel_ci.adapters.aws.credential_process import bound_processes
from rolemodel_ci.adapters.aws.credential_sources import AccountCredentials, Profile
from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.errors import CredentialsError
from rolemodel_ci.model.live import Identity

_ALWAYS = 4
"""Clients that are kept beside two for each worker: with 500 accounts, all of them would take 100 MB."""

# Credentials that came out of an AssumeRole answer carry the account that answered; no call is needed to learn it.
_TOLD_BY_STS = frozenset({"assume-role", "assume-role-with-web-identity"})


class Sessions:
    """Clients for every account. `hide` is told every secret that STS hands out, before it is used.

    `calls` has counted every call that was made with them; others may count there, too.
    """

    def __init__(
        self,
        doors: Mapping[str, AccountCredentials],
        region: str,
        jobs: int,
        endpoint_url: str | None = None,
        hide: Callable[[str], None] | None = None,
        calls: Calls | None = None,
    ) -> None:
        self.calls = calls or Calls()
        self.region = region
        self._doors, self._jobs, self._endpoint_url, self._hide = doors, jobs, endpoint_url, hide
        self._make = Clients(region, jobs, endpoint_url, self.calls)
        self._keyring = RoleCredentials(doors, self._make, hide)
        self._lock = threading.Lock()
        self._question = threading.Lock()
        self._sessions: dict[str, Any] = {}  # of profiles
        self._clients: OrderedDict[tuple[str, str], tuple[Keys | None, Any]] = OrderedDict()
        self._kept = 2 * jobs + _ALWAYS
        self._identities: dict[str, Identity] = {}

    def at(self, region: str) -> Sessions:
        """The same doors to another region."""
        return Sessions(self._doors, region, self._jobs, self._endpoint_url, self._hide, self.calls)

    def client(self, who: str, service: str) -> Any:
        """A client of `service` in the account that goes by the name `who`; ask for it anew for each piece of work,
        for keys end. Raises CredentialsError.
        """
        keys = None if isinstance(self._source(who), Profile) else self._keyring.keys(who)
        with self._lock:
            held = self._clients.get((who, service))
            if held is None or held[0] != keys:
                made = (
                    self._make.of_session(self._session(who), service, who or "master")
                    if keys is None
                    else self._make.with_keys(service, who or "master", keys.parameters)
                )
                held = self._clients[who, service] = (keys, made)
            self._clients.move_to_end((who, service))
            if len(self._clients) > self._kept:
                self._clients.popitem(last=False)  # whoever works with it still has it; then it is gone
            return held[1]

    def identity(self, who: str) -> Identity:
        """Return whose credentials these are, checked once against the config. Raises CredentialsError."""
        if who not in self._identities:
            door = self._doors[who]
            identity = self._told(who) or self._asked(who)
            if door.account_id is not None and identity.account_id != door.account_id:
                raise CredentialsError(
                    f"the credentials for {door.label} belong to account {identity.account_id}; "
                    f"the config says {door.account_id}",
                    "Correct the profile or the id. Nothing was written with them.",
                )
            self._identities[who] = identity
        return self._identities[who]

    def known_arn(self, who: str) -> str:
        """Whose credentials these are, if that has been asked already; else empty."""
        return self._identities[who].arn if who in self._identities else ""

    def label(self, who: str) -> str:
        """How to call the account in a sentence."""
        return self._doors[who].label

    def _source(self, who: str) -> Any:
        door = self._doors[who]
        if door.source is None:
            raise CredentialsError(f"{door.label} {door.missing}", door.remedy)
        return door.source

    def _asked(self, who: str) -> Identity:
        with calling("sts:GetCallerIdentity", self.label(who), CredentialsError):
            answer = self.client(who, "sts").get_caller_identity()
            return Identity(answer["Account"], answer["Arn"])

    def _told(self, who: str) -> Identity | None:
        """The identity as the answer to AssumeRole gave it."""
        source = self._source(who)
        if not isinstance(source, Profile):
            self._keyring.keys(who)
            return Identity(source.role_arn.split(":")[4], source.role_arn)
        with self._lock:
            session = self._session(who)
            credentials = session.get_credentials()
            partition = session.get_partition_for_region(self._make.region)
        if credentials.method not in _TOLD_BY_STS:
            return None
        settings = session.get_scoped_config()
        # The role is assumed here; not under the lock, for other accounts need not wait for it, unless a person
        # has to type a code: one question at a time.
        with (
            self._question if "mfa_serial" in settings else contextlib.nullcontext(),
            calling("sts:AssumeRole", self.label(who), CredentialsError),
        ):
            account_id = credentials.get_frozen_credentials().account_id
        role_arn = settings.get("role_arn") or os.environ.get("AWS_ROLE_ARN")
        return (
            Identity(account_id, role_arn or f"arn:{partition}:sts::{account_id}:assumed-role") if account_id else None
        )

    def _session(self, who: str) -> Any:
        """The session of a profile."""
        if who not in self._sessions:
            label, name = self.label(who), self._source(who).name
            with calling("credentials", label, CredentialsError):
                session = self._make.session(name)
                bound_processes(session)
                if session.get_credentials() is None:
                    raise CredentialsError(
                        f"there are no credentials for {label}" + (f" under profile `{name}`" if name else ""),
                        "Name a profile in the config, or set AWS_PROFILE or AWS_ACCESS_KEY_ID.",
                    )
                self._sessions[who] = session
        return self._sessions[who]
